"""Client and therapist: by hand, the published table of raters, and any dyads at all."""

from math import atanh, inf, isfinite, nan, sqrt, tanh
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alliance.psychometrics.agreement import (
    agree,
    effective_pairs,
    intraclass_correlations,
    pool_correlations,
    profile_correlation,
)

CASES = Path(__file__).resolve().parents[1] / "cases"
STEADY = [6.0, 7, 5, 8, 6, 7, 5, 8]


def columns(**dyads):
    """Return the columns of dyads, each told as (client, therapist)."""
    rows = [
        (name, place, c, t)
        for name, (client, therapist) in dyads.items()
        for place, (c, t) in enumerate(zip(client, therapist, strict=True), start=1)
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def practice(dyads=30, *, seed=1, sessions=(5, 25), tracking=(0.4, 0.2), apart=(-0.4, 0.4)):
    """Return the columns of invented dyads, the first of them named 0."""
    chance = np.random.default_rng(seed)
    told = {}
    for dyad in range(dyads):
        n = chance.integers(*sessions)
        client = chance.normal(7, 1) + chance.normal(0, 0.8, n)
        follows = chance.normal(*tracking) * (client - client.mean())
        therapist = client.mean() + chance.normal(*apart) + follows + chance.normal(0, 0.6, n)
        told[str(dyad)] = client, therapist
    return columns(**told)


# --- P10: six targets and four judges (Shrout and Fleiss, 1979) --------------------------


def test_the_six_intraclass_correlations_are_those_of_shrout_and_fleiss():
    table = np.genfromtxt(CASES / "P10_icc_shrout_fleiss_ratings.csv", delimiter=",", names=True)
    found = intraclass_correlations([list(row) for row in table])
    assert found == pytest.approx((0.17, 0.29, 0.71, 0.44, 0.62, 0.91), abs=0.006)
    assert found == pytest.approx(
        (0.165742, 0.289764, 0.714841, 0.442797, 0.620051, 0.909316), abs=1e-5
    )


# --- One dyad ----------------------------------------------------------------------------


def test_the_discrepancy_is_therapist_minus_client():
    therapist = [5.0, 6, 5, 7, 6, 6, 4, 7]
    (dyad,) = agree(*columns(a=(STEADY, therapist))).dyads
    assert dyad.discrepancy.value == pytest.approx(-0.75)
    assert dyad.discrepancy.low < -0.75 < dyad.discrepancy.high


def test_its_standard_error_is_the_plain_one_where_differences_do_not_hang_together():
    therapist = [5.0, 8, 4, 9, 5, 8, 4, 9]  # One below, one above, and so on.
    found = agree(*columns(a=(STEADY, therapist)))
    difference = np.array(therapist) - STEADY
    assert found.autocorrelation == 0
    assert found.dyads[0].discrepancy.se == pytest.approx(difference.std(ddof=1) / sqrt(8))


def test_it_is_larger_where_they_do():
    therapist = [5.0, 6, 4, 7, 7, 8, 6, 9]  # Four times below, then four times above.
    found = agree(*columns(a=(STEADY, therapist)))
    difference = np.array(therapist) - STEADY
    assert found.autocorrelation > 0.5
    assert found.dyads[0].discrepancy.se > 1.5 * difference.std(ddof=1) / sqrt(8)


def test_independent_pairs_count_in_full_and_those_that_hang_together_for_less():
    assert effective_pairs(range(8), 0) == pytest.approx(8)
    # Two that correlate by .5: their mean has 3/4 of the variance of one, and
    # what they lie apart shows only half of it.
    assert effective_pairs([1, 2], 0.5) == pytest.approx(2 * 0.25 / 0.75)
    assert effective_pairs([1, 5], 0.5) > effective_pairs([1, 2], 0.5)


def test_the_effective_number_makes_the_standard_error_right_on_average():
    chance, r, n = np.random.default_rng(4), 0.5, 10
    series = np.empty((20000, n))
    series[:, 0] = chance.normal(size=20000)
    for at in range(1, n):
        series[:, at] = r * series[:, at - 1] + sqrt(1 - r * r) * chance.normal(size=20000)
    supposed = series.var(axis=1, ddof=1).mean() / effective_pairs(range(n), r)
    assert supposed == pytest.approx(series.mean(axis=1).var(), rel=0.03)


def test_where_no_session_follows_another_differences_are_taken_to_stand_alone():
    dyads, occasions, client, therapist = columns(a=(STEADY, [5.0, 6, 4, 7, 7, 8, 6, 9]))
    found = agree(dyads, [3 * at for at in occasions], client, therapist)
    assert found.autocorrelation == 0


def test_the_autocorrelation_of_many_dyads_is_found_though_each_is_short():
    chance, told = np.random.default_rng(8), {}
    for dyad in range(300):
        difference = [chance.normal()]
        for _ in range(9):
            difference.append(0.4 * difference[-1] + sqrt(1 - 0.16) * chance.normal())
        client = chance.normal(7, 1, 10)
        told[str(dyad)] = client, client + difference
    assert agree(*columns(**told)).autocorrelation == pytest.approx(0.4, abs=0.06)


def test_under_five_pairs_nothing_is_said_and_under_six_no_correlation():
    found = agree(*columns(a=(STEADY[:4], STEADY[:4]), b=(STEADY[:5], [5, 6, 5, 7, 6])))
    four, five = found.dyads
    assert (four.pairs, five.pairs) == (4, 5)
    assert four.discrepancy is four.bias is four.tracking is four.correlation is None
    assert five.discrepancy is not None and five.correlation is None
    assert found.described == 1


def test_a_session_that_only_one_of_them_rated_counts_for_nothing():
    whole = columns(a=(STEADY, [5.0, 6, 5, 7, 6, 6, 4, 7]))
    dyads, occasions, client, therapist = whole
    holed = agree(
        [*dyads, "a", "a", "a"],
        [*occasions, 9, 10, 11],
        [*client, None, 1.0, nan],
        [*therapist, 9.0, None, nan],
    )
    assert holed == agree(*whole)


def test_pairs_may_come_in_any_order_of_time():
    dyads, occasions, client, therapist = columns(a=(STEADY, [5.0, 6, 5, 7, 6, 6, 4, 7]))
    turned = agree(dyads, occasions[::-1], client[::-1], therapist[::-1])
    assert turned == agree(dyads, occasions, client, therapist)


# --- Truth and bias ----------------------------------------------------------------------


def test_a_therapist_who_follows_one_for_one_has_a_tracking_near_one():
    told = {}
    for name, by in {"a": -1, "b": -0.5, "c": -1.5, "d": -0.7, "e": -1.2, "f": -0.9}.items():
        told[name] = STEADY, [c + by + 0.1 * (-1) ** place for place, c in enumerate(STEADY)]
    found = agree(*columns(**told))
    assert found.tracking.value == pytest.approx(1, abs=0.1)
    for dyad, by in zip(found.dyads, (-1, -0.5, -1.5, -0.7, -1.2, -0.9), strict=True):
        assert dyad.bias.value == pytest.approx(by, abs=0.05)
        assert dyad.discrepancy.value == pytest.approx(by)


def test_a_therapist_whose_ratings_never_move_follows_nobody():
    told = {name: (STEADY, [6.0 + at] * 8) for at, name in enumerate("abcd")}
    told["e"] = STEADY, [6, 5, 6.5, 7, 6, 5.5, 7, 6]
    assert abs(agree(*columns(**told)).tracking.value) < 0.2


def test_a_client_whose_ratings_never_move_has_a_bias_but_cannot_be_followed():
    dyads, occasions, client, therapist = practice(6)
    more = columns(still=([7.0] * 8, [6, 5, 6.5, 7, 6, 5.5, 7, 6]))
    found = agree(dyads + more[0], occasions + more[1], client + more[2], therapist + more[3])
    still = found.dyads[-1]
    assert still.dyad == "still"
    assert still.bias is not None
    assert still.tracking is None and still.correlation is None


def test_who_hardly_moves_shows_less_of_how_they_are_followed():
    told = practice(12, sessions=(20, 21), tracking=(0.4, 0.4))
    steady = 6 + 0.05 * (np.array(STEADY) - 6)
    more = columns(steady=(steady, [6, 5, 6.5, 7, 6, 5.5, 7, 6]))
    found = agree(*(mine + theirs for mine, theirs in zip(told, more, strict=True)))
    *others, still = found.dyads
    assert still.tracking.se > max(dyad.tracking.se for dyad in others)
    assert still.tracking.value == pytest.approx(found.tracking.value, abs=0.1)


def test_bias_and_tracking_are_drawn_towards_the_mean_of_all_dyads():
    found = agree(*practice())
    trackings = [dyad.tracking.value for dyad in found.dyads]
    assert np.std(trackings) < 0.25
    assert found.tracking.value == pytest.approx(0.4, abs=3 * found.tracking.se)
    for dyad in found.dyads:
        own, drawn, mean = dyad.discrepancy.value, dyad.bias.value, found.typical.value
        assert min(own, mean) - 1e-9 <= drawn <= max(own, mean) + 1e-9


def test_one_dyad_alone_is_not_drawn_anywhere():
    found = agree(*columns(a=(STEADY, [5.0, 6, 5, 7, 6, 6, 4, 7])))
    assert found.tracking is found.typical is None
    assert found.dyads[0].bias is found.dyads[0].tracking is None
    assert found.dyads[0].discrepancy is not None


# --- What is unusual ---------------------------------------------------------------------


def with_one_more(therapist_lower_by, *, dyads=8):
    """Return a practice of dyads, and one more with this discrepancy give or take a little."""
    told = practice(dyads, apart=(-0.4, 0.01), sessions=(15, 16))
    client = np.tile(STEADY, 2)
    therapist = client - therapist_lower_by + np.tile([0.1, -0.1], 8)
    more = columns(more=(client, therapist))
    return agree(*(mine + theirs for mine, theirs in zip(told, more, strict=True)))


def test_a_discrepancy_far_from_the_typical_one_is_marked():
    found = with_one_more(4.0)
    assert [dyad.dyad for dyad in found.dyads if dyad.marked] == ["more"]


def test_a_therapist_who_rates_lower_as_others_do_is_not_marked():
    assert not any(dyad.marked for dyad in with_one_more(0.4).dyads)


def test_a_difference_that_is_certain_but_small_is_not_marked():
    found = with_one_more(0.8)
    more = found.dyads[-1]
    assert abs(more.discrepancy.value - found.typical.value) > 2 * more.discrepancy.se
    assert abs(more.discrepancy.value - found.typical.value) < 0.5 * found.sd
    assert not more.marked


def test_a_difference_that_is_large_but_uncertain_is_not_marked():
    told = practice(8, apart=(-0.4, 0.01), sessions=(15, 16))
    more = columns(more=(STEADY[:5], [0.0, 10, 0, 10, 0]))
    found = agree(*(mine + theirs for mine, theirs in zip(told, more, strict=True)))
    last = found.dyads[-1]
    assert abs(last.discrepancy.value - found.typical.value) > 0.5 * found.sd
    assert not last.marked


def test_with_fewer_than_five_dyads_nothing_is_typical_and_nobody_marked():
    found = with_one_more(4.0, dyads=3)
    assert found.described == 4
    assert found.typical is None
    assert not any(dyad.marked for dyad in found.dyads)


def test_where_therapists_copy_clients_a_typical_discrepancy_is_still_told():
    found = agree(*columns(**dict.fromkeys("abcde", (STEADY, STEADY))))
    assert found.typical == (0, 0, 0, 0)
    assert found.correlation.r == pytest.approx(0.999)
    assert found.dyads[0].correlation.r == pytest.approx(1)


# --- Correlations ------------------------------------------------------------------------


def test_the_correlation_of_two_profiles_is_pearsons():
    client, therapist = [6.0, 7, 5, 8, 6, 7], [5.0, 7, 5, 6, 7, 7]
    assert profile_correlation(client, therapist) == pytest.approx(
        np.corrcoef(client, therapist)[0, 1]
    )


def test_correlations_are_averaged_by_fishers_z_with_weights_of_pairs_less_three():
    found = pool_correlations([0.2, 0.6], [8, 13])
    z = (5 * atanh(0.2) + 10 * atanh(0.6)) / 15
    assert found.r == pytest.approx(tanh(z))
    assert found.high == pytest.approx(tanh(z + 1.959964 / sqrt(15)), abs=1e-6)
    assert found.low == pytest.approx(tanh(z - 1.959964 / sqrt(15)), abs=1e-6)


def test_of_no_correlations_there_is_no_mean():
    assert pool_correlations([], []) is None


@pytest.mark.parametrize(("r", "n"), [([1.1], [9]), ([0.5], [3]), ([nan], [9]), ([0.5], [9, 9])])
def test_correlations_that_cannot_be_averaged_are_refused(r, n):
    with pytest.raises(ValueError, match=r"correlation"):
        pool_correlations(r, n)


def test_raters_who_agree_in_everything_have_correlations_of_one():
    assert intraclass_correlations([[1, 1], [2, 2], [5, 5]]) == pytest.approx((1,) * 6)


def test_raters_who_differ_by_a_constant_agree_only_if_they_are_fixed():
    found = intraclass_correlations([[1, 3], [2, 4], [5, 7]])
    assert found.icc31 == pytest.approx(1)
    assert found.icc21 < 0.8 and found.icc11 < found.icc21


@pytest.mark.parametrize(
    "table", [[[1, 2]], [[1], [2]], [[3, 3], [3, 3]], [[1, None], [None, 2], [3, 3]]]
)
def test_of_too_little_there_is_no_intraclass_correlation(table):
    assert intraclass_correlations(table) is None


def test_what_is_no_table_has_no_intraclass_correlation():
    with pytest.raises(ValueError, match="a table"):
        intraclass_correlations([1.0, 2, 3])


def test_a_target_that_not_all_have_rated_counts_for_nothing():
    table = [[9.0, 2], [6, 1], [8, 4]]
    assert intraclass_correlations([*table, [7, None], [nan, 2]]) == intraclass_correlations(table)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"occasions": [1, 1]}, "given twice for a"),
        ({"occasions": [1, None]}, "whole number"),
        ({"occasions": [1, 1.5]}, "whole number"),
        ({"client": [1, inf]}, "clients' ratings"),
        ({"therapist": [1]}, "one length"),
        ({"dyads": ["a"]}, "one length"),
        ({"coverage": 1}, "coverage"),
    ],
)
def test_what_makes_no_sense_is_refused(change, sentence):
    told = {"dyads": ["a", "a"], "occasions": [1, 2], "client": [1, 2], "therapist": [1, 2]}
    with pytest.raises(ValueError, match=sentence):
        agree(**(told | change))


@pytest.mark.parametrize(("at", "r"), [([1], 0), ([1, 1], 0), ([1, 2], 1), ([1, 2], -0.1)])
def test_an_effective_number_of_no_sense_is_refused(at, r):
    with pytest.raises(ValueError, match=r"occasions|autocorrelation"):
        effective_pairs(at, r)


# --- For any dyads -----------------------------------------------------------------------


@st.composite
def tables(draw, values):
    """Draw the columns of up to eight dyads with up to twelve sessions each."""
    told = {}
    for name in range(draw(st.integers(0, 8))):
        pairs = draw(st.lists(st.tuples(values, values), min_size=1, max_size=12))
        told[str(name)] = tuple(zip(*pairs, strict=True))
    return columns(**told) if told else [[], [], [], []]


def figures(found):
    """Return every figure in an agreement that is not missing."""
    told = [found.typical, found.tracking, found.correlation]
    for dyad in found.dyads:
        told += [dyad.discrepancy, dyad.bias, dyad.tracking, dyad.correlation]
    return [part for part in told if part is not None]


@given(tables(st.none() | st.floats(0, 10)) | tables(st.none() | st.floats(-1e30, 1e30)))
def test_every_figure_is_missing_or_finite_and_lies_within_its_interval(table):
    found = agree(*table)
    for part in figures(found):
        assert all(isfinite(value) for value in part)
        assert part.low <= part[0] <= part.high
    assert [dyad.dyad for dyad in found.dyads] == list(dict.fromkeys(table[0]))
    for dyad in found.dyads:
        assert (dyad.discrepancy is None) == (dyad.pairs < 5)
        assert dyad.correlation is None or dyad.pairs >= 6
        assert dyad.correlation is None or -1 <= dyad.correlation.r <= 1
    assert 0 <= found.autocorrelation <= 0.9


@given(st.integers(1, 5), st.integers(-20, 20), st.integers(1, 20))
def test_the_points_in_which_both_rate_make_no_difference(seed, shift, scale):
    dyads, occasions, client, therapist = practice(8, seed=seed)
    here = agree(dyads, occasions, client, therapist)
    there = agree(
        dyads,
        occasions,
        [c * scale + shift for c in client],
        [t * scale + shift for t in therapist],
    )
    assert there.autocorrelation == pytest.approx(here.autocorrelation, abs=1e-9)
    assert there.tracking.value == pytest.approx(here.tracking.value, abs=1e-6)
    assert there.correlation.r == pytest.approx(here.correlation.r)
    for one, other in zip(here.dyads, there.dyads, strict=True):
        assert other.marked == one.marked
        assert other.discrepancy.value == pytest.approx(one.discrepancy.value * scale)
        assert other.discrepancy.se == pytest.approx(one.discrepancy.se * scale)
        assert other.bias.value == pytest.approx(one.bias.value * scale, abs=1e-6 * scale)


@given(st.integers(1, 5), st.randoms())
def test_the_order_of_the_rows_makes_no_difference(seed, chance):
    rows = list(zip(*practice(8, seed=seed), strict=True))
    here = agree(*(list(column) for column in zip(*rows, strict=True)))
    chance.shuffle(rows)
    there = agree(*(list(column) for column in zip(*rows, strict=True)))
    assert there.typical == pytest.approx(here.typical)
    theirs = {dyad.dyad: dyad for dyad in there.dyads}
    for dyad in here.dyads:
        assert theirs[dyad.dyad].discrepancy == pytest.approx(dyad.discrepancy)
        assert theirs[dyad.dyad].tracking == pytest.approx(dyad.tracking)
        assert theirs[dyad.dyad].marked == dyad.marked


@given(st.integers(1, 5))
def test_from_the_other_seat_the_discrepancy_is_the_same_the_other_way(seed):
    dyads, occasions, client, therapist = practice(8, seed=seed)
    here, there = (
        agree(dyads, occasions, client, therapist),
        agree(dyads, occasions, therapist, client),
    )
    for one, other in zip(here.dyads, there.dyads, strict=True):
        assert other.discrepancy.value == pytest.approx(-one.discrepancy.value)
        assert other.discrepancy.se == pytest.approx(one.discrepancy.se)
        assert (one.correlation is None) == (other.correlation is None)
        assert one.correlation is None or other.correlation.r == pytest.approx(one.correlation.r)


@given(
    st.lists(
        st.lists(st.floats(-1e30, 1e30) | st.integers(0, 10), min_size=3, max_size=3), max_size=8
    )
)
def test_an_intraclass_correlation_is_missing_or_finite_and_never_above_one(table):
    found = intraclass_correlations(np.array(table, dtype=float).reshape(len(table), 3))
    assert found is None or all(
        value is None or (isfinite(value) and value <= 1 + 1e-9) for value in found
    )


@given(
    st.lists(st.lists(st.integers(0, 10), min_size=3, max_size=3), min_size=3, max_size=8),
    st.permutations([0, 1, 2]),
    st.integers(-20, 20),
    st.integers(1, 20),
)
def test_neither_points_nor_order_of_raters_matter_to_an_intraclass_correlation(
    table, places, shift, scale
):
    here = intraclass_correlations(table)
    assume(here is not None)
    table = np.array(table, dtype=float)[:, places] * scale + shift
    there = intraclass_correlations(table)
    for one, other in zip(here, there, strict=True):
        assert (one is None and other is None) or other == pytest.approx(one, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(4, 50)), min_size=1))
def test_a_mean_correlation_lies_between_those_it_is_the_mean_of(told):
    found = pool_correlations([r for r, _ in told], [n for _, n in told])
    # Beyond .999 a correlation counts as .999.
    held = [max(-0.999, min(0.999, r)) for r, _ in told]
    assert min(held) - 1e-9 <= found.r <= max(held) + 1e-9
    assert -1 <= found.low <= found.r <= found.high <= 1
