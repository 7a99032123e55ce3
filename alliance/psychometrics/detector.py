"""Whether a rating is lower than is usual for this client, with a known rate of false alarms.

The model. A rating is the client's own level, plus a state that wanders around
it from session to session, plus error of measurement:

    y_t = m_t + u + s_t + e_t      u ~ N(0, sb2)      e_t ~ N(0, se2)
    s_t = phi s_(t-1) + n_t        s_t ~ N(0, ss2) at any session

`u` is not known; it is learnt from the client's own ratings, shrunken towards
the mean of all clients (a Kalman filter over the pair u, s). So what is usual
starts wide and narrows. A rating is set against the usual level b_t, in units
of its exact standard deviation, stretched by how variable this client has been
so far, and judged by a one-sided Student t. Nothing is marked that is not below the
plain mean of the client's own earlier ratings: where all clients' mean lies far
away, shrinkage alone must not call a client's usual mark low.

`advance` takes one session in constant time, whatever the length of the
history; `detect` runs a whole series through it; `detect_many` does the same
for many series at once, in arrays. t counts the sessions that were held: a
session held without a rating changes no estimate and is not tested, but the
state moves on. Pure: numbers in, numbers out.

Sources: Harvey (1989), Forecasting, Structural Time Series Models and the
Kalman Filter, ch. 3, for the recursion; Page (1954), Biometrika 41, 100-115,
for the cumulative sum; Greene (2012), Econometric Analysis, 7th ed., ch. 19.2,
for the mean and variance of a truncated normal. The combination is our own:
its operating characteristics are in docs/method/characteristics.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import hypot, isfinite, log, nan, pi, sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import erfcx, expit, log_ndtr, ndtr, stdtr, stdtrit

# Stored with every flag; a change of the arithmetic below gets another number.
METHOD = 1
# E min(z^2, 4) for a standard normal z: what a client who is neither more nor
# less variable than others adds to the scale factor with each rating.
MEAN_CAPPED_SQUARE = 0.9205
CAP = 4.0
# The drop that "real" stands for: two within-client standard deviations, give or take .75.
DROP, DROP_SPREAD = 2.0, 0.75
# Beyond this the squares of ordinary arithmetic are no numbers any more.
LARGEST = 1e100
_SQRT_2, _SQRT_2_OVER_PI = sqrt(2.0), sqrt(2.0 / pi)


@dataclass(frozen=True, slots=True)
class Parameters:
    """How ratings of one measure vary, in its own points.

    `m`        mean over clients; or a mean for each session, by number, of
               which the last one goes on
    `sb2`      variance between clients, 0 or more
    `ss2`      variance of the state within a client, 0 or more
    `se2`      variance of the error of measurement, above 0
    `phi`      correlation of the state from one session to the next, -1 to 1,
               both excluded
    `ceiling`  from here on a mark is read as "at least so much", because the
               scale ends; None for the plain form

    Raises ValueError for what is not finite or out of range.
    """

    m: float | tuple[float, ...]
    sb2: float
    ss2: float
    se2: float
    phi: float
    ceiling: float | None = None

    def __post_init__(self):
        means = self.m if isinstance(self.m, tuple) else (self.m,)
        if not means:
            raise ValueError("there is no mean")
        for value in (*means, self.sb2, self.ss2, self.se2):
            if not (isfinite(value) and abs(value) <= LARGEST):
                raise ValueError(f"{value} is not a number to reckon with")
        if self.ceiling is not None and not isfinite(self.ceiling):
            raise ValueError(f"the ceiling is a number, not {self.ceiling}")
        if self.sb2 < 0 or self.ss2 < 0:
            raise ValueError("a variance is not negative")
        if self.se2 <= 0:
            raise ValueError("the variance of measurement is above zero")
        if not -1 < self.phi < 1:
            raise ValueError("phi lies between -1 and 1")

    def mean_at(self, session: int) -> float:
        """Return the mean over clients at a held session, counted from 1."""
        return self.m[min(session, len(self.m)) - 1] if isinstance(self.m, tuple) else self.m


@dataclass(frozen=True, slots=True)
class Rules:
    """When a deviation is marked, and how much it takes.

    `nu0`    how many ratings' worth of "as variable as others" a client starts with
    `prior`  share of sessions taken to be real drops, before anything is seen
    `watch`  p below which a rating is marked on the client's own chart
    `alert`  p below which it is flagged; so is a second `watch` running
    `k`      slack of the cumulative sum, in standard deviations a session
    `h`      height at which the cumulative sum is flagged

    Raises ValueError for what is out of range.
    """

    nu0: float = 10.0
    prior: float = 0.06
    watch: float = 0.05
    alert: float = 0.01
    k: float = 0.25
    h: float = 4.0

    def __post_init__(self):
        if not all(isfinite(getattr(self, field.name)) for field in fields(self)):
            raise ValueError("a rule is made of finite numbers")
        if self.nu0 <= 0 or self.h <= 0 or self.k < 0:
            raise ValueError("nu0 and h are above zero, and k is not negative")
        if not 0 < self.prior < 1:
            raise ValueError("the prior is a share between 0 and 1")
        if not 0 <= self.alert <= self.watch < 1:
            raise ValueError("alert is at most watch, and both are probabilities")


PRESETS = {
    "quiet": Rules(watch=0.025, alert=0.005, h=5.0),
    "standard": Rules(),
    "sensitive": Rules(watch=0.10, alert=0.02, h=3.5),
}


@dataclass(frozen=True, slots=True)
class State:
    """All that must be kept of a series to take it up again; start with `State.first`.

    `held`, `rated`  sessions so far, and how many of them were rated
    `u`, `s`         the client's level and state, as deviations from the mean
    `puu`, `pus`, `pss`  their variances and covariance
    `scale_sum`      what the ratings after the first added to the scale factor
    `cusum`          the cumulative sum of lower-than-predicted ratings
    `own_mean`       plain mean of the ratings so far
    `was_watch`      whether the last rating was marked
    `p`              the p of the last rating, or None before the second
    """

    held: int
    rated: int
    u: float
    s: float
    puu: float
    pus: float
    pss: float
    scale_sum: float
    cusum: float
    own_mean: float
    was_watch: bool
    p: float | None

    @classmethod
    def first(cls, parameters: Parameters) -> "State":
        """Return the state before the first session."""
        return cls(0, 0, 0.0, 0.0, parameters.sb2, 0.0, parameters.ss2, 0.0, 0.0, 0.0, False, None)

    def as_json(self) -> dict:
        """Return a dict that JSON keeps to the last bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict) -> "State":
        """Take up again what `as_json` gave. Raises TypeError for anything else."""
        return cls(**told)


class Finding(NamedTuple):
    """What one held session adds; NaN where a session without a rating has nothing to say.

    `y`         the rating
    `b`, `V`    the usual level before it, and the variance of a rating around that
    `zb`, `zi`  its deviation from the usual level, and from what was predicted,
                in standard deviations
    `kap`, `df` the client's own scale factor (1 = as variable as others), and
                the degrees of freedom it carries
    `p`         one-sided probability of so low a rating by chance, NaN at the first
    `th`, `Vth` the client's level at this session with the rating, and its variance
    `watch`, `alert`, `drift`  whether it was marked, and how
    `cusum`     the cumulative sum after it
    `pr_drop`   probability that the drop is real
    """

    y: float = nan
    b: float = nan
    V: float = nan
    zb: float = nan
    zi: float = nan
    kap: float = nan
    df: float = nan
    p: float = nan
    th: float = nan
    Vth: float = nan
    watch: bool = False
    alert: bool = False
    cusum: float = nan
    drift: bool = False
    pr_drop: float = nan


def advance(
    state: State, y: float | None, parameters: Parameters, rules: Rules = PRESETS["standard"]
) -> tuple[State, Finding]:
    """Take one held session, rated `y` or not rated (None), and say what it adds.

    Constant in time, whatever came before. Raises ValueError for a rating that
    is not finite or beyond 1e100.
    """
    u, s, puu, pus, pss = state.u, state.s, state.puu, state.pus, state.pss
    phi, ss2, se2 = parameters.phi, parameters.ss2, parameters.se2
    if state.held:
        s *= phi
        pus *= phi
        pss = phi * phi * pss + ss2 * (1 - phi * phi)
    mean = parameters.mean_at(state.held + 1)
    usual = mean + u
    # Neither is less than the error of measurement; rounding must not say so.
    around_usual = max(puu + 2 * pus + ss2 + se2, se2)
    around_predicted = max(puu + 2 * pus + pss + se2, se2)
    tested = max(state.rated - 1, 0)
    df = rules.nu0 + tested
    kap = (rules.nu0 + state.scale_sum) / df

    if y is None:
        still = replace(state, held=state.held + 1, s=s, pus=pus, pss=pss)
        return still, Finding(
            b=usual,
            V=around_usual,
            kap=kap,
            df=df,
            th=usual + s,
            Vth=_at_least_zero(puu + 2 * pus + pss),
        )
    if not (isfinite(y) and abs(y) <= LARGEST):
        raise ValueError(f"a rating is a number, not {y}")

    predicted = usual + s
    sd = sqrt(around_predicted)
    zb = (y - usual) / sqrt(around_usual)
    zi = (y - predicted) / sd
    surprise, certainty = y - predicted, 1.0
    scale_term = min(zi * zi, CAP) / MEAN_CAPPED_SQUARE
    if parameters.ceiling is not None and y >= parameters.ceiling:
        surprise, certainty, scale_term = at_the_ceiling(parameters.ceiling, predicted, sd)
        zb, zi = max(zb, 0.0), max(zi, 0.0)

    is_first = state.rated == 0
    p = nan if is_first else float(stdtr(df, zb / sqrt(kap)))
    is_below_own = y < state.own_mean
    watch = is_below_own and p < rules.watch
    alert = watch and (p < rules.alert or state.was_watch)
    cusum = 0.0 if is_first else max(0.0, state.cusum - zi / sqrt(kap) - rules.k)
    gain_u, gain_s = (puu + pus) / around_predicted, (pus + pss) / around_predicted
    u, s = u + gain_u * surprise, s + gain_s * surprise
    weight = certainty * around_predicted
    puu, pus, pss = (
        puu - weight * gain_u * gain_u,
        pus - weight * gain_u * gain_s,
        pss - weight * gain_s * gain_s,
    )
    after = State(
        held=state.held + 1,
        rated=state.rated + 1,
        u=u,
        s=s,
        puu=puu,
        pus=pus,
        pss=pss,
        scale_sum=0.0 if is_first else state.scale_sum + scale_term,
        cusum=cusum,
        own_mean=state.own_mean + (y - state.own_mean) / (state.rated + 1),
        was_watch=watch,
        p=None if is_first else p,
    )
    return after, Finding(
        y=y,
        b=usual,
        V=around_usual,
        zb=zb,
        zi=zi,
        kap=kap,
        df=df,
        p=p,
        th=mean + u + s,
        Vth=_at_least_zero(puu + 2 * pus + pss),
        watch=watch,
        alert=alert,
        cusum=cusum,
        drift=is_below_own and not is_first and cusum > rules.h,
        pr_drop=nan
        if is_first
        else probability_of_drop(
            y - usual, variance=around_usual, scale=kap, df=df, within=ss2 + se2, prior=rules.prior
        ),
    )


def _at_least_zero(variance):
    return max(variance, 0.0)


def at_the_ceiling(ceiling: float, predicted: float, sd: float) -> tuple[float, float, float]:
    """Return the mean surprise, the certainty and the scale term of "at least the ceiling".

    All in points, `sd` above 0 and that of what was predicted. They are those
    of a normal variable cut off below; `erfcx` keeps them finite however far
    the ceiling lies from what was predicted.
    """
    alpha = (ceiling - predicted) / sd
    ratio = _SQRT_2_OVER_PI / float(erfcx(alpha / _SQRT_2))
    certainty = min(max(ratio * (ratio - alpha), 0.0), 1.0)
    return sd * ratio, certainty, min(max(1 + alpha * ratio, 0.0), CAP)


def probability_of_drop(
    deviation: float, *, variance: float, scale: float, df: float, within: float, prior: float
) -> float:
    """Return the probability, 0 to 1, that a deviation from the usual level is a real drop.

    By Bayes' rule between two accounts: nothing happened, and the deviation is
    a Student t with `df` degrees of freedom and variance `variance * scale`; or
    the client dropped by two within-client standard deviations, give or take
    three quarters of one. `within` is the within-client variance and `prior` the
    share of sessions with a real drop. A rating above the usual level never
    makes a drop more likely than it was before.
    """
    sd = sqrt(variance * scale)
    one = sqrt(within * scale)
    wide = hypot(sd, DROP_SPREAD * one)
    root = sqrt(df)
    # Half the difference of log(1 + z^2 / df), without squaring what may be large.
    apart = log(hypot(1.0, deviation / sd / root)) - log(
        hypot(1.0, (deviation + DROP * one) / wide / root)
    )
    probability = float(expit(log(prior / (1 - prior)) + (df + 1) * apart + log(sd / wide)))
    return min(probability, prior) if deviation > 0 else probability


def detect(
    ratings: Iterable[float | None],
    parameters: Parameters,
    rules: Rules = PRESETS["standard"],
) -> list[Finding]:
    """Run a series of held sessions, oldest first, None where not rated, from its beginning.

    Raises ValueError for a rating that is not finite or beyond 1e100.
    """
    state = State.first(parameters)
    findings = []
    for y in ratings:
        state, finding = advance(state, y, parameters, rules)
        findings.append(finding)
    return findings


@dataclass(frozen=True, slots=True)
class Findings:
    """What `detect_many` found: arrays of (series, sessions), named as in `Finding`.

    `loglik` is the log-likelihood of each series' ratings under the model,
    shape (series,).
    """

    b: np.ndarray
    V: np.ndarray
    zb: np.ndarray
    zi: np.ndarray
    kap: np.ndarray
    df: np.ndarray
    p: np.ndarray
    th: np.ndarray
    Vth: np.ndarray
    watch: np.ndarray
    alert: np.ndarray
    cusum: np.ndarray
    drift: np.ndarray
    pr_drop: np.ndarray
    loglik: np.ndarray


def detect_many(
    ratings: np.ndarray | Sequence[Sequence[float]],
    parameters: Parameters,
    rules: Rules = PRESETS["standard"],
) -> Findings:
    """Run many series at once: `ratings` is (series, sessions), NaN where not rated.

    The same as `detect` for each row, to within 1e-12; a shorter series is
    padded with NaN at its end. For rehearsal, simulation and fitting.
    Raises ValueError for anything but two dimensions, or for an infinite rating.
    """
    ratings = np.asarray(ratings, dtype=float)
    if ratings.ndim != 2:
        raise ValueError(f"ratings are (series, sessions), not of {ratings.ndim} dimensions")
    if (np.abs(ratings) > LARGEST).any():
        raise ValueError("a rating is a number")
    many, held = ratings.shape
    found = {
        name: np.full((many, held), False if name in _MARKS else nan)
        for name in Findings.__dataclass_fields__
        if name != "loglik"
    }
    loglik = np.zeros(many)
    phi, ss2, se2 = parameters.phi, parameters.ss2, parameters.se2
    u, s, pus, scale_sum, cusum = (np.zeros(many) for _ in range(5))
    puu, pss = np.full(many, parameters.sb2), np.full(many, parameters.ss2)
    rated = np.zeros(many, dtype=int)
    own_mean, was_watch = np.zeros(many), np.zeros(many, dtype=bool)
    for t in range(held):
        y = ratings[:, t]
        has, is_first = ~np.isnan(y), rated == 0
        if t:
            s, pus = s * phi, pus * phi
            pss = phi * phi * pss + ss2 * (1 - phi * phi)
        mean = parameters.mean_at(t + 1)
        usual = mean + u
        around_usual = np.maximum(puu + 2 * pus + ss2 + se2, se2)
        around_predicted = np.maximum(puu + 2 * pus + pss + se2, se2)
        df = rules.nu0 + np.maximum(rated - 1, 0)
        kap = (rules.nu0 + scale_sum) / df
        predicted, sd = usual + s, np.sqrt(around_predicted)
        zb, zi = (y - usual) / np.sqrt(around_usual), (y - predicted) / sd
        surprise, certainty = y - predicted, np.ones(many)
        scale_term = np.minimum(zi * zi, CAP) / MEAN_CAPPED_SQUARE
        density = -0.5 * (np.log(2 * pi * around_predicted) + zi * zi)
        if parameters.ceiling is not None:
            at_top = has & (y >= parameters.ceiling)
            alpha = (parameters.ceiling - predicted) / sd
            ratio = _SQRT_2_OVER_PI / erfcx(alpha / _SQRT_2)
            surprise = np.where(at_top, sd * ratio, surprise)
            certainty = np.where(at_top, np.clip(ratio * (ratio - alpha), 0.0, 1.0), 1.0)
            scale_term = np.where(at_top, np.clip(1 + alpha * ratio, 0.0, CAP), scale_term)
            density = np.where(at_top, log_ndtr(-alpha), density)
            zb = np.where(at_top, np.maximum(zb, 0.0), zb)
            zi = np.where(at_top, np.maximum(zi, 0.0), zi)
        is_tested = has & ~is_first
        p = np.where(is_tested, stdtr(df, zb / np.sqrt(kap)), nan)
        is_below_own = y < own_mean
        watch = is_below_own & (p < rules.watch)
        alert = watch & ((p < rules.alert) | was_watch)
        cusum = np.where(
            is_tested,
            np.maximum(0.0, cusum - zi / np.sqrt(kap) - rules.k),
            np.where(has, 0.0, cusum),
        )
        # A session without a rating gains nothing: no weight, no surprise.
        weight = np.where(has, certainty * around_predicted, 0.0)
        surprise = np.where(has, surprise, 0.0)
        gain_u, gain_s = (puu + pus) / around_predicted, (pus + pss) / around_predicted
        u, s = u + gain_u * surprise, s + gain_s * surprise
        puu, pus, pss = (
            puu - weight * gain_u * gain_u,
            pus - weight * gain_u * gain_s,
            pss - weight * gain_s * gain_s,
        )
        scale_sum = np.where(is_tested, scale_sum + scale_term, scale_sum)
        was_watch = np.where(has, watch, was_watch)
        rated = rated + has
        own_mean = np.where(has, own_mean + (y - own_mean) / np.maximum(rated, 1), own_mean)
        loglik += np.where(has, density, 0.0)
        said = {
            **{"b": usual, "V": around_usual, "kap": kap, "df": df, "p": p},
            **{"zb": zb, "zi": zi, "cusum": np.where(has, cusum, nan)},
            **{"th": mean + u + s, "Vth": np.maximum(puu + 2 * pus + pss, 0.0)},
            **{
                "watch": watch,
                "alert": alert,
                "drift": is_tested & is_below_own & (cusum > rules.h),
            },
            "pr_drop": np.where(
                is_tested,
                _probabilities(y - usual, around_usual, kap, df, ss2 + se2, rules.prior),
                nan,
            ),
        }
        for name, values in said.items():
            found[name][:, t] = values
    return Findings(**found, loglik=loglik)


_MARKS = {"watch", "alert", "drift"}


def _probabilities(deviation, variance, scale, df, within, prior):
    """Return `probability_of_drop` for arrays."""
    sd, one = np.sqrt(variance * scale), np.sqrt(within * scale)
    wide = np.hypot(sd, DROP_SPREAD * one)
    root = np.sqrt(df)
    apart = np.log(np.hypot(1.0, deviation / sd / root)) - np.log(
        np.hypot(1.0, (deviation + DROP * one) / wide / root)
    )
    probability = expit(log(prior / (1 - prior)) + (df + 1) * apart + np.log(sd / wide))
    return np.where(deviation > 0, np.minimum(probability, prior), probability)


def probability_below(finding: Finding, cutoff: float) -> float:
    """Return the probability, 0 to 1, that the client's level now lies below `cutoff`.

    By the normal distribution of the level given all ratings so far; the first
    rating counts. This is the check that a change can't give: low from the start.
    """
    if finding.Vth <= 0:
        return float(finding.th < cutoff)
    return float(ndtr((cutoff - finding.th) / sqrt(finding.Vth)))


def usual_range(finding: Finding, *, coverage: float = 0.90) -> tuple[float, float]:
    """Return the ends of the range in which a rating was to be expected, before it came.

    `coverage` is the share of undisturbed ratings that fall into it, between 0
    and 1. It starts wide and narrows as ratings come in.
    """
    if not 0 < coverage < 1:
        raise ValueError("coverage lies between 0 and 1")
    half = float(stdtrit(finding.df, (1 + coverage) / 2)) * sqrt(finding.V * finding.kap)
    return finding.b - half, finding.b + half
