"""An episode's course in a few facts: how many ratings, the latest, and what came before.

Pure: no Django. These are descriptions of what was said, not tests: being the
lowest of n ratings happens by chance once in n times. They order a list; they
claim nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

# From so many earlier ratings on, "usual" says something.
ENOUGH_TO_COMPARE = 3
# Means of the same marks in another order differ by less than this.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Course:
    """What a sequence of held sessions amounts to.

    `held`, `rated`  how many sessions were held, and how many of them rated
    `compared`       how many totals there are to compare, the latest included
    `unrated_run`    held sessions since the last rated one, 0 or more
    `latest`         the last total, 0 to 10, or None before the first
    `usual`          mean of the totals before the latest, or None with fewer
                     than three of them
    `below_usual`    `usual` minus `latest`, in points, never negative; 0 where
                     `usual` is None
    `is_lowest`      whether the latest lies below each of three or more
                     earlier totals
    """

    held: int
    rated: int
    compared: int
    unrated_run: int
    latest: float | None
    usual: float | None
    below_usual: float
    is_lowest: bool


def describe(totals: Sequence[float | None], rated: Sequence[bool]) -> Course:
    """Describe the totals of all held sessions, oldest first.

    `totals` holds None where a session has no total that may be compared;
    `rated` says for the same sessions whether anything was rated at all, so
    that a rating given only in part is not called missing.

    Raises ValueError for a total that is not finite or outside 0–10, for
    sequences of different lengths, and for a total without a rating.
    """
    for total, is_rated in zip(totals, rated, strict=True):
        if total is not None and not (isfinite(total) and 0 <= total <= 10):
            raise ValueError(f"a total lies between 0 and 10, not {total}")
        if total is not None and not is_rated:
            raise ValueError("a session that was not rated has no total")
    given = [total for total in totals if total is not None]
    latest = given[-1] if given else None
    earlier = given[:-1]
    usual = sum(earlier) / len(earlier) if len(earlier) >= ENOUGH_TO_COMPARE else None
    below = max(0.0, usual - latest) if usual is not None and latest is not None else 0.0
    return Course(
        held=len(rated),
        rated=sum(rated),
        compared=len(given),
        unrated_run=next((gap for gap, was in enumerate(reversed(rated)) if was), len(rated)),
        latest=latest,
        usual=usual,
        below_usual=below,
        is_lowest=usual is not None and latest is not None and latest < min(earlier) - ROUNDING,
    )
