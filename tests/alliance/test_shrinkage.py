"""Drawing units towards their mean: published studies, closed forms, and any units at all."""

import csv
import json
from math import inf, isfinite, nan, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alliance.psychometrics.shrinkage import (
    RELIABILITY_FLOOR,
    between_variance,
    clients_needed,
    dispersion,
    funnel,
    funnel_limits,
    ratio_scores,
    shrink,
    therapist_means,
)

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"
METHODS = ["reml", "pm", "dl", "ml"]
# Coaching for a test in eight schools (Rubin, 1981): effects and standard errors.
SCHOOLS = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
# Dyestuff2 (Box & Tiao, 1973): six batches that differ by less than chance would have it.
DYESTUFF2 = {
    "A": [7.298, 3.846, 2.434, 9.566, 7.990],
    "B": [5.220, 6.556, 0.608, 11.788, -0.892],
    "C": [0.110, 10.386, 13.434, 5.510, 8.166],
    "D": [2.212, 4.852, 7.092, 9.288, 4.980],
    "E": [0.282, 9.014, 4.458, 9.446, 7.198],
    "F": [1.722, 4.782, 8.106, 0.758, 3.758],
}


# --- P09: nineteen studies of what teachers expect (Raudenbush and Bryk, 1985) -----------

if BESIDE.is_dir():

    def studies():
        """Return the published table, column by column."""
        with (BESIDE / "P09_eb_known_se_table.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}

    def published():
        return json.loads((BESIDE / "P09_eb_known_se.json").read_text())["expected"]

    @pytest.mark.parametrize("method", METHODS)
    def test_the_nineteen_studies_differ_as_was_published(method):
        table, expected = studies(), published()[method.upper()]
        found = shrink(table["yi"], table["vi"], method=method)
        assert found.tau2 == pytest.approx(expected["tau2"], abs=1e-4)
        assert found.mu == pytest.approx(expected["mu"], abs=1e-4)
        if "se" in expected:
            assert found.mu_se == pytest.approx(expected["se"], abs=1e-4)

    def test_the_nineteen_studies_are_shrunken_as_was_published():
        table = studies()
        found = shrink(table["yi"], table["vi"])
        np.testing.assert_allclose(found.shrunken, published()["eb_REML"], atol=1e-4)
        np.testing.assert_allclose(found.shrunken, table["eb"], atol=1e-4)
        np.testing.assert_allclose(found.standard_error, table["eb_se"], atol=1e-4)
        np.testing.assert_allclose(found.low, table["pi_lb"], atol=2e-4)
        np.testing.assert_allclose(found.high, table["pi_ub"], atol=2e-4)

    # --- P14: a funnel of ratios ---------------------------------------------------------

    def test_the_scores_and_the_dispersion_of_a_funnel_of_ratios_are_the_published_ones():
        expected = json.loads((BESIDE / "P14_funnel.json").read_text())["expected"]
        with (BESIDE / "P14_funnel_table.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        z = ratio_scores(
            [float(row["observed"]) for row in rows], [float(row["expected"]) for row in rows]
        )
        np.testing.assert_allclose(z, expected["z"], atol=1e-6)
        np.testing.assert_allclose(z, [float(row["z_log"]) for row in rows], atol=1e-12)
        assert dispersion(z) == pytest.approx(expected["phi_unwinsorised"], abs=1e-6)


# --- Nothing between units ---------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_eight_schools_do_not_differ_and_all_get_the_same(method):
    effects, errors = SCHOOLS
    found = shrink(effects, np.square(errors), method=method)
    assert found.tau2 == 0
    assert found.mu == pytest.approx(7.6856, abs=1e-4)
    assert found.mu_se == pytest.approx(4.0719, abs=1e-4)
    np.testing.assert_array_equal(found.shrunken, [found.mu] * 8)
    np.testing.assert_allclose(found.standard_error, found.mu_se)
    assert not found.reliable.any()


@pytest.mark.parametrize("method", METHODS)
def test_the_batches_of_dyestuff2_do_not_differ(method):
    names = [name for name, batch in DYESTUFF2.items() for _ in batch]
    values = [value for batch in DYESTUFF2.values() for value in batch]
    batches = therapist_means(names, values, [1e-9] * 30)
    found = shrink(batches.means, batches.variances, method=method)
    assert found.tau2 == 0
    assert found.mu == pytest.approx(5.6656)


# --- By hand -----------------------------------------------------------------------------


def test_estimates_known_equally_well_have_closed_forms():
    y, v = [1.0, 3.0, 8.0], [2.0, 2.0, 2.0]  # Their variance is 13.
    for method, tau2 in {"reml": 11, "pm": 11, "dl": 11, "ml": 26 / 3 - 2}.items():
        assert between_variance(y, v, method=method) == pytest.approx(tau2)
    found = shrink(y, v)
    np.testing.assert_allclose(found.weights, 11 / 13)
    np.testing.assert_allclose(found.shrunken, 4 + 11 / 13 * (np.array(y) - 4))
    assert found.mu_se == pytest.approx(sqrt(13 / 3))
    np.testing.assert_allclose(
        found.standard_error, sqrt(11 / 13 * 2 + (2 / 13) ** 2 * found.mu_se**2)
    )


@pytest.mark.parametrize(("apart", "variance"), [(9.0, 10.0), (12.0, 30.0)])
def test_of_two_summits_of_the_likelihood_the_higher_one_is_taken(apart, variance):
    # Two units well known and close; two badly known, and far from them.
    y, v = np.array([0.0, 0.1, apart, -apart]), np.array([1e-3, 1e-3, variance, variance])
    tau2 = between_variance(y, v, method="reml")

    def height(tau2):
        u = v + tau2
        mu = (y / u).sum() / (1 / u).sum()
        return -0.5 * (np.log(u).sum() + np.log((1 / u).sum()) + ((y - mu) ** 2 / u).sum())

    everywhere = [0.0, *np.geomspace(1e-6, 300, 4000)]
    heights = np.array([height(one) for one in everywhere])
    summits = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    assert summits.sum() == 2
    assert height(tau2) >= heights.max()


def test_a_unit_that_is_missing_stays_missing_and_counts_for_nothing():
    whole = shrink([1.0, 3.0, 8.0], [2.0, 1.0, 2.0])
    holed = shrink([1.0, None, 3.0, 8.0, 4.0], [2.0, 2.0, 1.0, 2.0, nan])
    np.testing.assert_array_equal(holed.shrunken[[0, 2, 3]], whole.shrunken)
    for column in (holed.shrunken, holed.weights, holed.low, holed.high, holed.standard_error):
        assert np.isnan(column[[1, 4]]).all()
    assert not holed.reliable[[1, 4]].any()


@pytest.mark.parametrize(("y", "v"), [([], []), ([3.0], [1.0]), ([3.0, None], [1.0, 1.0])])
def test_of_fewer_than_two_units_nothing_is_said(y, v):
    assert shrink(y, v) is None


def test_of_fewer_than_two_units_there_is_no_variance_between():
    with pytest.raises(ValueError, match="two of them"):
        between_variance([3.0], [1.0])


def test_a_unit_may_be_ranked_from_a_weight_of_seven_tenths():
    found = shrink([0.0, 0.0, 10.0, 10.0], [1.0, 20.0, 1.0, 20.0])
    assert found.reliable.tolist() == [weight >= 0.7 for weight in found.weights]
    assert found.reliable.tolist() == [True, False, True, False]
    assert RELIABILITY_FLOOR == 0.7


@pytest.mark.parametrize(("share", "clients"), [(0.03, 76), (0.05, 45), (0.09, 24)])
def test_so_many_clients_are_needed_before_a_therapist_may_be_ranked(share, clients):
    assert clients_needed(share) == clients
    for n, is_enough in ((clients, True), (clients - 1, False)):
        assert (n * share / (1 + (n - 1) * share) >= 0.7) == is_enough


@pytest.mark.parametrize("share", [0, 1, -0.1, nan, 1e-5])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        clients_needed(share)


def test_a_therapists_mean_is_as_uncertain_as_their_clients_differ_and_are_known():
    found = therapist_means("aabbbb", [4, 6, 1, 2, 3, None], [0.1, 0.3, 0.1, 0.2, 0.3, 0.2])
    assert found.therapists == ("a", "b")
    assert found.means.tolist() == [5, 2]
    assert found.clients.tolist() == [2, 3]
    # Squares within: 2 + 2; the clients' own variances explain 1 * .2 + 2 * .2 of them.
    assert found.omega2 == pytest.approx((4 - 0.6) / 3)
    np.testing.assert_allclose(found.variances, (found.omega2 + 0.2) / np.array([2, 3]))


def test_the_variance_between_a_therapists_clients_can_be_given():
    found = therapist_means("ab", [4.0, 6.0], [0.1, 0.3], omega2=0.5)
    np.testing.assert_allclose(found.variances, [0.6, 0.8])


def test_it_is_never_negative():
    assert therapist_means("aab", [4.0, 4.1, 6.0], [1.0, 1.0, 1.0]).omega2 == 0


def test_without_two_clients_of_one_therapist_their_differences_are_not_made_up():
    assert therapist_means("abc", [4.0, 6.0, 1.0], [0.1] * 3) is None


def test_a_therapist_without_any_known_client_stays_missing():
    found = therapist_means("aabb", [4.0, 6.0, None, None], [0.1] * 4)
    assert found.clients.tolist() == [2, 0]
    assert np.isnan(found.means[1]) and np.isnan(found.variances[1])


@pytest.mark.parametrize(("coverage", "z"), [(0.95, 1.959964), (0.998, 3.090232)])
def test_a_funnels_limits_are_so_many_standard_errors_from_the_mean(coverage, z):
    low, high = funnel_limits([4.0, 1.0], mu=5, coverage=coverage)
    np.testing.assert_allclose(high, [5 + 2 * z, 5 + z], atol=1e-5)
    np.testing.assert_allclose(low, [5 - 2 * z, 5 - z], atol=1e-5)


def test_a_funnel_for_more_than_chance_allows_for_what_lies_between_units():
    _, high = funnel_limits([4.0], mu=5, tau2=5)
    assert high == pytest.approx(5 + 3 * 1.959964, abs=1e-5)


def test_a_funnel_says_who_lies_outside_and_how_many_would_by_chance():
    found = funnel([0.0, 1.9, 2.0, -2.0, None], [1.0] * 5, mu=0)
    assert found.outside.tolist() == [False, False, True, True, False]
    assert found.expected == pytest.approx(0.05 * 4)


def test_nought_observed_has_no_score():
    assert np.isnan(ratio_scores([0, None], [3, 3])).all()


def test_scores_that_are_not_there_have_no_dispersion():
    assert dispersion([None]) is None


@pytest.mark.parametrize(
    ("y", "v", "sentence"),
    [
        ([1, 2], [1, 0], "above zero"),
        ([1, 2], [1, -1], "above zero"),
        ([1, 2], [1, inf], "variances"),
        ([1, inf], [1, 1], "estimates"),
        ([1, 2, 3], [1, 1], "one length"),
        ([[1, 2]], [[1, 1]], "plain series"),
    ],
)
def test_what_makes_no_sense_is_refused(y, v, sentence):
    with pytest.raises(ValueError, match=sentence):
        shrink(y, v)


def test_an_unknown_method_and_a_negative_variance_are_refused():
    with pytest.raises(ValueError, match="reml, pm, dl, ml"):
        shrink([1, 2], [1, 1], method="he")
    with pytest.raises(ValueError, match="not negative"):
        funnel_limits([1], mu=0, tau2=-1)
    with pytest.raises(ValueError, match="not negative"):
        therapist_means("a", [1], [1], omega2=-1)
    with pytest.raises(ValueError, match="not negative"):
        ratio_scores([-1], [1])
    with pytest.raises(ValueError, match="each client"):
        therapist_means("a", [1, 2], [1, 1])


# --- For any units -----------------------------------------------------------------------

units = st.lists(
    st.tuples(st.floats(-10, 10), st.floats(0.01, 10)), min_size=2, max_size=15
).filter(lambda units: np.ptp([y for y, _ in units]) > 0.01)
methods = st.sampled_from(METHODS)


def parted(units):
    y, v = zip(*units, strict=True)
    return np.array(y), np.array(v)


@given(
    st.lists(st.tuples(st.none() | st.floats(-1e30, 1e30), st.floats(1e-60, 1e60))),
    methods,
    st.floats(0.001, 0.999),
)
def test_every_finite_unit_has_finite_figures_and_a_missing_one_none(units, method, coverage):
    y, v = [y for y, _ in units], [v for _, v in units]
    found = shrink(y, v, method=method, coverage=coverage)
    assert (found is None) == (sum(one is not None for one in y) < 2)
    if found is None:
        return
    assert isfinite(found.tau2) and found.tau2 >= 0
    assert isfinite(found.mu) and isfinite(found.mu_se) and found.mu_se > 0
    for column in (found.weights, found.shrunken, found.standard_error, found.low, found.high):
        assert [isfinite(value) for value in column] == [one is not None for one in y]
    is_known = ~np.isnan(found.shrunken)
    assert (found.low <= found.shrunken)[is_known].all()
    assert (found.shrunken <= found.high)[is_known].all()


@given(units, methods)
def test_a_shrunken_estimate_lies_between_its_own_and_the_mean(units, method):
    y, v = parted(units)
    found = shrink(y, v, method=method)
    assert (found.shrunken >= np.minimum(y, found.mu) - 1e-9).all()
    assert (found.shrunken <= np.maximum(y, found.mu) + 1e-9).all()
    assert ((found.weights >= 0) & (found.weights < 1)).all()
    assert y.min() - 1e-9 <= found.mu <= y.max() + 1e-9


@given(units, methods)
def test_who_is_known_less_is_drawn_more(units, method):
    y, v = parted(units)
    found = shrink(y, v, method=method)
    assert (np.diff(found.weights[np.argsort(v)]) <= 0).all()


@given(units, methods, st.floats(-100, 100), st.floats(0.1, 50))
def test_the_points_in_which_units_are_measured_make_no_difference(units, method, shift, scale):
    y, v = parted(units)
    here, there = (
        shrink(y, v, method=method),
        shrink(y * scale + shift, v * scale**2, method=method),
    )
    assert there.tau2 == pytest.approx(here.tau2 * scale**2, rel=1e-5, abs=1e-7 * scale**2)
    np.testing.assert_allclose(
        there.shrunken, here.shrunken * scale + shift, rtol=1e-5, atol=1e-5 * scale
    )
    np.testing.assert_allclose(there.standard_error, here.standard_error * scale, rtol=1e-4)


@given(units, methods, st.randoms())
def test_the_order_of_the_units_makes_no_difference(units, method, chance):
    y, v = parted(units)
    places = list(range(len(y)))
    chance.shuffle(places)
    here, there = shrink(y, v, method=method), shrink(y[places], v[places], method=method)
    np.testing.assert_allclose(there.shrunken, here.shrunken[places], atol=1e-6)


@given(units)
def test_no_other_variance_between_has_a_higher_restricted_likelihood(units):
    y, v = parted(units)

    def height(tau2):
        u = v + tau2
        mu = (y / u).sum() / (1 / u).sum()
        return -0.5 * (np.log(u).sum() + np.log((1 / u).sum()) + ((y - mu) ** 2 / u).sum())

    best = height(between_variance(y, v, method="reml"))
    assert best >= max(height(tau2) for tau2 in [0.0, *np.geomspace(1e-6, 400, 60)]) - 1e-9


@given(units)
def test_by_paule_and_mandel_what_remains_is_just_what_chance_would_leave(units):
    y, v = parted(units)
    found = shrink(y, v, method="pm")
    left = ((y - found.mu) ** 2 / (v + found.tau2)).sum()
    if found.tau2:
        assert left == pytest.approx(len(y) - 1, rel=1e-6)
    else:
        assert left <= len(y) - 1 + 1e-9


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=12), st.floats(0.01, 5))
def test_units_known_equally_well_differ_by_what_chance_leaves_over(y, v):
    assume(abs(np.var(y, ddof=1) - v) > 1e-6)
    expected = max(0.0, np.var(y, ddof=1) - v)
    for method in ("reml", "pm", "dl"):
        found = between_variance(y, [v] * len(y), method=method)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.floats(-10, 10), st.floats(0.01, 5)))
)
def test_therapists_means_have_what_is_needed_to_shrink_them(clients):
    whose, y, v = ([client[place] for client in clients] for place in range(3))
    found = therapist_means(whose, y, v, omega2=0.5)
    for at, name in enumerate(found.therapists):
        mine = [one for of, one in zip(whose, y, strict=True) if of == name and one is not None]
        assert found.clients[at] == len(mine)
        assert found.means[at] == pytest.approx(np.mean(mine) if mine else nan, nan_ok=True)
        assert not mine or found.variances[at] >= 0.5 / len(mine)
    assert len(found.means) == len(set(whose))


@given(units, st.floats(0.5, 0.99), st.floats(0, 5))
def test_a_funnel_is_wider_for_more_coverage_and_for_what_lies_between(units, coverage, tau2):
    y, v = parted(units)
    plain = funnel(y, v, mu=0.0, coverage=coverage)
    for wider in (
        funnel(y, v, mu=0.0, coverage=0.998),
        funnel(y, v, mu=0.0, coverage=coverage, tau2=tau2),
    ):
        assert (wider.high >= plain.high).all() and (wider.low <= plain.low).all()
        assert wider.outside.sum() <= plain.outside.sum()
