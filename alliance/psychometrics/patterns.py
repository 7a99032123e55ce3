"""How a therapist's clients rate beside those of a practice, and beside the year before.

A client counts as one, by the mean of their own ratings: ratings of one client
hang together, and what is uncertain in each client's mean is in the differences
between clients already. A difference is told only where it is reliable and more
than chance explains; else it is said that none can be told.

Sources: those of `shrinkage`; Welch (1947), Biometrika 34, 28-35, for two
groups whose variances differ.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import fmean, variance
from typing import NamedTuple

import numpy as np
from scipy.stats import t as students_t

from alliance.psychometrics.finite import quantile_for
from alliance.psychometrics.shrinkage import (
    RELIABILITY_FLOOR,
    clients_needed,
    funnel_limits,
    shrink,
    therapist_means,
)

# Below so many clients nothing is said of a therapist, and below so many therapists of a practice.
FEWEST_CLIENTS = 5
FEWEST_THERAPISTS = 5
# The funnel's limits. Of therapists who are all alike, one in 500 lies outside by chance.
COVERAGE = 0.998
ONE_IN = 500
# How often anyone is marked in one of three components, by number of therapists, if all are
# alike: docs/method/fairness.md, where each client brings 1 to 20 ratings.
MARKED_IF_ALIKE = {5: 0.0125, 20: 0.0, 200: 0.0}
# Smaller than any mark can differ: a client's mean comes without a variance of its own.
NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Figures:
    """What the therapists of a practice have in common, and how they differ.

    `therapists`, `clients`  of how many; those with fewer than five clients are left out
    `mu`, `mu_se`            the mean over therapists and its standard error
    `tau2`                   variance between therapists beyond chance, 0 or more
    `variance`               of one client's mean around the therapist's, above 0
    """

    therapists: int
    clients: int
    mu: float
    mu_se: float
    tau2: float
    variance: float

    @property
    def clients_for_reliability(self) -> int | None:
        """How many clients it takes before a therapist's difference is reliable; None if never."""
        share = self.tau2 / (self.tau2 + self.variance)
        return clients_needed(share) if share >= 1e-4 else None


def describe(therapists: Sequence[Hashable], means: Sequence[float]) -> Figures | None:
    """Describe a practice by its clients' means; `therapists` says whose client each is.

    None below five therapists with five clients each, and where no two clients
    of a therapist differ.
    """
    counts = Counter(therapists)
    kept = [
        (whose, mean)
        for whose, mean in zip(therapists, means, strict=True)
        if counts[whose] >= FEWEST_CLIENTS
    ]
    if len({whose for whose, _mean in kept}) < FEWEST_THERAPISTS:
        return None
    found = therapist_means(
        [whose for whose, _mean in kept], [mean for _whose, mean in kept], [NOTHING] * len(kept)
    )
    if found is None or found.omega2 <= NOTHING:
        return None
    drawn = shrink(found.means, found.variances)
    if drawn is None:
        return None
    return Figures(
        len(found.means), len(kept), drawn.mu, drawn.mu_se, drawn.tau2, found.omega2 + NOTHING
    )


class Verdict(StrEnum):
    """What may be said of a therapist beside the practice."""

    ALIKE = "alike"
    UNSURE = "unsure"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a therapist lies in a practice.

    `reliability`        the share of a difference that is not chance, 0 to 1
    `estimate`           the mean drawn towards the practice's
    `low`, `high`        ends of its 95 % interval
    `least`, `greatest`  the funnel's limits at this number of clients
    `verdict`            what may be said
    """

    reliability: float
    estimate: float
    low: float
    high: float
    least: float
    greatest: float
    verdict: Verdict


def place(figures: Figures, *, mean: float, clients: int) -> Place | None:
    """Place a therapist's mean over `clients` in the practice. None below five clients.

    Outside the funnel's limits, and with a reliability of .7 or more, a therapist
    lies above or below what chance explains; outside with less, it is not known
    well enough.
    """
    if clients < FEWEST_CLIENTS:
        return None
    own = figures.variance / clients
    reliability = figures.tau2 / (figures.tau2 + own)
    estimate = reliability * mean + (1 - reliability) * figures.mu
    error = sqrt(reliability * own + ((1 - reliability) * figures.mu_se) ** 2)
    half = quantile_for(0.95) * error
    (least,), (greatest,) = funnel_limits([own], mu=figures.mu, coverage=COVERAGE)
    verdict = Verdict.ALIKE
    if not least <= mean <= greatest:
        verdict = Verdict.ABOVE if mean > greatest else Verdict.BELOW
        if reliability < RELIABILITY_FLOOR:
            verdict = Verdict.UNSURE
    return Place(
        reliability,
        estimate,
        estimate - half,
        estimate + half,
        float(least),
        float(greatest),
        verdict,
    )


def limits(figures: Figures, clients: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the funnel's lower and upper limits at each number of clients."""
    return funnel_limits([figures.variance / n for n in clients], mu=figures.mu, coverage=COVERAGE)


class Interval(NamedTuple):
    """A figure, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether nought lies outside."""
        return self.low > 0 or self.high < 0


def own_mean(means: Sequence[float]) -> Interval | None:
    """Return the mean of clients' means with its interval. None below five clients."""
    if len(means) < FEWEST_CLIENTS:
        return None
    half = _quantile(len(means) - 1) * sqrt(variance(means) / len(means))
    return Interval(fmean(means), fmean(means) - half, fmean(means) + half)


def change(now: Sequence[float], before: Sequence[float]) -> Interval | None:
    """Return by how much clients' means now lie above those of before, by Welch's interval.

    Clients who are in both count as if they were two, which makes the interval
    rather too wide than too narrow. None below five clients in either, and
    where nobody differs from anybody.
    """
    if min(len(now), len(before)) < FEWEST_CLIENTS:
        return None
    of_now, of_before = variance(now) / len(now), variance(before) / len(before)
    both = of_now + of_before
    if both <= NOTHING:
        return None
    freedom = both**2 / (of_now**2 / (len(now) - 1) + of_before**2 / (len(before) - 1))
    half = _quantile(freedom) * sqrt(both)
    apart = fmean(now) - fmean(before)
    return Interval(apart, apart - half, apart + half)


def _quantile(freedom):
    return float(students_t.ppf(0.975, freedom))
