"""What counts as a number, and what is refused."""

from math import inf, isnan, nan

import numpy as np
import pytest

from alliance.psychometrics.finite import number, numbers, positive, quantile_for, same_length


def test_none_and_nan_are_missing_and_all_else_is_kept():
    kept = numbers([1, None, nan, -2.5], "marks")
    assert [None if isnan(value) else value for value in kept] == [1, None, None, -2.5]


def test_what_is_given_is_not_what_is_kept():
    given = np.array([1.0, 2.0])
    numbers(given, "marks")[0] = 9
    assert given[0] == 1


@pytest.mark.parametrize("value", [inf, -inf, 1e31])
def test_a_number_too_large_to_reckon_with_is_refused_by_its_name(value):
    with pytest.raises(ValueError, match="marks"):
        numbers([1, value], "marks")
    with pytest.raises(ValueError, match="a mark"):
        number(value, "a mark")


def test_a_single_number_is_never_missing():
    with pytest.raises(ValueError, match="a mark"):
        number(nan, "a mark")


@pytest.mark.parametrize("value", [0, -1, nan, inf, 1e-61, 1e61])
def test_what_is_not_positive_is_refused(value):
    with pytest.raises(ValueError, match="above zero"):
        positive(value, "a variance")


def test_a_table_is_no_series():
    with pytest.raises(ValueError, match="2 dimensions"):
        numbers(np.ones((2, 2)), "marks")


def test_series_of_different_lengths_are_refused_by_their_names():
    with pytest.raises(ValueError, match="before and after are of one length"):
        same_length(before=np.ones(2), after=np.ones(3))


@pytest.mark.parametrize(("coverage", "quantile"), [(0.95, 1.959964), (0.998, 3.090232)])
def test_so_many_standard_errors_cover_such_a_share(coverage, quantile):
    assert quantile_for(coverage) == pytest.approx(quantile, abs=1e-6)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, nan, 1.1])
def test_a_coverage_out_of_range_is_refused(coverage):
    with pytest.raises(ValueError, match="coverage"):
        quantile_for(coverage)
