"""What differs between units — therapists, dyads — once chance is taken out.

Each unit has an estimate with a known variance:

    estimate_j = mu + u_j + e_j      u_j ~ N(0, tau2)      e_j ~ N(0, v_j)

A unit is drawn towards the mean, the more so the less it is known. `tau2` of
zero is a legal answer: then no difference can be shown, and all are equal.

Sources: DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177-188;
Paule & Mandel (1982), J Research NBS 87, 377-385; Raudenbush & Bryk (1985),
J Educational Statistics 10, 75-98, for the likelihoods and the shrunken
estimates; Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202, for the
funnel.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from alliance.psychometrics.finite import (
    LARGEST_POSITIVE,
    SMALLEST_POSITIVE,
    numbers,
    quantile_for,
    same_length,
)

Method = Literal["reml", "pm", "dl", "ml"]
# Below this share of own weight nothing is ranked, put in a league table or coloured.
RELIABILITY_FLOOR = 0.7
# How finely the two likelihoods are searched for more than one summit.
STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Shrinkage:
    """Units drawn towards their mean; arrays are of shape (units,), NaN where missing.

    `tau2`            variance between units, 0 or more, in squared points
    `mu`, `mu_se`     the mean over units, weighted by what is known, and its
                      standard error given `tau2`
    `weights`         lambda, 0 to 1: what each unit's own estimate counts for;
                      the reliability of its differing from the mean
    `shrunken`        the empirical-Bayes estimates
    `standard_error`  of those; never zero, since `mu` is estimated too
    `low`, `high`     ends of their intervals
    """

    tau2: float
    mu: float
    mu_se: float
    weights: np.ndarray
    shrunken: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def reliable(self) -> np.ndarray:
        """Which units may be ranked or coloured: those with a weight of .7 or more."""
        return self.weights >= RELIABILITY_FLOOR


def shrink(
    estimates: Sequence[float | None] | np.ndarray,
    variances: Sequence[float | None] | np.ndarray,
    *,
    method: Method = "reml",
    coverage: float = 0.95,
) -> Shrinkage | None:
    """Draw the units' estimates towards their mean, each by how little it is known.

    `variances` are the squared standard errors of `estimates`, in squared
    points. A unit with either of them missing (None or NaN) stays missing and
    counts for nothing. None with fewer than two units. Raises ValueError for
    series of different lengths, numbers that are not finite, a variance that
    is not positive, or an unknown method.
    """
    y, v = _units(estimates, variances)
    z = quantile_for(coverage)
    is_known = ~np.isnan(y)
    if is_known.sum() < 2:
        return None
    tau2 = between_variance(y, v, method=method)
    mu, mu_se = _weighted_mean(y[is_known], v[is_known] + tau2)
    weights = tau2 / (tau2 + v)
    shrunken = weights * y + (1 - weights) * mu
    standard_error = np.sqrt(weights * v + ((1 - weights) * mu_se) ** 2)
    low, high = shrunken - z * standard_error, shrunken + z * standard_error
    return Shrinkage(tau2, mu, mu_se, weights, shrunken, standard_error, low, high)


def between_variance(
    estimates: Sequence[float | None] | np.ndarray,
    variances: Sequence[float | None] | np.ndarray,
    *,
    method: Method = "reml",
) -> float:
    """Return tau2, the variance between units beyond chance, 0 or more.

    "reml" and "ml" maximise the restricted and the full likelihood, "pm" is
    Paule and Mandel's, "dl" DerSimonian and Laird's, which comes out low with
    few units. Takes and raises what `shrink` does; ValueError with fewer than
    two units.
    """
    if method not in _METHODS:
        raise ValueError(f"the method is one of {', '.join(_METHODS)}, not {method}")
    y, v = _units(estimates, variances)
    y, v = y[~np.isnan(y)], v[~np.isnan(y)]
    if len(y) < 2:
        raise ValueError("what lies between units takes two of them")
    # No method gives more than the square of the range, and all give zero if
    # the range lies within a single standard error.
    widest = float(np.ptp(y))
    if widest**2 <= v.min():
        return 0.0
    # Set against the best known unit: there rounding would weigh most.
    y = (y - y[v.argmin()]) / widest
    return widest**2 * _METHODS[method](y, v / widest**2)


def _dersimonian_laird(y, v):
    w = 1 / v
    mu, _ = _weighted_mean(y, v)
    excess = w @ (y - mu) ** 2 - (len(y) - 1)
    return max(0.0, float(excess / (w @ _others_share(w))))


def _paule_mandel(y, v):
    def excess(tau2):
        mu, _ = _weighted_mean(y, v + tau2)
        return ((y - mu) ** 2 / (v + tau2)).sum() - (len(y) - 1)

    return 0.0 if excess(0.0) <= 0 else _root(excess, 0.0, 1.0)


def _likeliest(y, v, *, is_restricted):
    """Return the highest of all summits of the likelihood, zero among them."""

    def slope(tau2):
        """Return twice the derivative of the log-likelihood."""
        w = 1 / (v + tau2)
        mu, _ = _weighted_mean(y, v + tau2)
        lost = w * _others_share(w) if is_restricted else w
        return ((w * (y - mu)) ** 2 - lost).sum()

    def height(tau2):
        u = v + tau2
        mu, mu_se = _weighted_mean(y, u)
        plain = -np.log(u).sum() - ((y - mu) ** 2 / u).sum()
        return plain + 2 * np.log(mu_se) if is_restricted else plain

    grid = np.concatenate([[0.0], np.geomspace(min(v.min(), 1.0) / 1000, 1.0, STEPS)])
    slopes = np.array([slope(tau2) for tau2 in grid])
    turns = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    summits = [0.0, *(_root(slope, grid[place], grid[place + 1]) for place in turns)]
    return max(summits, key=height)


def _restricted(y, v):
    return _likeliest(y, v, is_restricted=True)


def _full(y, v):
    return _likeliest(y, v, is_restricted=False)


_METHODS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "reml": _restricted,
    "pm": _paule_mandel,
    "dl": _dersimonian_laird,
    "ml": _full,
}


def _root(falling, low, high):
    """Return where `falling`, above zero at `low`, has come down to zero."""
    # At the end of the range rounding may leave a little.
    return high if falling(high) >= 0 else float(brentq(falling, low, high, xtol=1e-15))


def _weighted_mean(y, v):
    w = 1 / v
    total = w.sum()
    return float(w @ y / total), float(1 / np.sqrt(total))


def _others_share(w):
    """Return 1 - w / sum(w), exact also where one weight outweighs all others."""
    others = w.sum() - w
    largest = int(w.argmax())
    others[largest] = np.delete(w, largest).sum()
    return others / w.sum()


def _units(estimates, variances):
    y = numbers(estimates, "estimates")
    v = numbers(variances, "variances", largest=LARGEST_POSITIVE)
    same_length(estimates=y, variances=v)
    if (v < SMALLEST_POSITIVE).any():
        raise ValueError("a variance is a number above zero")
    is_missing = np.isnan(y) | np.isnan(v)
    return np.where(is_missing, np.nan, y), np.where(is_missing, np.nan, v)


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Therapists' means over clients; arrays of shape (therapists,) in order of first mention.

    `means`, `variances`  each therapist's mean and its variance, NaN without clients
    `clients`             how many clients' estimates went into it
    `omega2`              variance between the clients of one therapist
    """

    therapists: tuple[Hashable, ...]
    means: np.ndarray
    variances: np.ndarray
    clients: np.ndarray
    omega2: float


def therapist_means(
    therapists: Sequence[Hashable],
    estimates: Sequence[float | None] | np.ndarray,
    variances: Sequence[float | None] | np.ndarray,
    *,
    omega2: float | None = None,
) -> Means | None:
    """Return each therapist's plain mean over clients, fit for `shrink`.

    `estimates` holds one figure for each client, not shrunken, with its
    variance, and `therapists` says whose client it is. A client with either
    missing counts for nothing. The variance of a mean over n clients is
    (omega2 + mean of the clients' variances) / n. Where `omega2` is not given it
    is what remains of the differences between clients of the same therapist
    when the clients' own variances are taken off, 0 or more.

    None where `omega2` is not given and no therapist has two clients. Raises
    ValueError as `shrink` does, and for an `omega2` below zero.
    """
    y, v = _units(estimates, variances)
    if len(therapists) != len(y):
        raise ValueError("there is one therapist for each client")
    if omega2 is not None and not 0 <= omega2 <= LARGEST_POSITIVE:
        raise ValueError(f"a variance is not negative, and not {omega2}")
    names = tuple(dict.fromkeys(therapists))
    place = {name: at for at, name in enumerate(names)}
    whose = np.array([place[name] for name in therapists], dtype=int)
    is_known = ~np.isnan(y)
    y, v, whose = y[is_known], v[is_known], whose[is_known]
    clients = np.bincount(whose, minlength=len(names))
    has_any = clients > 0
    n = np.where(has_any, clients, 1)
    means = np.bincount(whose, y, minlength=len(names)) / n
    own = np.bincount(whose, v, minlength=len(names)) / n
    if omega2 is None:
        spare = int((clients[has_any] - 1).sum())
        if not spare:
            return None
        squares = ((y - means[whose]) ** 2).sum()
        omega2 = max(0.0, float(squares - ((n - 1) * own).sum()) / spare)
    return Means(
        names,
        np.where(has_any, means, np.nan),
        np.where(has_any, (omega2 + own) / n, np.nan),
        clients,
        omega2,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Funnel:
    """Between which limits units lie by chance; arrays of shape (units,), NaN where missing.

    `low`, `high`  the limits
    `outside`      which units lie beyond them; False where missing
    `expected`     how many of the units would lie beyond them by chance
    """

    low: np.ndarray
    high: np.ndarray
    outside: np.ndarray
    expected: float


def funnel(
    estimates: Sequence[float | None] | np.ndarray,
    variances: Sequence[float | None] | np.ndarray,
    *,
    mu: float,
    tau2: float = 0.0,
    coverage: float = 0.95,
) -> Funnel:
    """Return the funnel's limits around `mu` for each unit, and who lies outside.

    With `tau2` zero the limits are those of chance alone; with the variance
    between units they are the overdispersed ones. Customary are a `coverage` of
    .95 and .998. Takes and raises what `shrink` does.
    """
    y, v = _units(estimates, variances)
    low, high = funnel_limits(v, mu=mu, tau2=tau2, coverage=coverage)
    return Funnel(low, high, (y < low) | (y > high), float((1 - coverage) * np.sum(~np.isnan(y))))


def funnel_limits(
    variances: Sequence[float | None] | np.ndarray,
    *,
    mu: float,
    tau2: float = 0.0,
    coverage: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and the upper limit at each variance of a mean, for drawing a funnel.

    At `n` clients that variance is (omega2 + mean of the clients' variances) / n.
    """
    mus, v = _units(np.full(len(variances), mu), variances)
    if not 0 <= tau2 <= LARGEST_POSITIVE:
        raise ValueError(f"a variance between units is not negative, and not {tau2}")
    half = quantile_for(coverage) * np.sqrt(tau2 + v)
    return mus - half, mus + half


def ratio_scores(
    observed: Sequence[float | None] | np.ndarray, expected: Sequence[float | None] | np.ndarray
) -> np.ndarray:
    """Return z = log(observed / expected) * sqrt(expected) of counts, for a funnel of ratios.

    NaN where a count is missing, and where nothing was observed: nought has no
    logarithm. Raises ValueError for a negative count or an expectation that is
    not positive.
    """
    seen, due = numbers(observed, "counts observed"), numbers(expected, "counts expected")
    same_length(observed=seen, expected=due)
    if (seen < 0).any() or (due <= 0).any():
        raise ValueError("a count is not negative, and what is expected is above zero")
    is_told = ~np.isnan(due) & (seen > 0)
    scores = np.full(len(seen), np.nan)
    scores[is_told] = (np.log(seen[is_told]) - np.log(due[is_told])) * np.sqrt(due[is_told])
    return scores


def dispersion(scores: Sequence[float | None] | np.ndarray) -> float | None:
    """Return the mean square of z scores: 1 is chance, more is overdispersion. None of none."""
    z = numbers(scores, "scores")
    z = z[~np.isnan(z)]
    return float(np.mean(z**2)) if len(z) else None


def clients_needed(share: float, *, reliability: float = RELIABILITY_FLOOR) -> int:
    """Return how many clients a therapist needs before the weight reaches `reliability`.

    `share` is the part of the variance of clients' estimates that lies between
    therapists (an intraclass correlation), from .0001 up to below 1, and
    `reliability` from 0 up to .9999. Raises ValueError for others.
    """
    if not (1e-4 <= share < 1 and 0 <= reliability <= 1 - 1e-4):
        raise ValueError("a share is .0001 or more, a reliability .9999 or less")
    return max(1, ceil(reliability / (1 - reliability) * (1 - share) / share))
