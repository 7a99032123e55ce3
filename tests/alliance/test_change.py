"""Reliable change: the published example, a published trial, and any pairs at all."""

import csv
from math import inf, isfinite, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alliance.psychometrics.change import (
    Category,
    Sample,
    assess_changes,
    choose_cutoff,
    cutoff_a,
    cutoff_b,
    cutoff_c,
    regression_adjusted_index,
    reliable_change_index,
    standard_error_of_difference,
    standard_error_of_measurement,
)

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"
RECOVERED, IMPROVED, UNCHANGED, DETERIORATED = Category
CLINICAL, FUNCTIONAL = Sample(40, 7.5), Sample(60, 7.5)


def counted(changes, among=None):
    """Return how many improved, stayed as they were, and deteriorated."""
    counts = changes.counts(among)
    return [counts[category] for category in (IMPROVED, UNCHANGED, DETERIORATED)]


# --- P06: the example of Jacobson and Truax, 1991 ----------------------------------------


def test_the_standard_errors_are_those_of_jacobson_and_truax():
    assert standard_error_of_measurement(7.5, 0.8) == pytest.approx(3.3541019662496843)
    assert standard_error_of_difference(7.5, 0.8) == pytest.approx(4.743416490252569)


def test_the_index_is_that_of_jacobson_and_truax():
    index = reliable_change_index(32.5, 47.5, sd=7.5, reliability=0.8)
    assert index == pytest.approx(3.162277660168379)


def test_the_three_cut_offs_are_those_of_jacobson_and_truax():
    assert cutoff_a(CLINICAL, better="higher") == ("a", 55)
    assert cutoff_b(FUNCTIONAL, better="higher") == ("b", 45)
    assert cutoff_c(CLINICAL, FUNCTIONAL) == ("c", 50)


# --- P05: a trial with the HAM-D (Claus, Scherbaum and Bonnet, 2020) ---------------------

if BESIDE.is_dir():

    def hamd():
        """Return the trial's published indices, and each patient's group and marks."""
        with (BESIDE / "P05_rci_claus2020_hamd_long.csv").open() as lines:
            long = list(csv.DictReader(lines))
        with (BESIDE / "P05_rci_claus2020_hamd_wide.csv").open() as lines:
            indices = {row["id"]: float(row["rci_jt"]) for row in csv.DictReader(lines)}
        patients = {}
        for row in long:
            patient = patients.setdefault(row["id"], {"group": row["treatment"]})
            patient[row["time"]] = float(row["hamd"]) if row["hamd"] else None
        return indices, patients

    def assessed(**options):
        _, patients = hamd()
        return assess_changes(
            [patient["1"] for patient in patients.values()],
            [patient["4"] for patient in patients.values()],
            reliability=0.8,
            better="lower",
            **options,
        )

    def test_the_indices_of_the_hamd_trial_are_the_published_ones():
        indices, patients = hamd()
        found = assessed()
        assert found.sd == pytest.approx(3.340121, abs=1e-6)
        assert found.standard_error == pytest.approx(2.112478, abs=1e-6)
        assert found.missing == 3
        for patient, index in zip(patients, found.index, strict=True):
            assert index == pytest.approx(indices.get(patient, nan), abs=1e-6, nan_ok=True)

    @pytest.mark.parametrize(("method", "counts"), [("jt", [29, 10, 1]), ("en", [32, 5, 3])])
    def test_as_many_of_the_hamd_trial_improved_as_was_published(method, counts):
        assert counted(assessed(method=method)) == counts

    @pytest.mark.parametrize(("group", "counts"), [("TAU", [9, 9, 1]), ("PA", [20, 1, 0])])
    def test_so_they_did_in_each_group_of_the_hamd_trial(group, counts):
        _, patients = hamd()
        among = [patient["group"] == group for patient in patients.values()]
        assert counted(assessed(), among) == counts

    def test_most_who_improved_in_the_hamd_trial_recovered_by_the_cut_off_between_the_samples():
        clinical = Sample(float(np.mean([p["1"] for p in hamd()[1].values() if p["4"]])), 3.340121)
        border = choose_cutoff(clinical=clinical, functional=Sample(8, 8), better="lower")
        assert border.kind == "c"
        counts = assessed(cutoff=border.value).counts()
        assert list(counts.values()) == [26, 3, 10, 1]


# --- By hand -----------------------------------------------------------------------------


def test_the_adjusted_index_sets_the_mark_after_against_the_mark_before_drawn_to_the_mean():
    index = regression_adjusted_index(30, 34, mean=40, sd=10, reliability=0.75)
    assert index == pytest.approx((34 - 32.5) / 5)


def test_without_a_change_who_began_low_has_lost_by_the_adjusted_index():
    assert regression_adjusted_index(30, 30, mean=40, sd=10, reliability=0.8) < 0


def test_the_whole_series_is_reckoned_as_each_pair_by_itself():
    before, after = [30, 52, 41], [47, 50, 20]
    plain = assess_changes(before, after, sd=7.5, reliability=0.8, better="higher")
    drawn = assess_changes(
        before, after, sd=7.5, mean=45, reliability=0.8, better="higher", method="en"
    )
    for place, pair in enumerate(zip(before, after, strict=True)):
        assert plain.index[place] == pytest.approx(
            reliable_change_index(*pair, sd=7.5, reliability=0.8)
        )
        assert drawn.index[place] == pytest.approx(
            regression_adjusted_index(*pair, mean=45, sd=7.5, reliability=0.8)
        )


def test_mean_and_standard_deviation_not_given_are_those_before_in_complete_pairs():
    found = assess_changes(
        [2, 4, 9, 100, None], [3, 3, 3, None, 3], reliability=0.5, better="higher", method="en"
    )
    assert found.mean == 5
    assert found.sd == pytest.approx(np.sqrt(13))
    np.testing.assert_allclose(found.index[0], (3 - 3.5) / np.sqrt(6.5))


def test_a_change_is_reliable_from_the_critical_value_on():
    options = {"sd": 1, "mean": 0, "reliability": 0, "method": "en", "critical": 2}
    found = assess_changes([0, 0, 0, 0], [2, 1.99, -2, -1.99], better="higher", **options)
    assert found.categories == (IMPROVED, UNCHANGED, DETERIORATED, UNCHANGED)


def test_recovered_is_who_improved_reliably_and_crossed_the_cut_off():
    found = assess_changes(
        [40, 50, 51, 48, 40, None, 60],
        [60, 65, 65, 51, 50, 60, 40],
        sd=7.5,
        reliability=0.8,
        better="higher",
        cutoff=50,
    )
    assert found.categories == (
        RECOVERED,
        RECOVERED,  # From the cut-off itself.
        IMPROVED,  # Already beyond it.
        UNCHANGED,  # Across it, but not by a reliable change.
        IMPROVED,  # Up to the cut-off, not beyond it.
        None,
        DETERIORATED,
    )


def test_without_a_cut_off_nobody_is_called_recovered():
    found = assess_changes([40] * 3, [70] * 3, sd=7.5, reliability=0.8, better="higher")
    assert found.counts() == {RECOVERED: 0, IMPROVED: 3, UNCHANGED: 0, DETERIORATED: 0}


def test_the_cut_off_is_c_of_both_samples_a_or_b_of_one_and_none_of_none():
    both = choose_cutoff(clinical=CLINICAL, functional=FUNCTIONAL, better="higher")
    assert both == ("c", 50)
    assert choose_cutoff(clinical=CLINICAL, better="higher") == ("a", 55)
    assert choose_cutoff(functional=FUNCTIONAL, better="higher") == ("b", 45)
    assert choose_cutoff(better="higher") is None


def test_cut_off_b_is_reckoned_from_the_functional_sample_alone():
    assert cutoff_b(Sample(10, 3), better="lower") == ("b", 16)


def test_cut_off_c_lies_nearer_to_the_sample_that_varies_less():
    assert cutoff_c(Sample(40, 15), Sample(60, 5)).value == pytest.approx(55)


def test_samples_on_the_wrong_sides_of_each_other_are_refused():
    with pytest.raises(ValueError, match="better than the clinical"):
        choose_cutoff(clinical=CLINICAL, functional=FUNCTIONAL, better="lower")


@pytest.mark.parametrize(
    ("before", "after"), [([], []), ([5], [6]), ([5, 6, None], [6, None, 7]), ([5, 5], [6, 7])]
)
def test_of_too_little_no_standard_deviation_is_made_up(before, after):
    assert assess_changes(before, after, reliability=0.8, better="higher") is None


def test_one_pair_is_enough_where_the_standard_deviation_is_known():
    found = assess_changes([5], [9], sd=1, reliability=0.8, better="higher")
    assert found.categories == (IMPROVED,)
    drawn = assess_changes([5], [9], sd=1, reliability=0.8, better="higher", method="en")
    assert drawn is None, "but its mark is not the mean of all clients"


@pytest.mark.parametrize("reliability", [-0.01, 1, 1.5, nan])
def test_a_reliability_out_of_range_is_refused(reliability):
    with pytest.raises(ValueError, match="reliability"):
        reliable_change_index(1, 2, sd=1, reliability=reliability)


@pytest.mark.parametrize("sd", [0, -1, nan, inf])
def test_a_standard_deviation_that_is_not_positive_is_refused(sd):
    with pytest.raises(ValueError, match="standard deviation"):
        assess_changes([1, 2], [2, 3], sd=sd, reliability=0.8, better="higher")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"better": "up"}, "higher or lower"),
        ({"method": "gln"}, "jt or en"),
        ({"critical": 0}, "critical"),
        ({"cutoff": nan}, "cut-off"),
        ({"before": [1]}, "one length"),
        ({"after": [1, inf]}, "marks after"),
    ],
)
def test_what_makes_no_sense_is_refused(options, sentence):
    options = {"before": [1, 2], "after": [2, 3], "better": "higher"} | options
    before, after = options.pop("before"), options.pop("after")
    with pytest.raises(ValueError, match=sentence):
        assess_changes(before, after, sd=1.0, reliability=0.8, **options)


def test_counting_among_others_than_the_clients_is_refused():
    found = assess_changes([1, 2], [2, 3], sd=1, reliability=0.8, better="higher")
    with pytest.raises(ValueError, match="each client"):
        found.counts([True])


# --- For any pairs -----------------------------------------------------------------------

marks = st.none() | st.floats(0, 100)
pairs = st.lists(st.tuples(marks, marks), min_size=1, max_size=30)
anything = st.none() | st.floats(-1e30, 1e30)
directions = st.sampled_from(["higher", "lower"])
methods = st.sampled_from(["jt", "en"])


def parted(pairs):
    return [one for one, _ in pairs], [other for _, other in pairs]


@given(
    st.lists(st.tuples(anything, anything)),
    st.floats(0, 1, exclude_max=True),
    directions,
    methods,
    st.none() | st.floats(-1e30, 1e30),
)
def test_every_finite_pair_has_a_finite_index_and_a_category_and_no_other(
    pairs, reliability, better, method, cutoff
):
    options = {"reliability": reliability, "better": better, "method": method, "cutoff": cutoff}
    found = assess_changes(*parted(pairs), **options)
    if found is None:
        return
    for pair, index, category in zip(pairs, found.index, found.categories, strict=True):
        assert (None in pair) == (category is None) == np.isnan(index)
        assert category is None or isfinite(index)
    assert sum(found.counts().values()) + found.missing == len(pairs)


@given(pairs, directions, methods, st.integers(-50, 50), st.integers(1, 20))
def test_the_points_in_which_a_measure_counts_make_no_difference_to_the_index(
    pairs, better, method, shift, scale
):
    options = {"reliability": 0.8, "better": better, "method": method}
    here = assess_changes(*parted(pairs), **options)
    assume(here is not None and here.sd > 0.01)
    moved = [[None if m is None else m * scale + shift for m in pair] for pair in pairs]
    there = assess_changes(*parted(moved), **options)
    np.testing.assert_allclose(there.index, here.index, atol=1e-6, rtol=1e-9)


@given(pairs, methods)
def test_turning_the_scale_round_turns_the_index_and_leaves_the_categories(pairs, method):
    options = {"sd": 5.0, "mean": 50.0, "reliability": 0.8, "method": method}
    up = assess_changes(*parted(pairs), better="higher", cutoff=60, **options)
    turned = [[None if m is None else -m for m in pair] for pair in pairs]
    down = assess_changes(
        *parted(turned), better="lower", cutoff=-60, **(options | {"mean": -50.0})
    )
    assert down.categories == up.categories
    np.testing.assert_array_equal(down.index, -up.index)


@given(pairs, st.randoms(), methods)
def test_the_order_of_the_clients_makes_no_difference(pairs, chance, method):
    places = list(range(len(pairs)))
    chance.shuffle(places)
    options = {"reliability": 0.8, "better": "higher", "method": method}
    here = assess_changes(*parted(pairs), **options)
    assume(here is not None and here.sd > 0.01)
    there = assess_changes(*parted([pairs[place] for place in places]), **options)
    np.testing.assert_allclose(there.index, here.index[places], atol=1e-6)


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0.1, 20), st.floats(0, 0.99))
def test_back_again_is_the_same_change_the_other_way(before, after, sd, reliability):
    there = reliable_change_index(before, after, sd=sd, reliability=reliability)
    assert reliable_change_index(after, before, sd=sd, reliability=reliability) == -there


@given(st.floats(0, 100), st.floats(0.1, 20), st.floats(0.01, 50), st.floats(0.1, 20))
def test_cut_off_c_lies_between_the_two_means(mean, sd, apart, functional_sd):
    value = cutoff_c(Sample(mean, sd), Sample(mean + apart, functional_sd)).value
    assert mean <= value <= mean + apart
