"""How many sessions were rated, what the missing ones could hide, and ratings that say little.

A missing rating is never filled in. What it might have been is only asked for
the sake of a range: how far would a figure move if the missing ratings were as
predicted, or lower.

Sources: Wilson (1927), J American Statistical Association 22, 209-212, for the
interval; Little, D'Agostino, Cohen et al. (2012), New England J Medicine 367,
1355-1360, for asking how a figure moves with what is missing.
"""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite, sqrt
from statistics import fmean
from typing import NamedTuple

import numpy as np

from alliance.psychometrics.finite import number, numbers, quantile_for, same_length

# Read as uninformative: this share of at least so many ratings at the maximum.
CEILING_SHARE, CEILING_RATINGS = 0.80, 5
# Noted: all items equal in so many rated sessions running.
STRAIGHT_SESSIONS = 5
# Marks that differ by less are the same.
ROUNDING = 1e-9


class Completion(NamedTuple):
    """Which share of the sessions held was rated, 0 to 1, and the ends of its interval."""

    share: float
    rated: int
    held: int
    low: float
    high: float


def completion(rated: int, held: int, *, coverage: float = 0.95) -> Completion | None:
    """Return which share of the sessions held was rated, with Wilson's interval.

    None where none was held. Raises ValueError for counts below zero, or more
    sessions rated than held.
    """
    z2 = quantile_for(coverage) ** 2
    if not 0 <= rated <= held:
        raise ValueError(f"{rated} of {held} is no share")
    if not held:
        return None
    share = rated / held
    centre = (share + z2 / (2 * held)) / (1 + z2 / held)
    half = sqrt(z2 * (share * (1 - share) / held + z2 / (4 * held * held))) / (1 + z2 / held)
    # At the ends of the scale the interval ends there, not a rounding beside it.
    low = 0.0 if rated == 0 else min(share, max(0.0, centre - half))
    high = 1.0 if rated == held else max(share, min(1.0, centre + half))
    return Completion(share, rated, held, low, high)


class Sensitivity(NamedTuple):
    """What a figure comes to, with and without what is missing.

    `observed`     from the ratings there are
    `supposed`     for each delta, with the missing ratings that many
                   within-client standard deviations below their prediction
    `low`, `high`  the smallest and the largest of those
    `missing`      how many ratings were supposed
    """

    observed: float
    supposed: tuple[float, ...]
    low: float
    high: float
    missing: int


def sensitivity(
    ratings: Sequence[float | None] | np.ndarray,
    predictions: Sequence[float | None] | np.ndarray,
    *,
    within_sd: float,
    deltas: Sequence[float] = (0.0, 1.0, 2.0),
    summary: Callable[[list[float]], float] = fmean,
    minimum: float | None = None,
) -> Sensitivity | None:
    """Return the range over which `summary` moves with what the missing ratings may have been.

    `ratings` are those of all held sessions, oldest first, None or NaN where
    not rated; `predictions` say for the same sessions what a rating was to be
    expected (`th` of the detector's findings, or the smoothed level); those of
    rated sessions are not looked at. `within_sd` is a client's standard
    deviation from session to session, in points, sqrt(ss2 + se2) of the
    detector's parameters. With a `minimum` nothing is supposed below the scale.

    None where nothing was rated. Raises ValueError for a missing rating without
    a prediction, series of different lengths, numbers that are not finite, a
    negative `within_sd`, no deltas, or a summary that is not finite.
    """
    y, expected = numbers(ratings, "ratings"), numbers(predictions, "predictions")
    same_length(ratings=y, predictions=expected)
    if number(within_sd, "a standard deviation") < 0:
        raise ValueError("a standard deviation is not negative")
    lacks = np.isnan(y)
    if np.isnan(expected[lacks]).any():
        raise ValueError("a missing rating has a prediction")
    if not len(deltas):
        raise ValueError("there is a delta to suppose")
    if lacks.all():
        return None

    def summed_up(values):
        return number(summary([float(value) for value in values]), "a summary")

    floor = -np.inf if minimum is None else number(minimum, "a minimum")
    supposed = []
    for delta in deltas:
        lower = np.maximum(expected - number(delta, "a delta") * within_sd, floor)
        supposed.append(summed_up(np.where(lacks, lower, y)))
    return Sensitivity(
        summed_up(y[~lacks]), tuple(supposed), min(supposed), max(supposed), int(lacks.sum())
    )


class Ceiling(NamedTuple):
    """How many ratings lie at the top of the scale.

    `share`   0 to 1, of `ratings`
    `silent`  whether they cannot show a change upward and say little about
              differences; it does not mean that they are excellent
    """

    share: float
    at_maximum: int
    ratings: int
    silent: bool


def ceiling(ratings: Sequence[float | None] | np.ndarray, maximum: float) -> Ceiling | None:
    """Return which share of the ratings lies at `maximum` or above; missing ones don't count.

    Read as silent from 80 % of five or more ratings. None of none. Raises
    ValueError for a rating or a maximum that is not finite.
    """
    y = numbers(ratings, "ratings")
    given = y[~np.isnan(y)]
    if not len(given):
        return None
    count = int((given >= number(maximum, "a maximum") - ROUNDING).sum())
    share = count / len(given)
    is_silent = len(given) >= CEILING_RATINGS and share >= CEILING_SHARE - ROUNDING
    return Ceiling(share, count, len(given), is_silent)


class StraightLine(NamedTuple):
    """Sessions in which all items were marked alike.

    `running`  how many rated sessions in a row, up to the latest
    `longest`  the longest such row
    `noted`    whether the latest row is five or more
    """

    running: int
    longest: int
    noted: bool


def straight_line(sessions: Iterable[Sequence[float | None] | None]) -> StraightLine:
    """Return for how many sessions running all answered items had the same mark.

    `sessions` holds the marks as they were made, before anything is reversed or
    rescaled, oldest first; None for a session without a rating, and None for an
    item that was skipped. A session with fewer than two marks neither makes the
    row longer nor ends it. Raises ValueError for a mark that is not finite.
    """
    running = longest = 0
    for session in sessions:
        marks = [mark for mark in session or () if mark is not None]
        if not all(isfinite(mark) for mark in marks):
            raise ValueError("a mark is a number")
        if len(marks) < 2:
            continue
        running = running + 1 if max(marks) - min(marks) <= ROUNDING else 0
        longest = max(longest, running)
    return StraightLine(running, longest, running >= STRAIGHT_SESSIONS)
