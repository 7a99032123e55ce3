"""Estimating how ratings vary: by dense arithmetic, by recovery, and for any series."""

from dataclasses import astuple, fields, replace
from math import atanh, exp, inf, isfinite, log, nan, sqrt, tanh

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from alliance.psychometrics.detector import Parameters, detect_many
from alliance.psychometrics.fitting import (
    Errors,
    Fit,
    as_rows,
    blend,
    clients_with_enough,
    fit_parameters,
    start_values,
)
from alliance.psychometrics.likelihood import Likelihood

TRUE = Parameters(m=36, sb2=9.6, ss2=4.0, se2=2.4, phi=0.4)
NAMES = [field.name for field in fields(Errors)]
START = start_values(m=32, lowest=0, highest=40)


def courses(clients, sessions, parameters, *, seed, missing=0.1, ceiling=None):
    """Draw courses of five sessions up to `sessions` from the model itself."""
    dice = np.random.default_rng(seed)
    u = dice.normal(0, sqrt(parameters.sb2), clients)
    s = dice.normal(0, sqrt(parameters.ss2), clients)
    lengths = dice.integers(5, sessions + 1, clients)
    ratings = np.full((clients, sessions), nan)
    for place in range(sessions):
        if place:
            step = sqrt(parameters.ss2 * (1 - parameters.phi**2))
            s = parameters.phi * s + dice.normal(0, step, clients)
        y = parameters.m + u + s + dice.normal(0, sqrt(parameters.se2), clients)
        if ceiling is not None:
            y = np.minimum(y, ceiling)
        rated = (place < lengths) & (dice.random(clients) >= missing)
        ratings[:, place] = np.where(rated, y, nan)
    return ratings


def five(parameters):
    return [getattr(parameters, name) for name in NAMES]


def covariance(held, parameters):
    """Return the covariance of ratings at so many sessions in a row."""
    lags = np.abs(np.subtract.outer(np.arange(held), np.arange(held)))
    within = parameters.ss2 * parameters.phi**lags
    return parameters.sb2 + within + parameters.se2 * np.eye(held)


def dense(rows, parameters):
    """Return the log-likelihood by one multivariate normal density for each series."""
    total = 0.0
    for row in rows:
        rated = np.flatnonzero(~np.isnan(row))
        if rated.size:
            around = covariance(len(row), parameters)[np.ix_(rated, rated)]
            total += multivariate_normal(np.full(rated.size, parameters.m), around).logpdf(
                row[rated]
            )
    return total


# --- The likelihood ---


@pytest.mark.parametrize(
    "parameters",
    [TRUE, replace(TRUE, phi=-0.7), replace(TRUE, ss2=0.0), replace(TRUE, sb2=0.0)],
)
def test_the_likelihood_is_that_of_a_dense_multivariate_normal_with_ratings_missing(parameters):
    rows = courses(30, 8, TRUE, seed=1, missing=0.3)
    rows[0] = nan
    assert Likelihood(rows)(five(parameters)) == pytest.approx(dense(rows, parameters), rel=1e-10)


def test_a_mark_at_the_ceiling_has_the_probability_of_at_least_so_much():
    """Exact as long as nothing follows it in its series."""
    rows = np.array([[40.0, nan, nan], [36.0, nan, 40.0], [35.0, 37.0, 39.5]])
    around = covariance(3, TRUE)
    reach = around[2, 0] / around[0, 0]
    predicted, variance = 36 + reach * (36 - 36), around[2, 2] - reach * around[0, 2]
    told = (
        norm(36, 4).logsf(39.6)
        + norm(36, 4).logpdf(36)
        + norm(predicted, sqrt(variance)).logsf(39.6)
        + dense(rows[2:], TRUE)
    )
    assert Likelihood(rows, 39.6)(five(TRUE)) == pytest.approx(told, rel=1e-10)


@pytest.mark.parametrize("ceiling", [None, 40.0, 36.0])
def test_the_likelihood_is_that_of_the_detector(ceiling):
    rows = courses(50, 12, TRUE, seed=2, ceiling=40)
    told = detect_many(rows, replace(TRUE, ceiling=ceiling)).loglik.sum()
    assert Likelihood(rows, ceiling)(five(TRUE)) == pytest.approx(told, rel=1e-12)


# --- Recovery ---


def test_the_numbers_that_made_the_series_are_found_again():
    fit = fit_parameters(courses(400, 20, TRUE, seed=3))
    for name in NAMES:
        estimate, error = getattr(fit.parameters, name), getattr(fit.errors, name)
        assert abs(estimate - getattr(TRUE, name)) < 3 * error, name
    assert fit.errors.m == pytest.approx(sqrt(9.6 / 400), rel=0.2)
    assert fit.parameters.sb2 == pytest.approx(9.6, rel=0.2)
    assert fit.parameters.ss2 + fit.parameters.se2 == pytest.approx(6.4, rel=0.05)
    assert fit.at_end == ()


def test_with_a_ceiling_the_numbers_below_it_are_found_again():
    rows = courses(400, 12, replace(TRUE, m=37), seed=4, ceiling=40)
    assert np.mean(rows[~np.isnan(rows)] >= 40) > 0.2
    fit, plain = fit_parameters(rows, ceiling=40), fit_parameters(rows)
    assert fit.parameters.ceiling == 40
    assert plain.parameters.ceiling is None
    assert abs(fit.parameters.m - 37) < 3 * fit.errors.m
    assert abs(fit.parameters.sb2 - 9.6) < 3 * fit.errors.sb2
    assert plain.parameters.m < 37 - 3 * plain.errors.m
    assert plain.parameters.sb2 < 9.6 - 3 * plain.errors.sb2


@pytest.mark.parametrize("phi", [0.4, 0.8])
def test_the_standard_errors_are_about_as_large_as_the_estimates_vary(phi):
    true = replace(TRUE, phi=phi)
    fits = [fit_parameters(courses(300, 20, true, seed=seed)) for seed in range(16)]
    inner = [fit for fit in fits if not fit.at_end]
    assert len(inner) > 12
    for name in NAMES:
        estimates = [getattr(fit.parameters, name) for fit in inner]
        told = np.median([getattr(fit.errors, name) for fit in inner])
        assert 0.65 < told / np.std(estimates) < 1.5, name


def test_clients_who_do_not_differ_are_seen_not_to():
    alike = replace(TRUE, sb2=0.0, ss2=2.0)
    fits = [fit_parameters(courses(60, 12, alike, seed=seed)) for seed in range(8)]
    assert any(fit.parameters.sb2 == 0 for fit in fits)
    for fit in fits:
        assert fit.parameters.sb2 < 1
        assert (fit.parameters.sb2 == 0) == ("sb2" in fit.at_end) == (fit.errors.sb2 is None)


def test_where_nothing_lasts_from_one_session_to_the_next_there_is_no_state():
    still = replace(TRUE, ss2=0.0)
    fits = [fit_parameters(courses(60, 12, still, seed=seed)) for seed in range(8)]
    without = [fit for fit in fits if fit.parameters.ss2 == 0]
    assert without
    for fit in without:
        assert fit.parameters.phi == 0
        assert fit.errors.phi is None
        assert fit.errors.ss2 is None
        assert fit.parameters.se2 == pytest.approx(2.4, rel=0.3)
        assert "ss2" in fit.at_end


# --- What a fit says of itself, and what it needs ---


def test_a_fit_tells_how_likely_and_from_how_much():
    rows = courses(40, 10, TRUE, seed=5)
    rows[0, 4:] = nan
    fit = fit_parameters(rows)
    assert fit.loglik == pytest.approx(detect_many(rows, fit.parameters).loglik.sum())
    assert fit.loglik > detect_many(rows, TRUE).loglik.sum()
    assert fit.ratings == np.sum(~np.isnan(rows))
    assert fit.clients == clients_with_enough(rows) == np.sum(np.sum(~np.isnan(rows), axis=1) >= 5)


def test_with_a_ceiling_the_likelihood_is_told_in_the_measures_own_points():
    rows = courses(60, 10, TRUE, seed=6, ceiling=38)
    fit = fit_parameters(rows, ceiling=38)
    assert fit.loglik == pytest.approx(detect_many(rows, fit.parameters).loglik.sum())


def test_thirty_clients_with_five_ratings_are_enough_and_twenty_nine_too_few():
    rows = courses(30, 6, TRUE, seed=7, missing=0)
    assert fit_parameters(rows) is not None
    rows[3, 4:] = nan
    assert clients_with_enough(rows) == 29
    assert fit_parameters(rows) is None
    assert fit_parameters(np.full((0, 0), nan)) is None


def test_ratings_that_are_all_the_same_say_nothing():
    assert fit_parameters(np.full((40, 6), 7.0)) is None


def test_a_ceiling_that_few_ratings_reach_is_left_out():
    rows = courses(60, 10, TRUE, seed=8)
    top = np.nanquantile(rows, 0.95)
    assert fit_parameters(rows, ceiling=float(top)).parameters.ceiling is None
    top = np.nanquantile(rows, 0.85)
    assert fit_parameters(rows, ceiling=float(top)).parameters.ceiling == top


def test_series_of_different_lengths_become_rows_with_gaps():
    rows = as_rows([[1.0, None], [], [2.0, 3.0, 4.0]])
    assert rows.shape == (3, 3)
    assert np.isnan(rows).tolist() == [[False, True, True], [True] * 3, [False] * 3]
    assert as_rows([]).shape == (0, 0)


@pytest.mark.parametrize("rows", [np.zeros(5), np.full((40, 6), inf), np.full((40, 6), 1e101)])
def test_what_is_no_table_of_ratings_is_refused(rows):
    with pytest.raises(ValueError, match="rating"):
        fit_parameters(rows)


@pytest.mark.parametrize("ceiling", [nan, inf])
def test_a_ceiling_that_is_no_number_is_refused(ceiling):
    with pytest.raises(ValueError, match="ceiling"):
        fit_parameters(courses(30, 6, TRUE, seed=7), ceiling=ceiling)


# --- Start values, and the blend with a fit ---


def test_a_new_measure_begins_with_half_of_its_variance_between_clients():
    """15 % of 40 points is a standard deviation of 6."""
    assert astuple(START) == pytest.approx((32, 18, 10.8, 7.2, 0.4, None))
    told = start_values(m=8, lowest=0, highest=10, sd=2, ceiling=9.9)
    assert astuple(told) == pytest.approx((8, 2, 1.2, 0.8, 0.4, 9.9))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lowest": 10, "highest": 10, "m": 10}, "no range"),
        ({"lowest": 0, "highest": inf, "m": 10}, "no range"),
        ({"lowest": 0, "highest": 10, "m": 11}, "the mean lies within"),
        ({"lowest": 0, "highest": 10, "m": nan}, "the mean lies within"),
        ({"lowest": 0, "highest": 10, "m": 5, "sd": 0}, "standard deviation"),
        ({"lowest": 0, "highest": 10, "m": 5, "sd": nan}, "standard deviation"),
    ],
)
def test_start_values_that_make_no_sense_are_refused(values, words):
    with pytest.raises(ValueError, match=words):
        start_values(**values)


def fit_of(clients=90, at_end=(), **values):
    return Fit(replace(TRUE, **values), Errors(), -1.0, clients, 1000, at_end)


def test_ninety_clients_count_three_times_as_much_as_the_start_values():
    blended = blend(fit_of(), START)
    assert blended.m == pytest.approx(0.75 * 36 + 0.25 * 32)
    for name in ("sb2", "ss2", "se2"):
        told = exp(0.75 * log(getattr(TRUE, name)) + 0.25 * log(getattr(START, name)))
        assert getattr(blended, name) == pytest.approx(told)
    varied = blend(fit_of(phi=0.8), START)
    assert varied.phi == pytest.approx(tanh(0.75 * atanh(0.8) + 0.25 * atanh(0.4)))


def test_a_fit_equal_to_the_start_values_changes_nothing():
    blended = blend(replace(fit_of(), parameters=START), START)
    assert five(blended) == pytest.approx(five(START))


def test_where_state_and_error_could_not_be_told_apart_only_their_sum_moves():
    for fit in (
        fit_of(ss2=0.0, se2=6.4, phi=0.0, at_end=("ss2",)),
        fit_of(ss2=6.24, se2=0.16, at_end=("se2",)),
        fit_of(phi=0.95, at_end=("phi",)),
    ):
        blended = blend(fit, START)
        assert blended.ss2 + blended.se2 == pytest.approx(6.4**0.75 * 18**0.25)
        assert blended.ss2 / blended.se2 == pytest.approx(1.5)
        assert blended.phi == pytest.approx(0.4)


def test_clients_who_do_not_differ_enter_a_blend_with_a_hundredth_of_the_variance():
    blended = blend(fit_of(sb2=0.0, at_end=("sb2",)), START)
    assert blended.sb2 == pytest.approx(0.064**0.75 * 18**0.25)


def test_a_known_reliability_sets_the_least_error_and_the_state_gives_way():
    free, held = blend(fit_of(), START), blend(fit_of(), START, reliability=0.7)
    whole = free.sb2 + free.ss2 + free.se2
    assert held.se2 == pytest.approx(0.3 * whole)
    assert held.ss2 + held.se2 == pytest.approx(free.ss2 + free.se2)
    assert blend(fit_of(), START, reliability=0.95) == free
    none_left = blend(fit_of(), START, reliability=0.1)
    assert none_left.ss2 == 0
    assert none_left.se2 == pytest.approx(0.9 * whole)


def test_a_blend_has_the_ceiling_of_the_fit():
    assert blend(fit_of(ceiling=39.6), START).ceiling == 39.6
    assert blend(fit_of(), replace(START, ceiling=39.6)).ceiling is None


@pytest.mark.parametrize("reliability", [-0.1, 1.0, nan])
def test_a_reliability_outside_its_range_is_refused(reliability):
    with pytest.raises(ValueError, match="reliability"):
        blend(fit_of(), START, reliability=reliability)


@pytest.mark.parametrize("values", [{"m": (1.0, 2.0)}, {"sb2": 0.0}, {"ss2": 0.0}])
def test_start_values_that_cannot_be_blended_are_refused(values):
    with pytest.raises(ValueError, match="start values"):
        blend(fit_of(), replace(START, **values))


# --- For any series ---


@st.composite
def tables(draw):
    """Draw thirty to fifty clients' ratings, as odd as hypothesis likes them."""
    clients, sessions = draw(st.integers(30, 50)), draw(st.integers(5, 9))
    kinds = draw(st.sampled_from([[0.0, 10.0], [7.0, 7.5, 8.0], list(range(11)), None]))
    dice = np.random.default_rng(draw(st.integers(0, 10**6)))
    shape = (clients, sessions)
    return dice.normal(7, 2, shape) if kinds is None else dice.choice(np.array(kinds, float), shape)


@settings(max_examples=30, deadline=None)
@given(tables(), st.none() | st.floats(7, 10))
def test_a_fit_is_made_of_numbers_and_no_start_is_likelier(rows, ceiling):
    fit = fit_parameters(rows, ceiling=ceiling)
    assert all(isfinite(value) for value in (*five(fit.parameters), fit.loglik))
    assert all(error is None or (isfinite(error) and error > 0) for error in astuple(fit.errors))
    start = start_values(m=7, lowest=0, highest=10, sd=2, ceiling=fit.parameters.ceiling)
    assert fit.loglik >= detect_many(rows, start).loglik.sum() - 1e-6
    blended = blend(fit, start, reliability=0.8)
    assert all(isfinite(value) for value in five(blended))
    assert blended.se2 >= 0.2 * (blended.sb2 + blended.ss2 + blended.se2) - 1e-9


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.floats(-50, 50), st.floats(0.1, 20))
def test_the_points_of_the_scale_make_no_difference_to_a_fit(seed, shift, factor):
    rows = courses(60, 12, TRUE, seed=seed)
    fit, elsewhere = fit_parameters(rows), fit_parameters(rows * factor + shift)
    scales = (1, factor**2, factor**2, factor**2, 1)
    for name, scale in zip(NAMES, scales, strict=True):
        told = getattr(fit.parameters, name) * scale
        told = told * factor + shift if name == "m" else told
        assert getattr(elsewhere.parameters, name) == pytest.approx(
            told, rel=0.01, abs=0.01 * scale
        )
    assert elsewhere.loglik == pytest.approx(fit.loglik - fit.ratings * log(factor), abs=1e-4)
