"""What the numbers of an episode say, in words, and no more than they carry."""

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.psychometrics.scoring import COMPONENTS
from alliance.trends.models import Standing

# With so many ratings, their first and last three say how the course went.
ENOUGH_FOR_A_COURSE = 6
TOP = 10
SHOWN = 0.1  # Scores are shown with one decimal.


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


def points(value):
    """Write a score with one decimal as the language has it, or a dash where there is none."""
    return "–" if value is None else number_format(round(value, 1), 1)


def reason(standing: Standing) -> str:
    """Say in one line why an episode stands where it stands in a list."""
    if standing.sessions_held == 0:
        return _("No session yet")
    if standing.sessions_rated == 0 and standing.unrated_run < 3:
        return _("No rating yet")
    match standing.signal:
        case Standing.Signal.UNRATED:
            return ngettext(
                "No rating for the last session",
                "No rating for the last %(n)s sessions",
                standing.unrated_run,
            ) % {"n": standing.unrated_run}
        case Standing.Signal.LOWEST:
            return _("Lowest of %(n)s: %(latest)s, and %(usual)s on average before") % {
                "n": standing.compared,
                "latest": points(standing.total),
                "usual": points(standing.usual),
            }
        case Standing.Signal.EARLY:
            return _("Too early to say what is usual")
    if is_all_at_the_top(standing):
        return _("Every rating is at the top")
    if is_all_low(standing):
        return _("Every mean is in the lower half")
    return _("Nothing stands out")


def shape(standing: Standing, *, with_comments: bool) -> str:
    """Return a sign that goes with the reason: never colour alone, and read out by no one."""
    if with_comments and standing.comment_waiting and standing.attention == 0:
        return "✉"
    if standing.signal == Standing.Signal.NONE:
        if is_all_at_the_top(standing):
            return "="
        if is_all_low(standing):
            return "▁"
    return {"unrated": "○", "lowest": "▼", "early": "·", "none": "✓"}[standing.signal]


def is_all_at_the_top(standing: Standing) -> bool:
    """Whether four or more ratings were given, and nothing but the highest mark in any."""
    return standing.sessions_rated > ENOUGH_TO_COMPARE and standing.lowest == TOP


def is_all_low(standing: Standing) -> bool:
    """Whether four or more totals can be compared, and none reaches the middle."""
    return (
        standing.compared > ENOUGH_TO_COMPARE
        and standing.highest is not None
        and standing.highest < TOP / 2
    )


def suggestion(standing: Standing) -> str:
    """Suggest what could be asked, or nothing where nothing stands out."""
    match standing.signal:
        case Standing.Signal.UNRATED:
            return _("If the form was offered, you could ask what makes it easy or hard.")
        case Standing.Signal.LOWEST:
            return _("You could ask how the last session was for them.")
    if standing.signal == Standing.Signal.NONE:
        if is_all_at_the_top(standing):
            return _("You could say that low marks are welcome too.")
        if is_all_low(standing):
            return _("You could ask what would need to be different.")
    return ""


def spark_summary(totals: Sequence[float | None]) -> str:
    """Read a sparkline out loud."""
    if not any(total is not None for total in totals):
        return _("No totals yet")
    said = ", ".join(_("none") if total is None else points(total) for total in totals)
    return _("Totals of the last sessions, oldest first: %(said)s") % {"said": said}


def summarise(standing: Standing, totals: Sequence[float | None], earlier: dict) -> list[str]:
    """Say in a few sentences how an episode goes, from the numbers that its chart draws.

    The most telling comes first. `totals` are those that may be compared,
    oldest first; `earlier` maps each component to its mean before the latest
    rating, where there were enough.
    """
    if standing.sessions_held == 0:
        return [_("No session has been logged yet.")]
    how_many = ngettext(
        "%(rated)s of %(held)s session held was rated.",
        "%(rated)s of %(held)s sessions held were rated.",
        standing.sessions_held,
    ) % {"rated": standing.sessions_rated, "held": standing.sessions_held}
    if standing.sessions_rated == 0:
        return [how_many]
    names = component_names()
    marks = ", ".join(
        f"{names[name].lower()} {points(getattr(standing, name))}" for name in COMPONENTS
    )
    marks = _("Latest marks, from 0 to 10: %(marks)s.") % {"marks": marks}
    match standing.signal:
        case Standing.Signal.UNRATED:
            return [reason(standing) + ".", how_many, marks, *_over_time(standing, totals)]
        case Standing.Signal.EARLY:
            return [_("It is too early to say what is usual for this client."), marks, how_many]
    return [*_compared(standing, earlier, names), marks, how_many, *_over_time(standing, totals)]


def _compared(standing, earlier, names):
    """Compare the latest rating with the client's own past, the most telling sentence first."""
    if standing.total is None:
        return [_("The latest rating was given only in part, so its mean is not compared.")]
    said = {
        "latest": points(standing.total),
        "usual": points(standing.usual),
        "n": standing.compared,
    }
    if standing.signal != Standing.Signal.LOWEST:
        sentence = _(
            "%(reason)s: the latest mean is %(latest)s; before, it was %(usual)s on average."
        )
        return [sentence % {**said, "reason": reason(standing)}]
    sentences = [
        _(
            "The latest mean of %(latest)s is the lowest of %(n)s; "
            "before, it was %(usual)s on average."
        )
        % said,
        _("This can be chance, and it is worth asking."),
    ]
    drops = sorted(
        (round(earlier[name], 1) - round(getattr(standing, name), 1), name)
        for name in COMPONENTS
        if name in earlier and getattr(standing, name) is not None
    )
    # Said only if the figures on the page say it too.
    if len(drops) > 1 and drops[-1][0] - drops[-2][0] > SHOWN / 2:
        name = names[drops[-1][1]].lower()
        sentences.append(_("The largest difference is in “%(name)s”.") % {"name": name})
    return sentences


def _over_time(standing, totals):
    """Set the first three ratings beside the last three."""
    if is_all_at_the_top(standing):
        return [_("Ratings at the top of the scale cannot rise and say little about differences.")]
    given = [total for total in totals if total is not None]
    if len(given) < ENOUGH_FOR_A_COURSE:
        return []
    first, last = sum(given[:3]) / 3, sum(given[-3:]) / 3
    return [
        _("The first three ratings average %(first)s, the last three %(last)s.")
        % {"first": points(first), "last": points(last)}
    ]
