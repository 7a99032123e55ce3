"""Whether a client has changed by more than the measure's error, from the first to the last.

For describing a whole course of therapy. From one session to the next these
rules mark most undisturbed courses sooner or later: that is the detector's work.

Sources: Jacobson & Truax (1991), J Consult Clin Psychol 59(1), 12-19, for the
index and the three cut-offs; Edwards, Yarvis, Mueller, Zingale & Wagman (1978),
Evaluation Quarterly 2(2), 275-285, and Speer (1992), J Consult Clin Psychol
60(3), 402-408, for the form that allows for regression to the mean.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Literal, NamedTuple

import numpy as np

from alliance.psychometrics.finite import SMALLEST_POSITIVE, number, numbers, positive, same_length

Better = Literal["higher", "lower"]
Method = Literal["jt", "en"]
# Beyond this either way, fewer than one in twenty changes is error alone.
CRITICAL = 1.96


class Category(StrEnum):
    """What a change amounts to."""

    RECOVERED = "recovered"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    DETERIORATED = "deteriorated"


class Sample(NamedTuple):
    """Mean and standard deviation of a reference sample, in the measure's points."""

    mean: float
    sd: float


class Cutoff(NamedTuple):
    """A border between the clinical and the functional range, and which of the three it is."""

    kind: Literal["a", "b", "c"]
    value: float


def standard_error_of_measurement(sd: float, reliability: float) -> float:
    """Return the standard error of one measurement, in the measure's points.

    `sd` is the reference sample's standard deviation and `reliability` its
    coefficient, from 0 up to but not including 1. Raises ValueError for an `sd`
    that is not positive or a `reliability` outside [0, 1).
    """
    if not 0 <= reliability < 1:
        raise ValueError(f"a reliability lies from 0 up to below 1, not {reliability}")
    return positive(sd, "a standard deviation") * sqrt(1 - reliability)


def standard_error_of_difference(sd: float, reliability: float) -> float:
    """Return the standard error of the difference of two measurements, in points.

    Takes and raises what `standard_error_of_measurement` does.
    """
    return sqrt(2) * standard_error_of_measurement(sd, reliability)


def reliable_change_index(before: float, after: float, *, sd: float, reliability: float) -> float:
    """Express a change in standard errors of the difference; negative where marks went down.

    `before`, `after` and `sd` are in the measure's own points. Beyond 1.96
    either way, the change is unlikely (p < .05) to be error of measurement
    alone. Raises ValueError for numbers that are not finite, an `sd` that is
    not positive, or a `reliability` outside [0, 1).
    """
    change = number(after, "a mark after") - number(before, "a mark before")
    return change / standard_error_of_difference(sd, reliability)


def regression_adjusted_index(
    before: float, after: float, *, mean: float, sd: float, reliability: float
) -> float:
    """Express in standard errors how far `after` lies from where the true mark began.

    The true mark is taken to lie nearer to `mean`, the mean of all marks
    before, than `before` does (the method of Edwards and Nunnally). Raises
    ValueError as `reliable_change_index` does.
    """
    error = standard_error_of_measurement(sd, reliability)
    mean = number(mean, "a mean")
    true = mean + reliability * (number(before, "a mark before") - mean)
    return (number(after, "a mark after") - true) / error


def cutoff_a(clinical: Sample, *, better: Better) -> Cutoff:
    """Return the mark two standard deviations on the better side of the clinical mean."""
    return Cutoff("a", _mean(clinical) + 2 * _sd(clinical) * _direction(better))


def cutoff_b(functional: Sample, *, better: Better) -> Cutoff:
    """Return the mark two standard deviations on the worse side of the functional mean.

    The standard deviations are those of the functional sample itself.
    """
    return Cutoff("b", _mean(functional) - 2 * _sd(functional) * _direction(better))


def cutoff_c(clinical: Sample, functional: Sample) -> Cutoff:
    """Return the mark as many standard deviations from the one mean as from the other."""
    share = _sd(clinical) / (_sd(clinical) + _sd(functional))
    return Cutoff("c", _mean(clinical) * (1 - share) + _mean(functional) * share)


def choose_cutoff(
    *, clinical: Sample | None = None, functional: Sample | None = None, better: Better
) -> Cutoff | None:
    """Return the cut-off that the known samples allow: c of both, a or b of one, None of none.

    Raises ValueError for numbers that are not finite, a standard deviation
    that is not positive, or a functional mean that is not better than the
    clinical one.
    """
    if clinical is not None and functional is not None:
        if (_mean(functional) - _mean(clinical)) * _direction(better) <= 0:
            raise ValueError("the functional mean is better than the clinical mean")
        return cutoff_c(clinical, functional)
    if clinical is not None:
        return cutoff_a(clinical, better=better)
    return None if functional is None else cutoff_b(functional, better=better)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What pairs of marks amount to, in the order in which they were given.

    `index`       the change in standard errors, signed as the marks are; NaN
                  where a mark of the pair is missing; shape (clients,)
    `categories`  one for each client, None where a mark is missing
    `sd`, `mean`  of the marks before, as given or as found in the complete
                  pairs; `mean` is None where the method has no use for it
    `standard_error`  by which differences were divided, in points
    """

    index: np.ndarray
    categories: tuple[Category | None, ...]
    sd: float
    mean: float | None
    standard_error: float

    @property
    def missing(self) -> int:
        """How many clients lack a mark."""
        return self.categories.count(None)

    def counts(self, among: Iterable[bool] | None = None) -> dict[Category, int]:
        """Count the categories, all four of them, among all clients or those marked True."""
        chosen = [True] * len(self.categories) if among is None else list(among)
        if len(chosen) != len(self.categories):
            raise ValueError("there is one choice for each client")
        kept = [which for which, is_in in zip(self.categories, chosen, strict=True) if is_in]
        return {category: kept.count(category) for category in Category}


def assess_changes(
    before: Sequence[float | None] | np.ndarray,
    after: Sequence[float | None] | np.ndarray,
    *,
    reliability: float,
    better: Better,
    sd: float | None = None,
    mean: float | None = None,
    method: Method = "jt",
    cutoff: float | None = None,
    critical: float = CRITICAL,
) -> Changes | None:
    """Say of each client whether they improved, stayed as they were, or deteriorated.

    `before` and `after` hold a mark for each client, None or NaN where missing;
    such a client stays missing. `sd` (and for the method "en" `mean`) are those
    of the reference sample; where not given they are taken from the marks
    before of the complete pairs. A change is reliable if its index is
    `critical` or more either way. With a `cutoff`, who improved reliably and
    came from the clinical side of it (or from the cut-off itself) to beyond it
    is called recovered.

    "jt" divides the change by the standard error of a difference; "en" sets the
    mark after against the mark before, drawn towards the mean.

    None where `sd` or `mean` would have to come from fewer than two complete
    pairs, or from marks that are all the same. Raises ValueError for series of
    different lengths, numbers that are not finite, or a parameter out of range.
    """
    before, after = numbers(before, "marks before"), numbers(after, "marks after")
    same_length(before=before, after=after)
    direction, critical = _direction(better), positive(critical, "a critical value")
    if method not in ("jt", "en"):
        raise ValueError(f"the method is jt or en, not {method}")
    complete = before[~np.isnan(before + after)]
    if (sd is None or (method == "en" and mean is None)) and len(complete) < 2:
        return None
    if sd is None:
        sd = float(complete.std(ddof=1))
        # Rounding lets the same mark differ from its mean by a little.
        if sd <= max(1e-12 * float(np.abs(complete).max()), SMALLEST_POSITIVE):
            return None
    standard_error = standard_error_of_measurement(sd, reliability)
    if method == "jt":
        mean, standard_error = None, sqrt(2) * standard_error
        expected = before
    else:
        mean = float(complete.mean()) if mean is None else number(mean, "a mean")
        expected = mean + reliability * (before - mean)
    index = (after - expected) / standard_error
    towards = index * direction
    has_crossed = np.zeros(len(index), dtype=bool)
    if cutoff is not None:
        border = number(cutoff, "a cut-off") * direction
        has_crossed = (before * direction <= border) & (after * direction > border)
    categories = tuple(
        _category(one, bool(crossed), critical)
        for one, crossed in zip(towards, has_crossed, strict=True)
    )
    return Changes(index, categories, sd, mean, standard_error)


def _category(towards, has_crossed, critical):
    if np.isnan(towards):
        return None
    if towards >= critical:
        return Category.RECOVERED if has_crossed else Category.IMPROVED
    return Category.DETERIORATED if towards <= -critical else Category.UNCHANGED


def _direction(better):
    if better not in ("higher", "lower"):
        raise ValueError(f"better is higher or lower, not {better}")
    return 1 if better == "higher" else -1


def _mean(sample):
    return number(sample.mean, "a mean")


def _sd(sample):
    return positive(sample.sd, "a standard deviation")
