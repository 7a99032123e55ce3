"""The total of a published measure in its own points, as its authors count it.

Pure: no Django. Beside the components and the total of `scoring`, which are
from 0 to 10 for every measure.
"""

from collections.abc import Mapping, Sequence

from alliance.psychometrics.scoring import ROUNDING, ScoredItem, rescale

METHODS = ("mean", "sum")


def own_total(
    answers: Mapping[str, float | None],
    items: Sequence[ScoredItem],
    *,
    method: str,
    least_answered: float = 1.0,
) -> float | None:
    """Return the sum or the mean of all items, in the measure's own points, or None.

    `answers` maps an item's key to the answer in the item's own points; None or
    an absent key is a skipped item. A reversed item counts as its mirror image
    in its own range, minimum + maximum − answer. `method` is “sum” or “mean”.

    Items of one component make a part, and so do those of none. Where in each
    part at least the share `least_answered` (0 to 1) is answered, a skipped
    item counts as the mean of the answered ones of its part: that is prorating,
    and most authors allow little of it. With 1 nothing is prorated. Where a
    part has fewer answers, or none, the total is missing.

    Raises ValueError for an answer out of range, an answer to no item of the
    measure, an unknown method, a share outside 0–1, or no items.
    """
    if method not in METHODS:
        raise ValueError(f"method must be sum or mean, not {method}")
    if not 0 <= least_answered <= 1:
        raise ValueError(f"least_answered must lie between 0 and 1, not {least_answered}")
    if not items:
        raise ValueError("there are no items")
    unknown = set(answers) - {item.key for item in items}
    if unknown:
        raise ValueError(f"no such item: {', '.join(sorted(unknown))}")

    total = 0.0
    for component in {item.component for item in items}:
        asked = [item for item in items if item.component == component]
        given = [
            _keyed(value, item) for item in asked if (value := answers.get(item.key)) is not None
        ]
        if not given or len(given) < least_answered * len(asked) - ROUNDING:
            return None
        total += sum(given) / len(given) * len(asked)
    return total / len(items) if method == "mean" else total


def _keyed(value: float, item: ScoredItem) -> float:
    """Return an answer in the item's own points, high meaning good."""
    rescale(value, item)  # Refuses what is out of range.
    return item.minimum + item.maximum - value if item.reverse else value
