"""The rules of the field that a practice can switch on, set for totals from 0 to 10."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alliance.psychometrics.comparators import COMPARATORS, Comparator, Setting


@dataclass(frozen=True, slots=True)
class Switch:
    """One rule at one setting.

    `settings`  its keyword arguments, in points; `here` says the same in words
    `known`     what it costs, by simulation of a setting like this one
    """

    comparator: Comparator
    known: Setting
    settings: Mapping[str, float]
    here: str

    @property
    def name(self) -> str:
        return self.comparator.name

    def mark(self, totals: np.ndarray | Sequence[float | None]) -> np.ndarray:
        """Mark one series or (series, sessions); nothing where not rated."""
        return self.comparator.mark(totals, **self.settings)


# A standard deviation of 1.5 points, as in the start values of the detector.
SWITCHES = {
    key: Switch(COMPARATORS[key], COMPARATORS[key].known[place], settings, here)
    for key, place, settings, here in (
        ("below_cutoff", 0, {"cutoff": 6.5}, "c = 6.5 of 10"),
        ("drop_since_last", 1, {"points": 1.0}, "d = 1 of 10"),
        ("reliable_change_since_last", 0, {"sd": 1.5, "reliability": 0.88}, "SD = 1.5, r = .88"),
        ("individuals_chart", 0, {"sigmas": 3.0}, "k = 3, from three earlier ratings on"),
    )
}
