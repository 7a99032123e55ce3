"""What a rule would have marked: in a history, and in invented courses where the truth is known.

A rule is tried before it is switched on. For a history it is counted how often
the rule would have flagged, on how many clients, and how many were inside
their usual range again at the next rating; and, beside it, how much of that
was to be expected if nothing had ever happened. For simulated courses the
truth is known, so false alarms, power and predictive value can be told. Pure:
numbers in, numbers out; the same seed gives the same figures.

A flag is a new entry on the list. With the detector an entry begins with ALERT
or DRIFT, from the third rating on, and ends by itself when the cumulative sum
is below half its height and the last p is above .10; with any other rule it
begins with a mark and ends with a rating that is not marked. Acknowledging is
left out, and so is letting go of an entry because the client is back to usual.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from alliance.psychometrics.course import ENOUGH_TO_COMPARE, SETTLED_P
from alliance.psychometrics.detector import Findings, Parameters, Rules, detect_many
from alliance.psychometrics.simulation import SCENARIOS, Courses, Scenario, dip, draw, random_dips

# The lower end of the range that holds 90 % of undisturbed ratings.
USUAL_TAIL = 0.05
# What "a disturbance" stands for in simulated courses, unless another is asked for.
DIP_SIZE, DIP_SHARE = 2.0, 0.06

# The detector with a preset's rules; or any rule that takes (series, sessions) and marks it.
Rule = Rules | Callable[[np.ndarray], np.ndarray]


class Share(NamedTuple):
    """A share of a number of cases, and its Monte-Carlo standard error; both 0 to 1.

    `of` is the number of cases. The standard error is that of a ratio of sums
    over independent courses, so it holds where one course has several cases.
    """

    value: float
    standard_error: float
    of: int


def share(hits: np.ndarray, cases: np.ndarray) -> Share | None:
    """Return the share of hits among cases, counted for each course; None without a case.

    Both are (courses,) or (courses, sessions), numbers or truth values; a hit
    is also a case.
    """
    hit, case = (np.asarray(told, dtype=float) for told in (hits, cases))
    hit, case = (told.sum(axis=tuple(range(1, told.ndim))) for told in (hit, case))
    total = case.sum()
    if not total:
        return None
    value = hit.sum() / total
    error = sqrt(((hit - value * case) ** 2).sum()) / total
    return Share(float(value), error, int(total))


def ever_marked(marks: np.ndarray, sessions: int) -> Share:
    """Return the share of courses with at least one mark in their first sessions.

    `marks` is (courses, sessions). Raises ValueError for more sessions than there are.
    """
    if not 1 <= sessions <= marks.shape[1]:
        raise ValueError(f"there are {marks.shape[1]} sessions, not {sessions}")
    ever = np.any(marks[:, :sessions], axis=1, keepdims=True)
    found = share(ever, np.ones_like(ever))
    if found is None:
        raise ValueError("there is no course")
    return found


def is_listed(findings: Findings, rules: Rules) -> np.ndarray:
    """Return where the app lists a session, (series, sessions): ALERT or DRIFT.

    From the third rating on: before, it is too early to say what is usual.
    """
    # The degrees of freedom tell which rating this is, up to rounding.
    number = findings.df - rules.nu0 + 2
    return (number > ENOUGH_TO_COMPARE - 0.5) & (findings.alert | findings.drift)


def new_entries(listed: np.ndarray, calm: np.ndarray) -> np.ndarray:
    """Return where an entry begins, (series, sessions).

    `listed` says where the rule marks, `calm` where an entry ends by itself; a
    session that is neither leaves things as they are, so a session without a
    rating changes nothing.
    """
    entries = np.zeros(listed.shape, dtype=bool)
    is_open = np.zeros(len(listed), dtype=bool)
    for t in range(listed.shape[1]):
        entries[:, t] = listed[:, t] & ~is_open
        is_open = (is_open | listed[:, t]) & ~calm[:, t]
    return entries


def entries_of(findings: Findings, rules: Rules) -> np.ndarray:
    """Return where the detector begins an entry, (series, sessions)."""
    # Both are NaN, so not below and not above, where nothing was rated.
    is_calm = (findings.cusum < rules.h / 2) & (findings.p > SETTLED_P)
    return new_entries(is_listed(findings, rules), is_calm)


@dataclass(frozen=True, slots=True)
class ByChance:
    """What was to be expected had nothing ever happened: means over invented histories."""

    flags: float
    clients_flagged: float


@dataclass(frozen=True, slots=True)
class HistoryRehearsal:
    """What a rule would have done with a history.

    `clients`, `held`, `rated`  how much history there is where flags are counted
    `marks`     ratings marked
    `flags`     new entries on the list
    `clients_flagged`  clients with at least one flag
    `followed`  flags after which there is another rating
    `back`      of those, how many were inside the usual range again at the next
                rating: not below the lower end of the range that held 90 % of
                undisturbed ratings, as it stood when the flag was raised
    `by_chance` what was to be expected had nothing ever happened, or None
                where it was not asked for
    """

    clients: int
    held: int
    rated: int
    marks: int
    flags: int
    clients_flagged: int
    followed: int
    back: int
    by_chance: ByChance | None = None


def rehearse_history(
    histories: Sequence[Sequence[float | None]],
    parameters: Parameters,
    rules: Mapping[str, Rule],
    *,
    counted_from: Sequence[int] | None = None,
    repeats: int = 0,
    seed: int = 1,
) -> dict[str, HistoryRehearsal]:
    """Say what each rule would have done with these histories.

    `histories` holds a series of held sessions for each client, oldest first,
    None where not rated, all of one measure with these `parameters`. Flags are
    counted from the session numbers in `counted_from` (1 is the first), one
    for each history, so that a period can be asked about while what is usual
    is still learnt from the beginning; a number beyond the last session counts
    nothing of that history. With `repeats`, as many invented histories with
    ratings at the same sessions tell what chance alone would give.

    Raises ValueError for `counted_from` of another length, a number below 1, or
    a rating that is not finite. No histories give noughts.
    """
    if counted_from is None:
        counted_from = [1] * len(histories)
    if len(counted_from) != len(histories):
        raise ValueError("each history has a session from which it is counted")
    if any(number < 1 for number in counted_from):
        raise ValueError("sessions are counted from 1")
    longest = max((len(history) for history in histories), default=0)
    ratings = np.full((len(histories), longest), np.nan)
    is_held = np.zeros(ratings.shape, dtype=bool)
    for row, history in enumerate(histories):
        if not all(y is None or np.isfinite(y) for y in history):
            raise ValueError("a rating is a finite number, or None where there is none")
        ratings[row, : len(history)] = [np.nan if y is None else y for y in history]
        is_held[row, : len(history)] = True
    is_counted = is_held & (np.arange(longest) + 1 >= np.array(counted_from, dtype=int)[:, None])
    usual = detect_many(ratings, parameters)
    lower_end = usual.b + stdtrit(usual.df, USUAL_TAIL) * np.sqrt(usual.V * usual.kap)
    following = _next_rating(ratings)
    chance = _invented(ratings, parameters, repeats, seed)
    rehearsed = {}
    for name, rule in rules.items():
        marks, flags = (told & is_counted for told in _apply(rule, ratings, parameters))
        is_followed = flags & ~np.isnan(following)
        rehearsed[name] = HistoryRehearsal(
            clients=int(is_counted.any(axis=1).sum()),
            held=int(is_counted.sum()),
            rated=int((is_counted & ~np.isnan(ratings)).sum()),
            marks=int(marks.sum()),
            flags=int(flags.sum()),
            clients_flagged=int(flags.any(axis=1).sum()),
            followed=int(is_followed.sum()),
            back=int((is_followed & (following >= lower_end)).sum()),
            by_chance=_by_chance(rule, chance, parameters, is_counted) if repeats else None,
        )
    return rehearsed


def _next_rating(ratings):
    """Return the next rating after each session, NaN where there is none."""
    following = np.full(ratings.shape, np.nan)
    for t in range(ratings.shape[1] - 2, -1, -1):
        following[:, t] = np.where(
            np.isnan(ratings[:, t + 1]), following[:, t + 1], ratings[:, t + 1]
        )
    return following


def _apply(rule, ratings, parameters):
    """Return where a rule marks, and where it begins an entry."""
    if isinstance(rule, Rules):
        findings = detect_many(ratings, parameters, rule)
        return is_listed(findings, rule), entries_of(findings, rule)
    marks = np.asarray(rule(ratings), dtype=bool)
    if marks.shape != ratings.shape:
        raise ValueError("a rule marks each session, and nothing else")
    return marks, new_entries(marks, ~np.isnan(ratings) & ~marks)


def _invented(ratings, parameters, repeats, seed):
    """Return invented histories with ratings at the same sessions, (repeats, series, sessions)."""
    if not repeats or not ratings.size:
        return np.empty((repeats, *ratings.shape))
    many, sessions = ratings.shape
    generator = np.random.default_rng(seed)
    courses = draw(
        SCENARIOS["gauss"],
        parameters,
        courses=repeats * many,
        sessions=sessions,
        generator=generator,
    )
    invented = courses.ratings().reshape(repeats, many, sessions)
    if parameters.ceiling is not None:
        # Whatever lies beyond the ceiling is only known to be there.
        invented = np.minimum(invented, parameters.ceiling)
    return np.where(np.isnan(ratings), np.nan, invented)


def _by_chance(rule, invented, parameters, is_counted):
    repeats, many, sessions = invented.shape
    if not invented.size:
        return ByChance(0.0, 0.0)
    _marks, flags = _apply(rule, invented.reshape(repeats * many, sessions), parameters)
    flags = flags.reshape(invented.shape) & is_counted
    return ByChance(
        flags=float(flags.sum() / repeats),
        clients_flagged=float(flags.any(axis=2).sum() / repeats),
    )


@dataclass(frozen=True, slots=True)
class SimulatedRehearsal:
    """What a rule does with simulated courses of a certain length.

    `false_alarms`  share of undisturbed courses with at least one mark
    `power`         share marked at once when the last session dips, among
                    those rated at that session
    `ppv`           share of marks that stand at a session that dipped, where
                    each session dips with a certain probability; None without
                    a mark
    `flags_per_100` new entries for each hundred sessions of undisturbed
                    courses, 0 to 100
    """

    false_alarms: Share
    power: Share | None
    ppv: Share | None
    flags_per_100: float


def rehearse_courses(
    rules: Mapping[str, Rule],
    parameters: Parameters,
    *,
    scenario: Scenario = SCENARIOS["gauss"],
    sessions: int = 10,
    courses: int = 2_000,
    seed: int = 1,
    size: float = DIP_SIZE,
    prevalence: float = DIP_SHARE,
) -> dict[str, SimulatedRehearsal]:
    """Say what each rule does with courses whose truth is known.

    Courses of so many `sessions` are drawn from `scenario` around
    `parameters`. A disturbance is a dip of `size` within-client SDs at one
    session; `prevalence` is the probability, 0 to 1, of one at each session,
    for the predictive value. All rules see the same courses.

    Raises ValueError unless there is at least one course of one session.
    """
    generator = np.random.default_rng(seed)
    drawn: Courses = draw(
        scenario, parameters, courses=courses, sessions=sessions, generator=generator
    )
    dips = random_dips(courses, sessions, share=prevalence, generator=generator)
    undisturbed = drawn.ratings()
    dipped_last = drawn.ratings(dip(sessions, at=sessions, size=size))
    dipped = drawn.ratings(-size * dips)
    told = scenario.told(parameters)
    rehearsed = {}
    for name, rule in rules.items():
        marks, entries = _apply(rule, undisturbed, told)
        at_last = _apply(rule, dipped_last, told)[0][:, -1]
        among_dips = _apply(rule, dipped, told)[0]
        rehearsed[name] = SimulatedRehearsal(
            false_alarms=ever_marked(marks, sessions),
            power=share(at_last, drawn.rated[:, -1]),
            ppv=share(among_dips & dips, among_dips),
            flags_per_100=100 * float(entries.mean()),
        )
    return rehearsed
