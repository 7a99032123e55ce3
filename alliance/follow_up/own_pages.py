"""What a therapist sees of their own: reflections, and what came of what was marked."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.detection.models import Sensitivity
from alliance.detection.words import percent
from alliance.follow_up.models import Acknowledgement
from alliance.follow_up.own_models import Reflection
from alliance.follow_up.words import ASKS_NOTHING, qualities_to_reflect_on
from alliance.psychometrics.completeness import completion
from alliance.psychometrics.rates import RATES
from alliance.trends.models import Flag
from sessions_app.access.models import Membership, Practice

LOOKS_BACK = timedelta(days=365)
ENOUGH = 10  # Flags of which somebody said whether they meant something.
Outcome = Acknowledgement.Outcome
MEANT_SOMETHING = [Outcome.MENDED, Outcome.NOT_YET]
PRESETS = list(RATES)  # From quiet to sensitive.
# What a preset decides; the other kinds are the same with each.
BY_PRESET = [Flag.Kind.LOWER, Flag.Kind.SLIDING]


@dataclass(frozen=True, slots=True)
class Kept:
    """One reflection, with what was said of each quality."""

    reflection: Reflection
    lines: list[tuple[str, str]]


def present_reflections(episode, *, user):
    """List what `user` wrote for themselves about `episode`, the latest first."""
    names = {key: name for key, (name, _question) in qualities_to_reflect_on().items()}
    found = Reflection.objects.own(user).kept().filter(episode=episode).order_by("-at")
    return [
        Kept(one, [(names[key], text) for key, text in one.said().items() if key in names])
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of one's own flags of the last twelve months."""

    flags: int
    lines: list[tuple[str, int]]
    share: str
    is_enough: bool
    suggestions: list[str]


def present_figures(user):
    """Count one's own flags by what came of them; for `user` alone, and of nobody else.

    Whether the preset suits is said from ten flags on of which it is known
    whether they meant something, by practice, and only of what a preset decides.
    """
    counted = (
        Flag.objects.filter(
            episode__therapist__in=Membership.objects.own(user),
            withdrawn_at=None,
            raised_at__gte=timezone.now() - LOOKS_BACK,
        )
        .exclude(kind__in=ASKS_NOTHING)
        .order_by()
        .values_list("episode__therapist__practice", "kind", "acknowledgement__outcome")
        .annotate(n=Count("pk"))
    )
    counts: dict[str, int] = {}
    decided: dict[int, list[int]] = {}
    for practice, kind, outcome, n in counted:
        counts[outcome or ""] = counts.get(outcome or "", 0) + n
        if kind in BY_PRESET:
            meant, nothing = decided.setdefault(practice, [0, 0])
            decided[practice] = [
                meant + n * (outcome in MEANT_SOMETHING),
                nothing + n * (outcome == Outcome.NOTHING),
            ]
    meant = sum(counts.get(outcome, 0) for outcome in MEANT_SOMETHING)
    known = meant + counts.get(Outcome.NOTHING, 0)
    lines = [(str(outcome.label), counts.get(outcome, 0)) for outcome in Outcome]
    return Figures(
        flags=sum(counts.values()),
        lines=[*lines, (_("Nothing written down yet"), counts.get("", 0))],
        share=_share(meant, known),
        is_enough=known >= ENOUGH,
        suggestions=[
            _suggestion(Sensitivity.objects.now(practice).preset, share)
            for practice in Practice.objects.filter(pk__in=decided).order_by("pk")
            if (share := completion(decided[practice.pk][0], sum(decided[practice.pk])))
            and share.held >= ENOUGH
        ],
    )


def _share(meant, known):
    if known < ENOUGH:
        return ""
    said = _("Of %(known)s of which you said so, %(meant)s meant something (%(share)s).")
    return said % {"known": known, "meant": meant, "share": percent(meant / known)}


def _suggestion(preset, share):
    """Say whether another preset may suit, if the share is beyond what chance alone would do."""
    at = PRESETS.index(preset)
    if share.high < 1 / 2 and at > 0:
        said = _("Fewer than half of what a preset marked meant something. A quieter one may suit:")
        return f"{said} {_rates(PRESETS[at - 1])} {_rates(preset)} {_who()}"
    if share.low > 1 / 2 and at < len(PRESETS) - 1:
        said = _(
            "More than half of what a preset marked meant something. A more sensitive one may suit:"
        )
        return f"{said} {_rates(PRESETS[at + 1])} {_rates(preset)} {_who()}"
    return _("What is marked here suits what you said of it: nothing speaks for another preset.")


def _rates(preset):
    said = _(
        "“%(name)s” marks by chance %(ten)s of undisturbed courses of ten sessions, and sees "
        "%(seen)s of real drops on the same day."
    )
    return said % {
        "name": Sensitivity.Preset(preset).label,
        "ten": percent(RATES[preset].in_10),
        "seen": percent(RATES[preset].seen_in_10),
    }


def _who():
    return _("Who manages your practice sets it, for all in it: talk about it with the others.")
