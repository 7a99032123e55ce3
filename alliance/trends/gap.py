"""Two views of the same sessions, the therapist's and the client's, in words."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.detection.words import exact
from alliance.psychometrics.agreement import LEAST_PAIRS, Estimate
from alliance.psychometrics.gap import Gap, describe_gap
from alliance.trends.cards import Card
from alliance.trends.words import points

# The therapist's measure, and the client's that says the same from the other seat.
COUNTERPARTS = {"session-therapist": "session"}


@dataclass(frozen=True, slots=True)
class Views:
    """What is said of the two views: sentences, and how they were worked out."""

    said: list[str]
    card: Card | None


def present_views(rows):
    """Say how the two views of the sessions lie to each other; None where nobody rated both.

    `rows` are the sessions of the trend, oldest first. A pair is one session rated
    by both on the same statements. Below five pairs nothing is said but that.
    """
    if not any(row.own for row in rows):
        return None
    both = [row for row in rows if row.rating and row.own]
    gap = describe_gap(
        [row.session.number for row in both],
        [row.rating.total for row in both],
        [row.own.total if _is_pair(row) else None for row in both],
        [row.own.guess for row in both],
    )
    if gap.difference is None:
        too_early = _("Too early to say how the two views differ: %(n)s of %(least)s pairs.")
        return Views([too_early % {"n": gap.pairs, "least": LEAST_PAIRS}], None)
    said = [
        _difference(gap.pairs, gap.difference),
        _("Clients rate higher on average; that is normal."),
        _tracking(gap.tracking),
        *_guess(gap),
    ]
    return Views(said, _card(gap, gap.difference))


def _range(estimate):
    return {"low": points(estimate.low), "high": points(estimate.high)}


def _is_pair(row):
    """Whether both were asked the same: the therapist's statements are those of ours."""
    own, told = (rating.measure_version.measure.key for rating in (row.own, row.rating))
    return COUNTERPARTS.get(own) == told


def _difference(pairs, found):
    given = {"n": pairs, "points": points(abs(found.value)), **_range(found)}
    if found.low > 0:
        said = _(
            "In %(n)s sessions that both rated, the client’s mean was %(points)s points higher "
            "than the therapist’s (%(low)s to %(high)s)."
        )
    elif found.high < 0:
        said = _(
            "In %(n)s sessions that both rated, the client’s mean was %(points)s points lower "
            "than the therapist’s (%(low)s to %(high)s)."
        )
    else:
        said = _(
            "In %(n)s sessions that both rated, no difference between the two can be told: client "
            "minus therapist %(mean)s points (%(low)s to %(high)s)."
        )
        given["mean"] = points(found.value)
    return said % given


def _tracking(found):
    if found is None:
        return _("Whether the two go up and down together cannot be said yet.")
    given = {"r": exact(found.r), "low": exact(found.low), "high": exact(found.high)}
    if found.low > 0:
        said = _(
            "Where the client’s ratings went up or down, the therapist’s tended to go with them: "
            "correlation %(r)s (%(low)s to %(high)s)."
        )
    elif found.high < 0:
        said = _(
            "Where the client’s ratings went up, the therapist’s tended to go down, and the other "
            "way round: correlation %(r)s (%(low)s to %(high)s)."
        )
    else:
        said = _(
            "Whether the two go up and down together cannot be told: correlation %(r)s "
            "(%(low)s to %(high)s)."
        )
    return said % given


def _guess(gap):
    if gap.guess is None:
        return []
    found = gap.guess
    given = {"n": gap.guesses, "off": points(gap.off), **_range(found)}
    said = ngettext(
        "%(n)s guess of the client’s mean lay %(off)s points off.",
        "%(n)s guesses of the client’s mean lay %(off)s points off on average.",
        gap.guesses,
    )
    if found.low > 0:
        way = _("The client marked higher than guessed (by %(low)s to %(high)s).")
    elif found.high < 0:
        way = _("The client marked lower than guessed (%(low)s to %(high)s).")
    else:
        way = _("They lay neither above nor below as a rule (%(low)s to %(high)s).")
    return [f"{said % given} {way % given}"]


def _card(gap: Gap, difference: Estimate) -> Card:
    return Card(
        how=[
            _(
                "For each session that both rated, the therapist’s mean of the three parts is "
                "taken from the client’s. The mean of these differences has an interval that "
                "holds its true value nineteen times in twenty; it is wider where differences "
                "are alike from one session to the next."
            ),
            _(
                "Going up and down together is Pearson’s correlation over sessions, from six "
                "pairs up. Its interval is Fisher’s, reckoned with n (1 − ab) / (1 + ab) pairs "
                "instead of n: a and b say how alike each side is from one session to the next."
            ),
        ],
        inputs=[
            (_("sessions that both rated"), str(gap.pairs)),
            (_("standard error of the difference"), exact(difference.se)),
            *(
                [(_("independent pairs that they are worth"), exact(gap.worth, 1))]
                if gap.worth is not None
                else []
            ),
            *([(_("guesses"), str(gap.guesses))] if gap.guesses else []),
        ],
        limits=[
            _("It says nothing of how good a therapist is: two seats see one hour differently."),
            _("Below five pairs nothing is said; with fewer than fifteen, intervals are wide."),
            _(
                "A therapist who has seen the client’s rating first is drawn towards it. What was "
                "rated before is a first look; what was rated after is not told apart here."
            ),
        ],
        source=_(
            "Tryon, Blackwell & Hammel (2007), Psychotherapy Research 17(6), "
            "629–642; Bartlett (1935), J R Stat Soc 98(3), 536–543; Fisher (1921), Metron 1, 3–32"
        ),
    )
