"""The rules of others: by hand first, then what holds for any ratings, then what they cost."""

from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from alliance.psychometrics.comparators import (
    COMPARATORS,
    below_cutoff,
    drop_since_last,
    individuals_chart,
    reliable_change_since_last,
)
from alliance.psychometrics.simulation import REFERENCE, SCENARIOS, draw

KNOWN = [
    pytest.param(rule, known, id=f"{key}-{known.words}")
    for key, rule in COMPARATORS.items()
    for known in rule.known
]
RULES = [pytest.param(rule, rule.known[0], id=key) for key, rule in COMPARATORS.items()]


def marked(marks):
    """Return the numbers of the sessions that are marked."""
    return [number for number, is_marked in enumerate(marks.tolist(), start=1) if is_marked]


# --- By hand ---------------------------------------------------------------------------


def test_a_rating_below_the_cutoff_is_marked_from_the_first_on():
    assert marked(below_cutoff([35.9, 36, 36.1, None, 20], cutoff=36)) == [1, 5]


def test_whether_the_cutoff_itself_counts_is_a_setting():
    assert marked(below_cutoff([35.9, 36, 36.1], cutoff=36, or_equal=True)) == [1, 2]


def test_a_drop_of_exactly_so_many_points_is_marked_whatever_the_rounding():
    assert marked(drop_since_last([7.3, 6.3, 5.4, 5.5, 2.5], points=1)) == [2, 5]
    assert marked(drop_since_last([0.3, 0.2, 0.1], points=0.1)) == [2, 3]


def test_the_last_rating_is_that_of_the_last_rated_session():
    assert marked(drop_since_last([8, None, None, 6.5, 6], points=1)) == [4]


def test_reliable_change_is_beyond_1_96_standard_errors_of_the_difference():
    """SD 7.5 and reliability .8, as in Jacobson & Truax (1991): 1.96 x 4.74 = 9.297."""
    assert marked(reliable_change_since_last([40, 30.8, 40], sd=7.5, reliability=0.8)) == []
    assert marked(reliable_change_since_last([40, 30.7, 40], sd=7.5, reliability=0.8)) == [2]


def test_reliable_change_by_another_critical_value():
    steps = [40, 40 - 4.75, 40]
    found = reliable_change_since_last(steps, sd=7.5, reliability=0.8, critical=1.0)
    assert marked(found) == [2]


def test_the_individuals_chart_takes_its_limit_from_earlier_ratings_only():
    """Earlier 10, 12, 11: mean 11, moving range 1.5; the limit is 11 - 3 x 1.5 / 1.128 = 7.01."""
    assert marked(individuals_chart([10, 12, 11, 7.02])) == []
    assert marked(individuals_chart([10, 12, 11, 7.00])) == [4]
    assert marked(individuals_chart([10, None, 12, 11, None, 7.00])) == [6]


def test_the_individuals_chart_of_the_nist_example_has_its_limit():
    """NIST/SEMATECH e-Handbook 6.3.2.2, flow rate: mean 50.81, lower limit 45.8159."""
    flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    assert marked(individuals_chart([*flow, 45.81])) == [11]
    assert marked(individuals_chart([*flow, 45.82])) == []


def test_the_individuals_chart_is_silent_before_there_is_something_to_draw_it_from():
    assert marked(individuals_chart([10, 12, 0])) == []
    assert marked(individuals_chart([10, 12, 0], prior=2)) == [3]
    assert marked(individuals_chart([10, 10, 10, 10, 0])) == []


def test_nothing_rated_is_nothing_marked():
    for rule in COMPARATORS.values():
        settings = rule.known[0].settings
        assert rule.mark([], **settings).shape == (0,)
        assert not rule.mark([None, None], **settings).any()


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        (below_cutoff, {"cutoff": nan}),
        (drop_since_last, {"points": 0}),
        (drop_since_last, {"points": -1}),
        (drop_since_last, {"points": inf}),
        (reliable_change_since_last, {"sd": 0, "reliability": 0.8}),
        (reliable_change_since_last, {"sd": 1, "reliability": 1}),
        (reliable_change_since_last, {"sd": 1, "reliability": -0.1}),
        (reliable_change_since_last, {"sd": 1, "reliability": 0.8, "critical": 0}),
        (individuals_chart, {"sigmas": 0}),
        (individuals_chart, {"prior": 1}),
    ],
)
def test_settings_out_of_range_are_refused(rule, given):
    with pytest.raises(ValueError, match=r"\w+ .* \w+"):
        rule([1, 2, 3], **given)


@pytest.mark.parametrize("ratings", [[1, inf], [[[1.0]]], 5.0])
def test_what_is_no_series_is_refused(ratings):
    for rule in COMPARATORS.values():
        with pytest.raises(ValueError, match="rating"):
            rule.mark(ratings, **rule.known[0].settings)


# --- For any ratings -------------------------------------------------------------------

marks_of_40 = st.integers(0, 400).map(lambda tenth: tenth / 10) | st.just(nan)
many_ratings = arrays(
    float, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=marks_of_40
)


@pytest.mark.parametrize(("rule", "known"), RULES)
@given(ratings=many_ratings)
def test_many_series_are_marked_as_each_by_itself_and_none_where_not_rated(rule, known, ratings):
    marks = rule.mark(ratings, **known.settings)
    assert marks.shape == ratings.shape
    assert marks.dtype == bool
    assert not marks[np.isnan(ratings)].any()
    for row, series in zip(marks, ratings, strict=True):
        alone = [None if np.isnan(y) else y for y in series]
        assert row.tolist() == rule.mark(alone, **known.settings).tolist()


@pytest.mark.parametrize(("rule", "known"), RULES)
@given(ratings=many_ratings, data=st.data())
def test_no_rule_looks_at_later_sessions(rule, known, ratings, data):
    upto = data.draw(st.integers(1, ratings.shape[1]))
    before = rule.mark(ratings[:, :upto], **known.settings)
    assert before.tolist() == rule.mark(ratings, **known.settings)[:, :upto].tolist()


@pytest.mark.parametrize(("rule", "known"), RULES)
@given(ratings=many_ratings, data=st.data())
def test_a_session_without_a_rating_changes_no_other_mark(rule, known, ratings, data):
    at = data.draw(st.integers(0, ratings.shape[1]))
    with_gap = np.insert(ratings, at, nan, axis=1)
    marks = rule.mark(with_gap, **known.settings)
    assert np.delete(marks, at, axis=1).tolist() == rule.mark(ratings, **known.settings).tolist()


@pytest.mark.parametrize(
    ("key", "scaled"),
    [
        ("drop_since_last", {"points"}),
        ("reliable_change_since_last", {"sd"}),
        ("individuals_chart", set()),
        ("below_cutoff", {"cutoff"}),
    ],
)
@given(ratings=many_ratings, power=st.integers(-3, 3))
def test_the_points_in_which_a_measure_counts_make_no_difference(key, scaled, ratings, power):
    rule = COMPARATORS[key]
    settings = dict(rule.known[0].settings)
    elsewhere = {
        name: value * 2.0**power if name in scaled else value for name, value in settings.items()
    }
    marks = rule.mark(ratings * 2.0**power, **elsewhere)
    assert marks.tolist() == rule.mark(ratings, **settings).tolist()


# --- What they cost --------------------------------------------------------------------


def test_each_rule_says_what_it_does_and_what_it_costs():
    for rule in COMPARATORS.values():
        assert rule.name
        assert rule.words.endswith(".")
        assert rule.formula.startswith("y_t")
        assert rule.known
        assert all(sorted(known.false_alarms) == [3, 5, 10, 20] for known in rule.known)


@pytest.mark.parametrize(("rule", "known"), KNOWN)
def test_the_false_alarms_beside_a_switch_are_near_those_of_a_smaller_simulation(rule, known):
    """Within four standard errors of 4,000 courses, and the rounding."""
    many = 4_000
    courses = draw(
        SCENARIOS[known.scenario],
        REFERENCE,
        courses=many,
        sessions=20,
        generator=np.random.default_rng(11),
    )
    marks = rule.mark(courses.ratings(), **known.settings)
    for sessions, told in known.false_alarms.items():
        found = marks[:, :sessions].any(axis=1).mean()
        assert found == pytest.approx(told, abs=4 * sqrt(told * (1 - told) / many) + 0.001)


def test_the_most_taught_rule_marks_nearly_every_course_in_which_nothing_happened():
    one_point = COMPARATORS["drop_since_last"].known[0]
    assert one_point.settings == {"points": 1.0}
    assert one_point.false_alarms[10] > 0.99
