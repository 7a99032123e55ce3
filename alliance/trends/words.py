"""What the numbers of an episode say, in words, and no more than they carry."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.detection.switches import SWITCHES
from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.ratings.models import Rating
from alliance.trends import cards
from alliance.trends.models import Flag, Standing

MIDDLE = 5
SIGNS: dict[str, str] = {
    Flag.Kind.LOWER: "◇",
    Flag.Kind.TOLD: "❝",
    Flag.Kind.SLIDING: "▽",
    Flag.Kind.LOW: "▁",
    Flag.Kind.UNRATED: "○",
    Flag.Kind.RULE: "□",
    Flag.Kind.TOP: "=",
    Flag.Kind.BACK: "☆",
}


class Strength(StrEnum):
    """How strongly a rating speaks for a real drop; the bands of the probability."""

    USUAL = "usual"
    MAYBE = "maybe"
    PROBABLY = "probably"


def tension(rating) -> str:
    """Say what the client answered when asked about tension, or nothing where there was none."""
    return {
        Rating.Tension.SPOKEN: _("The client told of tension that was spoken about."),
        Rating.Tension.UNSPOKEN: _("The client told of tension that was not spoken about."),
        Rating.Tension.UNSAID: _("The client would rather not say whether there was tension."),
    }.get(rating.tension, "")


def way(rating) -> str:
    """Say in which way a rating was given, and who typed it in if it was somebody else."""
    names = {"name": rating.entered_by or _("somebody")}
    return {
        Rating.InputMode.LINE: _("Answered on a line."),
        Rating.InputMode.BUTTONS: _("Answered on buttons."),
        Rating.InputMode.PAPER: _("Answered on paper, typed in by %(name)s.") % names,
        Rating.InputMode.ALOUD: _("Read aloud, typed in by %(name)s.") % names,
    }[Rating.InputMode(rating.input_mode)]


def component_names():
    """Return what the three parts are called on screen."""
    return {
        "trust": _("Trust and respect"),
        "goals": _("Agreeing on goals"),
        "collaboration": _("Working together"),
    }


def short_names():
    """Return what the three parts are called where there is little room."""
    return {"trust": _("Trust"), "goals": _("Goals"), "collaboration": _("Together")}


def sign_names():
    """Return what the marks on the chart are called."""
    return {
        "lower": _("lower than usual"),
        "sliding": _("gradually lower"),
        "back": _("back to usual"),
        "rule": _("marked by a rule that the practice switched on"),
        "watch": _("somewhat low; marked here only"),
        "told": _("the client told of tension that was not spoken about"),
        "mode": _("answered in another way than before"),
    }


def quality_names():
    """Return what our statements on how it is to work together are called to members of staff."""
    return {
        "unjudged": _("Not judged"),
        "real": _("A real person"),
        "understood": _("Understood"),
        "open": _("Open to what is brought"),
        "flexible": _("Ready to change the plan"),
        "limits": _("Clear what to expect"),
    }


def guess_names():
    """Return how the client's mean lies to the therapist's guess of it."""
    return {
        "near": _("within a point of the guess"),
        "lower": _("lower than guessed"),
        "higher": _("higher than guessed"),
    }


def points(value):
    """Write a score with one decimal as the language has it, or a dash where there is none."""
    return "–" if value is None else number_format(round(value, 1), 1)


def strength(facts: Mapping, *, is_flagged: bool) -> Strength:
    """Say how strongly a rating speaks for a real drop.

    Two low ratings running are flagged, though each alone may be weak: then
    the least that is said is that it could be real.
    """
    probability = facts["probability"]
    if probability is None or probability < cards.MAYBE_FROM:
        return Strength.MAYBE if is_flagged else Strength.USUAL
    return Strength.MAYBE if probability <= cards.PROBABLY_FROM else Strength.PROBABLY


def strength_words(found: Strength) -> str:
    """Write a strength as a sentence."""
    return {
        Strength.USUAL: _("That is within this client’s usual range."),
        Strength.MAYBE: _("It could be a real drop, and it could be chance."),
        Strength.PROBABLY: _("It is probably a real drop."),
    }[found]


def compared(facts):
    """Return the numbers of a comparison as they are written."""
    return {
        "rating": points(facts["rating"]),
        "usual": points(min(facts["usual"], 10)),
        "low": points(max(facts["low"], 0)),
        "high": points(min(facts["high"], 10)),
    }


def reason(standing: Standing, flags: Sequence[Flag]) -> str:
    """Say in one line why an episode stands where it stands in a list.

    `flags` are those that hold and that the reader may know of, the first first.
    """
    if standing.sessions_held == 0:
        return _("No session yet")
    if flags:
        return _short(flags[0], standing)
    if standing.sessions_rated == 0:
        return _("No rating yet")
    if standing.compared < ENOUGH_TO_COMPARE:
        return _("Too early to say what is usual")
    if is_all_low(standing):
        return _("Every mean is in the lower half")
    return _("Nothing stands out")


def _short(flag, standing):
    facts = flag.facts
    match flag.kind:
        case Flag.Kind.LOWER:
            said = _("Lower than usual: %(rating)s, where about %(usual)s was usual")
            return said % compared(facts)
        case Flag.Kind.SLIDING:
            return _("Gradually lower: %(rating)s, where about %(usual)s was usual") % compared(
                facts
            )
        case Flag.Kind.TOLD:
            return _("The client told of tension that was not spoken about")
        case Flag.Kind.LOW:
            return _("Low from the start")
        case Flag.Kind.UNRATED:
            return unrated(standing.unrated_run)
        case Flag.Kind.RULE:
            return _("Marked by: %(rules)s") % {"rules": rules(facts)}
        case Flag.Kind.TOP:
            return _("Almost every rating is at the top")
    return _("Back to usual")


def unrated(run):
    """Say that the last sessions brought no rating."""
    return ngettext(
        "No rating for the last session", "No rating for the last %(n)s sessions", run
    ) % {"n": run}


def rules(facts):
    return ", ".join(SWITCHES[key].name for key in facts["rules"])


def shape(standing: Standing, flags: Sequence[Flag], *, with_comments: bool) -> str:
    """Return a sign that goes with the reason: never colour alone, and read out by no one."""
    if flags and flags[0].kind not in (Flag.Kind.TOP, Flag.Kind.BACK):
        return SIGNS[flags[0].kind]
    if with_comments and standing.comment_waiting:
        return "✉"
    if flags:
        return SIGNS[flags[0].kind]
    if standing.compared < ENOUGH_TO_COMPARE:
        return "·"
    return "▁" if is_all_low(standing) else "✓"


def is_all_low(standing: Standing) -> bool:
    """Whether four or more totals can be compared, and none reaches the middle."""
    return (
        standing.compared > ENOUGH_TO_COMPARE
        and standing.highest is not None
        and standing.highest < MIDDLE
    )


def suggestion(standing: Standing, flags: Sequence[Flag]) -> str:
    """Suggest what could be asked, or nothing where nothing stands out."""
    match flags[0].kind if flags else None:
        case Flag.Kind.LOWER | Flag.Kind.RULE:
            return _("You could ask how the last session was for them.")
        case Flag.Kind.SLIDING:
            return _("You could look back together at what has changed over the last sessions.")
        case Flag.Kind.TOLD:
            return _("You could say that you read it, and ask what it was like for them.")
        case Flag.Kind.UNRATED:
            return _("If the form was offered, you could ask what makes it easy or hard.")
        case Flag.Kind.TOP:
            return _("You could say that low marks are welcome too.")
        case Flag.Kind.BACK:
            return _("You could ask what helped.")
        case Flag.Kind.LOW:
            return _("You could ask what would need to be different.")
    if is_all_low(standing):
        return _("You could ask what would need to be different.")
    return ""


def spark_summary(totals: Sequence[float | None]) -> str:
    """Read a sparkline out loud."""
    if not any(total is not None for total in totals):
        return _("No totals yet")
    said = ", ".join(_("none") if total is None else points(total) for total in totals)
    return _("Totals of the last sessions, oldest first: %(said)s") % {"said": said}
