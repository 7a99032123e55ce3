"""The smoothed course: against published figures and other arithmetic, then for any series."""

import csv
import json
import warnings
from dataclasses import replace
from math import inf, log, nan, pi
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from alliance.psychometrics.detector import Parameters, detect, detect_many
from alliance.psychometrics.smoother import (
    ENOUGH_TO_FIT,
    fit_local_level,
    smooth,
    smooth_local_level,
)

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"
PARAMETERS = Parameters(m=36, sb2=9.6, ss2=4.0, se2=2.4, phi=0.4)
RATINGS = [36.2, 37.1, None, 40.0, 31.0, None, None, 37.4, 36.0]


def nile():
    """Return the hundred years of the Nile's flow that statsmodels carries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Its own imports warn; what it computes is ours to check.
        from statsmodels.datasets import nile as dataset

        return [float(flow) for flow in dataset.load_pandas().data["volume"]]


def statsmodels_local_level(ratings, obs_var, level_var):
    """Return level, variance and log-likelihood by statsmodels, from an exact diffuse start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        series = np.array([nan if y is None else y for y in ratings])
        model = UnobservedComponents(series, "llevel", use_exact_diffuse=True)
        found = model.smooth([obs_var, level_var])
    return found.smoothed_state[0], found.smoothed_state_cov[0, 0], found.llf


def conditioned(ratings, parameters):
    """Return level, variance and log-likelihood by conditioning one large normal vector."""
    held = len(ratings)
    lags = np.abs(np.subtract.outer(np.arange(held), np.arange(held)))
    level = parameters.sb2 + parameters.ss2 * parameters.phi**lags
    mean = np.array([parameters.mean_at(place + 1) for place in range(held)])
    rated = [place for place, y in enumerate(ratings) if y is not None]
    y = np.array([ratings[place] for place in rated])
    around = (level + parameters.se2 * np.eye(held))[np.ix_(rated, rated)]
    reach = level[:, rated] @ np.linalg.inv(around)
    return (
        mean + reach @ (y - mean[rated]),
        np.diag(level - reach @ level[rated, :]),
        multivariate_normal(mean[rated], around).logpdf(y),
    )


# --- Figures that others worked out ---

if BESIDE.is_dir():
    P07 = json.loads((BESIDE / "P07_local_level_nile.json").read_text())["expected"]
    with (BESIDE / "P07_local_level_nile_series.csv").open() as lines:
        NILE_ROWS = list(csv.DictReader(lines))

    def test_the_nile_of_statsmodels_is_that_of_p07():
        assert nile() == [float(row["flow"]) for row in NILE_ROWS]

    def test_the_variances_of_the_nile_are_those_of_p07():
        fitted = fit_local_level(nile())
        assert fitted.obs_var == pytest.approx(P07["ML_exact"]["eps"], rel=1e-5)
        assert fitted.level_var == pytest.approx(P07["ML_exact"]["eta"], rel=1e-5)
        assert fitted.loglik == pytest.approx(P07["loglik_diffuse"], abs=5e-5)

    def test_the_smoothed_nile_is_that_of_p07_in_each_of_a_hundred_years():
        smoothed = smooth_local_level(nile(), obs_var=15099, level_var=1469.1)
        for name, found in (("smoothed", smoothed.level), ("smoothed_var", smoothed.variance)):
            assert found == pytest.approx([float(row[name]) for row in NILE_ROWS], abs=1e-8)
        assert smoothed.level[:5] == pytest.approx(P07["smoothed_first5"], abs=1e-4)
        assert smoothed.variance[:5] == pytest.approx(P07["smoothed_var_first5"], abs=1e-4)
        assert smoothed.level[-5:] == pytest.approx(P07["smoothed_last5"], abs=1e-4)
        assert smoothed.loglik == pytest.approx(P07["loglik_diffuse"], abs=5e-5)

    def test_the_nile_with_forty_years_missing_is_that_of_p07():
        gone = {*range(21, 41), *range(61, 81)}
        flows = [None if year in gone else flow for year, flow in enumerate(nile(), 1)]
        smoothed = smooth_local_level(flows, obs_var=15099, level_var=1469.1)
        for name, found in (
            ("smoothed_missing", smoothed.level),
            ("smoothed_missing_var", smoothed.variance),
        ):
            assert found == pytest.approx([float(row[name]) for row in NILE_ROWS], abs=1e-8)
        told = P07["missing_21_40_61_80"]
        places = [place - 1 for place in told["i"]]
        assert smoothed.level[places] == pytest.approx(told["a"], abs=1e-4)
        assert smoothed.variance[places] == pytest.approx(told["V"], abs=1e-4)


def test_the_nile_has_its_published_variances():
    """Durbin & Koopman (2012), ch. 2: 15,099 and 1,469.1; log-likelihood -632.5456."""
    fitted = fit_local_level(nile())
    assert fitted.obs_var == pytest.approx(15099, abs=1)
    assert fitted.level_var == pytest.approx(1469.1, abs=0.1)
    assert fitted.loglik == pytest.approx(-632.5456, abs=5e-5)
    held = fit_local_level(nile(), obs_var=15099)
    assert held.obs_var == 15099
    assert held.level_var == pytest.approx(1469.1, abs=0.1)


@pytest.mark.parametrize("level_var", [0.0, 1.0, 1469.1, 1e6])
def test_the_local_level_is_that_of_statsmodels_from_an_exact_diffuse_start(level_var):
    """Also with years missing at both ends and between; it counts one log(2 pi) more than we do."""
    flows: list[float | None] = list(nile()[:40])
    for place in (0, 1, 7, 8, 9, 20, 39):
        flows[place] = None
    level, variance, loglik = statsmodels_local_level(flows, 15099, level_var)
    smoothed = smooth_local_level(flows, obs_var=15099, level_var=level_var)
    assert smoothed.level == pytest.approx(level, rel=1e-8)
    assert smoothed.variance == pytest.approx(variance, rel=1e-6)
    assert smoothed.loglik == pytest.approx(loglik + 0.5 * log(2 * pi), abs=1e-6)


def test_the_detectors_model_is_smoothed_as_by_conditioning_one_large_normal_vector():
    for varied in (
        PARAMETERS,
        replace(PARAMETERS, phi=-0.6),
        replace(PARAMETERS, m=(34.0, 35.0, 36.5)),
        replace(PARAMETERS, ss2=0.0),
        replace(PARAMETERS, sb2=0.0),
    ):
        level, variance, loglik = conditioned(RATINGS, varied)
        smoothed = smooth(RATINGS, varied)
        assert smoothed.level == pytest.approx(level, abs=1e-9)
        assert smoothed.variance == pytest.approx(variance, abs=1e-9)
        assert smoothed.loglik == pytest.approx(loglik, abs=1e-9)


def test_smoothing_is_the_recursion_of_rauch_tung_and_striebel():
    """Written with the inverse that the recursion in use does without; at the ceiling too."""
    varied = replace(PARAMETERS, ceiling=37.0)
    forward = []
    a, P = np.zeros(2), np.diag([9.6, 4.0])
    moves, stirs = np.diag([1.0, 0.4]), np.diag([0.0, 4.0 * (1 - 0.16)])
    for place, (y, finding) in enumerate(zip(RATINGS, detect(RATINGS, varied), strict=True)):
        if place:
            a, P = moves @ a, moves @ P @ moves + stirs
        predicted = (a, P)
        if y is not None:
            gain, spread = P.sum(axis=1), P.sum()
            # The finding tells what the rating did to the level; the rest follows from it.
            a = a + gain * (finding.th - 36 - a.sum()) / spread
            P = P - np.outer(gain, gain) * (spread - finding.Vth) / spread**2
        forward.append((*predicted, a, P))
    level, variance = forward[-1][2], forward[-1][3]
    told = [(36 + level.sum(), variance.sum())]
    for (_a, _P, a, P), (ahead_a, ahead_P, _a2, _P2) in zip(
        reversed(forward[:-1]), reversed(forward[1:]), strict=True
    ):
        back = P @ moves @ np.linalg.inv(ahead_P)
        level = a + back @ (level - ahead_a)
        variance = P + back @ (variance - ahead_P) @ back.T
        told.insert(0, (36 + level.sum(), variance.sum()))
    smoothed = smooth(RATINGS, varied)
    assert smoothed.level == pytest.approx([level for level, _variance in told], abs=1e-9)
    assert smoothed.variance == pytest.approx([variance for _level, variance in told], abs=1e-9)


# --- By hand, and what is refused ---


def test_without_any_rating_the_level_is_the_mean_over_clients():
    smoothed = smooth([None, None], PARAMETERS)
    assert list(smoothed.level) == [36, 36]
    assert smoothed.variance == pytest.approx([13.6, 13.6])
    assert smoothed.loglik == 0


def test_without_any_rating_the_local_level_is_silent():
    assert smooth_local_level([None, None], obs_var=1, level_var=1) is None
    assert smooth_local_level([], obs_var=1, level_var=1) is None


def test_a_series_without_sessions_has_no_levels():
    assert smooth([], PARAMETERS).level.shape == (0,)


def test_before_the_first_and_after_the_last_rating_the_local_level_stays_and_its_variance_grows():
    smoothed = smooth_local_level([None, None, 5.0, None], obs_var=2, level_var=3)
    assert list(smoothed.level) == [5, 5, 5, 5]
    assert list(smoothed.variance) == [8, 5, 2, 5]


def test_the_variance_between_two_ratings_is_that_of_their_mean():
    smoothed = smooth_local_level([4.0, None, 8.0], obs_var=0, level_var=1)
    assert list(smoothed.level) == pytest.approx([4, 6, 8])
    assert list(smoothed.variance) == pytest.approx([0, 0.5, 0])


def test_a_level_that_does_not_move_is_the_mean_of_all_ratings():
    smoothed = smooth_local_level([4.0, 5.0, None, 9.0], obs_var=3, level_var=0)
    assert list(smoothed.level) == pytest.approx([6] * 4)
    assert list(smoothed.variance) == pytest.approx([1] * 4)


def test_eleven_ratings_are_too_few_to_fit_and_a_dozen_enough():
    ratings = [float(place % 3) for place in range(ENOUGH_TO_FIT)]
    assert fit_local_level([*ratings[1:], None, None]) is None
    assert fit_local_level([*ratings[1:]], obs_var=1) is None
    assert fit_local_level([None, *ratings, None]) is not None


def test_ratings_that_are_all_the_same_tell_no_variance():
    assert fit_local_level([7.0] * 20) is None


def test_ratings_that_only_swing_to_and_fro_show_no_movement_of_the_level():
    fitted = fit_local_level([1.0, -1.0] * 10)
    assert fitted.level_var == 0
    assert fit_local_level([1.0, -1.0] * 10, obs_var=1.0).level_var == 0


def test_ratings_that_only_slide_show_no_error_of_measurement():
    assert fit_local_level([float(place**2) for place in range(20)]).obs_var == 0


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e101])
def test_a_rating_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="a rating is a number"):
        smooth([5.0, value], PARAMETERS)
    with pytest.raises(ValueError, match="a rating is a number"):
        smooth_local_level([5.0, value], obs_var=1, level_var=1)
    with pytest.raises(ValueError, match="a rating is a number"):
        fit_local_level([5.0, value])


@pytest.mark.parametrize("value", [nan, inf, -1.0])
def test_a_variance_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="variance"):
        smooth_local_level([5.0], obs_var=value, level_var=1)
    with pytest.raises(ValueError, match="variance"):
        smooth_local_level([5.0], obs_var=1, level_var=value)
    with pytest.raises(ValueError, match="above zero"):
        fit_local_level([5.0], obs_var=value)


def test_a_world_without_variance_is_refused():
    with pytest.raises(ValueError, match="one of the two"):
        smooth_local_level([5.0], obs_var=0, level_var=0)


# --- For any series ---

series = st.lists(st.none() | st.floats(0, 10), max_size=40)
variances = st.floats(1e-3, 10)


@st.composite
def parameters(draw):
    return Parameters(
        m=draw(st.floats(0, 10)),
        sb2=draw(st.just(0.0) | variances),
        ss2=draw(st.just(0.0) | variances),
        se2=draw(variances),
        phi=draw(st.floats(-0.95, 0.95)),
        ceiling=draw(st.none() | st.floats(7, 10)),
    )


@given(series.filter(bool), parameters())
def test_at_the_last_session_the_smoother_is_the_filter(ratings, varied):
    smoothed, last = smooth(ratings, varied), detect(ratings, varied)[-1]
    assert smoothed.level[-1] == pytest.approx(last.th, abs=1e-8)
    assert smoothed.variance[-1] == pytest.approx(last.Vth, abs=1e-8)


@given(series, parameters())
def test_later_ratings_never_make_a_level_less_certain_without_a_ceiling(ratings, varied):
    plain = replace(varied, ceiling=None)
    for variance, finding in zip(
        smooth(ratings, plain).variance, detect(ratings, plain), strict=True
    ):
        assert 0 <= variance <= finding.Vth + 1e-9


@given(series, parameters())
def test_a_level_is_a_number_for_each_held_session_rated_or_not(ratings, varied):
    smoothed = smooth(ratings, varied)
    assert smoothed.level.shape == smoothed.variance.shape == (len(ratings),)
    assert np.isfinite(smoothed.level).all()
    assert np.isfinite(smoothed.variance).all()
    assert (smoothed.variance >= 0).all()


@given(
    st.lists(st.none() | st.floats(-1e15, 1e15), max_size=12),
    st.lists(st.floats(1e-15, 1e15), min_size=3, max_size=3),
    st.none() | st.floats(-1e15, 1e15),
)
def test_variances_as_far_apart_as_can_be_still_give_numbers(ratings, spreads, ceiling):
    sb2, ss2, se2 = spreads
    odd = Parameters(m=0.0, sb2=sb2, ss2=ss2, se2=se2, phi=0.5, ceiling=ceiling)
    smoothed = smooth(ratings, odd)
    assert np.isfinite(smoothed.level).all()
    assert np.isfinite(smoothed.variance).all()
    assert np.isfinite(smoothed.loglik)


@given(series.filter(bool), parameters())
def test_the_log_likelihood_is_that_of_the_detector(ratings, varied):
    row = np.array([[nan if y is None else y for y in ratings]])
    told = detect_many(row, varied).loglik[0]
    assert smooth(ratings, varied).loglik == pytest.approx(told, rel=1e-9, abs=1e-9)


@given(series, parameters(), st.floats(-100, 100), st.floats(0.1, 50))
def test_the_points_of_the_scale_make_no_difference_to_the_detectors_model(
    ratings, varied, shift, factor
):
    smoothed = smooth(ratings, replace(varied, ceiling=None))
    elsewhere = smooth(
        [None if y is None else y * factor + shift for y in ratings],
        Parameters(
            m=varied.m * factor + shift,
            sb2=varied.sb2 * factor**2,
            ss2=varied.ss2 * factor**2,
            se2=varied.se2 * factor**2,
            phi=varied.phi,
        ),
    )
    assert elsewhere.level == pytest.approx(smoothed.level * factor + shift, rel=1e-7, abs=1e-7)
    assert elsewhere.variance == pytest.approx(smoothed.variance * factor**2, rel=1e-6, abs=1e-9)


@given(series, parameters())
def test_a_session_that_was_not_rated_changes_no_other_level_than_by_its_time(ratings, varied):
    """Two unrated sessions at the end leave the smoothed levels before them as they were."""
    before, after = smooth(ratings, varied), smooth([*ratings, None, None], varied)
    assert after.level[: len(ratings)] == pytest.approx(before.level, abs=1e-12)
    assert after.variance[: len(ratings)] == pytest.approx(before.variance, abs=1e-12)


@given(series, variances, variances, st.floats(-100, 100), st.floats(0.1, 50))
def test_the_local_level_shifts_and_stretches_with_the_ratings(
    ratings, obs_var, level_var, shift, factor
):
    smoothed = smooth_local_level(ratings, obs_var=obs_var, level_var=level_var)
    elsewhere = smooth_local_level(
        [None if y is None else y * factor + shift for y in ratings],
        obs_var=obs_var * factor**2,
        level_var=level_var * factor**2,
    )
    if smoothed is None:
        assert elsewhere is None
        return
    assert np.isfinite(smoothed.level).all()
    assert (smoothed.variance >= 0).all()
    assert elsewhere.level == pytest.approx(smoothed.level * factor + shift, rel=1e-7, abs=1e-7)
    assert elsewhere.variance == pytest.approx(smoothed.variance * factor**2, rel=1e-6, abs=1e-9)


@given(series.filter(lambda ratings: any(y is not None for y in ratings)), variances, variances)
def test_the_local_level_lies_within_the_range_of_the_ratings(ratings, obs_var, level_var):
    rated = [y for y in ratings if y is not None]
    level = smooth_local_level(ratings, obs_var=obs_var, level_var=level_var).level
    assert min(rated) - 1e-9 <= level.min()
    assert level.max() <= max(rated) + 1e-9


@settings(max_examples=25)
@given(st.lists(st.none() | st.floats(0, 10), min_size=12, max_size=40), variances, variances)
def test_no_other_variances_make_the_ratings_likelier_than_the_fitted_ones(
    ratings, obs_var, level_var
):
    fitted = fit_local_level(ratings)
    if fitted is None:
        return
    other = smooth_local_level(ratings, obs_var=obs_var, level_var=level_var).loglik
    assert fitted.loglik >= other - 1e-6
    held = fit_local_level(ratings, obs_var=obs_var)
    assert held.loglik >= other - 1e-6
    assert held.loglik <= fitted.loglik + 1e-6
