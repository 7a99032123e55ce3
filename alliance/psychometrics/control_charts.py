"""The control charts of industry: EWMA, cumulative sum, individuals with moving range.

For comparison and for series of one's own. Their nominal rates of false alarms
hold for independent values with known parameters; ratings of one client are
neither, which is why the detector is what marks them.

Sources: Roberts (1959), Technometrics 1(3), 239-250, for the EWMA; Page (1954),
Biometrika 41, 100-115, for the cumulative sum; Goel & Wu (1971), Technometrics
13(2), 221-230, for its run lengths by an integral equation; Shewhart's charts
and all three as the NIST/SEMATECH e-Handbook of Statistical Methods has them,
section 6.3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, pi, sqrt

import numpy as np
from scipy.special import ndtr

from alliance.psychometrics.finite import number, numbers, positive

# Of ranges of two normal values: their mean in standard deviations, and the
# upper limit of a range as a multiple of the mean one.
D2, D4 = 1.128, 3.267
# An individuals chart of fewer values has limits that say nothing.
LEAST_VALUES = 8
# A longer run cannot be told from never.
LONGEST_RUN = 1e10

Values = Sequence[float | None] | np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Ewma:
    """An exponentially weighted moving average; arrays of shape (values,).

    `average`      after each value; it stands still where one is missing
    `low`, `high`  limits at each value
    `outside`      which averages lie beyond them; never where a value is missing
    """

    average: np.ndarray
    low: np.ndarray
    high: np.ndarray
    outside: np.ndarray


def ewma(
    values: Values, *, start: float, sd: float, weight: float, k: float = 3.0, settled: bool = True
) -> Ewma:
    """Average `values`, the latest counting `weight` (above 0, up to 1), from `start` on.

    Limits lie `k` standard deviations of the average from `start`, where `sd`
    is that of a single value: of the settled average, or with `settled` False
    of the average after so many values, which is narrower at first. Missing
    values (None or NaN) are passed over. Raises ValueError for numbers that are
    not finite or out of range.
    """
    x, start, sd, k = (
        numbers(values, "values"),
        number(start, "a start"),
        positive(sd, "a standard deviation"),
        positive(k, "a number of standard deviations"),
    )
    if not 0 < weight <= 1:
        raise ValueError(f"a weight lies above 0 and up to 1, not {weight}")
    has = ~np.isnan(x)
    average, now = np.empty(len(x)), start
    for place, value in enumerate(x):
        if has[place]:
            now = weight * float(value) + (1 - weight) * now
        average[place] = now
    share = np.full(len(x), weight / (2 - weight))
    if not settled:
        share *= 1 - (1 - weight) ** (2 * np.cumsum(has))
    half = k * sd * np.sqrt(share)
    low, high = start - half, start + half
    return Ewma(average, low, high, has & ((average < low) | (average > high)))


@dataclass(frozen=True, slots=True, eq=False)
class Cusum:
    """A two-sided cumulative sum; arrays of shape (values,).

    `upper`, `lower`  the sums above and below the target, 0 or more; they stand
                      still where a value is missing
    `signals`         where either lies above h; never where a value is missing
    """

    upper: np.ndarray
    lower: np.ndarray
    signals: np.ndarray

    @property
    def first_signal(self) -> int | None:
        """The place of the first signal, counted from 1; None without any."""
        return int(self.signals.argmax()) + 1 if self.signals.any() else None


def cusum(values: Values, *, target: float, k: float, h: float) -> Cusum:
    """Add up how far `values` lie from `target` beyond the slack `k`, either way.

    `k` (0 or more) and `h` (above 0) are in the units of the values. A sum goes
    on after a signal. Raises ValueError for numbers that are not finite or out
    of range.
    """
    x, target, k = numbers(values, "values"), number(target, "a target"), number(k, "k")
    h = positive(h, "h")
    if k < 0:
        raise ValueError("k is not negative")
    upper, lower = np.zeros(len(x)), np.zeros(len(x))
    above = below = 0.0
    for place, value in enumerate(x):
        if not np.isnan(value):
            above = max(0.0, above + float(value) - target - k)
            below = max(0.0, below + target - float(value) - k)
        upper[place], lower[place] = above, below
    return Cusum(upper, lower, ~np.isnan(x) & ((upper > h) | (lower > h)))


def cusum_run_length(
    *, k: float, h: float, shift: float = 0.0, two_sided: bool = True
) -> float | None:
    """Return how many values a cumulative sum takes on average to its first signal.

    Both sums start at 0. Values are independent and normal; `k` (0 or more),
    `h` (above 0, up to 50) and `shift`, their mean's distance from the target,
    are in their standard deviations. One-sided is the upper sum. By Gauss-
    Legendre quadrature of the integral equation; two-sided from both sums, whose
    rates of signals add up. None where a run is longer than 1e10 values. Raises
    ValueError for what is out of range.
    """
    if not (isfinite(k) and k >= 0 and 0 < h <= 50 and isfinite(shift)):
        raise ValueError("k is 0 or more, h above 0 and up to 50, and a shift is finite")
    rate = _rate_of_signals(shift - k, h)
    if two_sided:
        rate += _rate_of_signals(-shift - k, h)
    return 1 / rate if rate > 1 / LONGEST_RUN else None


def _rate_of_signals(drift, h):
    """Return one over the run length of a sum that moves by `drift` a value, 0 if endless."""
    # Further than this, no standard normal value leads back.
    drift = max(-40.0, min(40.0 + h, drift))
    nodes, weights = np.polynomial.legendre.leggauss(40 + 6 * int(h))
    at, weights = h / 2 * (nodes + 1), weights * h / 2
    # The first place is the heap of probability at zero.
    places = np.concatenate([[0.0], at])
    steps = at[None, :] - places[:, None] - drift
    moves = np.column_stack(
        [ndtr(-places - drift), weights * np.exp(-0.5 * steps**2) / sqrt(2 * pi)]
    )
    # Each row leaves with what it lacks of one; kept apart, since it may be tiny.
    away = np.eye(len(places)) - moves
    away[0, 0] = ndtr(drift)
    try:
        run = float(np.linalg.solve(away, np.ones(len(places)))[0])
    except np.linalg.LinAlgError:
        return 0.0
    # A run too long for the arithmetic comes out as anything.
    return 1 / run if 1 - 1e-9 <= run <= LONGEST_RUN else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class IndividualsChart:
    """Single values and the ranges between neighbours; arrays of shape (values,).

    `mean`, `low`, `high`   centre and limits of the values
    `sd`                    as the moving ranges tell it
    `ranges`                each value's distance from the one before it; NaN
                            for the first, and next to a missing one
    `mean_range`, `highest_range`  their mean and upper limit
    `outside`               which values lie beyond the limits; never a missing one
    """

    mean: float
    low: float
    high: float
    sd: float
    ranges: np.ndarray
    mean_range: float
    highest_range: float
    outside: np.ndarray


def individuals_chart(
    values: Values, *, k: float = 3.0, least: int = LEAST_VALUES
) -> IndividualsChart | None:
    """Set `values` against limits `k` standard deviations from their own mean.

    None with fewer than `least` values (2 or more), or no two of them next to
    each other. Raises ValueError for a value that is not finite, or parameters
    out of range.
    """
    x, k = numbers(values, "values"), positive(k, "a number of standard deviations")
    if least < 2:
        raise ValueError("a chart takes two values or more")
    given = x[~np.isnan(x)]
    ranges = np.concatenate([[np.nan], np.abs(np.diff(x))])[: len(x)]
    told = ranges[~np.isnan(ranges)]
    if len(given) < least or not len(told):
        return None
    mean, mean_range = float(given.mean()), float(told.mean())
    sd = mean_range / D2
    low, high = mean - k * sd, mean + k * sd
    # Values that are all the same differ from their mean by rounding at most.
    slack = 1e-12 * float(np.abs(given).max())
    return IndividualsChart(
        mean=mean,
        low=low,
        high=high,
        sd=sd,
        ranges=ranges,
        mean_range=mean_range,
        highest_range=D4 * mean_range,
        outside=(x < low - slack) | (x > high + slack),
    )


def moving_range_sd(values: Values, *, screened: bool = False) -> float | None:
    """Return the standard deviation as the ranges between neighbours tell it.

    With `screened`, ranges above their own upper limit are dropped once. None
    where no two values are next to each other. Raises ValueError for a value
    that is not finite.
    """
    ranges = np.abs(np.diff(numbers(values, "values")))
    ranges = ranges[~np.isnan(ranges)]
    if not len(ranges):
        return None
    if screened:
        ranges = ranges[ranges <= D4 * ranges.mean()]
    return float(ranges.mean()) / D2
