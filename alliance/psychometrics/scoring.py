"""From answers to components and a total, or to nothing where too little was answered.

Pure: no Django. All scores come out on 0 to 10, whatever the range of the items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

COMPONENTS = ("trust", "goals", "collaboration")
# A share of so many items is a whole number up to this.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """One statement of a measure, as far as scoring needs to know it."""

    key: str
    component: str
    minimum: float
    maximum: float
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """The three components and their mean, each 0 to 10, or None where it is missing."""

    trust: float | None
    goals: float | None
    collaboration: float | None
    total: float | None


def rescale(value: float, item: ScoredItem) -> float:
    """Bring an answer in the item's own points to 0–10, high meaning good.

    Raises ValueError for a value that is not finite or outside the item's
    range, and for an item whose range is empty or endless.
    """
    if not (isfinite(item.minimum) and isfinite(item.maximum) and item.minimum < item.maximum):
        raise ValueError(f"{item.key}: {item.minimum}–{item.maximum} is no range")
    if not (isfinite(value) and item.minimum <= value <= item.maximum):
        raise ValueError(f"{item.key}: {value} is outside {item.minimum}–{item.maximum}")
    distance = (item.maximum - value) if item.reverse else (value - item.minimum)
    return 10 * (distance / (item.maximum - item.minimum))


def score(
    answers: Mapping[str, float | None],
    items: Sequence[ScoredItem],
    *,
    least_answered: float = 0.5,
) -> Scores:
    """Score one rating.

    `answers` maps an item's key to the answer in the item's own points; None
    or an absent key is a skipped item. A component is the mean of its answered
    items if at least the share `least_answered` (0 to 1) of them is answered,
    else it is missing. The total is the mean of the components if none is
    missing. Nothing is ever filled in.

    Raises ValueError for an answer out of range, an answer to no item of the
    measure, or a share outside 0–1.

    The default rule is the usual one for short alliance measures (at least
    half of the items of a part); a measure's own file can ask for more.
    """
    if not 0 <= least_answered <= 1:
        raise ValueError(f"least_answered must lie between 0 and 1, not {least_answered}")
    unknown = set(answers) - {item.key for item in items}
    if unknown:
        raise ValueError(f"no such item: {', '.join(sorted(unknown))}")

    parts: dict[str, float | None] = {}
    for component in COMPONENTS:
        asked = [item for item in items if item.component == component]
        given = [
            rescale(value, item) for item in asked if (value := answers.get(item.key)) is not None
        ]
        enough = bool(given) and len(given) >= least_answered * len(asked) - ROUNDING
        parts[component] = sum(given) / len(given) if enough else None
    present = [value for value in parts.values() if value is not None]
    total = sum(present) / len(present) if len(present) == len(COMPONENTS) else None
    return Scores(**parts, total=total)
