"""What the numbers of an episode say, in words, and no more than they carry."""

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.psychometrics.scoring import COMPONENTS
from alliance.trends.models import Standing

# With so many ratings, their first and last three say how the course went.
ENOUGH_FOR_A_COURSE = 6


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
            return _("Lowest so far: %(latest)s, and %(usual)s on average before") % {
                "latest": points(standing.total),
                "usual": points(standing.usual),
            }
        case Standing.Signal.EARLY:
            return _("Too early to say what is usual")
    if all_at_the_top(standing.spark):
        return _("Every rating is at the top")
    return _("Nothing stands out")


def shape(standing: Standing) -> str:
    """Return a sign that goes with the reason: never colour alone, and read out by no one."""
    if standing.comment_waiting and standing.attention == 0:
        return "✉"
    if standing.signal == Standing.Signal.NONE and all_at_the_top(standing.spark):
        return "="
    return {"unrated": "○", "lowest": "▼", "early": "·", "none": "✓"}[standing.signal]


def all_at_the_top(totals: Sequence[float | None]) -> bool:
    """Whether four or more totals are there and all of them are 10."""
    given = [total for total in totals if total is not None]
    return len(given) > 3 and min(given) == 10


def suggestion(standing: Standing) -> str:
    """Suggest what could be asked, or nothing where nothing stands out."""
    match standing.signal:
        case Standing.Signal.UNRATED:
            return _("You could ask what makes the form easy or hard to fill in.")
        case Standing.Signal.LOWEST:
            return _("You could ask how the last session was for them.")
    if all_at_the_top(standing.spark):
        return _("You could say that low marks are welcome too.")
    return ""


def spark_summary(totals: Sequence[float | None]) -> str:
    """Read a sparkline out loud."""
    if not any(total is not None for total in totals):
        return _("No ratings yet")
    said = ", ".join(_("no rating") if total is None else points(total) for total in totals)
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
            return [reason(standing) + ".", how_many, marks, *_over_time(totals)]
        case Standing.Signal.EARLY:
            return [_("It is too early to say what is usual for this client."), marks, how_many]
    return [*_compared(standing, earlier, names), marks, how_many, *_over_time(totals)]


def _compared(standing, earlier, names):
    """Compare the latest rating with the client's own past, the most telling sentence first."""
    if standing.total is None:
        return [_("The latest rating was given only in part, so its mean is not compared.")]
    said = {"latest": points(standing.total), "usual": points(standing.usual)}
    if standing.signal != Standing.Signal.LOWEST:
        return [
            _(
                "Nothing stands out: the latest mean is %(latest)s; "
                "before, this client gave %(usual)s on average."
            )
            % said
        ]
    sentences = [
        _(
            "The latest mean of %(latest)s is the lowest this client has given; "
            "before, it was %(usual)s on average."
        )
        % said,
        _("This can be chance, and it is worth asking."),
    ]
    drops = {
        name: earlier[name] - getattr(standing, name)
        for name in COMPONENTS
        if name in earlier and getattr(standing, name) is not None
    }
    if drops:
        most = max(drops, key=drops.__getitem__)
        sentences.append(
            _("The largest difference is in “%(name)s”.") % {"name": names[most].lower()}
        )
    return sentences


def _over_time(totals):
    """Set the first three ratings beside the last three."""
    given = [total for total in totals if total is not None]
    if all_at_the_top(given):
        return [
            _(
                "Every rating is at the top of the scale. "
                "Such ratings cannot rise and say little about differences."
            )
        ]
    if len(given) < ENOUGH_FOR_A_COURSE:
        return []
    first, last = sum(given[:3]) / 3, sum(given[-3:]) / 3
    return [
        _("The first three ratings average %(first)s, the last three %(last)s.")
        % {"first": points(first), "last": points(last)}
    ]
