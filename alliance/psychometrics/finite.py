"""What counts as a number here, so that no sum, square or quotient of such is endless.

Missing is None or NaN on the way in, and is never filled in.
"""

from collections.abc import Iterable
from math import isfinite

import numpy as np
from scipy.special import ndtri

# Beyond this no measurement lies, and products of a few squares still are numbers.
LARGEST = 1e30
# A variance is a square.
LARGEST_POSITIVE, SMALLEST_POSITIVE = LARGEST**2, LARGEST**-2


def number(value: float, name: str) -> float:
    """Return `value` as a float. Raises ValueError where it is not finite or beyond 1e30."""
    if not (isfinite(value) and abs(value) <= LARGEST):
        raise ValueError(f"{name} is a number to reckon with, not {value}")
    return float(value)


def positive(value: float, name: str) -> float:
    """Return `value` as a float. Raises ValueError outside 1e-60 to 1e60."""
    if not SMALLEST_POSITIVE <= value <= LARGEST_POSITIVE:
        raise ValueError(f"{name} is a number above zero, not {value}")
    return float(value)


def numbers(
    values: Iterable[float | None] | np.ndarray, name: str, *, largest: float = LARGEST
) -> np.ndarray:
    """Return `values` as floats in one dimension, NaN where missing.

    Raises ValueError for a value that is infinite or beyond `largest`, and for
    anything but one dimension.
    """
    kept = np.array(values if isinstance(values, np.ndarray) else list(values), dtype=float)
    if kept.ndim != 1:
        raise ValueError(f"{name} are a plain series, not of {kept.ndim} dimensions")
    if (np.abs(kept) > largest).any():
        raise ValueError(f"{name} are numbers to reckon with, or missing")
    return kept


def same_length(**series: np.ndarray) -> None:
    """Raise ValueError unless all `series` are of one length; their names are in the sentence."""
    if len({len(values) for values in series.values()}) > 1:
        raise ValueError(f"{' and '.join(series)} are of one length")


def quantile_for(coverage: float) -> float:
    """Return how many standard errors to either side cover the share `coverage`, 0 to 1.

    By the normal distribution: 1.96 for .95, 3.09 for .998. Raises ValueError
    for anything but a share between 0 and 1, both excluded.
    """
    # Above this, half of the remainder is lost in rounding.
    if not 0 < coverage <= 1 - 1e-12:
        raise ValueError(f"coverage lies between 0 and 1, not {coverage}")
    return float(-ndtri((1 - coverage) / 2))
