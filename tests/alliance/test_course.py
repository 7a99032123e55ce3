"""An episode's course in a few facts: by hand first, then for any course."""

from dataclasses import astuple, replace
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.psychometrics.course import Course, describe
from alliance.psychometrics.scoring import COMPONENTS, ScoredItem, score


def course(*totals):
    """Describe sessions of which each was rated if it has a total."""
    return describe(totals, [total is not None for total in totals])


# --- By hand ---------------------------------------------------------------------------


def test_before_the_first_session_there_is_nothing_to_say():
    assert describe([], []) == Course(0, 0, 0, 0, None, None, 0, False)


def test_sessions_without_any_rating_are_counted_as_a_run():
    assert course(None, None) == Course(2, 0, 0, 2, None, None, 0, False)


def test_two_earlier_totals_are_too_few_to_say_what_is_usual():
    assert course(8, 7, 1) == Course(3, 3, 3, 0, 1, None, 0, False)


def test_from_three_earlier_totals_on_the_latest_is_compared_with_their_mean():
    assert course(9, 8, 7, 6) == Course(4, 4, 4, 0, 6, 8, 2, True)


def test_a_latest_total_above_the_usual_is_nothing_below():
    assert course(5, 6, 7, 9) == Course(4, 4, 4, 0, 9, 6, 0, False)


def test_below_the_usual_is_not_yet_the_lowest():
    assert course(4, 8, 9, 5) == Course(4, 4, 4, 0, 5, 7, 2, False)


def test_as_low_as_once_before_is_not_the_lowest():
    assert not course(6, 8, 9, 6).is_lowest


def test_unrated_sessions_between_ratings_change_no_comparison():
    assert course(9, None, 8, None, 7, 6) == Course(6, 4, 4, 0, 6, 8, 2, True)


def test_the_run_counts_held_sessions_since_the_last_rated_one():
    assert course(None, 7, None, None).unrated_run == 2


def test_a_rating_given_only_in_part_ends_the_run_and_is_compared_with_nothing():
    told = describe([8, 8, 8, 5, None], [True] * 5)
    assert told == Course(
        held=5, rated=5, compared=4, unrated_run=0, latest=5, usual=8, below_usual=3, is_lowest=True
    )


@pytest.mark.parametrize("total", [nan, inf, -inf, -0.1, 10.1])
def test_a_total_outside_nought_to_ten_is_refused(total):
    with pytest.raises(ValueError, match="between 0 and 10"):
        course(5, total)


@pytest.mark.parametrize("rated", [[True], [True, True, True]])
def test_totals_and_ratings_of_different_lengths_are_refused(rated):
    with pytest.raises(ValueError, match="argument 2 is"):
        describe([5, 6], rated)


def test_a_total_without_a_rating_is_refused():
    with pytest.raises(ValueError, match="not rated"):
        describe([5, 6], [True, False])


def test_marks_that_only_changed_places_are_not_the_lowest_so_far():
    items = [ScoredItem(f"{name}{n}", name, 0, 10) for name in COMPONENTS for n in range(3)]
    before, after = (
        score(dict(zip([item.key for item in items], marks, strict=True)), items).total
        for marks in ([9, 10, 6, 9, 3, 7, 1, 10, 6], [9, 10, 6, 1, 10, 6, 9, 3, 7])
    )
    assert not course(before, before, before, after).is_lowest


# --- For any course --------------------------------------------------------------------

# The totals that three components of two items each can have.
TOTALS = st.integers(0, 60).map(lambda sixths: sixths / 6)
SESSIONS = st.tuples(TOTALS, st.just(True)) | st.tuples(st.none(), st.booleans())


def courses(least=0):
    """Draw up to 200 held sessions: rated, rated in part, or not at all."""
    return st.lists(SESSIONS, min_size=least, max_size=200).map(
        lambda told: ([total for total, _is_rated in told], [is_rated for _total, is_rated in told])
    )


@given(courses())
def test_no_more_sessions_are_rated_than_held_nor_more_compared_or_left_unrated_than_there_are(
    told,
):
    told_of = describe(*told)
    assert told_of.held == len(told[0]) >= told_of.rated >= told_of.compared >= 0
    assert 0 <= told_of.unrated_run <= told_of.held - told_of.rated


@given(courses())
def test_the_run_is_the_whole_course_exactly_when_nothing_was_rated(told):
    told_of = describe(*told)
    assert (told_of.unrated_run == told_of.held) == (told_of.rated == 0)


@given(courses())
def test_as_many_are_compared_as_have_a_total(told):
    assert describe(*told).compared == sum(total is not None for total in told[0])


@given(courses(), st.data())
def test_the_lowest_lies_below_the_usual(told, data):
    least = min((total for total in told[0] if total is not None), default=10)
    latest = data.draw(TOTALS.map(lambda total: min(total, least)) | TOTALS)
    told_of = describe([*told[0], latest], [*told[1], True])
    assert not told_of.is_lowest or told_of.below_usual > 0


@given(st.lists(TOTALS.filter(bool), min_size=3, max_size=200), st.integers(1, 60))
def test_whatever_lies_below_all_of_three_or_more_is_the_lowest(earlier, sixths):
    latest = max(0, min(earlier) - sixths / 6)
    told_of = course(*earlier, latest)
    assert told_of.is_lowest
    assert told_of.latest == latest < told_of.usual


@given(courses())
def test_one_more_unrated_session_changes_two_counts_and_nothing_else(told):
    before = describe(*told)
    after = describe([*told[0], None], [*told[1], False])
    assert after == replace(before, held=before.held + 1, unrated_run=before.unrated_run + 1)


@given(courses())
def test_what_is_said_of_a_course_is_always_a_number_from_nought_to_ten_or_nothing(told):
    told_of = describe(*told)
    assert all(value is None or isfinite(value) for value in astuple(told_of))
    assert all(
        value is None or 0 <= value <= 10
        for value in (told_of.latest, told_of.usual, told_of.below_usual)
    )


@given(courses())
def test_the_usual_is_known_from_the_fourth_total_on(told):
    totals = [total for total in told[0] if total is not None]
    assert (describe(*told).usual is not None) == (len(totals) > 3)


@given(st.lists(TOTALS, min_size=4, max_size=200), st.data())
def test_the_order_of_earlier_totals_makes_no_difference(totals, data):
    *earlier, latest = totals
    shuffled = data.draw(st.permutations(earlier))
    one, other = course(*earlier, latest), course(*shuffled, latest)
    assert one.usual == pytest.approx(other.usual)
    assert one.is_lowest == other.is_lowest
