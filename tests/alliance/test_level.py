"""Early alliance and slopes: a published fit, a dense check of it, and any clients at all."""

import csv
import json
from math import inf, isfinite, log, nan, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alliance.psychometrics.detector import Parameters
from alliance.psychometrics.level import (
    Growth,
    coefficients,
    early_alliance,
    fit_growth,
    reliability_of_mean,
    slope,
)

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"
# Between clients .60 of the variance, state .25, error .15: lag-1 retest .70.
RATINGS = Parameters(m=7, sb2=0.60, ss2=0.25, se2=0.15, phi=0.4)
GROWTH = Growth(
    intercept=6.0,
    slope=0.1,
    intercept_se=0.2,
    slope_se=0.02,
    mean_covariance=-0.001,
    intercept_variance=1.0,
    slope_variance=0.04,
    covariance=0.02,
    residual_variance=0.5,
    criterion=100.0,
    clients=30,
    ratings=300,
    clock="session",
)


# --- P08: how reactions slow without sleep (lme4's sleepstudy) ---------------------------

if BESIDE.is_dir():

    def sleepers():
        """Return the reaction times of each sleeper, day by day."""
        with (BESIDE / "P08_blup_sleepstudy_data.csv").open() as lines:
            days = list(csv.DictReader(lines))
        courses = {}
        for day in days:
            courses.setdefault(day["Subject"], []).append(float(day["Reaction"]))
        return courses

    def test_the_sleepers_lines_spread_as_was_published():
        expected = json.loads((BESIDE / "P08_blup_sleepstudy.json").read_text())["expected"]
        found = fit_growth(list(sleepers().values()))
        assert [found.intercept, found.slope] == pytest.approx(expected["fixef"], abs=1e-3)
        assert [found.intercept_se, found.slope_se] == pytest.approx(expected["se"], abs=1e-3)
        assert [sqrt(found.intercept_variance), sqrt(found.slope_variance)] == pytest.approx(
            expected["sd"], abs=1e-3
        )
        assert found.correlation == pytest.approx(expected["corr"], abs=1e-3)
        assert sqrt(found.residual_variance) == pytest.approx(expected["sigma"], abs=1e-3)
        assert found.criterion == pytest.approx(expected["REML"], abs=1e-3)
        assert (found.clients, found.ratings) == (18, 180)

    def test_each_sleepers_line_is_drawn_to_the_average_as_was_published():
        courses = sleepers()
        found = fit_growth(list(courses.values()))
        with (BESIDE / "P08_blup_sleepstudy_blup.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        assert len(rows) == 18
        for row in rows:
            line = coefficients(courses[row["Subject"]], found)
            assert line.intercept == pytest.approx(float(row["coef0"]), abs=1e-3)
            assert line.slope == pytest.approx(float(row["coef1"]), abs=1e-3)
            assert line.intercept - found.intercept == pytest.approx(float(row["b0"]), abs=1e-3)
            assert line.slope - found.slope == pytest.approx(float(row["b1"]), abs=1e-3)
            assert line.given_average_se == pytest.approx(
                (float(row["se0"]), float(row["se1"])), abs=1e-3
            )


# --- Early alliance ----------------------------------------------------------------------


def test_the_early_alliance_is_the_mean_of_sessions_three_to_five():
    found = early_alliance([1, 1, 6, 7, 9.5, 1, 1], RATINGS)
    assert (found.mean, found.n) == (7.5, 3)


def test_its_interval_is_as_wide_as_a_clients_ratings_vary():
    found = early_alliance([1, 1, 6, None, 9], RATINGS)
    # Two ratings two sessions apart: the state correlates by .16.
    half = 1.959964 * sqrt(0.25 * (1 + 0.16) / 2 + 0.15 / 2)
    assert (found.low, found.high) == pytest.approx((7.5 - half, 7.5 + half), abs=1e-5)
    assert found.n == 2


@pytest.mark.parametrize(
    "ratings",
    [[], [9, 9], [9, 9, 8], [9, 9, None, None, 8, 8, 8], [9, 9, 8, nan, nan], [None] * 9],
)
def test_with_fewer_than_two_of_those_sessions_rated_it_is_not_given(ratings):
    assert early_alliance(ratings, RATINGS) is None


@pytest.mark.parametrize(
    ("n", "reliability"), [(1, 0.60), (2, 0.71), (3, 0.76), (4, 0.80), (5, 0.83)]
)
def test_the_reliability_of_so_many_ratings_is_that_of_the_model(n, reliability):
    assert reliability_of_mean(range(1, n + 1), RATINGS) == pytest.approx(reliability, abs=0.005)


def test_ratings_further_apart_tell_more_about_the_level():
    assert reliability_of_mean([3, 5], RATINGS) > reliability_of_mean([3, 4], RATINGS)


def test_of_no_ratings_there_is_no_reliability():
    with pytest.raises(ValueError, match="at least one"):
        reliability_of_mean([], RATINGS)


# --- Slopes, by hand ---------------------------------------------------------------------


def test_without_a_rating_a_clients_line_is_the_average_one():
    line = coefficients([None, None], GROWTH)
    assert (line.intercept, line.slope) == (6.0, 0.1)
    assert line.given_average_se == pytest.approx((1.0, 0.2))
    assert line.slope_se == pytest.approx(sqrt(0.04 + 0.02**2))


def test_without_a_correlation_the_line_of_centred_time_is_drawn_slope_by_slope():
    # Where the intercept is known beforehand not at all, the slope is lam * own + rest.
    growth = Growth(
        **{name: getattr(GROWTH, name) for name in GROWTH.__slots__}
        | {"covariance": 0.0, "intercept_variance": 1e9, "intercept_se": 0, "slope_se": 1e-9}
        | {"mean_covariance": 0.0}
    )
    ratings = [8, 7, 5, 6, None, 3, 2, 2, 1, 0]
    found = slope(ratings, growth)
    t = np.array([0, 1, 2, 3, 5, 6, 7, 8, 9])
    spread = ((t - t.mean()) ** 2).sum()
    weight = 0.04 / (0.04 + 0.5 / spread)
    own = np.polyfit(t, [r for r in ratings if r is not None], 1)[0]
    assert found.own == pytest.approx(own)
    assert found.weight == pytest.approx(weight)
    assert found.slope == pytest.approx(weight * own + (1 - weight) * 0.1, abs=1e-6)
    assert found.se == pytest.approx(sqrt(weight * 0.5 / spread), rel=1e-5)


def test_a_slope_is_set_against_zero_and_not_against_the_average():
    rising = slope([6 + 0.1 * t for t in range(30)], GROWTH)
    assert rising.slope == pytest.approx(0.1, abs=1e-6), "just as the average client's"
    assert rising.falling < 0.05


def test_a_client_whose_ratings_fall_is_said_to_fall():
    found = slope([9 - 0.3 * t for t in range(15)], GROWTH)
    assert found.falling > 0.99
    assert found.low < found.slope < found.high < 0


def test_a_slope_is_not_shown_from_too_few_sessions():
    shown = [n for n in range(12) if slope([6.0] * n, GROWTH) is not None]
    # spread / (.5 / .04) reaches 1 with 12.5 = n (n^2 - 1) / 12: from six sessions on.
    assert shown == [6, 7, 8, 9, 10, 11]


def test_how_well_the_average_is_known_matters_less_the_more_a_client_has_rated():
    unsure = Growth(
        **{name: getattr(GROWTH, name) for name in GROWTH.__slots__}
        | {"intercept_se": 1.0, "slope_se": 1.0, "mean_covariance": 0.0}
    )
    assert coefficients([7.0], unsure).slope_se == pytest.approx(sqrt(1 + 0.04), rel=0.02)
    spread = (100**3 - 100) / 12
    assert coefficients([7.0] * 100, unsure).slope_se == pytest.approx(sqrt(0.5 / spread), rel=0.01)


def test_ratings_that_hang_together_make_a_slope_less_certain():
    ratings = [6.0, 7, 5, 6, 7, 8, 6, 9, 8, 7]
    alone, together = slope(ratings, GROWTH), slope(ratings, GROWTH, autocorrelation=0.3)
    assert together.weight < alone.weight
    assert together.se > alone.se
    assert coefficients(ratings, GROWTH, autocorrelation=0.3) != coefficients(ratings, GROWTH)


def test_a_slope_over_the_logarithm_of_sessions_is_in_those_units():
    courses = simulated(30, seed=3)
    found = fit_growth(courses, clock="log session")
    line = [5 + 2 * log(t) for t in range(1, 40)]
    assert slope(line, found).own == pytest.approx(2)


@pytest.mark.parametrize("autocorrelation", [-0.1, 1, nan])
def test_an_autocorrelation_out_of_range_is_refused(autocorrelation):
    with pytest.raises(ValueError, match="autocorrelation"):
        slope([6.0] * 9, GROWTH, autocorrelation=autocorrelation)


def test_an_unknown_clock_and_endless_ratings_are_refused():
    with pytest.raises(ValueError, match="clock"):
        fit_growth([[1, 2, 3]], clock="week")
    with pytest.raises(ValueError, match="ratings"):
        fit_growth([[1, inf, 3]])


# --- Fitting lines to many ---------------------------------------------------------------


def simulated(clients, *, seed, intercept_sd=1.0, slope_sd=0.2, missing=0.2):
    """Return courses of 1 to 19 sessions, some of them not rated."""
    chance = np.random.default_rng(seed)
    courses = []
    for n in chance.integers(1, 20, clients):
        line = chance.normal(6, intercept_sd) + chance.normal(0.1, slope_sd) * np.arange(n)
        ratings = line + chance.normal(0, 0.7, n)
        ratings[chance.random(n) < missing] = nan
        courses.append(ratings)
    return courses


def dense_criterion(courses, fit, **other):
    """Return minus twice the restricted log-likelihood, by whole covariance matrices."""
    told = {name: getattr(fit, name) for name in fit.__slots__} | other
    between = [
        [told["intercept_variance"], told["covariance"]],
        [told["covariance"], told["slope_variance"]],
    ]
    total, information, crossed, squares, n = 0.0, np.zeros((2, 2)), np.zeros(2), 0.0, 0
    for ratings in courses:
        t = np.flatnonzero(~np.isnan(ratings))
        y, design = ratings[t], np.column_stack([np.ones(len(t)), t])
        covariance = design @ between @ design.T + told["residual_variance"] * np.eye(len(t))
        inverse = np.linalg.inv(covariance)
        total += np.linalg.slogdet(covariance)[1]
        information += design.T @ inverse @ design
        crossed += design.T @ inverse @ y
        squares += y @ inverse @ y
        n += len(y)
    left = squares - crossed @ np.linalg.solve(information, crossed)
    return total + np.linalg.slogdet(information)[1] + left + (n - 2) * log(2 * pi)


@pytest.mark.parametrize("slope_sd", [0.2, 0.05, 0.0])
def test_the_fit_is_where_the_dense_likelihood_is_highest(slope_sd):
    courses = simulated(25, seed=1, slope_sd=slope_sd)
    found = fit_growth(courses)
    best = dense_criterion(courses, found)
    assert found.criterion == pytest.approx(best, abs=1e-6)
    # Whatever covariance lies near by: of a root that is moved a little.
    between = [
        [found.intercept_variance, found.covariance],
        [found.covariance, found.slope_variance],
    ]
    values, vectors = np.linalg.eigh(between)
    root = vectors * np.sqrt(np.clip(values, 0, None))

    def criterion(moves, stretch=1.0):
        (one, both), (_, other) = (root + moves) @ (root + moves).T
        near = {"intercept_variance": one, "covariance": both, "slope_variance": other}
        return dense_criterion(
            courses, found, **near, residual_variance=found.residual_variance * stretch
        )

    chance = np.random.default_rng(9)
    for size in (0.2, 0.05, 0.01):
        for _ in range(10):
            moves = size * np.array([[1], [0.1]]) * chance.normal(size=(2, 2))
            assert criterion(moves, 1 + size * chance.normal()) >= best - 1e-6
    # And there it is level in every direction.
    for moves in 1e-4 * np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]]]):
        for step in (moves, moves[::-1] / 10):
            assert criterion(step) == pytest.approx(criterion(-step), abs=1e-6)
    assert criterion(0, 1 + 1e-4) == pytest.approx(criterion(0, 1 - 1e-4), abs=1e-6)


def test_a_fit_finds_what_it_was_simulated_from():
    found = fit_growth(simulated(400, seed=2))
    assert found.intercept == pytest.approx(6, abs=4 * found.intercept_se)
    assert found.slope == pytest.approx(0.1, abs=4 * found.slope_se)
    assert sqrt(found.intercept_variance) == pytest.approx(1, rel=0.1)
    assert sqrt(found.slope_variance) == pytest.approx(0.2, rel=0.15)
    assert sqrt(found.residual_variance) == pytest.approx(0.7, rel=0.05)


def test_where_clients_slopes_do_not_differ_none_is_shown():
    # Alternating marks: each client's own line is flat, and leaves plenty over.
    courses = [[level + (-1) ** t for t in range(8)] for level in (3, 4, 6, 7, 9)]
    found = fit_growth(courses)
    assert found.slope_variance == pytest.approx(0, abs=1e-8)
    assert all(slope(course, found) is None for course in courses)


@pytest.mark.parametrize(
    "courses",
    [
        [],
        [[]] * 9,
        [[None, None, None]] * 9,
        [[5, 6, 8]] * 4,
        [[5, 6]] * 30,
        [[5, None, 8]] * 30 + [[5, 6, 8]] * 4,
        [[5, 5, 5]] * 9,
        [[5, 6, 7], [3, 5, 7], [4, 4, 4], [9, 8, 7], [1, 1.5, 2]],
    ],
)
def test_nothing_is_fitted_to_too_little_or_to_lines_without_scatter(courses):
    assert fit_growth(courses) is None


def test_one_or_two_ratings_of_a_client_count_for_what_they_say():
    courses = simulated(25, seed=1)
    here, there = fit_growth(courses), fit_growth([*courses, [2.0], [2.0, 2.5]])
    assert (there.clients, there.ratings) == (here.clients + 2, here.ratings + 3)
    assert there.intercept < here.intercept


# --- For any clients ---------------------------------------------------------------------

marks = st.one_of(st.none(), st.floats(0, 10))
courses = st.lists(st.lists(marks, max_size=15), min_size=6, max_size=15)


@given(
    st.lists(st.none() | st.floats(-1e30, 1e30), max_size=9),
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1e6),
    st.floats(-0.99, 0.99),
)
def test_an_early_alliance_is_missing_or_finite_with_its_mean_inside(ratings, sb2, ss2, se2, phi):
    found = early_alliance(ratings, Parameters(m=0, sb2=sb2, ss2=ss2, se2=se2, phi=phi))
    rated = [rating for rating in ratings[2:5] if rating is not None]
    assert (found is None) == (len(rated) < 2)
    if found is not None:
        assert all(isfinite(value) for value in found)
        assert found.low <= found.mean <= found.high
        assert 0 < found.reliability < 1
        assert found.n == len(rated)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.none() | st.floats(-1e30, 1e30), max_size=12), max_size=12))
def test_whatever_the_ratings_a_fit_is_missing_or_finite(courses):
    found = fit_growth(courses)
    if found is None:
        return
    assert all(isfinite(getattr(found, name)) for name in found.__slots__ if name != "clock")
    assert min(found.intercept_variance, found.slope_variance) >= 0 < found.residual_variance
    assert found.correlation is None or -1 <= found.correlation <= 1
    for course in courses:
        line, shown = coefficients(course, found), slope(course, found)
        assert all(isfinite(value) for value in (*line[:4], *line.given_average_se))
        assert shown is None or all(isfinite(value) for value in shown)
        assert shown is None or (0.5 <= shown.weight <= 1 and 0 <= shown.falling <= 1)


def fits_firmly(courses):
    """Return the fit, where the ratings settle it well; else leave the example."""
    found = fit_growth(courses)
    assume(found is not None)
    assume(found.residual_variance > 1e-3)
    return found


@settings(max_examples=30, deadline=None)
@given(courses, st.integers(-50, 50), st.integers(1, 20))
def test_the_points_in_which_a_measure_counts_make_no_difference(courses, shift, scale):
    here = fits_firmly(courses)
    there = fit_growth(
        [[None if m is None else m * scale + shift for m in course] for course in courses]
    )
    moved = here.criterion + 2 * (here.ratings - 2) * log(scale)
    assert there.criterion == pytest.approx(moved, abs=1e-4)
    assert there.intercept == pytest.approx(here.intercept * scale + shift, abs=0.02 * scale)
    assert there.slope == pytest.approx(here.slope * scale, abs=0.01 * scale)


@settings(max_examples=30, deadline=None)
@given(courses, st.randoms())
def test_the_order_of_the_clients_makes_no_difference(courses, chance):
    here = fits_firmly(courses)
    chance.shuffle(courses)
    there = fit_growth(courses)
    assert there.criterion == pytest.approx(here.criterion, abs=1e-4)
    assert there.intercept == pytest.approx(here.intercept, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(courses)
def test_sessions_without_a_rating_at_the_end_change_nothing(courses):
    here = fits_firmly(courses)
    assert fit_growth([[*course, None, None] for course in courses]) == here
    assert all(
        slope([*course, nan], here) == slope(course, here)
        and coefficients([*course, None], here) == coefficients(course, here)
        for course in courses
    )


@given(st.lists(marks, min_size=3, max_size=20), st.integers(-20, 20))
def test_moving_a_client_and_the_average_alike_moves_the_intercept_and_no_slope(ratings, by):
    moved = Growth(
        **{name: getattr(GROWTH, name) for name in GROWTH.__slots__}
        | {"intercept": GROWTH.intercept + by}
    )
    here = coefficients(ratings, GROWTH)
    there = coefficients([None if m is None else m + by for m in ratings], moved)
    assert there.slope == pytest.approx(here.slope, abs=1e-9)
    assert there.intercept == pytest.approx(here.intercept + by, abs=1e-9)
    assert there[2:] == here[2:]


@given(st.lists(marks, max_size=20), st.floats(0, 10))
def test_the_average_known_one_more_rating_never_makes_a_line_less_certain(ratings, one_more):
    before, after = coefficients(ratings, GROWTH), coefficients([*ratings, one_more], GROWTH)
    for less, more in zip(after.given_average_se, before.given_average_se, strict=True):
        assert less <= more + 1e-9
