"""What is missing, what it could hide, and ratings that say little."""

from math import inf, isfinite, nan, sqrt
from statistics import fmean

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alliance.psychometrics.completeness import (
    ceiling,
    completion,
    sensitivity,
    straight_line,
)
from alliance.psychometrics.detector import Parameters, detect

# --- How many sessions were rated --------------------------------------------------------


def test_the_interval_of_a_share_is_wilsons():
    found = completion(8, 10)
    assert found.share == 0.8
    # Wilson's interval as Agresti and Coull (1998) write it.
    z = 1.959964
    centre = (0.8 + z * z / 20) / (1 + z * z / 10)
    half = z / (1 + z * z / 10) * sqrt(0.8 * 0.2 / 10 + z * z / 400)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.490162, 0.943318), abs=1e-5)


def test_all_or_none_of_few_sessions_leaves_much_open():
    assert completion(5, 5)[3:] == pytest.approx((0.565518, 1), abs=1e-5)
    assert completion(0, 5)[3:] == pytest.approx((0, 0.434482), abs=1e-5)


def test_of_no_sessions_held_there_is_no_share():
    assert completion(0, 0) is None


@pytest.mark.parametrize(("rated", "held"), [(-1, 3), (4, 3), (1, 0), (0, -1)])
def test_more_rated_than_held_is_refused(rated, held):
    with pytest.raises(ValueError, match="no share"):
        completion(rated, held)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.01, 0.999))
@example(0, 1, 0.5)
@example(3, 0, 0.5)
def test_a_share_lies_within_its_interval_and_that_between_nought_and_one(rated, more, coverage):
    found = completion(rated, rated + more, coverage=coverage)
    assert (found is None) == (rated + more == 0)
    assert found is None or 0 <= found.low <= found.share <= found.high <= 1


@given(st.integers(0, 500), st.integers(1, 500))
def test_what_was_not_rated_is_the_mirror_image_of_what_was(rated, more):
    held = rated + more
    rest, found = completion(more, held), completion(rated, held)
    assert (rest.low, rest.high) == pytest.approx((1 - found.high, 1 - found.low))


# --- What the missing ones could hide ----------------------------------------------------


def test_a_figure_moves_with_what_the_missing_ratings_are_supposed_to_be():
    found = sensitivity([8, None, 6, None], [nan, 7, nan, 6], within_sd=0.5)
    assert found.observed == 7
    assert found.supposed == pytest.approx((27 / 4, 26 / 4, 25 / 4))
    assert (found.low, found.high) == pytest.approx((6.25, 6.75))
    assert found.missing == 2


def test_any_figure_can_be_asked_about():
    found = sensitivity([8, None, 6], [None, 7, None], within_sd=1, summary=min, deltas=(0, 3))
    assert (found.observed, found.supposed) == (6, (6, 4))


def test_nothing_is_supposed_below_the_scale():
    found = sensitivity([1, None], [nan, 0.5], within_sd=2, minimum=0)
    assert found.supposed == (0.75, 0.5, 0.5)


def test_the_detectors_level_is_a_prediction_to_start_from():
    parameters = Parameters(m=7, sb2=0.6, ss2=0.25, se2=0.15, phi=0.4)
    ratings = [8.0, 8.5, None, 8.0, None]
    found = sensitivity(
        ratings,
        [finding.th for finding in detect(ratings, parameters)],
        within_sd=sqrt(parameters.ss2 + parameters.se2),
    )
    assert found.missing == 2
    assert found.supposed[0] - found.supposed[1] == pytest.approx(2 * sqrt(0.4) / 5)
    assert 7 < found.low < found.high < 8.5


def test_with_no_rating_at_all_there_is_no_figure_to_move():
    assert sensitivity([None, None], [7, 7], within_sd=1) is None
    assert sensitivity([], [], within_sd=1) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"predictions": [7, None]}, "has a prediction"),
        ({"predictions": [7]}, "one length"),
        ({"predictions": [7, inf]}, "predictions"),
        ({"ratings": [inf, None]}, "ratings"),
        ({"within_sd": -1}, "not negative"),
        ({"within_sd": nan}, "standard deviation"),
        ({"deltas": []}, "delta"),
        ({"deltas": [nan]}, "delta"),
        ({"minimum": nan}, "minimum"),
        ({"summary": lambda values: nan}, "summary"),
    ],
)
def test_what_makes_no_sense_is_refused(change, sentence):
    told = {"ratings": [8, None], "predictions": [None, 7], "within_sd": 1}
    with pytest.raises(ValueError, match=sentence):
        sensitivity(**(told | change))


sessions = st.lists(st.tuples(st.none() | st.floats(0, 10), st.floats(0, 10)), max_size=30)


@given(sessions, st.floats(0, 3))
def test_a_range_is_missing_or_finite_and_the_lower_the_supposed_the_lower_the_mean(
    sessions, within_sd
):
    ratings, predictions = [one for one, _ in sessions], [other for _, other in sessions]
    found = sensitivity(ratings, predictions, within_sd=within_sd)
    given_ones = [rating for rating in ratings if rating is not None]
    assert (found is None) == (not given_ones)
    if found is None:
        return
    assert found.observed == pytest.approx(fmean(given_ones))
    assert found.missing == len(ratings) - len(given_ones)
    assert all(isfinite(value) for value in found.supposed)
    assert found.low == found.supposed[2] <= found.supposed[1] <= found.supposed[0] == found.high
    if not found.missing:
        assert found.low == found.high == pytest.approx(found.observed)


@given(sessions, st.randoms())
def test_predictions_of_rated_sessions_are_not_looked_at(sessions, chance):
    ratings = [one for one, _ in sessions]
    told, other = (
        [
            prediction if rating is None else replaced
            for (rating, prediction), replaced in zip(
                sessions, (make() for _ in sessions), strict=True
            )
        ]
        for make in (lambda: None, lambda: chance.uniform(0, 10))
    )
    assert sensitivity(ratings, told, within_sd=1) == sensitivity(ratings, other, within_sd=1)


# --- Ratings at the top ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratings", "told"),
    [
        ([10, 10, 10, 10, 9], (0.8, 4, 5, True)),
        ([10, 10, 10, 10], (1, 4, 4, False)),
        ([10, 10, 10, 9, 9], (0.6, 3, 5, False)),
        ([None, 10, 10, nan, 10, 10, 10], (1, 5, 5, True)),
        ([10, 10, 10, 10, 9, 9], (4 / 6, 4, 6, False)),
        ([10 - 1e-12] * 5, (1, 5, 5, True)),
    ],
)
def test_ratings_are_silent_from_four_fifths_of_five_at_the_maximum(ratings, told):
    assert ceiling(ratings, 10) == told


def test_a_mark_a_step_below_can_be_counted_as_the_maximum():
    assert ceiling([9.9, 9.95, 9.8], 9.9).at_maximum == 2


def test_of_no_ratings_there_is_no_share_at_the_top():
    assert ceiling([None, nan], 10) is None


@given(st.lists(st.none() | st.floats(-1e30, 1e30)), st.floats(-1e30, 1e30))
def test_a_share_at_the_top_lies_between_nought_and_one(ratings, maximum):
    found = ceiling(ratings, maximum)
    if found is None:
        assert all(rating is None for rating in ratings)
    else:
        assert 0 <= found.share <= 1
        assert found.share == found.at_maximum / found.ratings
        assert found.ratings == sum(rating is not None for rating in ratings)


# --- Straight lines ----------------------------------------------------------------------

ALIKE, DIFFERENT = [7, 7, 7, 7, 7, 7], [7, 7, 8, 7, 7, 7]


def test_five_sessions_running_with_all_items_alike_are_noted():
    assert straight_line([ALIKE] * 5) == (5, 5, True)
    assert straight_line([ALIKE] * 4) == (4, 4, False)


def test_from_one_session_to_the_next_the_mark_may_change():
    assert straight_line([[mark] * 6 for mark in (3, 8, 5, 9, 7)]).noted


def test_one_different_mark_ends_the_row():
    assert straight_line([*[ALIKE] * 4, DIFFERENT, *[ALIKE] * 3]) == (3, 4, False)


def test_a_row_that_is_over_is_no_longer_noted():
    assert straight_line([*[ALIKE] * 6, DIFFERENT]) == (0, 6, False)


def test_a_session_without_a_rating_or_with_one_mark_neither_adds_nor_ends():
    row = [ALIKE, None, ALIKE, [7], ALIKE, [None, None], ALIKE, [None, 3], [7, None, 7]]
    assert straight_line(row) == (5, 5, True)


def test_a_mark_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="a mark"):
        straight_line([[7, nan]])


@given(st.lists(st.none() | st.lists(st.none() | st.integers(0, 2), max_size=3)))
def test_a_row_is_never_longer_than_the_longest_nor_that_than_all(sessions):
    found = straight_line(sessions)
    assert 0 <= found.running <= found.longest <= len(sessions)
    assert found.noted == (found.running >= 5)
    assert straight_line([*sessions, [1, 1]]).running == found.running + 1
    assert straight_line([*sessions, [1, 2]]).running == 0
    assert straight_line([*sessions, None]) == found
