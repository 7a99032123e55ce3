"""How a course went, seen from its end: each session's level, given all ratings.

A smoothed level leans on later ratings as well as on earlier ones. So it draws
a line to look back on, and never judges a session on the day: that is what the
detector does, from what came before.

`smooth` keeps to the detector's own model, a level that stays and a state that
wanders around it. `smooth_local_level` lets the level itself wander without a
home; it suits long courses, of a dozen ratings or more. It begins from exact
ignorance, which is not the same as a large variance: the first rating is taken
as it is, and the log-likelihood is that of the ratings after it.

Pure: numbers in, numbers out. Sources: Durbin & Koopman (2012), Time Series
Analysis by State Space Methods, 2nd ed., ch. 2 for the local level, ch. 4.4 for
the backward recursion (which gives what Rauch, Tung & Striebel (1965), AIAA
Journal 3, 1445-1450, gives, and needs no inverse), ch. 5 for the diffuse start.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, log, pi, sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

from alliance.psychometrics.detector import LARGEST, Parameters, at_the_ceiling

# With fewer ratings even one variance is no more than a guess.
ENOUGH_TO_FIT = 12
_LOG_2_PI = log(2 * pi)
# A rating sees the sum of the client's level and the state.
_SEES = np.ones(2)


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A level for each held session, and how well it is known.

    `level`     in points, shape (sessions,)
    `variance`  of the level around that, 0 or more, shape (sessions,)
    `loglik`    log-likelihood of the ratings under the model; for the local
                level, of those after the first
    """

    level: np.ndarray
    variance: np.ndarray
    loglik: float


@dataclass(frozen=True, slots=True)
class LocalLevel:
    """The two variances of the local level model, and how likely they make the ratings.

    `obs_var`    variance of a rating around the level of its session, 0 or more
    `level_var`  variance of the step from one session's level to the next, 0 or more
    `loglik`     log-likelihood of the ratings after the first
    """

    obs_var: float
    level_var: float
    loglik: float


class _Seen(NamedTuple):
    """A session on the way forward: what was known before it, and what its rating adds.

    `pull` is the surprise and `weight` the certainty of the rating, each over
    the variance of what was predicted; both are 0 without a rating.
    """

    mean: float
    a: np.ndarray
    P: np.ndarray
    pull: float
    weight: float


def smooth(ratings: Iterable[float | None], parameters: Parameters) -> Smoothed:
    """Return the level at each held session, oldest first, given the whole series.

    None where a session was not rated: its level is told by its neighbours, and
    its variance says how little. The level is the client's own plus the state
    of that session, as `th` in the detector; at the last session it is the
    same. A mark at the ceiling counts as "at least so much". Without any rating
    the level is the mean over clients.

    Raises ValueError for a rating that is not finite or beyond 1e100.
    """
    seen, loglik = _forward(_checked(ratings), parameters)
    level, variance = np.empty(len(seen)), np.empty(len(seen))
    moves = np.diag([1.0, parameters.phi])
    # What the ratings from a session on add to its state, and how surely.
    r, N = np.zeros(2), np.zeros((2, 2))
    for place in reversed(range(len(seen))):
        mean, a, P, pull, weight = seen[place]
        stays = np.eye(2) - weight * np.outer(_SEES, _SEES @ P)
        r = pull * _SEES + stays @ moves @ r
        N = weight * np.outer(_SEES, _SEES) + stays @ moves @ N @ moves @ stays.T
        level[place] = mean + _SEES @ (a + P @ r)
        variance[place] = max(_SEES @ (P - P @ N @ P) @ _SEES, 0.0)
    return Smoothed(level, variance, loglik)


def _forward(given, parameters):
    """Filter the series; return what was seen at each session, and the log-likelihood."""
    ceiling, se2, loglik = parameters.ceiling, parameters.se2, 0.0
    moves = np.diag([1.0, parameters.phi])
    stirs = np.diag([0.0, parameters.ss2 * (1 - parameters.phi**2)])
    a, P = np.zeros(2), np.diag([parameters.sb2, parameters.ss2])
    seen = []
    for place, y in enumerate(given):
        if place:
            a, P = moves @ a, moves @ P @ moves + stirs
        mean = parameters.mean_at(place + 1)
        if y is None:
            seen.append(_Seen(mean, a, P, 0.0, 0.0))
            continue
        reach = P @ _SEES
        variance = max(float(_SEES @ reach) + se2, se2)
        predicted, sd = mean + float(_SEES @ a), sqrt(variance)
        if ceiling is not None and y >= ceiling:
            surprise, certainty, _term = at_the_ceiling(ceiling, predicted, sd)
            loglik += float(log_ndtr((predicted - ceiling) / sd))
        else:
            surprise, certainty = y - predicted, 1.0
            loglik -= 0.5 * (_LOG_2_PI + log(variance) + (surprise / sd) ** 2)
        pull, weight = surprise / variance, certainty / variance
        seen.append(_Seen(mean, a, P, pull, weight))
        # Joseph's form: twice the work, but no rounding can turn a variance negative.
        stays = np.eye(2) - weight * np.outer(reach, _SEES)
        error = weight * max(1 - weight * float(_SEES @ reach), 0.0)
        a, P = a + pull * reach, stays @ P @ stays.T + error * np.outer(reach, reach)
    return seen, loglik


def smooth_local_level(
    ratings: Iterable[float | None], *, obs_var: float, level_var: float
) -> Smoothed | None:
    """Return the level at each held session under the local level model.

        y_t = l_t + e_t        l_t = l_(t-1) + n_t

    `obs_var` is the variance of e and `level_var` that of n, in squared points.
    Before the first rating, and after the last, the level stays where it was
    and its variance grows. Without any rating nothing is known: None.

    Raises ValueError for a rating that is not finite or beyond 1e100, for a
    variance that is negative, and if both are 0.
    """
    given = _checked(ratings)
    for variance in (obs_var, level_var):
        if not (isfinite(variance) and 0 <= variance <= LARGEST):
            raise ValueError(f"a variance is a number, 0 or more, not {variance}")
    if obs_var == 0 == level_var:
        raise ValueError("one of the two variances is above zero")
    first = next((place for place, y in enumerate(given) if y is not None), None)
    if first is None:
        return None
    seen, squares, log_scale, terms = _walk(given[first:], obs_var, level_var)
    level, variances = np.empty(len(given)), np.empty(len(given))
    r = n = 0.0
    for place in reversed(range(len(seen))):
        a, p, pull, weight = seen[place]
        stays = 1 - weight * p
        r, n = pull + stays * r, weight + stays * stays * n
        level[first + place] = a + p * r
        variances[first + place] = max(p - p * p * n, 0.0)
    level[:first] = level[first]
    variances[:first] = variances[first] + level_var * np.arange(first, 0, -1)
    return Smoothed(level, variances, -0.5 * (terms * _LOG_2_PI + log_scale + squares))


def _walk(given, obs_var, level_var):
    """Filter a series that begins with a rating.

    Return what was seen at each session (the level before its rating, its
    variance, pull and weight), the sum of squared surprises in units of their
    variance, the sum of the logarithms of those variances, and their number.
    """
    level, variance = given[0], obs_var
    seen = [(level, variance, 0.0, 0.0)]
    squares, log_scale, terms = 0.0, 0.0, 0
    for y in given[1:]:
        variance += level_var
        if y is None:
            seen.append((level, variance, 0.0, 0.0))
            continue
        around, surprise = variance + obs_var, y - level
        seen.append((level, variance, surprise / around, 1 / around))
        squares += surprise / around * surprise
        log_scale += log(around)
        terms += 1
        level += variance / around * surprise
        variance *= obs_var / around
    return seen, squares, log_scale, terms


def fit_local_level(
    ratings: Iterable[float | None], *, obs_var: float | None = None
) -> LocalLevel | None:
    """Return the variances of the local level model that make the ratings most likely.

    With `obs_var`, the variance of measurement is held at that (known from a
    reliability, say) and only the other is estimated. An estimate of 0 is a
    legal answer: no movement of the level can be told from error, or no error
    from movement. None with fewer than twelve ratings, or if all are the same.

    Raises ValueError for a rating that is not finite or beyond 1e100, or an
    `obs_var` that is not above zero.
    """
    given = _checked(ratings)
    if obs_var is not None and not 0 < obs_var <= LARGEST:
        raise ValueError(f"the variance of measurement is above zero, not {obs_var}")
    rated = [y for y in given if y is not None]
    if len(rated) < ENOUGH_TO_FIT or max(rated) - min(rated) < 1 / LARGEST:
        return None
    given = given[next(place for place, y in enumerate(given) if y is not None) :]

    if obs_var is None:
        # Only the ratio of the two decides; their common scale follows from it.
        def scaled(share):
            _seen, squares, log_scale, terms = _walk(given, 1 - share, share)
            scale = squares / terms
            return scale, -0.5 * (terms * (_LOG_2_PI + 1 + log(scale)) + log_scale)

        ratios = np.logspace(-8, 8, 65)
        share = _highest([0.0, *(ratios / (1 + ratios)), 1.0], lambda share: scaled(share)[1])
        scale, loglik = scaled(share)
        return LocalLevel((1 - share) * scale, share * scale, loglik)

    def likely(level_var):
        _seen, squares, log_scale, terms = _walk(given, obs_var, level_var)
        return -0.5 * (terms * _LOG_2_PI + log_scale + squares)

    steps = np.mean(np.diff(rated) ** 2)
    level_var = _highest([0.0, *(steps * np.logspace(-8, 4, 49))], likely)
    return LocalLevel(obs_var, level_var, likely(level_var))


def _highest(grid: Sequence[float], height: Callable[[float], float]) -> float:
    """Return the place of the greatest height, from the best of a grid to its neighbours.

    An end of the grid is returned as it is if nothing near it is higher.
    """
    heights = [height(place) for place in grid]
    best = int(np.argmax(heights))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        lambda place: -height(place),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-9 * high},
    )
    return float(found.x) if -found.fun > heights[best] else float(grid[best])


def _checked(ratings):
    """Return the ratings as a list of numbers and None."""
    given = list(ratings)
    for y in given:
        if y is not None and not (isfinite(y) and abs(y) <= LARGEST):
            raise ValueError(f"a rating is a number, not {y}")
    return given
