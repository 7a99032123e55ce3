"""Where a client's alliance stands early on, and whether it rises or falls over sessions.

The early alliance is the mean of sessions 3 to 5, told with its interval.

A slope from a handful of ratings is mostly chance, so it is drawn towards the
average slope of all clients. The model is a line for each client,

    y_it = (b0 + u0_i) + (b1 + u1_i) t + e_it      t = session number - 1

with u0, u1 normal with a covariance matrix of their own and e independent. It
is fitted over all clients by restricted maximum likelihood, once; a client's
slope then takes only their own ratings.

Sources: Laird & Ware (1982), Biometrics 38, 963-974, for the model and the
shrunken coefficients; Bates, Maechler, Bolker & Walker (2015), J Statistical
Software 67(1), for the profiled criterion and its numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtr

from alliance.psychometrics.detector import Parameters
from alliance.psychometrics.finite import LARGEST, numbers, quantile_for

EARLY_SESSIONS = (3, 4, 5)
LEAST_EARLY = 2
# Of so many clients, with so many ratings each, a slope and its spread can be learnt.
LEAST_CLIENTS, LEAST_RATINGS = 5, 3
# Below this share of own weight a slope is not shown: too few sessions for a trend.
LEAST_WEIGHT = 0.5

Ratings = Sequence[float | None] | np.ndarray
Clock = Literal["session", "log session"]


class EarlyAlliance(NamedTuple):
    """The mean of the rated sessions 3 to 5.

    `mean`         in points
    `n`            how many sessions it rests on, 2 or 3
    `low`, `high`  ends of the interval for the client's own level
    `reliability`  0 to 1, of such a mean as a measure of that level
    """

    mean: float
    n: int
    low: float
    high: float
    reliability: float


def early_alliance(
    ratings: Ratings, parameters: Parameters, *, coverage: float = 0.95
) -> EarlyAlliance | None:
    """Return the early alliance, or None with fewer than two of sessions 3 to 5 rated.

    `ratings` are of all held sessions, oldest first, None or NaN where not
    rated. The interval is as wide as ratings of this measure vary within a
    client: two or three of them say too little about a client's own
    variability. Raises ValueError for a rating that is not finite.
    """
    y, z = numbers(ratings, "ratings"), quantile_for(coverage)
    rated = [at for at in EARLY_SESSIONS if at <= len(y) and not np.isnan(y[at - 1])]
    if len(rated) < LEAST_EARLY:
        return None
    mean = float(y[np.array(rated) - 1].mean())
    half = z * sqrt(_variance_of_mean(rated, parameters))
    return EarlyAlliance(
        mean, len(rated), mean - half, mean + half, reliability_of_mean(rated, parameters)
    )


def reliability_of_mean(sessions: Sequence[int], parameters: Parameters) -> float:
    """Return how reliably the mean of these sessions tells a client's level, 0 to 1.

    `sessions` are the numbers of the rated sessions; the nearer they lie to
    each other, the more they say the same. Raises ValueError of none.
    """
    if not len(sessions):
        raise ValueError("a mean takes at least one session")
    return parameters.sb2 / (parameters.sb2 + _variance_of_mean(sessions, parameters))


def _variance_of_mean(sessions, parameters):
    """Return the variance of a client's mean over these sessions around their level."""
    at = np.asarray(sessions)
    apart = np.abs(at[:, None] - at[None, :])
    state = parameters.ss2 * float((parameters.phi**apart).mean())
    return max(state, 0.0) + parameters.se2 / len(at)


@dataclass(frozen=True, slots=True)
class Growth:
    """Lines of all clients: their average, how they spread, and how marks scatter around them.

    `intercept`, `slope`  of the average client, in points and points a unit of
                          time; time is 0 at the first session
    `intercept_se`, `slope_se`, `mean_covariance`  standard errors of these two,
                          and their covariance
    `intercept_variance`, `slope_variance`, `covariance`  between clients;
                          variances are 0 or more
    `residual_variance`   around a client's line, above 0
    `criterion`           minus twice the restricted log-likelihood
    `clients`, `ratings`  how many it was fitted to
    `clock`               whether time is the session's number less one, or the
                          natural logarithm of the number
    """

    intercept: float
    slope: float
    intercept_se: float
    slope_se: float
    mean_covariance: float
    intercept_variance: float
    slope_variance: float
    covariance: float
    residual_variance: float
    criterion: float
    clients: int
    ratings: int
    clock: Clock

    @property
    def correlation(self) -> float | None:
        """Between clients' intercepts and slopes, -1 to 1; None where either does not vary."""
        spread = sqrt(self.intercept_variance) * sqrt(self.slope_variance)
        return max(-1.0, min(1.0, self.covariance / spread)) if spread else None


def fit_growth(clients: Sequence[Ratings], *, clock: Clock = "session") -> Growth | None:
    """Fit a line for each client, and their average, by restricted maximum likelihood.

    `clients` holds each client's ratings of held sessions, oldest first, None
    or NaN where not rated. Clients with one or two ratings count for what they
    say; clients without any for nothing.

    None with fewer than five clients of three ratings or more, and where marks
    lie on the clients' lines exactly, so that there is no scatter to reckon
    with. Raises ValueError for a rating that is not finite.
    """
    courses = [_rated(ratings, clock) for ratings in clients]
    courses = [(t, y) for t, y in courses if len(y)]
    if sum(len(y) >= LEAST_RATINGS for _, y in courses) < LEAST_CLIENTS:
        return None
    every_t, every_y = (np.concatenate(column) for column in zip(*courses, strict=True))
    # The model is the same in any unit of time and of marks; reckon in handy ones.
    t_mean, t_sd = float(every_t.mean()), float(every_t.std())
    y_mean, y_sd = float(every_y.mean()), float(every_y.std())
    if y_sd <= max(1e-12 * float(np.abs(every_y).max()), 1 / LARGEST):
        return None
    lines = [_own_line((t - t_mean) / t_sd, (y - y_mean) / y_sd) for t, y in courses]
    crossed = np.array([line.crossed for line in lines])
    own = np.array([line.coefficients for line in lines])
    residual = sum(line.residual for line in lines)
    n = len(every_y)
    if residual <= 1e-10 * n:
        return None

    def criterion(entries):
        root = np.array([[entries[0], 0.0], [entries[1], entries[2]]])
        height, slope, _ = _criterion(root @ root.T, crossed, own, residual, n)
        gradient = 2 * slope @ root
        return height, np.array([gradient[0, 0], gradient[1, 0], gradient[1, 1]])

    full = [len(y) >= LEAST_RATINGS for _, y in courses]
    spare = sum(len(y) - 2 for (_, y), is_full in zip(courses, full, strict=True) if is_full)
    seen = np.sqrt(own[full].var(axis=0) * spare / residual)
    # From as much spread as the clients' own lines show, and from little: the one
    # way may end in a hollow that the other goes past.
    starts = ([share * seen[0], 0.0, share * seen[1]] for share in (1.0, 0.1))
    fits = [minimize(criterion, start, jac=True, options={"gtol": 1e-8}) for start in starts]
    entries = min(fits, key=lambda fit: fit.fun).x
    root = np.array([[entries[0], 0.0], [entries[1], entries[2]]])
    relative = root @ root.T
    height, _, (mean, precision, left) = _criterion(relative, crossed, own, residual, n)
    variance = left / (n - 2)
    back = y_sd * np.array([[1.0, -t_mean / t_sd], [0.0, 1 / t_sd]])
    mean = back @ mean
    between = variance * back @ relative @ back.T
    of_mean = variance * back @ np.linalg.inv(precision) @ back.T
    return Growth(
        intercept=float(mean[0]) + y_mean,
        slope=float(mean[1]),
        intercept_se=sqrt(of_mean[0, 0]),
        slope_se=sqrt(of_mean[1, 1]),
        mean_covariance=float(of_mean[0, 1]),
        intercept_variance=max(0.0, float(between[0, 0])),
        slope_variance=max(0.0, float(between[1, 1])),
        covariance=float(between[0, 1]),
        residual_variance=float(variance) * y_sd**2,
        criterion=float(height) + 2 * log(t_sd) + 2 * (n - 2) * log(y_sd),
        clients=len(courses),
        ratings=n,
        clock=clock,
    )


class _OwnLine(NamedTuple):
    """One client's own least-squares line, X'X, and what it leaves of the squares."""

    coefficients: np.ndarray
    crossed: np.ndarray
    residual: float


def _own_line(t, y):
    design = np.column_stack([np.ones(len(t)), t])
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    left = y - design @ coefficients
    return _OwnLine(coefficients, design.T @ design, float(left @ left))


def _criterion(relative, crossed, own, residual, n):
    """Return minus twice the restricted log-likelihood, its slope in `relative`, and the means.

    `relative` is the covariance between clients as a multiple of the residual
    variance, which is profiled out. Every client is reduced to their own line
    and X'X; a client's precision is the inverse of (X'X)^-1 + relative, written
    so that both may be singular.
    """
    # Sums of what is never negative: nothing cancels, however large `relative` is.
    both = np.clip(crossed[:, 0, 0] * crossed[:, 1, 1] - crossed[:, 0, 1] ** 2, 0.0, None)
    (a, b), (_, d) = relative
    adjugate = np.array([[d, -b], [-b, a]])
    grown = np.einsum("ijk,kj->i", crossed, relative) + both * max(a * d - b * b, 0.0)
    precisions = (crossed + both[:, None, None] * adjugate) / (1 + grown)[:, None, None]
    precision = precisions.sum(axis=0)
    mean = np.linalg.solve(precision, np.einsum("ijk,ik->j", precisions, own))
    apart = own - mean
    pulled = np.einsum("ijk,ik->ij", precisions, apart)
    left = residual + float((apart * pulled).sum())
    height = (
        np.log1p(grown).sum()
        + np.log(np.linalg.det(precision))
        + (n - 2) * (1 + log(2 * pi * left / (n - 2)))
    )
    slope = (
        precision
        - np.einsum("ijk,kl,ilm->jm", precisions, np.linalg.inv(precision), precisions)
        - (n - 2) / left * (pulled.T @ pulled)
    )
    return height, slope, (mean, precision, left)


def _rated(ratings, clock):
    """Return the times and marks of the rated sessions."""
    if clock not in ("session", "log session"):
        raise ValueError(f"the clock is session or log session, not {clock}")
    y = numbers(ratings, "ratings")
    session = np.flatnonzero(~np.isnan(y)) + 1
    return (np.log(session) if clock == "log session" else session - 1.0), y[session - 1]


class Coefficients(NamedTuple):
    """One client's line, drawn towards the average.

    `intercept`, `slope`  of the client, in points and points a unit of time
    `intercept_se`, `slope_se`  their standard errors, the average's included
    `given_average_se`    the same two as if the average were known
    """

    intercept: float
    slope: float
    intercept_se: float
    slope_se: float
    given_average_se: tuple[float, float]


def coefficients(ratings: Ratings, growth: Growth, *, autocorrelation: float = 0.0) -> Coefficients:
    """Return a client's shrunken line; without a rating it is the average one.

    `autocorrelation`, from 0 up to below 1, is that of a client's marks around
    their line from one session to the next: roughly, it stretches the residual
    variance by (1 + r) / (1 - r). Raises ValueError for one out of range or a
    rating that is not finite.
    """
    t, y = _rated(ratings, growth.clock)
    variance = _stretched(growth, autocorrelation)
    between = np.array(
        [
            [growth.intercept_variance, growth.covariance],
            [growth.covariance, growth.slope_variance],
        ]
    )
    of_mean = np.array(
        [
            [growth.intercept_se**2, growth.mean_covariance],
            [growth.mean_covariance, growth.slope_se**2],
        ]
    )
    design = np.column_stack([np.ones(len(t)), t])
    mean = np.array([growth.intercept, growth.slope])
    # What remains of the average, and of the spread, once these ratings are seen.
    remains = np.linalg.inv(np.eye(2) + between @ (design.T @ design) / variance)
    given = remains @ between
    line = mean + given @ (design.T @ (y - design @ mean)) / variance
    total = given + remains @ of_mean @ remains.T
    return Coefficients(
        intercept=float(line[0]),
        slope=float(line[1]),
        intercept_se=sqrt(max(0.0, total[0, 0])),
        slope_se=sqrt(max(0.0, total[1, 1])),
        given_average_se=(sqrt(max(0.0, given[0, 0])), sqrt(max(0.0, given[1, 1]))),
    )


def _stretched(growth, autocorrelation):
    if not 0 <= autocorrelation < 1:
        raise ValueError(f"an autocorrelation lies from 0 up to below 1, not {autocorrelation}")
    return growth.residual_variance * (1 + autocorrelation) / (1 - autocorrelation)


class Slope(NamedTuple):
    """How a client's ratings rise or fall.

    `slope`        shrunken, in points a unit of time, with its standard error
    `low`, `high`  ends of its interval
    `own`          the slope of the client's own least-squares line
    `weight`       lambda, .5 to 1: how far the client's own slope can be told
                   from the average one
    `falling`      probability, 0 to 1, that the slope lies below zero
    `n`            how many ratings it rests on
    """

    slope: float
    se: float
    low: float
    high: float
    own: float
    weight: float
    falling: float
    n: int


def slope(
    ratings: Ratings, growth: Growth, *, autocorrelation: float = 0.0, coverage: float = 0.95
) -> Slope | None:
    """Return a client's shrunken slope, set against zero and not against the average slope.

    None with too few sessions for a trend: fewer than three ratings, or a
    weight under .5. Takes and raises what `coefficients` does.
    """
    z = quantile_for(coverage)
    t, y = _rated(ratings, growth.clock)
    line = coefficients(ratings, growth, autocorrelation=autocorrelation)
    if len(y) < LEAST_RATINGS:
        return None
    spread = float(((t - t.mean()) ** 2).sum())
    own_variance = _stretched(growth, autocorrelation) / spread
    weight = growth.slope_variance / (growth.slope_variance + own_variance)
    if weight < LEAST_WEIGHT:
        return None
    return Slope(
        slope=line.slope,
        se=line.slope_se,
        low=line.slope - z * line.slope_se,
        high=line.slope + z * line.slope_se,
        own=float((t - t.mean()) @ (y - y.mean())) / spread,
        weight=weight,
        falling=float(ndtr(-line.slope / line.slope_se)),
        n=len(y),
    )
