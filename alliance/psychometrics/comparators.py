"""Rules that others use, to be set beside the detector, each with what it costs.

All of them are off unless somebody asks for them, and never without their
rate of false alarms. None of them knows how far ratings vary by themselves, so
each marks many undisturbed courses; the figures are in `COMPARATORS`. Pure:
ratings in, marks out. A rating is marked from what came before it, never from
what comes after. "The last rating" is the last session that was rated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from types import MappingProxyType

import numpy as np

# Differences of the same marks differ by less than this.
ROUNDING = 1e-9
# The mean range of two draws from a normal distribution, in standard deviations.
D2 = 1.128
# What makes the figures below anew, in docs/method/characteristics.md, from
# 40,000 courses a cell.
COMMAND = "make characteristics"

Ratings = np.ndarray | Sequence[float | None] | Sequence[Sequence[float | None]]


def below_cutoff(ratings: Ratings, *, cutoff: float, or_equal: bool = False) -> np.ndarray:
    """Mark ratings below a cut-off: y < c, or y <= c.

    `ratings` is one series or (series, sessions), None or NaN where not rated;
    the marks have its shape, False where not rated. `cutoff` is in the
    measure's points. It tells a low level, not a change, and depends on where
    the scale ends. Raises ValueError for a cut-off that is not finite.

    Miller & Duncan's session rating form is read so (36 of 40); sources differ
    on whether 36 itself counts, so it is a setting.
    """
    if not isfinite(cutoff):
        raise ValueError(f"a cut-off is a number, not {cutoff}")
    many, shape = _series(ratings)
    marks = many <= cutoff + ROUNDING if or_equal else many < cutoff - ROUNDING
    return marks.reshape(shape)


def drop_since_last(ratings: Ratings, *, points: float) -> np.ndarray:
    """Mark drops of at least so many points since the last rating: y_t - y_(t-1) <= -d.

    `ratings` and marks as in `below_cutoff`; `points` is in the measure's
    points. The first rating is never marked. Raises ValueError unless `points`
    is finite and above 0.

    One point of 40 is taught in training for session ratings; no psychometric
    source is known.
    """
    if not (isfinite(points) and points > 0):
        raise ValueError(f"a drop is a number above 0, not {points}")
    many, shape = _series(ratings)
    return (many - _last(many) <= -points + ROUNDING).reshape(shape)


def reliable_change_since_last(
    ratings: Ratings, *, sd: float, reliability: float, critical: float = 1.96
) -> np.ndarray:
    """Mark drops beyond measurement error: y_t - y_(t-1) < -critical * sqrt(2) * sd * sqrt(1 - r).

    `ratings` and marks as in `below_cutoff`; `sd` is that of ratings over
    clients, in the measure's points; `reliability` r is alpha or a retest
    correlation, from 0 up to but not including 1. It takes a client's state as
    fixed between sessions, which it is not. The first rating is never marked.
    Raises ValueError for an `sd` or `critical` that is not above 0, or a
    reliability out of range.

    Jacobson & Truax (1991), J Consult Clin Psychol 59(1), 12-19, made for the
    first and the last score of a treatment.
    """
    if not (isfinite(sd) and sd > 0 and isfinite(critical) and critical > 0):
        raise ValueError("a standard deviation and a critical value are above 0")
    if not 0 <= reliability < 1:
        raise ValueError("a reliability lies from 0 up to but not including 1")
    change = critical * sqrt(2) * sd * sqrt(1 - reliability)
    many, shape = _series(ratings)
    return (many - _last(many) < -change - ROUNDING).reshape(shape)


def individuals_chart(ratings: Ratings, *, sigmas: float = 3.0, prior: int = 3) -> np.ndarray:
    """Mark ratings below the lower limit of an individuals chart drawn from earlier ones only.

    y_t < mean - sigmas * MR / 1.128, with the mean of all earlier ratings of
    the series and their mean moving range MR. `ratings` and marks as in
    `below_cutoff`; nothing is marked before `prior` ratings, 2 or more, nor
    where all earlier ratings are the same, so that MR says nothing. Raises
    ValueError for `sigmas` not above 0 or `prior` below 2.

    Shewhart's chart for single values, as in the NIST/SEMATECH e-Handbook,
    6.3.2.2, but self-starting: limits from the whole series would use ratings
    that are not yet there. Proposed for alliance ratings by Eubanks-Carter,
    Gorman & Muran (2012), Psychother Res 22(4).
    """
    if not (isfinite(sigmas) and sigmas > 0):
        raise ValueError(f"sigmas is a number above 0, not {sigmas}")
    if prior < 2:
        raise ValueError("a moving range needs two ratings")
    many, shape = _series(ratings)
    marks = np.zeros(many.shape, dtype=bool)
    count, total, ranges = (np.zeros(len(many)) for _ in range(3))
    last = np.full(len(many), np.nan)
    for t in range(many.shape[1]):
        y = many[:, t]
        has = ~np.isnan(y)
        mean = total / np.maximum(count, 1)
        moving_range = ranges / np.maximum(count - 1, 1)
        limit = mean - sigmas * moving_range / D2
        is_drawn = has & (count >= prior) & (moving_range > ROUNDING)
        marks[:, t] = is_drawn & (y < limit - ROUNDING)
        ranges += np.where(has & (count > 0), np.abs(y - last), 0.0)
        total += np.where(has, y, 0.0)
        count += has
        last = np.where(has, y, last)
    return marks.reshape(shape)


def _series(ratings):
    """Return (series, sessions) with NaN where not rated, and the shape that was given."""
    told = np.asarray(ratings, dtype=float)
    if told.ndim not in (1, 2):
        raise ValueError(f"ratings are one series or many, not of {told.ndim} dimensions")
    if np.isinf(told).any():
        raise ValueError("a rating is a number")
    return np.atleast_2d(told), told.shape


def _last(many):
    """Return the last rating before each session, NaN where there is none."""
    last = np.full(many.shape, np.nan)
    for t in range(1, many.shape[1]):
        last[:, t] = np.where(np.isnan(many[:, t - 1]), last[:, t - 1], many[:, t - 1])
    return last


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule at certain settings, and how often it marks courses in which nothing happened.

    `words`         the settings in words
    `settings`      the rule's keyword arguments, in points of a scale whose
                    ratings have a standard deviation of 4.5
    `scenario`      the simulated courses, by name, in `simulation.SCENARIOS`
    `false_alarms`  share of undisturbed courses with at least one mark, by
                    number of sessions
    """

    words: str
    settings: Mapping[str, float]
    scenario: str
    false_alarms: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Comparator:
    """A rule that others use: `words` and `formula` say it, `mark` does it."""

    name: str
    words: str
    formula: str
    mark: Callable[..., np.ndarray]
    known: tuple[Setting, ...]


def _known(words, scenario, three, five, ten, twenty, **settings):
    shares = {3: three, 5: five, 10: ten, 20: twenty}
    return Setting(words, MappingProxyType(settings), scenario, MappingProxyType(shares))


COMPARATORS: Mapping[str, Comparator] = MappingProxyType(
    {
        "below_cutoff": Comparator(
            "Below a cut-off",
            "Marks every rating below a fixed number of points, whoever gives it.",
            "y_t < c",
            below_cutoff,
            (
                _known(
                    # As 36 of 40: with the mean at 36, this scale ends at 36.9.
                    "cut-off .69 standard deviations below the mean, on a scale where 46 % "
                    "of ratings are at or near the maximum",
                    "ceiling",
                    *(0.403, 0.485, 0.598, 0.697),
                    cutoff=32.9,
                ),
            ),
        ),
        "drop_since_last": Comparator(
            "Drop since the last rating",
            "Marks a rating that lies at least a fixed number of points below the last one.",
            "y_t − y_(t−1) ≤ −d",
            drop_since_last,
            (
                _known(
                    "d = .22 standard deviations (1 point of 40)",
                    "gauss",
                    *(0.682, 0.938, 1.000, 1.000),
                    points=1.0,
                ),
                _known(
                    "d = .67 standard deviations (1 point of 10)",
                    "gauss",
                    *(0.376, 0.644, 0.917, 0.996),
                    points=3.0,
                ),
                _known(
                    "d = 1.11 standard deviations (5 points of 40)",
                    "gauss",
                    *(0.151, 0.286, 0.540, 0.810),
                    points=5.0,
                ),
            ),
        ),
        "reliable_change_since_last": Comparator(
            "Reliable change since the last rating",
            "Marks a drop since the last rating that measurement error alone would seldom bring.",
            "y_t − y_(t−1) < −1.96 · √2 · SD · √(1 − r)",
            reliable_change_since_last,
            (
                _known(
                    "r = alpha = .88",
                    "gauss",
                    *(0.214, 0.398, 0.690, 0.920),
                    sd=4.5,
                    reliability=0.88,
                ),
                _known(
                    "r = retest = .64",
                    "gauss",
                    *(0.033, 0.064, 0.138, 0.269),
                    sd=4.5,
                    reliability=0.64,
                ),
            ),
        ),
        "individuals_chart": Comparator(
            "Individuals chart, self-starting",
            "Marks a rating far below the mean of this client's earlier ones, in units of their "
            "mean moving range.",
            "y_t < mean(y_1 … y_(t−1)) − k · MR / 1.128",
            individuals_chart,
            (
                _known(
                    "k = 3, from 3 earlier ratings on",
                    "gauss",
                    *(0.000, 0.102, 0.201, 0.292),
                    sigmas=3.0,
                ),
                _known(
                    "k = 2, from 3 earlier ratings on",
                    "gauss",
                    *(0.000, 0.190, 0.417, 0.644),
                    sigmas=2.0,
                ),
            ),
        ),
    }
)
