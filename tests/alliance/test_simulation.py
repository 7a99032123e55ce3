"""Invented courses: their moments are those of the model, and each scenario departs in one way."""

from dataclasses import replace
from math import nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.psychometrics.detector import Parameters
from alliance.psychometrics.simulation import (
    REFERENCE,
    SCENARIOS,
    Scenario,
    dip,
    draw,
    drift,
    random_dips,
    step,
    u_shape,
)

MANY = 20_000
SIGMA_W = sqrt(REFERENCE.ss2 + REFERENCE.se2)


def courses(name, *, many=MANY, sessions=20, seed=1, assumed=REFERENCE):
    return draw(
        SCENARIOS[name],
        assumed,
        courses=many,
        sessions=sessions,
        generator=np.random.default_rng(seed),
    )


def correlation(one, other):
    return float(np.corrcoef(one, other)[0, 1])


# --- The model ---------------------------------------------------------------------------


def test_undisturbed_ratings_have_the_mean_and_the_variance_of_the_model():
    y = courses("gauss").ratings()
    assert y.mean(axis=0) == pytest.approx(36, abs=0.15)
    assert y.var(axis=0) == pytest.approx(4.5**2, rel=0.04)


@pytest.mark.parametrize(("apart", "expected"), [(1, 0.70), (2, 0.64), (3, 0.616), (10, 0.60)])
def test_ratings_so_many_sessions_apart_correlate_as_the_model_says(apart, expected):
    """.60 of the variance between clients, and .25 phi^k of the state."""
    y = courses("gauss").ratings()
    found = [correlation(y[:, t], y[:, t + apart]) for t in range(20 - apart)]
    assert np.mean(found) == pytest.approx(expected, abs=0.01)
    assert found[0] == pytest.approx(found[-1], abs=0.03)


def test_level_and_state_have_their_shares_of_the_variance_and_the_rest_is_error():
    drawn = courses("gauss")
    assert drawn.level.var() == pytest.approx(REFERENCE.sb2, rel=0.04)
    assert drawn.state.var() == pytest.approx(REFERENCE.ss2, rel=0.03)
    error = drawn.latent - 36 - drawn.level - drawn.state
    assert error.var() == pytest.approx(REFERENCE.se2, rel=0.02)
    assert correlation(error[:, 0], error[:, 1]) == pytest.approx(0, abs=0.03)
    assert correlation(drawn.state[:, 0], drawn.state[:, 1]) == pytest.approx(0.4, abs=0.03)


def test_the_within_client_sd_of_the_reference_is_2_85_points():
    assert courses("gauss", many=2).sigma_w == pytest.approx(2.85, abs=0.005)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(SCENARIOS)))
def test_a_seed_gives_the_same_courses_again_and_another_seed_gives_others(seed, name):
    one, same, other = (
        courses(name, many=3, sessions=4, seed=chosen).ratings()
        for chosen in (seed, seed, seed + 1)
    )
    assert np.array_equal(one, same, equal_nan=True)
    assert not np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize(("many", "sessions"), [(0, 5), (5, 0), (-1, 5)])
def test_no_courses_or_no_sessions_are_refused(many, sessions):
    with pytest.raises(ValueError, match="at least one course"):
        courses("gauss", many=many, sessions=sessions)


def test_means_by_session_are_those_of_the_parameters():
    assumed = replace(REFERENCE, m=(20.0, 30.0, 40.0))
    means = courses("gauss", sessions=5, assumed=assumed).ratings().mean(axis=0)
    assert means == pytest.approx([20, 30, 40, 40, 40], abs=0.15)


# --- The scenarios -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "ceiling"])
def test_no_scenario_but_the_ceiling_changes_the_variance_at_the_first_session(name):
    assert courses(name).latent[:, 0].var() == pytest.approx(4.5**2, rel=0.05)


@pytest.mark.parametrize(
    ("name", "share"), [("between .40", 0.40), ("between .50", 0.50), ("between .75", 0.75)]
)
def test_a_wrong_share_between_clients_is_the_correlation_of_distant_ratings(name, share):
    y = courses(name).ratings()
    assert correlation(y[:, 0], y[:, -1]) == pytest.approx(share, abs=0.02)


def test_a_wrong_phi_shows_in_neighbouring_ratings():
    y = courses("phi .65").ratings()
    found = np.mean([correlation(y[:, t], y[:, t + 1]) for t in range(19)])
    assert found == pytest.approx(0.60 + 0.25 * 0.65, abs=0.01)


@pytest.mark.parametrize("name", ["between .40", "between .75", "phi .65", "heavy tails"])
def test_where_parameters_are_wrong_the_detector_is_told_what_was_assumed(name):
    assert SCENARIOS[name].told(REFERENCE) == REFERENCE


def within_client_sds(name):
    y = courses(name).latent
    return (y - y.mean(axis=1, keepdims=True)).std(axis=1)


def test_clients_of_the_heterogeneous_scenario_differ_in_variability_by_a_factor():
    """Spread of log SD: .4 of their own, and what 20 ratings vary by chance, as in gauss."""
    own = (
        np.log(within_client_sds("heterogeneous")).var() - np.log(within_client_sds("gauss")).var()
    )
    assert sqrt(own) == pytest.approx(0.4, abs=0.02)


def test_heavy_tails_bring_more_ratings_that_are_far_out():
    far = {}
    for name in ("gauss", "heavy tails"):
        y = courses(name).latent
        far[name] = (np.abs(y - y.mean(axis=1, keepdims=True)) > 3.5 * SIGMA_W).mean()
    assert far["heavy tails"] > 4 * far["gauss"] > 0


def test_growth_is_one_within_client_sd_over_twenty_sessions_and_then_ends():
    y = courses("growth", sessions=25).latent
    gain = y - y[:, :1]
    assert gain[:, 19].mean() == pytest.approx(SIGMA_W, abs=0.1)
    assert gain[:, 24].mean() == pytest.approx(SIGMA_W, abs=0.1)


def test_growth_differs_between_clients():
    ends = {name: courses(name).latent[:, 19].var() for name in ("gauss", "growth")}
    assert ends["growth"] - ends["gauss"] == pytest.approx((0.5 * SIGMA_W) ** 2, rel=0.4)


def test_the_detector_is_told_of_growth_in_one_scenario_only():
    told = SCENARIOS["growth"].told(REFERENCE)
    assert told.mean_at(1) == 36
    assert told.mean_at(20) == pytest.approx(36 + SIGMA_W)
    assert SCENARIOS["unknown growth"].told(REFERENCE) == REFERENCE


def test_at_the_ceiling_46_in_100_ratings_are_at_or_near_the_maximum():
    drawn, told = courses("ceiling"), SCENARIOS["ceiling"].told(REFERENCE)
    y = drawn.ratings()
    assert y.max() == drawn.maximum == pytest.approx(36.9)
    assert (y >= told.ceiling).mean() == pytest.approx(0.463, abs=0.01)
    # A rating "at or near" is one of the maximum and the four steps below it.
    assert sorted(set(np.round(y[y >= told.ceiling], 6))) == pytest.approx(
        [36.5, 36.6, 36.7, 36.8, 36.9]
    )


def test_marks_of_a_scale_that_ends_are_whole_steps():
    drawn = courses("ceiling", many=500)
    steps = (drawn.maximum - drawn.ratings()) / drawn.step
    assert steps == pytest.approx(np.round(steps), abs=1e-6)
    assert drawn.step == pytest.approx(0.1)


def test_a_quarter_of_sessions_goes_unrated_whatever_was_felt():
    drawn = courses("missing")
    missing = np.isnan(drawn.ratings())
    assert missing.mean() == pytest.approx(0.25, abs=0.005)
    assert correlation(missing.ravel(), drawn.latent.ravel()) == pytest.approx(0, abs=0.01)
    assert correlation(missing[:, 3], missing[:, 4]) == pytest.approx(0, abs=0.03)


def test_each_scenario_says_what_it_draws():
    assert all(len(scenario.words) > 40 for scenario in SCENARIOS.values())


# --- Disturbances ------------------------------------------------------------------------


def test_disturbances_have_their_shapes():
    assert dip(5, at=3, size=2).tolist() == [0, 0, -2, 0, 0]
    assert step(5, start=3, size=2).tolist() == [0, 0, -2, -2, -2]
    assert drift(7, start=2, size=2).tolist() == [0, -0.5, -1, -1.5, -2, -2, -2]
    assert u_shape(6, start=2, size=2) == pytest.approx([0, -sqrt(2), -2, -sqrt(2), 0, 0])


def test_a_disturbance_that_outlasts_the_course_is_cut_off():
    assert u_shape(3, start=3, size=2) == pytest.approx([0, 0, -sqrt(2)])
    assert drift(3, start=2, size=2, over=8) == pytest.approx([0, -0.25, -0.5])


@pytest.mark.parametrize("session", [0, 6, -1])
@pytest.mark.parametrize("shape", [step, drift, u_shape])
def test_a_disturbance_at_no_session_is_refused(session, shape):
    with pytest.raises(ValueError, match="no session"):
        dip(5, at=session, size=2)
    with pytest.raises(ValueError, match="no session"):
        shape(5, start=session, size=2)


def test_a_disturbance_of_no_length_is_refused():
    with pytest.raises(ValueError, match="one session at least"):
        drift(5, start=2, size=1, over=0)


@given(st.integers(2, 12), st.floats(0, 5), st.data())
def test_a_dip_moves_one_session_by_so_many_within_client_sds_and_no_other(sessions, size, data):
    at = data.draw(st.integers(1, sessions))
    drawn = courses("gauss", many=2, sessions=sessions)
    moved = drawn.ratings() - drawn.ratings(dip(sessions, at=at, size=size))
    assert moved[:, at - 1] == pytest.approx(size * drawn.sigma_w)
    assert np.count_nonzero(np.delete(moved, at - 1, axis=1)) == 0


def test_a_missing_rating_stays_missing_under_a_disturbance():
    drawn = courses("missing", many=50)
    assert np.array_equal(np.isnan(drawn.ratings(-2.0)), ~drawn.rated)


def test_a_disturbance_comes_before_the_scale_ends():
    """Someone far above the maximum may drop and still stand at it."""
    drawn = courses("ceiling", many=2_000)
    dropped = drawn.ratings(-1.0)
    is_far_above = drawn.latent > drawn.maximum + drawn.sigma_w
    assert is_far_above.any()
    assert dropped[is_far_above] == pytest.approx(drawn.maximum)


def test_random_dips_come_as_often_as_asked_for():
    dips = random_dips(5_000, 20, share=0.06, generator=np.random.default_rng(1))
    assert dips.shape == (5_000, 20)
    assert dips.mean() == pytest.approx(0.06, abs=0.003)


@pytest.mark.parametrize("share", [-0.1, 1.1, nan])
def test_a_share_of_dips_outside_nought_to_one_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        random_dips(1, 1, share=share, generator=np.random.default_rng(1))


@given(
    st.floats(0, 10),
    st.floats(0.01, 10),
    st.floats(0.01, 10),
    st.floats(0, 0.99),
)
def test_the_total_variance_stays_whatever_share_lies_between_clients(sb2, ss2, se2, between):
    assumed = Parameters(m=5, sb2=sb2, ss2=ss2, se2=se2, phi=0.4)
    truth = Scenario("A share of its own.", between=between).truth(assumed)
    total = sb2 + ss2 + se2
    assert truth.sb2 + truth.ss2 + truth.se2 == pytest.approx(total)
    assert truth.sb2 == pytest.approx(between * total)
    assert truth.ss2 * se2 == pytest.approx(truth.se2 * ss2)
