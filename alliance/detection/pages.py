"""The content of the page on which a practice chooses what is marked."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.detection.lines import Line, lines_of
from alliance.detection.parameters import in_force
from alliance.detection.switches import SWITCHES
from alliance.detection.words import percent
from alliance.measures.models import MeasureVersion
from alliance.psychometrics.detector import PRESETS
from alliance.psychometrics.rates import RATES
from alliance.psychometrics.rehearsal import HistoryRehearsal, Rule, rehearse_history
from sessions_app.access.models import Practice

LOOKS_BACK = timedelta(days=365)
# Below this a count would point at a client.
SMALL = 5
CLIENTS_A_WEEK = 60
# So many histories in which nothing happened say what chance alone would have done.
INVENTED = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen: what it is and costs, and what it would have done."""

    field: object
    explained: list[str]
    rehearsed: str


@dataclass(frozen=True, slots=True)
class RehearsalPage:
    practice: Practice
    presets: list[Choice]
    comparators: list[Choice]


def present_rehearsal(practice, form):
    """Say of each choice what it means, and what it would have done in the last twelve months.

    Counts only, and none so small that it points at one client.
    """
    rehearsed = _rehearse(practice)
    return RehearsalPage(
        practice=practice,
        presets=[
            Choice(field, _preset_in_words(key), _rehearsed(rehearsed[key]))
            for field in form["preset"]
            if (key := field.data["value"])
        ],
        comparators=[
            Choice(field, _comparator_in_words(SWITCHES[key]), _rehearsed(rehearsed[key]))
            for field in form["comparators"]
            if (key := field.data["value"])
        ],
    )


def _rehearse(practice):
    """Return, for each rule, what it would have done with each wording's series."""
    since = timezone.now() - LOOKS_BACK
    rules: dict[str, Rule] = {**PRESETS, **{key: switch.mark for key, switch in SWITCHES.items()}}
    versions = MeasureVersion.objects.for_practice(practice).select_related("measure").in_bulk()
    lines: dict[int, list[Line]] = {}
    for line in lines_of(practice):
        lines.setdefault(line.version, []).append(line)
    found: dict[str, list[HistoryRehearsal]] = {key: [] for key in rules}
    for version, series in lines.items():
        parameters = in_force(practice, versions[version], at=timezone.now()).for_detector()
        rehearsed = rehearse_history(
            [line.totals for line in series],
            parameters,
            rules,
            counted_from=[1 + sum(date < since for date in line.dates) for line in series],
            repeats=INVENTED,
        )
        for key, one in rehearsed.items():
            found[key].append(one)
    return found


def _preset_in_words(key):
    rates, rules = RATES[key], PRESETS[key]
    a_week = rates.new_in_100 * CLIENTS_A_WEEK / 100
    return [
        {
            "quiet": _("Few flags; some drops are seen late or not at all."),
            "standard": _("The middle way."),
            "sensitive": _("More drops are seen on the day, and more flags mean nothing."),
        }[key],
        _(
            "Where nothing happened it flags %(ten)s of courses of ten sessions, "
            "%(twenty)s of twenty."
        )
        % {"ten": percent(rates.in_10), "twenty": percent(rates.in_20)},
        _("For %(clients)s undisturbed clients a week, about %(week)s listed by chance.")
        % {
            "clients": CLIENTS_A_WEEK,
            "week": number_format(round(a_week, 1), 1),
        },
        _(
            "Of real drops (by two of this client’s own standard deviations, for one session) it "
            "sees %(seen)s on the same day, at the tenth session."
        )
        % {"seen": percent(rates.seen_in_10)},
        _("p below %(alert)s, or below %(watch)s twice running; sum above %(h)s.")
        % {"alert": rules.alert, "watch": rules.watch, "h": rules.h},
    ]


def _comparator_in_words(rule):
    shares = rule.known.false_alarms
    said = _(
        "Where nothing happened it marks %(ten)s of courses of ten sessions, %(twenty)s of twenty."
    )
    known = _("By simulation: %(known)s.")
    return [
        f"{rule.comparator.words} {rule.comparator.formula}, {rule.here}.",
        said % {"ten": percent(shares[10]), "twenty": percent(shares[20])},
        known % {"known": rule.known.words},
    ]


def _rehearsed(found):
    """Say what a rule would have done here."""
    flags, clients = sum(one.flags for one in found), sum(one.clients_flagged for one in found)
    if not flags:
        return _("Here, in the last twelve months: nothing would have been flagged.")
    if clients < SMALL:
        return _("Here, in the last twelve months: flags on fewer than five clients.")
    chance = sum(one.by_chance.flags for one in found if one.by_chance)
    said = ngettext(
        "Here, in the last twelve months: %(flags)s flag on %(clients)s clients",
        "Here, in the last twelve months: %(flags)s flags on %(clients)s clients",
        flags,
    )
    chance_said = _(
        "; about %(chance)s would have come by chance. After %(back)s of them the next rating was "
        "back to usual."
    )
    return said % {"flags": flags, "clients": clients} + chance_said % {
        "chance": round(chance),
        "back": sum(one.back for one in found),
    }
