"""How ratings of one measure vary in a practice: estimated from its own series.

The detector needs five numbers: the mean over clients, three variances, and how
long a state lasts. A new measure begins with `start_values`, on the cautious
side. Once thirty clients have five ratings each, `fit_parameters` finds the
numbers that make all ratings most likely, and `blend` moves from the start
values to those by as much as the number of clients warrants. All series count,
those with marked sessions too: to leave these out would make the usual range
too narrow.

A fit belongs to a moment. Keep it with a version, store the version with what
was judged by it, and never change it in the middle of a course.

Pure: numbers in, numbers out. Sources: Harvey (1989), Forecasting, Structural
Time Series Models and the Kalman Filter, ch. 3.4, for the likelihood by
prediction errors; Pawitan (2001), In All Likelihood, ch. 2 and 9, for standard
errors from curvature and the delta method. At the ceiling the likelihood is that
of "at least so much", with the state's moments matched after it, which is an
approximation. The rule of blending is our own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import atanh, exp, isfinite, log, nan, tanh

import numpy as np
from scipy.optimize import minimize

from alliance.psychometrics.detector import LARGEST, Parameters
from alliance.psychometrics.likelihood import Likelihood

ENOUGH_CLIENTS, ENOUGH_RATINGS = 30, 5
# From this share of ratings at the ceiling on, the ceiling is part of the model.
SHARE_AT_CEILING = 0.10
# A new measure: standard deviation as a share of the range, and the parts of its square.
SD_OF_RANGE = 0.15
BETWEEN, STATE, ERROR, PHI = 0.50, 0.30, 0.20, 0.4
# So many clients' worth of trust in the start values.
START_WEIGHT = 30
# The least share of the variance that error is searched at, and that clients enter a blend with.
LEAST_SHARE = 0.01
# The search: shares and phi to begin from, and how far it may go. Variances are
# counted in those of all ratings taken together.
_BEGINNINGS = ((0.5, 0.3, 0.2, 0.4), (0.6, 0.1, 0.3, 0.8), (0.3, 0.5, 0.2, 0.0))
_LARGEST_VARIANCE, _LARGEST_PHI = 50.0, 0.95
_NOUGHT = 1e-5
_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Errors:
    """Standard errors of the five numbers; None where the data give none.

    That is so for a number at the end of its range, for `phi` where there is no
    state, and for all where the likelihood is too flat to tell them apart.
    """

    m: float | None = None
    sb2: float | None = None
    ss2: float | None = None
    se2: float | None = None
    phi: float | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """What was estimated, how surely, and from how much.

    `parameters`  the most likely values; with a ceiling only if it was used
    `errors`      their standard errors
    `loglik`      log-likelihood of all ratings
    `clients`     how many have five ratings or more
    `ratings`     how many there are altogether
    `at_end`      names of those that lie at the end of their range: a variance
                  of 0 says that it can't be told from none
    """

    parameters: Parameters
    errors: Errors
    loglik: float
    clients: int
    ratings: int
    at_end: tuple[str, ...]


def as_rows(series: Iterable[Sequence[float | None]]) -> np.ndarray:
    """Return series of held sessions as an array (series, sessions), NaN where not rated."""
    told = [[nan if y is None else y for y in ratings] for ratings in series]
    longest = max(map(len, told), default=0)
    rows = np.full((len(told), longest), nan)
    for place, ratings in enumerate(told):
        rows[place, : len(ratings)] = ratings
    return rows


def clients_with_enough(ratings: np.ndarray) -> int:
    """Return how many series, rows of (series, sessions), have five ratings or more."""
    return int((np.sum(~np.isnan(ratings), axis=1) >= ENOUGH_RATINGS).sum())


def start_values(
    *,
    m: float,
    lowest: float,
    highest: float,
    sd: float | None = None,
    ceiling: float | None = None,
) -> Parameters:
    """Return cautious values for a measure of which no series are known yet.

    `m` is the mean to be expected and `sd` the standard deviation of ratings
    over clients and sessions, in the measure's own points; without an `sd` it
    is 15 % of the range from `lowest` to `highest`. Half of the variance is
    taken to lie between clients, three tenths in the state, two tenths to be
    error, and phi to be .4. Less between clients than is usual makes for fewer
    false alarms.

    Raises ValueError for an empty range, an `m` outside it, or an `sd` that is
    not above zero.
    """
    if not (isfinite(lowest) and isfinite(highest) and lowest < highest):
        raise ValueError(f"{lowest}–{highest} is no range")
    if not lowest <= m <= highest:
        raise ValueError(f"the mean lies within {lowest}–{highest}, not at {m}")
    sd = SD_OF_RANGE * (highest - lowest) if sd is None else sd
    if not 0 < sd <= LARGEST:
        raise ValueError(f"a standard deviation is above zero, not {sd}")
    return Parameters(m, BETWEEN * sd**2, STATE * sd**2, ERROR * sd**2, PHI, ceiling)


def fit_parameters(ratings: np.ndarray, *, ceiling: float | None = None) -> Fit | None:
    """Return the parameters that make many series most likely.

    `ratings` is (series, sessions) in the measure's own points, NaN where a
    held session was not rated. From `ceiling` on a mark is read as "at least so
    much", if a tenth of all ratings or more lie there; else the plain form is
    fitted. Sought are variances from 0 on (that of error from 1 % of that of all
    ratings) and phi from 0 to .95. Where no state is found phi says nothing,
    and is 0. None with fewer than thirty series of five ratings, or if all
    ratings are the same.

    Raises ValueError for anything but two dimensions, for a rating that is
    infinite or beyond 1e100, and for a ceiling that is not finite.
    """
    ratings = np.asarray(ratings, dtype=float)
    if ratings.ndim != 2:
        raise ValueError(f"ratings are (series, sessions), not of {ratings.ndim} dimensions")
    if (np.abs(ratings) > LARGEST).any():
        raise ValueError("a rating is a number")
    if ceiling is not None and not isfinite(ceiling):
        raise ValueError(f"the ceiling is a number, not {ceiling}")
    given = ratings[~np.isnan(ratings)]
    clients = clients_with_enough(ratings)
    if clients < ENOUGH_CLIENTS or np.ptp(given) < 1 / LARGEST:
        return None
    if ceiling is not None and (given >= ceiling).mean() < SHARE_AT_CEILING:
        ceiling = None
    # In standard units every number that is searched for is of the order of 1.
    centre, unit = float(given.mean()), float(given.std())
    held = np.flatnonzero(~np.isnan(ratings).all(axis=0))[-1] + 1
    likelihood = Likelihood(
        (ratings[:, :held] - centre) / unit, None if ceiling is None else (ceiling - centre) / unit
    )
    found = _search(likelihood)
    m, sb2, ss2, se2, phi = found
    errors = _standard_errors(likelihood, found)
    scales = (unit, unit**2, unit**2, unit**2, 1.0)
    parameters = Parameters(
        centre + m * unit, sb2 * unit**2, ss2 * unit**2, se2 * unit**2, phi, ceiling
    )
    return Fit(
        parameters=parameters,
        errors=Errors(
            *(None if e is None else e * scale for e, scale in zip(errors, scales, strict=True))
        ),
        loglik=likelihood(found) - likelihood.below * log(unit),
        clients=clients,
        ratings=len(given),
        at_end=tuple(
            field.name
            for field, is_at_end in zip(fields(Errors), _at_end(found), strict=True)
            if is_at_end
        ),
    )


def _search(likelihood):
    """Return the most likely (m, sb2, ss2, se2, phi), in standard units.

    The variances themselves are searched, not their logarithms: so 0 is a
    place like any other, and can be left again.
    """
    variance = (0.0, _LARGEST_VARIANCE)
    bounds = [
        *((-10.0, 10.0), variance, variance),
        *((LEAST_SHARE, _LARGEST_VARIANCE), (0.0, _LARGEST_PHI)),
    ]
    tries = [
        minimize(
            lambda values: -likelihood(values) / likelihood.ratings,
            (0.0, *beginning),
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
        )
        for beginning in _BEGINNINGS
    ]
    m, sb2, ss2, se2, phi = map(float, min(tries, key=lambda found: found.fun).x)
    sb2 = 0.0 if sb2 < _NOUGHT else sb2
    if ss2 < _NOUGHT or phi < _NOUGHT:
        # A state that does not last is error by another name.
        return m, sb2, 0.0, ss2 + se2, 0.0
    return m, sb2, ss2, se2, phi


def _at_end(found):
    """Say of each of the five whether it lies at the end of its range."""
    _m, sb2, ss2, se2, phi = found
    near = 1 - 1e-9
    return (
        False,
        sb2 == 0 or sb2 >= near * _LARGEST_VARIANCE,
        ss2 == 0 or ss2 >= near * _LARGEST_VARIANCE,
        se2 <= LEAST_SHARE / near or se2 >= near * _LARGEST_VARIANCE,
        phi >= near * _LARGEST_PHI,
    )


def _standard_errors(likelihood, found):
    """Return the five standard errors in standard units, None where there is none.

    From the curvature over m, the logarithms of the variances, and Fisher's z
    of phi, over which the likelihood is more nearly a parabola.
    """
    free = [place for place, is_at_end in enumerate(_at_end(found)) if not is_at_end]
    if not found[2]:
        free.remove(4)
    centre = np.array([found[0], *(log(v) if v else 0.0 for v in found[1:4]), atanh(found[4])])

    def height(*moves):
        at = centre.copy()
        for place, step in moves:
            at[place] += step
        values = [at[0], *(exp(v) if f else 0.0 for v, f in zip(at[1:4], found[1:4], strict=True))]
        return likelihood([*values, tanh(at[4])])

    top = height()
    curvature = np.empty((len(free), len(free)))
    for row, one in enumerate(free):
        for column, other in enumerate(free[: row + 1]):
            if one == other:
                bend = height((one, _STEP)) + height((one, -_STEP)) - 2 * top
                curvature[row, row] = -bend / _STEP**2
            else:
                bend = sum(
                    a * b * height((one, a * _STEP), (other, b * _STEP))
                    for a in (1, -1)
                    for b in (1, -1)
                )
                curvature[row, column] = curvature[column, row] = -bend / (4 * _STEP**2)
    lengths = np.linalg.eigvalsh(curvature)
    if lengths[0] <= 1e-9 * abs(lengths[-1]):
        return (None,) * 5
    spread = np.sqrt(np.diag(np.linalg.inv(curvature)))
    slopes = (1.0, *found[1:4], 1 - found[4] ** 2)
    errors = dict(zip(free, spread, strict=True))
    return tuple(
        float(errors[place] * slopes[place]) if place in errors else None for place in range(5)
    )


def blend(fit: Fit, start: Parameters, *, reliability: float | None = None) -> Parameters:
    """Return the start values moved towards a fit, by n / (n + 30) for n clients.

    n counts the clients with five ratings or more. The mean is blended as it
    is, in points; the variances on the scale of their logarithms; phi on that
    of Fisher's z. Where state and error could not be told apart (one of them at
    the end of its range, or phi) their sum is blended, and parted as in the
    start values, with phi from there. Clients who do not seem to differ at all
    count as 1 % of the variance.

    A known `reliability` of a single rating (0 up to but not including 1; alpha
    or omega, which know only the error of the items) sets the least error:
    (1 - reliability) of the whole variance. What is added to the error is taken
    from the state, as far as it goes.

    The ceiling is the fit's. Raises ValueError for a reliability outside [0, 1)
    and for start values with a mean for each session, or without a state.
    """
    if reliability is not None and not 0 <= reliability < 1:
        raise ValueError(f"a reliability lies between 0 and 1, not at {reliability}")
    if isinstance(start.m, tuple) or not (start.sb2 > 0 and start.ss2 > 0):
        raise ValueError("start values have one mean, and three variances above zero")
    weight = fit.clients / (fit.clients + START_WEIGHT)

    def between(new, old):
        return exp(weight * log(new) + (1 - weight) * log(old))

    new = fit.parameters
    within = new.ss2 + new.se2
    sb2 = between(max(new.sb2, LEAST_SHARE * (new.sb2 + within)), start.sb2)
    if {"ss2", "se2", "phi"} & set(fit.at_end):
        ss2 = between(within, start.ss2 + start.se2) * start.ss2 / (start.ss2 + start.se2)
        se2, phi = ss2 * start.se2 / start.ss2, start.phi
    else:
        ss2, se2 = between(new.ss2, start.ss2), between(new.se2, start.se2)
        phi = tanh(weight * atanh(new.phi) + (1 - weight) * atanh(start.phi))
    if reliability is not None:
        added = max((1 - reliability) * (sb2 + ss2 + se2) - se2, 0.0)
        ss2, se2 = max(ss2 - added, 0.0), se2 + added
    m = weight * new.mean_at(1) + (1 - weight) * start.m
    return replace(new, m=m, sb2=sb2, ss2=ss2, se2=se2, phi=phi)
