"""Method cards: how a statement was worked out, with the numbers it rests on."""

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.detection.switches import SWITCHES
from alliance.detection.words import exact, percent
from alliance.psychometrics.completeness import completion
from alliance.psychometrics.course import LOW_SURE, TOP_SHARE
from alliance.psychometrics.detector import PRESETS
from alliance.psychometrics.rates import RATES
from alliance.ratings.models import Rating

# The bands of the probability that a drop is real.
MAYBE_FROM, PROBABLY_FROM = 0.3, 0.7


@dataclass(frozen=True, slots=True)
class Card:
    """How one statement was worked out.

    `how`     the idea and the formula, in sentences
    `inputs`  what went into this very statement: names and values
    `limits`  what it can't say
    `source`  where the method comes from
    """

    how: list[str]
    inputs: list[tuple[str, str]]
    limits: list[str]
    source: str


def of_a_rating(flag):
    """Return the card of a rating that was flagged as lower than usual."""
    return Card(
        how=[*_how_usual(), *_how_flagged(flag.facts["preset"])],
        inputs=_inputs(flag.facts, flag.parameters),
        limits=_limits(flag.facts["preset"]),
        source=_source(),
    )


def of_the_latest(standing):
    """Return the card of a rating that was not flagged."""
    facts = standing.finding
    return Card(
        how=_how_usual(),
        inputs=_inputs(facts, standing.parameters),
        limits=_limits(facts["preset"]),
        source=_source(),
    )


def of_a_slide(flag):
    """Return the card of ratings that went down gradually."""
    rules = PRESETS[flag.facts["preset"]]
    return Card(
        how=[
            _(
                "After each rating, C = max(0, C − z − k): z is how far the rating lies from what "
                "was predicted, in standard deviations of this client. Ratings as predicted let C "
                "fall; a run of lower ones lets it grow."
            ),
            _("It is flagged when C rises above %(h)s, with k = %(k)s.")
            % {"h": exact(rules.h, 1), "k": exact(rules.k)},
        ],
        inputs=[(_("C"), exact(flag.facts["sum"])), *_inputs(flag.facts, flag.parameters)],
        limits=_limits(flag.facts["preset"]),
        source=_source(),
    )


def of_a_repair(flag):
    """Return the card of ratings that came back."""
    facts = flag.facts
    return Card(
        how=[
            _(
                "What was usual is kept as it was before the drop. The ratings since are weighed "
                "between two accounts, that the client is back there, or still lower by most of "
                "the drop. From 80 % on it is called back to usual; after five ratings the search "
                "ends."
            )
        ],
        inputs=[
            (_("rating of the drop"), exact(facts["rating"])),
            (_("usual level before it"), exact(facts["usual"])),
            (_("ratings since"), str(facts["since"])),
            (_("probability of being back to usual"), percent(facts["probability"])),
            *_basis(facts, flag.parameters),
        ],
        limits=[
            _("It knows the ratings only. Whether it was spoken about, you know."),
            _own_questions(),
        ],
        source=_source(),
    )


def of_a_low_start(flag):
    """Return the card of a client who is low from the start."""
    facts = flag.facts
    return Card(
        how=[
            _(
                "From the ratings so far follows where this client’s level lies, and how surely. "
                "It is flagged within the first five ratings if the level lies below a cut-off "
                "with a probability of %(sure)s or more. The cut-off is the 15th percentile of "
                "the first ratings of this practice’s clients."
            )
            % {"sure": percent(LOW_SURE)}
        ],
        inputs=[
            (_("cut-off"), exact(facts["cutoff"])),
            (_("probability of a level below it"), percent(facts["probability"])),
            (_("ratings"), str(facts["ratings"])),
            *_basis(facts, flag.parameters),
        ],
        limits=[
            _("By its definition about one client in seven starts as low as this."),
            _own_questions(),
        ],
        source=_source(),
    )


def of_the_figures(standing, measure_version):
    """Return the card of the plain figures: marks, means, and how many sessions were rated."""
    share = completion(standing.sessions_rated, standing.sessions_held)
    inputs = []
    if share:
        ends = {"low": percent(share.low), "high": percent(share.high)}
        inputs = [
            (
                _("sessions rated"),
                _("%(rated)s of %(held)s, %(share)s")
                % {"rated": share.rated, "held": share.held, "share": percent(share.share)},
            ),
            (_("interval of that share (Wilson, 95 %)"), "{low} – {high}".format(**ends)),
        ]
    if measure_version:
        inputs.append((_("questionnaire"), str(measure_version)))
    return Card(
        how=[
            _(
                "A part is the mean of its answered statements, from 0 to 10, if at least half of "
                "them were answered. The mean of the three parts is there only if all three are. "
                "Nothing that is missing is filled in. Averages are plain means."
            )
        ],
        inputs=inputs,
        limits=[
            _("Sessions without a rating may have been other than those with one."),
            _own_questions(),
        ],
        source=_source(),
    )


def of_missing_ratings(run):
    """Return the card of `run` held sessions without a rating."""
    return Card(
        how=[_("Three sessions running or more were held and brought no rating with marks.")],
        inputs=[(_("sessions held since the last rating"), str(run))],
        limits=[_("It does not know why: whether the form was offered, forgotten, or declined.")],
        source=_source(),
    )


def of_what_was_told():
    """Return the card of an answer to the direct question."""
    return Card(
        how=[
            _(
                "The form asked whether there was tension or a misunderstanding, and this is what "
                "was marked. Nothing is worked out. It stays until the next answer."
            )
        ],
        inputs=[(_("answer"), str(Rating.Tension.UNSPOKEN.label))],
        limits=[_("Clients tell of fewer difficulties than an observer sees. “No” is no proof.")],
        source=_source(),
    )


def of_top_marks(flag):
    """Return the card of ratings at the end of the scale."""
    facts = flag.facts
    return Card(
        how=[
            _("%(share)s or more of at least five ratings are at the maximum.")
            % {"share": percent(TOP_SHARE)}
        ],
        inputs=[
            (_("ratings at the maximum"), str(facts["at_top"])),
            (_("ratings"), str(facts["ratings"])),
        ],
        limits=[_("It is no sign of an excellent relationship, nor of a poor one. Ask.")],
        source=_source(),
    )


def of_a_rule(flag):
    """Return the card of a rule that the practice switched on."""
    rules = [SWITCHES[key] for key in flag.facts["rules"]]
    return Card(
        how=[f"{rule.name}: {rule.comparator.words} {rule.comparator.formula}" for rule in rules],
        inputs=[
            (_("rating"), exact(flag.facts["rating"])),
            *((rule.name, rule.here) for rule in rules),
        ],
        limits=[
            _(
                "“%(rule)s” marks %(share)s of courses of ten sessions in which nothing happened. "
                "It is here because your practice switched it on."
            )
            % {"rule": rule.name, "share": percent(rule.known.false_alarms[10])}
            for rule in rules
        ],
        source=_source(),
    )


def _how_usual():
    return [
        _(
            "Usual is what this client’s own ratings say, drawn towards the mean of all clients "
            "while there are few: usual level b = m + u, where u is learnt from rating to rating "
            "(a Kalman filter; the client’s state may wander from session to session)."
        ),
        _(
            "To be expected was b ± t·√(V·s): V is the variance of a rating around b, s this "
            "client’s own variability, t the 95th percentile of Student’s t. Nine in ten "
            "undisturbed ratings fall into it."
        ),
        _(
            "p is how often chance alone gives so low a rating. The probability of a real drop "
            "follows from it by Bayes’ rule, if six in a hundred sessions bring one; below 30 % we "
            "say “within the usual range”, up to 70 % “could be”, above “probably”."
        ),
    ]


def _how_flagged(preset):
    rules = PRESETS[preset]
    return [
        _(
            "A rating is flagged if p is below %(alert)s, or below %(watch)s for the second time "
            "running."
        )
        % {"alert": exact(rules.alert, 3), "watch": exact(rules.watch, 3)}
    ]


def _inputs(facts, parameters):
    before = facts["ratings"]
    return [
        (_("rating"), exact(facts["rating"])),
        (_("ratings before it"), str(before)),
        (_("usual level b"), exact(facts["usual"])),
        (_("to be expected"), f"{exact(facts['low'])} – {exact(facts['high'])}"),
        (_("variance V"), exact(facts["variance"])),
        (_("own variability s"), exact(facts["scale"])),
        (_("degrees of freedom"), exact(facts["df"], 0)),
        (_("p"), exact(facts["p"], 4)),
        (_("probability of a real drop"), percent(facts["probability"])),
        *_basis(facts, parameters),
    ]


def _basis(facts, parameters):
    """Say by which version of everything it was worked out."""
    if parameters.origin == "fitted":
        basis = ngettext(
            "version %(number)s, %(day)s, fitted to %(n)s client",
            "version %(number)s, %(day)s, fitted to %(n)s clients",
            parameters.clients,
        )
    else:
        basis = _("version %(number)s, %(day)s: cautious values to start with")
    day = date_format(parameters.made_at, "DATE_FORMAT")
    told = {"number": parameters.number, "day": day, "n": parameters.clients}
    numbers = _("m %(m)s, between %(b)s, state %(s)s, error %(e)s, persistence %(phi)s") % {
        "m": exact(parameters.mean),
        "b": exact(parameters.between, 3),
        "s": exact(parameters.state, 3),
        "e": exact(parameters.error, 3),
        "phi": exact(parameters.persistence),
    }
    return [
        (_("parameters"), f"{basis % told}; {numbers}"),
        (
            _("method"),
            _("%(n)s, preset “%(preset)s”") % {"n": facts["method"], "preset": facts["preset"]},
        ),
    ]


def _limits(preset):
    rates = RATES[preset]
    return [
        _(
            "By chance alone this preset flags %(ten)s of courses of ten sessions in which nothing "
            "happened, and it misses more than half of the real drops on the day they happen."
        )
        % {"ten": percent(rates.in_10)},
        _("It says that a rating was lower, not why, and nothing of what happened in the session."),
        _own_questions(),
    ]


def _own_questions():
    return _("The questions are our own and not validated.")


def _source():
    return _("docs/method.md, with the formulas, their sources and their rates by simulation.")
