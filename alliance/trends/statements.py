"""What is said at the head of the trend page, each statement with how it was worked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.psychometrics.scoring import COMPONENTS
from alliance.trends import cards
from alliance.trends.models import Flag, Standing
from alliance.trends.words import (
    Strength,
    compared,
    component_names,
    is_all_low,
    points,
    rules,
    strength,
    strength_words,
    unrated,
)

# With so many ratings, their first and last three say how the course went.
ENOUGH_FOR_A_COURSE = 6
NINETEEN_IN_TWENTY = 1.96
SHOWN = 0.1  # Scores are shown with one decimal.


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that is said of an episode, with how it was worked out."""

    text: str
    card: cards.Card | None = None


def summarise(
    standing: Standing,
    flags: Sequence[Flag],
    *,
    totals: Sequence[float | None],
    earlier: Mapping[str, float],
    is_new: bool = False,
) -> list[Statement]:
    """Say in a few statements how an episode goes, from the numbers that its chart draws.

    The most telling comes first. `flags` are those that hold and that the
    reader may know of. `totals` are those that may be compared, oldest first;
    `earlier` maps each component to its mean before the latest rating, where
    there were enough. `is_new` says that the therapist has not seen the latest
    rating yet: then nobody else is told what it amounts to.
    """
    if standing.sessions_held == 0:
        return [Statement(_("No session has been logged yet."))]
    statements = []
    if is_new:
        statements.append(
            Statement(_("The latest rating is new. Its therapist looks at it first."))
        )
    statements += [_said(flag, standing) for flag in _one_of_each(flags)]
    if not is_new:
        statements += _of_the_latest(standing, flags, earlier)
    marks = _marks(standing)
    return [*statements, *marks, Statement(_rated(standing)), *_over_time(totals)]


def _one_of_each(flags):
    """Return the latest flag of each kind, the first kind first."""
    latest: dict[str, Flag] = {}
    for flag in sorted(flags, key=lambda flag: flag.session.starts_at):
        latest[flag.kind] = flag
    return sorted(latest.values(), key=lambda flag: -flag.rank)


def _said(flag, standing):
    """Say a flag in full, only as strongly as its numbers do."""
    facts = flag.facts
    where = {"session": flag.session.number}
    is_latest = _is_of_the_latest(flag, standing)
    match flag.kind:
        case Flag.Kind.LOWER:
            said = (
                _(
                    "The latest rating is lower than usual for this client: %(rating)s, where "
                    "about %(usual)s was usual and %(low)s to %(high)s was to be expected."
                )
                if is_latest
                else _(
                    "In session %(session)s the rating was lower than usual for this client: "
                    "%(rating)s, where about %(usual)s was usual and %(low)s to %(high)s was to "
                    "be expected."
                )
            )
            how = strength_words(strength(facts, is_flagged=True))
            return Statement(
                f"{said % {**compared(facts), **where}} {how}", cards.of_a_rating(flag)
            )
        case Flag.Kind.SLIDING:
            said = _(
                "The ratings have gone down gradually: by session %(session)s they were, taken "
                "together, lower than usual for this client (%(rating)s, where about %(usual)s "
                "was usual)."
            )
            return Statement(said % {**compared(facts), **where}, cards.of_a_slide(flag))
        case Flag.Kind.TOLD:
            said = _(
                "After session %(session)s the client told of tension or a misunderstanding that "
                "was not spoken about."
            )
            return Statement(said % where, cards.of_what_was_told())
        case Flag.Kind.LOW:
            said = _(
                "The ratings are low from the start, compared with the first ratings of other "
                "clients of this practice."
            )
            return Statement(said, cards.of_a_low_start(flag))
        case Flag.Kind.UNRATED:
            run = standing.unrated_run
            return Statement(unrated(run) + ".", cards.of_missing_ratings(run))
        case Flag.Kind.RULE:
            said = _("A rule that your practice switched on marked session %(session)s: %(rules)s.")
            return Statement(said % {**where, "rules": rules(facts)}, cards.of_a_rule(flag))
        case Flag.Kind.TOP:
            said = _(
                "Almost every rating is at the top of the scale. Such ratings cannot rise and say "
                "little about differences."
            )
            return Statement(said, cards.of_top_marks(flag))
    said = _(
        "The ratings are back to what was usual before the drop to %(rating)s (about %(usual)s). "
        "A rating regained is not yet a difficulty talked through."
    )
    return Statement(
        said % {"rating": points(facts["rating"]), "usual": points(min(facts["usual"], 10))},
        cards.of_a_repair(flag),
    )


def _is_of_the_latest(flag, standing):
    """Whether a flag was raised by the latest rating, and that rating has a total."""
    return (
        standing.total is not None
        and standing.finding is not None
        and standing.finding["session"] == str(flag.session_id)
    )


def _of_the_latest(standing, flags, earlier):
    """Set the latest rating beside what is usual, where no flag has done so."""
    if standing.sessions_rated == 0:
        return []
    if standing.total is None:
        return [
            Statement(_("The latest rating was given only in part, so its mean is not compared."))
        ]
    if standing.compared < ENOUGH_TO_COMPARE:
        return [Statement(_("It is too early to say what is usual for this client."))]
    drops = (Flag.Kind.LOWER, Flag.Kind.SLIDING)
    is_flagged = any(flag.kind in drops and _is_of_the_latest(flag, standing) for flag in flags)
    statements = []
    found = strength(standing.finding, is_flagged=False)
    if not is_flagged:
        said = _beside_the_usual(standing.finding, found)
        statements.append(
            Statement(said % compared(standing.finding), cards.of_the_latest(standing))
        )
    if is_flagged or found != Strength.USUAL:
        statements += _largest_difference(standing, earlier)
    if is_all_low(standing):
        statements.append(Statement(_("Every mean so far lies in the lower half of the scale.")))
    return statements


def _beside_the_usual(facts, found):
    """Choose the sentence that sets a rating beside what is usual, as strong as it may be."""
    if found == Strength.USUAL and facts["low"] <= facts["rating"] <= facts["high"]:
        return _(
            "The latest rating is within this client’s usual range: %(rating)s, where about "
            "%(usual)s was usual and %(low)s to %(high)s was to be expected."
        )
    if facts["rating"] > facts["high"]:
        return _(
            "The latest rating is above this client’s usual range: %(rating)s, where about "
            "%(usual)s was usual and %(low)s to %(high)s was to be expected."
        )
    said = _(
        "The latest rating is %(rating)s, where about %(usual)s was usual for this client and "
        "%(low)s to %(high)s was to be expected."
    )
    how = (
        _("That is somewhat low; by itself it says little.")
        if found == Strength.USUAL
        else strength_words(found)
    )
    return f"{said} {how}"


def _largest_difference(standing, earlier):
    """Say which component differs most from its past: a description, not a test."""
    found = largest_difference(standing.scores(), earlier)
    if not found:
        return []
    name = component_names()[found].lower()
    return [Statement(_("The largest difference is in “%(name)s”.") % {"name": name})]


def largest_difference(scores: Mapping[str, float | None], earlier: Mapping[str, float]) -> str:
    """Return the component that fell most below its mean before, if one did more than all others.

    Only if the figures on the page say it too.
    """
    drops = sorted(
        (round(earlier[name], 1) - round(score, 1), name)
        for name, score in scores.items()
        if name in earlier and score is not None
    )
    if len(drops) < 2 or drops[-1][0] - drops[-2][0] <= SHOWN / 2:
        return ""
    return drops[-1][1]


def _marks(standing):
    if standing.sessions_rated == 0:
        return []
    names = component_names()
    marks = ", ".join(
        f"{names[name].lower()} {points(getattr(standing, name))}" for name in COMPONENTS
    )
    return [Statement(_("Latest marks, from 0 to 10: %(marks)s.") % {"marks": marks})]


def _rated(standing):
    return ngettext(
        "%(rated)s of %(held)s session held was rated.",
        "%(rated)s of %(held)s sessions held were rated.",
        standing.sessions_held,
    ) % {"rated": standing.sessions_rated, "held": standing.sessions_held}


def _over_time(totals):
    """Set the first three ratings beside the last three."""
    given = [total for total in totals if total is not None]
    if len(given) < ENOUGH_FOR_A_COURSE:
        return []
    first, last = sum(given[:3]) / 3, sum(given[-3:]) / 3
    said = _("The first three ratings average %(first)s, the last three %(last)s.")
    return [Statement(said % {"first": points(first), "last": points(last)})]


def accuracy(standing: Standing) -> str:
    """Say how exact one rating is, by the error of measurement that is reckoned with."""
    if standing.parameters is None or standing.compared < ENOUGH_TO_COMPARE:
        return ""
    said = ngettext(
        "Based on %(n)s rating; one rating is accurate to about ±%(error)s points.",
        "Based on %(n)s ratings; one rating is accurate to about ±%(error)s points.",
        standing.compared,
    )
    error = NINETEEN_IN_TWENTY * sqrt(standing.parameters.error)
    return said % {"n": standing.compared, "error": points(error)}


def command(standing: Standing) -> str:
    """Return the command by which anyone can work out the numbers again from the file."""
    if standing.parameters is None or standing.finding is None:
        return ""
    told = standing.parameters
    ceiling = "" if told.ceiling is None else f" --cens {told.ceiling!r}"
    return (
        f"python -m alliance.psychometrics detect series.csv --m {told.mean!r} "
        f"--sb2 {told.between!r} --ss2 {told.state!r} --se2 {told.error!r} "
        f"--phi {told.persistence!r}{ceiling} --preset {standing.finding['preset']}"
    )
