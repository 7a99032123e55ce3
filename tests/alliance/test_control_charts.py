"""The control charts: the published examples, run lengths, and any series at all."""

import csv
import json
from math import inf, isfinite, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alliance.psychometrics.control_charts import (
    cusum,
    cusum_run_length,
    ewma,
    individuals_chart,
    moving_range_sd,
)

CASES = Path(__file__).resolve().parents[1] / "cases"
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"


def table(folder, name):
    """Return the columns of a case, NaN where a field is empty."""
    with (folder / name).open() as lines:
        rows = list(csv.DictReader(lines))
    return {
        column: np.array([float(row[column].removeprefix("h=") or nan) for row in rows])
        for column in rows[0]
        if column != "chart"
    }


# --- P01 to P03: the NIST/SEMATECH e-Handbook, 6.3.2 -------------------------------------


def test_the_ewma_of_the_handbook_has_its_averages_and_limits_and_is_in_control():
    series = table(CASES, "P01_ewma_nist_series.csv")
    found = ewma(series["x"], start=50, sd=2.0539, weight=0.3, k=3)
    np.testing.assert_allclose(found.average, series["ewma"], atol=1e-4)
    np.testing.assert_allclose(found.high, 52.5884, atol=1e-4)
    np.testing.assert_allclose(found.low, 47.4115, atol=1e-4)
    assert not found.outside.any()


def test_the_cumulative_sums_of_the_handbook_signal_from_the_fourteenth_group_on():
    series = table(CASES, "P02_cusum_nist_series.csv")
    found = cusum(series["x"], target=325, k=0.3175, h=4.1959)
    np.testing.assert_allclose(found.upper, series["S_hi"], atol=1e-4)
    np.testing.assert_allclose(found.lower, series["S_lo"], atol=1e-4)
    assert found.first_signal == 14
    assert (np.flatnonzero(found.signals) + 1).tolist() == list(range(14, 21))


def test_the_individuals_chart_of_the_handbook_has_its_limits_and_is_in_control():
    series = table(CASES, "P03_imr_nist_series.csv")
    found = individuals_chart(series["flowrate"])
    np.testing.assert_allclose(found.ranges, series["mr"], atol=1e-9)
    assert found.mean == pytest.approx(50.81)
    assert found.mean_range == pytest.approx(1.8778, abs=1e-4)
    assert (found.low, found.high) == pytest.approx((45.8159, 55.8041), abs=1e-4)
    assert found.highest_range == pytest.approx(6.1347, abs=1e-4)
    assert not found.outside.any()


# --- P04: run lengths of the cumulative sum (Montgomery) ---------------------------------

RUNS = table(CASES, "P04_arl_table.csv")


@pytest.mark.parametrize(
    ("h", "shift", "published"),
    list(zip(RUNS["par"], RUNS["shift"], RUNS["ARL_published"], strict=True)),
)
def test_run_lengths_are_those_of_montgomerys_table(h, shift, published):
    found = cusum_run_length(k=0.5, h=h, shift=shift)
    # The table has three figures at most.
    assert found == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize(
    ("h", "shift", "exact"),
    [
        *((4, *pair) for pair in [(0, 167.684), (0.25, 74.224), (0.5, 26.63), (0.75, 13.285)]),
        *((4, *pair) for pair in [(1, 8.383), (1.5, 4.747), (2, 3.343), (3, 2.194)]),
        *((5, *pair) for pair in [(0, 465.444), (0.25, 139.494), (0.5, 37.996), (0.75, 17.048)]),
        *((5, *pair) for pair in [(1, 10.376), (1.5, 5.747), (2, 4.009), (3, 2.573)]),
    ],
)
def test_run_lengths_are_those_of_other_software_to_its_last_figure(h, shift, exact):
    assert cusum_run_length(k=0.5, h=h, shift=shift) == pytest.approx(exact, abs=6e-4)


def test_run_lengths_are_those_of_a_simulation():
    chance = np.random.default_rng(6)
    lengths = []
    for _ in range(400):
        found = cusum(chance.normal(1, 1, 200), target=0, k=0.5, h=4)
        lengths.append(found.first_signal)
    error = np.std(lengths) / np.sqrt(400)
    assert np.mean(lengths) == pytest.approx(cusum_run_length(k=0.5, h=4, shift=1), abs=3 * error)


# --- P11: a chart of R's cusumcharter ----------------------------------------------------

if BESIDE.is_dir():

    def test_the_sums_with_a_standard_deviation_of_moving_ranges_are_the_published_ones():
        expected = json.loads((BESIDE / "P11_cusumcharter.json").read_text())["expected"]
        series = table(BESIDE, "P11_cusumcharter_series.csv")
        sd = moving_range_sd(series["x"])
        assert sd == pytest.approx(expected["mr_bar_over_1p128"], abs=1e-12)
        assert moving_range_sd(series["x"], screened=True) == pytest.approx(
            expected["std_dev"], abs=1e-5
        )
        assert 4 * sd == pytest.approx(expected["ucl"], abs=1e-6)
        found = cusum(series["x"], target=expected["target"], k=0.5 * sd, h=4 * sd)
        np.testing.assert_allclose(found.upper, series["cplus"], atol=1e-6)
        np.testing.assert_allclose(-found.lower, series["cneg"], atol=1e-6)


# --- By hand -----------------------------------------------------------------------------


def test_limits_of_the_first_averages_can_be_narrower():
    found = ewma([1.0, 1, 1], start=0, sd=1, weight=0.5, k=3, settled=False)
    np.testing.assert_allclose(found.average, [0.5, 0.75, 0.875])
    np.testing.assert_allclose(found.high, 3 * np.sqrt([0.25, 0.3125, 0.328125]))


def test_an_average_beyond_its_limits_lies_outside():
    # The limit is 3 / sqrt(3); the averages are 1.5, 2.25 and 2.625.
    assert ewma([3.0, 3, 3], start=0, sd=1, weight=0.5).outside.tolist() == [False, True, True]
    assert ewma([-3.0] * 3, start=0, sd=1, weight=0.5).outside.tolist() == [False, True, True]


def test_over_a_missing_value_averages_and_sums_stand_still_and_nothing_signals():
    average = ewma([4.0, 4, None, 4], start=0, sd=1, weight=0.5)
    assert average.average.tolist() == [2, 3, 3, 3.5]
    assert average.outside.tolist() == [True, True, False, True]
    sums = cusum([4.0, nan, 4], target=0, k=1, h=2)
    assert sums.upper.tolist() == [3, 3, 6]
    assert sums.signals.tolist() == [True, False, True]


def test_a_sum_that_never_signals_has_no_first_signal():
    assert cusum([0.0, 0], target=0, k=1, h=2).first_signal is None
    assert cusum([], target=0, k=1, h=2).first_signal is None


def test_a_sum_signals_below_as_it_does_above():
    assert cusum([-4.0], target=0, k=1, h=2.5).first_signal == 1


def test_moving_ranges_do_not_reach_over_a_missing_value():
    found = individuals_chart([1.0, 3, None, 9, 8], least=4)
    assert found.ranges.tolist() == pytest.approx([nan, 2, nan, nan, 1], nan_ok=True)
    assert found.sd == pytest.approx(1.5 / 1.128)
    assert moving_range_sd([1.0, 3, None, 9, 8]) == found.sd


def test_a_value_beyond_the_limits_lies_outside():
    found = individuals_chart([5.0, 6, 5, 6, 5, 6, 5, 6, 20, 5, 6, 5, 6])
    assert np.flatnonzero(found.outside).tolist() == [8]


def test_screening_drops_a_range_that_stands_out():
    values = [5.0, 6, 5, 6, 5, 6, 5, 6, 20]
    assert moving_range_sd(values) == pytest.approx(21 / 8 / 1.128)
    assert moving_range_sd(values, screened=True) == pytest.approx(1 / 1.128)


@pytest.mark.parametrize("values", [[], [5.0] * 7, [5.0, None] * 9, [5.0] * 7 + [None]])
def test_of_too_few_values_or_none_next_to_each_other_there_is_no_chart(values):
    assert individuals_chart(values) is None


@pytest.mark.parametrize("values", [[], [5.0], [None, 5.0, None, 4.0]])
def test_without_neighbours_there_is_no_standard_deviation(values):
    assert moving_range_sd(values) is None


def test_values_that_are_all_the_same_lie_within_limits_of_no_width():
    found = individuals_chart([0.1] * 11)
    assert found.sd == 0
    assert not found.outside.any()


def test_one_sum_takes_twice_as_long_as_two():
    one = cusum_run_length(k=0.5, h=4, two_sided=False)
    assert one == pytest.approx(2 * cusum_run_length(k=0.5, h=4))


def test_a_run_that_cannot_be_told_from_never_has_no_length():
    assert cusum_run_length(k=0.5, h=40) is None
    assert cusum_run_length(k=0.5, h=5, shift=-30, two_sided=False) is None
    assert cusum_run_length(k=1e300, h=5) is None


def test_a_shift_beyond_all_bounds_signals_at_once():
    assert cusum_run_length(k=0.5, h=5, shift=1e300) == pytest.approx(1)
    assert cusum_run_length(k=0.5, h=5, shift=-1e300) == pytest.approx(1)


@pytest.mark.parametrize(
    "options", [{"k": -1}, {"h": 0}, {"h": 51}, {"shift": inf}, {"k": nan}, {"h": nan}]
)
def test_a_run_length_of_no_sense_is_refused(options):
    with pytest.raises(ValueError, match="k is 0 or more"):
        cusum_run_length(**({"k": 0.5, "h": 4} | options))


@pytest.mark.parametrize(
    ("chart", "sentence"),
    [
        (lambda: ewma([inf], start=0, sd=1, weight=0.3), "values"),
        (lambda: ewma([1], start=nan, sd=1, weight=0.3), "start"),
        (lambda: ewma([1], start=0, sd=0, weight=0.3), "standard deviation"),
        (lambda: ewma([1], start=0, sd=1, weight=0), "weight"),
        (lambda: ewma([1], start=0, sd=1, weight=1.1), "weight"),
        (lambda: ewma([1], start=0, sd=1, weight=0.3, k=0), "standard deviations"),
        (lambda: cusum([1], target=0, k=-1, h=1), "not negative"),
        (lambda: cusum([1], target=0, k=1, h=0), "h is"),
        (lambda: cusum([1], target=inf, k=1, h=1), "target"),
        (lambda: individuals_chart([1] * 9, least=1), "two values"),
        (lambda: individuals_chart([inf]), "values"),
        (lambda: moving_range_sd([inf]), "values"),
    ],
)
def test_what_makes_no_sense_is_refused(chart, sentence):
    with pytest.raises(ValueError, match=sentence):
        chart()


# --- For any series ----------------------------------------------------------------------

anything = st.lists(st.none() | st.floats(-1e30, 1e30))
series = st.lists(st.none() | st.floats(-10, 10), max_size=40)


@given(anything, st.floats(-1e30, 1e30), st.floats(1e-60, 1e60), st.floats(0.01, 1), st.booleans())
def test_an_ewma_is_finite_and_never_signals_where_nothing_was_measured(
    values, start, sd, weight, settled
):
    found = ewma(values, start=start, sd=sd, weight=weight, settled=settled)
    for column in (found.average, found.low, found.high):
        assert len(column) == len(values) and np.isfinite(column).all()
    assert not any(found.outside[place] for place, value in enumerate(values) if value is None)


@given(series, st.floats(-10, 10), st.floats(0.01, 1))
def test_an_average_lies_among_its_start_and_the_values(values, start, weight):
    found = ewma(values, start=start, sd=1, weight=weight)
    among = [start, *(value for value in values if value is not None)]
    assert (found.average >= min(among) - 1e-9).all()
    assert (found.average <= max(among) + 1e-9).all()


@given(anything, st.floats(-1e30, 1e30), st.floats(0, 1e30), st.floats(1e-30, 1e30))
def test_cumulative_sums_are_finite_and_never_below_zero(values, target, k, h):
    found = cusum(values, target=target, k=k, h=h)
    for column in (found.upper, found.lower):
        assert np.isfinite(column).all() and (column >= 0).all()
    assert not any(found.signals[place] for place, value in enumerate(values) if value is None)


@given(series, st.floats(-5, 5), st.floats(0, 2), st.floats(0.1, 5))
def test_turned_over_the_upper_sum_is_the_lower_one(values, target, k, h):
    turned = [None if value is None else -value for value in values]
    one, other = cusum(values, target=target, k=k, h=h), cusum(turned, target=-target, k=k, h=h)
    np.testing.assert_allclose(one.upper, other.lower, atol=1e-9)
    assert (one.signals == other.signals).all()


@given(anything)
def test_an_individuals_chart_is_missing_or_finite(values):
    found = individuals_chart(values)
    if found is None:
        return
    for name in ("mean", "low", "high", "sd", "mean_range", "highest_range"):
        assert isfinite(getattr(found, name))
    assert found.low <= found.mean <= found.high
    assert not any(found.outside[place] for place, value in enumerate(values) if value is None)


@given(st.lists(st.integers(-10, 10), min_size=8), st.integers(-50, 50), st.integers(1, 20))
def test_the_points_of_the_scale_make_no_difference(values, shift, scale):
    moved = [value * scale + shift for value in values]
    here, there = individuals_chart(values), individuals_chart(moved)
    assert (here.outside == there.outside).all()
    assert there.sd == pytest.approx(here.sd * scale)
    sd = here.sd
    assume(sd > 0)
    options = {"weight": 0.3, "k": 3}
    one = ewma(values, start=0, sd=sd, **options)
    other = ewma(moved, start=shift, sd=sd * scale, **options)
    np.testing.assert_allclose(other.average, one.average * scale + shift, atol=1e-6)
    np.testing.assert_allclose(other.high, one.high * scale + shift, atol=1e-6)
    one = cusum(values, target=0, k=sd / 2, h=4 * sd)
    other = cusum(moved, target=shift, k=sd * scale / 2, h=4 * sd * scale)
    np.testing.assert_allclose(other.upper, one.upper * scale, atol=1e-6)


@given(st.floats(0, 1.5), st.floats(0.5, 6), st.floats(0, 3), st.floats(0.05, 1))
def test_runs_are_longer_for_more_slack_or_height_and_shorter_for_a_larger_shift(k, h, shift, more):
    here = cusum_run_length(k=k, h=h, shift=shift)
    assert here >= 1
    for longer in (
        cusum_run_length(k=k + more, h=h, shift=shift),
        cusum_run_length(k=k, h=h + more, shift=shift),
    ):
        assert longer is None or longer >= here * (1 - 1e-9)
    assert cusum_run_length(k=k, h=h, shift=shift + more) <= here * (1 + 1e-9)
    assert cusum_run_length(k=k, h=h, shift=-shift) == pytest.approx(here)
