"""How far client and therapist see the same session alike, and how far their ratings move together.

Three figures for each dyad, from sessions that both of them rated:

- the discrepancy, therapist minus client. Therapists usually rate lower: only
  what is unusual among the practice's own dyads is marked;
- truth and bias: with both sides set against the client's own mean,

      T_t - mean(C) = b0 + b1 (C_t - mean(C)) + e_t

  b0 is how far the therapist lies above the client, and b1 how far the therapist
  follows the client up and down. Both are drawn towards the mean of all dyads;
- the correlation of the two profiles over sessions.

None of them says how good a therapist is. Also here: the intraclass
correlations of several raters.

Sources: West & Kenny (2011), Psychological Review 118(2), 357-378, for truth
and bias; Fisher (1921), Metron 1, 3-32, for averaging correlations; Shrout &
Fleiss (1979), Psychological Bulletin 86(2), 420-428.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from alliance.psychometrics.finite import numbers, quantile_for, same_length
from alliance.psychometrics.shrinkage import Shrinkage, shrink

# A dyad with fewer pairs is not described; a correlation takes one more.
LEAST_PAIRS, LEAST_FOR_CORRELATION = 5, 6
# What is typical takes so many dyads; with fewer nobody is marked.
LEAST_DYADS = 5
# An unusual discrepancy lies this far from the typical one, in standard errors
# and in standard deviations of a rating.
MARKED_ERRORS, MARKED_DEVIATIONS = 2.0, 0.5
# Fisher's z of a perfect correlation is endless; here it ends.
HIGHEST_CORRELATION = 0.999
# Less than this share of the largest deviation is rounding.
ROUNDING = 1e-9
# From one session to the next differences are not taken to be more alike than this.
_AUTOCORRELATIONS = np.linspace(0, 0.9, 46)


class Estimate(NamedTuple):
    """A figure with its standard error and the ends of its interval."""

    value: float
    se: float
    low: float
    high: float


class Correlation(NamedTuple):
    """A correlation, -1 to 1, with the ends of its interval."""

    r: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DyadAgreement:
    """One client and their therapist; None where there is too little to say.

    `pairs`        sessions that both rated
    `discrepancy`  mean of therapist minus client, in points
    `marked`       whether it is unusual here
    `bias`         shrunken b0, in points
    `tracking`     shrunken b1: 1 is following one for one, 0 not at all
    `correlation`  of the two profiles
    """

    dyad: Hashable
    pairs: int
    discrepancy: Estimate | None
    marked: bool
    bias: Estimate | None
    tracking: Estimate | None
    correlation: Correlation | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All dyads, in order of first mention, and what is typical of them.

    `dyads`        one entry each, also those with too few pairs
    `described`    how many have enough pairs
    `typical`      mean discrepancy over dyads, in points; None with fewer than five
    `tracking`     mean b1 over dyads; None with fewer than two
    `correlation`  of profiles, averaged by Fisher's z; None of none
    `sd`           standard deviation of clients' ratings, in points; None of none
    `autocorrelation`  of the differences from one session to the next, 0 to .9
    """

    dyads: tuple[DyadAgreement, ...]
    described: int
    typical: Estimate | None
    tracking: Estimate | None
    correlation: Correlation | None
    sd: float | None
    autocorrelation: float


class _Pairs(NamedTuple):
    """One dyad's pairs, oldest first."""

    occasion: np.ndarray
    client: np.ndarray
    therapist: np.ndarray

    @property
    def difference(self):
        return self.therapist - self.client


def agree(
    dyads: Sequence[Hashable],
    occasions: Sequence[float] | np.ndarray,
    client: Sequence[float | None] | np.ndarray,
    therapist: Sequence[float | None] | np.ndarray,
    *,
    coverage: float = 0.95,
) -> Agreement:
    """Describe the agreement in each dyad, and over all of them.

    One entry for each session of a dyad: whose it was, its number, and the two
    ratings, None or NaN where missing. A session that only one of them rated
    counts for nothing. Both rate in the same points.

    A dyad is described from five pairs on, its correlation given from six. A
    discrepancy is marked where it lies more than two standard errors and more
    than half a standard deviation of clients' ratings from the typical one.
    The standard errors of means allow for differences being alike from one
    session to the next, as far as all dyads together show it.

    Raises ValueError for series of different lengths, numbers that are not
    finite, an occasion without a whole number, or one given twice for a dyad.
    """
    quantile_for(coverage)
    every = _gather(dyads, occasions, client, therapist)
    kept = {dyad: pairs for dyad, pairs in every.items() if len(pairs.client) >= LEAST_PAIRS}
    r = _autocorrelation(list(kept.values()))
    bias, tracking = _truth_and_bias(kept, r, coverage)
    discrepancies = {dyad: _discrepancy(pairs, r, coverage) for dyad, pairs in kept.items()}
    correlations = {dyad: _profile(pairs, coverage) for dyad, pairs in kept.items()}
    sd = float(np.concatenate([pairs.client for pairs in kept.values()]).std()) if kept else None
    typical = None
    if len(kept) >= LEAST_DYADS:
        typical = bias.mean or _estimate(np.mean([d.value for d in discrepancies.values()]), 0.0, 0)

    def is_marked(dyad):
        if typical is None or sd is None:
            return False
        found = discrepancies[dyad]
        away = abs(found.value - typical.value)
        return away > MARKED_ERRORS * found.se and away > MARKED_DEVIATIONS * sd

    return Agreement(
        dyads=tuple(
            DyadAgreement(
                dyad=dyad,
                pairs=len(pairs.client),
                discrepancy=discrepancies.get(dyad),
                marked=dyad in kept and is_marked(dyad),
                bias=bias.of.get(dyad),
                tracking=tracking.of.get(dyad),
                correlation=correlations.get(dyad),
            )
            for dyad, pairs in every.items()
        ),
        described=len(kept),
        typical=typical,
        tracking=tracking.mean,
        correlation=pool_correlations(
            [found.r for found in correlations.values() if found],
            [len(kept[dyad].client) for dyad, found in correlations.items() if found],
            coverage=coverage,
        ),
        sd=sd,
        autocorrelation=r,
    )


def _gather(dyads, occasions, client, therapist):
    """Return each dyad's pairs, in order of first mention."""
    when, c, t = (
        numbers(occasions, "occasions"),
        numbers(client, "clients' ratings"),
        numbers(therapist, "therapists' ratings"),
    )
    same_length(dyads=np.empty(len(dyads)), occasions=when, clients=c, therapists=t)
    if not (when == np.round(when)).all():
        raise ValueError("every occasion has a whole number")
    places: dict[Hashable, list[int]] = {}
    for place, dyad in enumerate(dyads):
        places.setdefault(dyad, []).append(place)
    every = {}
    for dyad, mine in places.items():
        at = np.array(mine)[np.argsort(when[mine], kind="stable")]
        if (np.diff(when[at]) == 0).any():
            raise ValueError(f"an occasion is given twice for {dyad}")
        at = at[~np.isnan(c[at] + t[at])]
        every[dyad] = _Pairs(when[at], c[at], t[at])
    return every


def _estimate(value, se, z):
    value, se = float(value), float(se)
    return Estimate(value, se, value - z * se, value + z * se)


def _share_of_mean(occasion, autocorrelation):
    """Return the variance of a mean, as a share of that of a single difference.

    `autocorrelation` may be an array; the share is 1/n for zero.
    """
    lags, counts = np.unique(np.abs(occasion[:, None] - occasion[None, :]), return_counts=True)
    powers = np.power.outer(np.asarray(autocorrelation, dtype=float), lags)
    return powers @ counts / len(occasion) ** 2


def _autocorrelation(dyads):
    """Return how alike differences are from one session to the next, 0 to .9, over all dyads.

    Taken about each dyad's own mean, it comes out too low; it is held against
    what it would come out as, for each true value.
    """
    if not dyads:
        return 0.0
    squares, neighbours = [], []
    widest = max(float(np.ptp(pairs.difference)) for pairs in dyads)
    if not widest:
        return 0.0
    for pairs in dyads:
        apart = (pairs.difference - pairs.difference.mean()) / widest
        squares.extend(apart**2)
        is_next = np.diff(pairs.occasion) == 1
        neighbours.extend((apart[1:] * apart[:-1])[is_next])
    if not neighbours:
        return 0.0
    near = float(np.mean(neighbours) / np.mean(squares))
    sizes = [len(pairs.occasion) for pairs in dyads]
    shares = np.average(
        [_share_of_mean(pairs.occasion, _AUTOCORRELATIONS) for pairs in dyads],
        axis=0,
        weights=sizes,
    )
    looks_like = (_AUTOCORRELATIONS - shares) / (1 - shares)
    return float(np.interp(near, looks_like, _AUTOCORRELATIONS))


def effective_pairs(occasions: Sequence[float] | np.ndarray, autocorrelation: float) -> float:
    """Return how many independent differences these sessions are worth, above 0 and up to n.

    So that sd / sqrt(effective_pairs) is the standard error of their mean, sd
    being what was found about that mean. `occasions` are two or more session
    numbers, `autocorrelation` runs from 0 up to below 1; ValueError otherwise.
    """
    at = numbers(occasions, "occasions")
    if len(at) < 2 or len(np.unique(at)) < len(at) or not (at == np.round(at)).all():
        raise ValueError("there are two occasions or more, whole numbers, each given once")
    if not 0 <= autocorrelation < 1:
        raise ValueError(f"an autocorrelation lies from 0 up to below 1, not {autocorrelation}")
    share = float(_share_of_mean(at, autocorrelation))
    return (1 - share) * len(at) / (len(at) - 1) / share


def _discrepancy(pairs, r, coverage):
    n, difference = len(pairs.client), pairs.difference
    se = difference.std(ddof=1) / sqrt(effective_pairs(pairs.occasion, r))
    return _estimate(difference.mean(), se, float(stdtrit(n - 1, (1 + coverage) / 2)))


class _Drawn(NamedTuple):
    """What dyads look like once drawn together, and their mean."""

    mean: Estimate | None
    of: dict[Hashable, Estimate]


def _truth_and_bias(dyads, r, coverage):
    """Return b0 and b1, each drawn towards the mean of all dyads.

    A dyad's own scatter about its line rests on a few pairs: the standard
    errors use that of all dyads together. Where nothing is left of it, there is
    nothing to weigh by.
    """
    z, nothing = quantile_for(coverage), _Drawn(None, {})
    # In units of the widest deviation, so that no square is too large or too small.
    unit = max(
        (float(np.ptp(np.concatenate([p.client, p.therapist]))) for p in dyads.values()),
        default=0.0,
    )
    if not unit:
        return nothing, nothing
    lines, left, spare = {}, 0.0, 0
    for dyad, pairs in dyads.items():
        x = (pairs.client - pairs.client.mean()) / unit
        y = (pairs.therapist - pairs.client.mean()) / unit
        moves = np.abs(x).max() > ROUNDING
        spread = float(x @ x) if moves else np.nan
        follows = float(x @ (y - y.mean())) / spread if moves else np.nan
        left += float(((y - y.mean() - (follows * x if moves else 0.0)) ** 2).sum())
        spare += len(x) - 1 - int(moves)
        worth = effective_pairs(pairs.occasion, r)
        lines[dyad] = float(y.mean()), follows, 1 / worth, 1 / spread
    residual = left / spare
    if residual <= ROUNDING**2:
        return nothing, nothing
    b0, b1, v0, v1 = np.array(list(lines.values())).T
    return (
        _drawn(lines, shrink(b0, residual * v0, coverage=coverage), z, unit),
        _drawn(lines, shrink(b1, residual * v1, coverage=coverage), z, 1.0),
    )


def _drawn(dyads, found: Shrinkage | None, z, unit):
    if found is None:
        return _Drawn(None, {})
    each = zip(dyads, found.shrunken * unit, found.standard_error * unit, strict=True)
    return _Drawn(
        _estimate(found.mu * unit, found.mu_se * unit, z),
        {dyad: _estimate(value, se, z) for dyad, value, se in each if not np.isnan(value)},
    )


def _profile(pairs, coverage):
    r = profile_correlation(pairs.client, pairs.therapist)
    return None if r is None else Correlation(r, *_fisher(r, len(pairs.client) - 3, coverage)[1:])


def profile_correlation(
    client: Sequence[float | None] | np.ndarray, therapist: Sequence[float | None] | np.ndarray
) -> float | None:
    """Return the correlation of two profiles over sessions, -1 to 1.

    None with fewer than six pairs, or where either did not move. Raises
    ValueError for series of different lengths or a rating that is not finite.
    """
    c, t = numbers(client, "clients' ratings"), numbers(therapist, "therapists' ratings")
    same_length(clients=c, therapists=t)
    is_pair = ~np.isnan(c + t)
    if is_pair.sum() < LEAST_FOR_CORRELATION:
        return None
    sides = []
    for marks in (c[is_pair], t[is_pair]):
        size, apart = np.abs(marks).max(), marks - marks.mean()
        widest = np.abs(apart).max()
        if widest <= 1e-12 * size:
            return None
        apart = apart / widest
        sides.append(apart / np.sqrt(apart @ apart))
    return float(np.clip(sides[0] @ sides[1], -1.0, 1.0))


def pool_correlations(
    correlations: Sequence[float], pairs: Sequence[int], *, coverage: float = 0.95
) -> Correlation | None:
    """Average correlations by Fisher's z, weighted by their pairs less three.

    None of none. A correlation beyond .999 either way counts as .999: that of a
    perfect one would outweigh all others. Raises ValueError for a correlation
    outside -1 to 1, or one of three pairs or fewer.
    """
    if len(correlations) != len(pairs):
        raise ValueError("there is a number of pairs for each correlation")
    if not all(-1 <= r <= 1 for r in correlations) or any(n <= 3 for n in pairs):
        raise ValueError("a correlation lies between -1 and 1 and rests on four pairs or more")
    if not correlations:
        return None
    weights = [n - 3 for n in pairs]
    z = sum(w * _z(r) for w, r in zip(weights, correlations, strict=True)) / sum(weights)
    return Correlation(*_fisher(tanh(z), sum(weights), coverage))


def _z(r):
    return atanh(max(-HIGHEST_CORRELATION, min(HIGHEST_CORRELATION, r)))


def _fisher(r, weight, coverage):
    half = quantile_for(coverage) / sqrt(weight)
    # The ends never leave out the correlation itself, held below 1 as its z is.
    return r, min(r, tanh(_z(r) - half)), max(r, tanh(_z(r) + half))


class IntraclassCorrelations(NamedTuple):
    """The six of Shrout and Fleiss; None where one is not defined.

    `icc11`, `icc1k`  each target has raters of its own; one rating, the mean of k
    `icc21`, `icc2k`  the raters are a sample of raters
    `icc31`, `icc3k`  these raters and no others
    """

    icc11: float | None
    icc21: float | None
    icc31: float | None
    icc1k: float | None
    icc2k: float | None
    icc3k: float | None


def intraclass_correlations(
    ratings: Sequence[Sequence[float | None]] | np.ndarray,
) -> IntraclassCorrelations | None:
    """Return how far raters agree on the same targets.

    `ratings` is (targets, raters), None or NaN where missing; a target that
    not all have rated counts for nothing. None with fewer than two targets or
    raters, or where all ratings are the same. Raises ValueError for anything
    but two dimensions, or for a rating that is not finite.
    """
    table = np.array(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError("ratings are a table of targets and raters")
    raters = table.shape[1]
    table = numbers(table.ravel(), "ratings").reshape(table.shape)
    table = table[~np.isnan(table).any(axis=1)]
    targets = len(table)
    if targets < 2 or raters < 2:
        return None
    apart = table - table.mean()
    widest = np.abs(apart).max()
    if widest <= 1e-12 * np.abs(table).max():
        return None
    apart = apart / widest
    by_target, by_rater = apart.mean(axis=1, keepdims=True), apart.mean(axis=0, keepdims=True)
    between = raters * float((by_target**2).sum()) / (targets - 1)
    within = float(((apart - by_target) ** 2).sum()) / (targets * (raters - 1))
    of_raters = targets * float((by_rater**2).sum()) / (raters - 1)
    error = float(((apart - by_target - by_rater) ** 2).sum()) / ((targets - 1) * (raters - 1))
    bent = (of_raters - error) / targets
    return IntraclassCorrelations(
        icc11=_ratio(between - within, between + (raters - 1) * within),
        icc21=_ratio(between - error, between + (raters - 1) * error + raters * bent),
        icc31=_ratio(between - error, between + (raters - 1) * error),
        icc1k=_ratio(between - within, between),
        icc2k=_ratio(between - error, between + bent),
        icc3k=_ratio(between - error, between),
    )


def _ratio(over, under):
    """Return a quotient of mean squares, or None where what it is set against is rounding."""
    return over / under if under > 1e-12 else None
