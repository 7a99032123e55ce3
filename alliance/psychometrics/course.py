"""The course of an episode, one held session after the other: what stands out, and what passes.

The detector says of each rating how unusual it is. Here that becomes entries
that are raised, stand, and settle: so that a list shows what deserves a
conversation now, once, and lets go of it by itself. Constant in time a
session, and kept as JSON between two. Pure: numbers in, numbers out.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from math import isnan
from typing import NamedTuple

from alliance.psychometrics.detector import (
    Finding,
    Parameters,
    Rules,
    State,
    advance,
    probability_below,
    usual_range,
)
from alliance.psychometrics.repair import Drop, Verdict, judge

# Before so many ratings it is too early to say what is usual.
ENOUGH_TO_COMPARE = 3
UNRATED_TO_NOTICE = 3
MAXIMUM, ROUNDING = 10.0, 1e-9
# Almost always at the top: so large a share, of so many ratings.
TOP_SHARE, TOP_RATINGS = 0.8, 5
# Low from the start: how sure to be, within the first ratings, and when to let go.
LOW_SURE, LOW_RATINGS, LOW_OVER = 0.8, 5, 0.5
# An entry lets go when the sum has halved and the last rating was nothing unusual.
SETTLED_P = 0.10

LOWER, SLIDING, LOW, UNRATED, TOP, BACK = "lower", "sliding", "low", "unrated", "top", "back"


class Mark(NamedTuple):
    """What one held session brought.

    `total`     its total, 0 to 10, or None where there is none to compare
    `is_rated`  whether anything was marked at all: a rating given in part has
                no total, and yet it is not missing
    """

    total: float | None
    is_rated: bool


class Event(NamedTuple):
    """Something that begins (`is_raised`) or ends with a session, and the numbers it rests on."""

    kind: str
    is_raised: bool
    facts: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Course:
    """All that must be kept of an episode to take it up again; start with `Course.first`.

    `detector`     the detector's state
    `unrated_run`  held sessions since the last rated one
    `at_top`       totals at the end of the scale so far
    `highest`      the highest total so far, or None
    `drop`         the drop whose repair is being watched, or None
    `raised`       the kinds that stand: raised, and not settled
    """

    detector: State
    unrated_run: int
    at_top: int
    highest: float | None
    drop: Drop | None
    raised: tuple[str, ...]

    @classmethod
    def first(cls, parameters: Parameters) -> "Course":
        """Return the course before the first session."""
        return cls(State.first(parameters), 0, 0, None, None, ())

    def begin_anew(self, parameters: Parameters) -> "Course":
        """Return the course where another wording begins: only missing ratings are carried on."""
        kept = tuple(kind for kind in self.raised if kind == UNRATED)
        return replace(Course.first(parameters), unrated_run=self.unrated_run, raised=kept)

    def as_json(self) -> dict:
        """Return a dict that JSON keeps to the last bit, and gives back as it is."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_json(cls, told: dict) -> "Course":
        """Take up again what `as_json` gave. Raises TypeError or KeyError for anything else."""
        return cls(
            **{
                **told,
                "detector": State.from_json(told["detector"]),
                "drop": Drop.from_json(told["drop"]) if told["drop"] else None,
                "raised": tuple(told["raised"]),
            }
        )


def go_on(
    course: Course,
    mark: Mark,
    parameters: Parameters,
    rules: Rules,
    *,
    cutoff: float | None = None,
) -> tuple[Course, Finding, list[Event]]:
    """Take one held session; return the course after it, what was found, and what changed.

    `cutoff` is the level under which an alliance counts as low from the start,
    in points, or None where nothing is known of that. Raises ValueError for a
    total outside 0–10, or one without a rating.
    """
    if mark.total is not None and not (mark.is_rated and 0 <= mark.total <= MAXIMUM):
        raise ValueError(f"a total lies between 0 and 10 and comes of a rating, not {mark}")
    before = course.detector
    state, finding = advance(before, mark.total, parameters, rules)
    run = 0 if mark.is_rated else course.unrated_run + 1
    course = replace(course, detector=state, unrated_run=run)
    events = list(_missing(course))
    if mark.total is not None:
        is_top = mark.total >= MAXIMUM - ROUNDING
        course = replace(
            course,
            at_top=course.at_top + is_top,
            highest=mark.total if course.highest is None else max(course.highest, mark.total),
        )
        events += _level(course, finding, cutoff)
        events += _lower(course, finding, rules)
        course, repaired = _repair(course, finding, parameters)
        events += [event for event in repaired if event not in events]
    raised = set(course.raised) | {event.kind for event in events if event.is_raised}
    raised -= {event.kind for event in events if not event.is_raised}
    return replace(course, raised=tuple(sorted(raised))), finding, events


def _missing(course):
    """Notice a run of sessions without a rating, and its end."""
    if course.unrated_run == UNRATED_TO_NOTICE:
        yield Event(UNRATED, True, {"sessions": course.unrated_run})
    elif course.unrated_run == 0 and UNRATED in course.raised:
        yield Event(UNRATED, False, {})


def _level(course, finding, cutoff):
    """Look at the level itself: where no change can be seen, low or at the top from the start."""
    given = course.detector.rated
    is_top = given >= TOP_RATINGS and course.at_top >= TOP_SHARE * given
    if is_top and TOP not in course.raised:
        yield Event(TOP, True, {"at_top": course.at_top, "ratings": given})
    elif not is_top and TOP in course.raised:
        yield Event(TOP, False, {})
    if cutoff is None:
        return
    sure = probability_below(finding, cutoff)
    if LOW in course.raised:
        if sure < LOW_OVER:
            yield Event(LOW, False, {})
    elif sure >= LOW_SURE and given <= LOW_RATINGS:
        yield Event(LOW, True, {"probability": sure, "cutoff": cutoff, "ratings": given})


def _lower(course, finding, rules):
    """Look at this rating against what is usual, and at the last ones taken together."""
    is_over = finding.cusum < rules.h / 2 and not finding.p <= SETTLED_P
    if is_over:
        yield from (Event(kind, False, {}) for kind in (LOWER, SLIDING) if kind in course.raised)
    if course.detector.rated < ENOUGH_TO_COMPARE:
        return
    if finding.alert:
        yield Event(LOWER, True, told(finding, course.detector.rated - 1))
    if finding.drift and SLIDING not in course.raised:
        yield Event(SLIDING, True, told(finding, course.detector.rated - 1))


def _repair(course, finding, parameters):
    """Watch whether a drop is mended, for five ratings at most."""
    over = [Event(BACK, False, {})] if BACK in course.raised else []
    drop = course.drop
    if drop is None:
        if not finding.alert or course.detector.rated < ENOUGH_TO_COMPARE:
            return course, over
        drop = Drop(
            session=course.detector.held, usual=finding.b, rating=finding.y, scale=finding.kap
        )
        return replace(course, drop=drop), over
    drop = drop.followed_by(session=course.detector.held, rating=finding.y)
    verdict, probability = judge(drop, parameters)
    if verdict == Verdict.BACK:
        facts = {
            "probability": probability,
            "usual": drop.usual,
            "rating": drop.rating,
            "since": len(drop.after),
        }
        settled = [Event(k, False, {}) for k in (LOWER, SLIDING) if k in course.raised]
        return replace(course, drop=None), [*settled, Event(BACK, True, facts)]
    if verdict == Verdict.NOT_REGAINED:
        drop = None
    return replace(course, drop=drop), over


def told(finding: Finding, before: int) -> dict[str, float | None]:
    """Return the numbers on which a statement about a rating rests, None for what is not known.

    `before` is how many ratings came before it.
    """
    low, high = usual_range(finding)
    numbers = {
        "rating": finding.y,
        "usual": finding.b,
        "low": low,
        "high": high,
        "variance": finding.V,
        "df": finding.df,
        "p": finding.p,
        "probability": finding.pr_drop,
        "scale": finding.kap,
        "sum": finding.cusum,
        "ratings": before,
    }
    return {name: None if isnan(value) else value for name, value in numbers.items()}


def follow(
    marks: Iterable[Mark],
    parameters: Parameters,
    rules: Rules,
    *,
    cutoff: float | None = None,
) -> list[tuple[Course, Finding, list[Event]]]:
    """Run the held sessions of an episode through `go_on` from its beginning, oldest first."""
    course = Course.first(parameters)
    steps = []
    for mark in marks:
        course, finding, events = go_on(course, mark, parameters, rules, cutoff=cutoff)
        steps.append((course, finding, events))
    return steps
