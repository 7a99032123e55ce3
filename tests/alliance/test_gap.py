"""Two views of the same sessions: nothing below five pairs, intervals above, never an opinion."""

from math import atanh, isfinite, sqrt, tanh

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alliance.psychometrics.gap import describe_gap
from alliance.trends.pages import present_trend
from tests.conftest import hold, look, rate

MARKS = st.none() | st.floats(0, 10)


def gap(client, therapist, guesses=None):
    n = len(client)
    return describe_gap(range(1, n + 1), client, therapist, guesses or [None] * n)


# --- The arithmetic ---


def test_the_difference_is_a_paired_mean_with_students_interval():
    """R: t.test(c, t, paired = TRUE); the differences alternate, so nothing is alike."""
    client, therapist = [8, 7, 9, 7, 8, 6], [6, 6, 7, 6, 6, 5]
    found = gap(client, therapist)
    told = stats.ttest_rel(client, therapist).confidence_interval(0.95)
    assert found.pairs == 6
    assert found.difference.value == pytest.approx(1.5)
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(told))
    assert tuple(told) == pytest.approx((0.925200, 2.074800), abs=1e-6)


def test_differences_that_are_alike_from_one_session_to_the_next_widen_it():
    therapist = [5.0] * 12
    shuffled = [6, 8, 6, 8, 6, 8, 6, 8, 6, 8, 6, 8]
    slow = sorted(shuffled)
    one, other = gap(shuffled, therapist).difference, gap(slow, therapist).difference
    assert one.value == other.value
    assert other.high - other.low > 1.5 * (one.high - one.low)


def test_the_correlation_is_pearsons_with_fishers_interval_where_neither_side_is_slow():
    client, therapist = [8, 5, 9, 4, 8, 6, 9, 5], [6, 5, 8, 5, 5, 6, 7, 4]
    found = gap(client, therapist)
    r = float(np.corrcoef(client, therapist)[0, 1])
    half = stats.norm.ppf(0.975) / sqrt(8 - 3)
    assert found.worth == 8
    assert found.tracking.r == pytest.approx(r)
    assert found.tracking.low == pytest.approx(tanh(atanh(r) - half))
    assert found.tracking.high == pytest.approx(tanh(atanh(r) + half))


def test_two_slow_series_are_worth_fewer_pairs_and_their_interval_is_wider():
    steps = np.arange(40)
    client = 6 + np.sin(steps / 2) + np.tile([0.5, -0.5], 20)
    therapist = 5 + np.sin(steps / 2) + np.tile([0.5, 0.5, -0.5, -0.5], 10)
    found = gap(list(client), list(therapist))
    assert 4 < found.worth < 30
    half = stats.norm.ppf(0.975) / sqrt(40 - 3)
    assert found.tracking.low < tanh(atanh(found.tracking.r) - half)


def test_where_hardly_any_independent_pair_is_left_no_correlation_is_given():
    rising = list(np.linspace(3, 8, 12))
    found = gap(rising, [mark - 1 for mark in rising])
    assert found.worth < 4
    assert found.tracking is None


def test_by_simulation_the_interval_of_two_slow_series_that_have_nothing_in_common_holds_nought():
    dice = np.random.default_rng(5)

    def slow(n):
        series = [dice.normal()]
        for _step in range(n - 1):
            series.append(0.7 * series[-1] + sqrt(1 - 0.49) * dice.normal())
        return [5 + x for x in series]

    given_as_it_is = allowed_for = 0
    for _time in range(300):
        client, therapist = slow(30), slow(30)
        found = gap(client, therapist)
        r = np.corrcoef(client, therapist)[0, 1]
        given_as_it_is += abs(atanh(r)) < 1.96 / sqrt(27)
        allowed_for += found.tracking is None or found.tracking.low <= 0 <= found.tracking.high
    assert given_as_it_is < 0.85 * 300
    assert allowed_for > 0.88 * 300


def test_guesses_are_set_against_what_the_client_marked():
    client, guesses = [8, 7, 9, 7, 8], [7, 7, 7, 8, 7]
    found = gap(client, [5.0, 6, 7, 6, 5], guesses)
    assert found.guesses == 5
    assert found.guess.value == pytest.approx(0.6)
    assert found.off == pytest.approx(1.0)


def test_a_view_that_never_moves_has_a_difference_and_no_correlation():
    found = gap([8, 7, 9, 7, 8, 7], [6.0] * 6)
    assert found.difference.value == pytest.approx(5 / 3)
    assert found.tracking is None


@given(st.lists(st.tuples(MARKS, MARKS, MARKS), max_size=40))
def test_below_five_pairs_nothing_is_said_and_nan_never(rows):
    client, therapist, guesses = ([row[side] for row in rows] for side in range(3))
    found = gap(client, therapist, guesses)
    pairs = sum(c is not None and t is not None for c, t, _g in rows)
    guessed = sum(c is not None and g is not None for c, _t, g in rows)
    assert (found.pairs, found.guesses) == (pairs, guessed)
    assert (found.difference is None) == (pairs < 5)
    assert (found.guess is None) == (found.off is None) == (guessed < 5)
    assert found.tracking is None or pairs >= 6
    for told in (found.difference, found.guess, found.tracking):
        assert told is None or all(isfinite(number) for number in told)
    if found.difference:
        assert found.difference.low <= found.difference.value <= found.difference.high
    if found.tracking:
        assert -1 <= found.tracking.low <= found.tracking.r <= found.tracking.high <= 1


@pytest.mark.parametrize(
    ("occasions", "client"), [([1, 1], [5, 5]), ([1], [5, 5]), ([1, 2], [5, float("inf")])]
)
def test_what_is_no_series_of_sessions_is_refused(occasions, client):
    with pytest.raises(ValueError):
        describe_gap(occasions, client, client, [None] * len(client))


def test_without_any_session_nothing_is_said():
    found = describe_gap([], [], [], [])
    assert (found.pairs, found.difference, found.tracking, found.guess) == (0, None, None, None)


# --- The words ---


def both(cast, client, therapist, guesses=None):
    """Let both rate one session a week, and return what the page says."""
    for place, (told, own) in enumerate(zip(client, therapist, strict=True)):
        session = hold(cast.cleo, weeks_ago=len(client) - place)
        if told is not None:
            rate(session, told)
        if own is not None:
            more = {"guess": guesses[place]} if guesses else {}
            rate(session, own, respondent="therapist", **more)
    return present_trend(cast.cleo, is_holder=True, reader=cast.theo).views


def test_where_the_therapist_never_rated_there_is_no_such_section(cast):
    assert both(cast, [7, 8], [None, None]) is None


def test_below_five_pairs_it_is_too_early(cast):
    views = both(cast, [7, 8, 7, None], [6, 7, 7, 6])
    assert views.said == ["Too early to say how the two views differ: 3 of 5 pairs."]
    assert views.card is None


def test_from_five_pairs_up_it_says_how_far_and_what_is_usual(cast):
    views = both(cast, [8, 7, 9, 7, 8, 6], [6, 6, 7, 6, 6, 5])
    assert views.said[0] == (
        "In 6 sessions that both rated, the client’s mean was 1.5 points higher than the "
        "therapist’s (0.9 to 2.1)."
    )
    assert views.said[1] == "Clients rate higher on average; that is normal."
    assert "tended to go with them" in views.said[2]
    assert "how good a therapist" in " ".join(views.card.limits)


def test_a_client_who_rates_lower_is_said_as_plainly(cast):
    views = both(cast, [5, 5, 6, 4, 5], [7, 8, 7, 7, 7])
    assert "points lower than the therapist’s" in views.said[0]
    assert views.said[2] == "Whether the two go up and down together cannot be said yet."


def test_what_cannot_be_told_apart_is_not_called_a_difference(cast):
    views = both(cast, [8, 5, 8, 5, 8, 6], [7, 6, 6, 7, 7, 6])
    assert "no difference between the two can be told" in views.said[0]
    assert "cannot be told: correlation" in views.said[2]


def test_views_that_go_opposite_ways_are_said_to(cast):
    views = both(cast, [8, 4, 8, 4, 8, 4, 8], [5, 8, 4, 8, 5, 7, 5])
    assert "the other way round" in views.said[2]


@pytest.mark.parametrize(
    ("guesses", "way"),
    [
        ([5, 5, 6, 4, 5], "marked higher than guessed"),
        ([9, 10, 9, 9, 9], "marked lower than guessed"),
        ([8, 6, 8, 6, 8], "neither above nor below as a rule"),
    ],
)
def test_guesses_are_said_from_five_up(cast, guesses, way):
    views = both(cast, [7, 7, 8, 6, 7], [6, 7, 6, 6, 7], guesses)
    assert views.said[3].startswith("5 guesses of the client’s mean lay")
    assert way in views.said[3]


def test_the_supervisor_reads_the_same_and_no_one_is_called_good_or_bad(cast):
    said = both(cast, [8, 7, 9, 7, 8, 6], [6, 6, 7, 6, 6, 5]).said
    assert present_trend(cast.cleo, is_holder=False, reader=cast.sue).views is None
    look(cast.cleo, by=cast.theo)
    for_sue = present_trend(cast.cleo, is_holder=False, reader=cast.sue).views
    assert for_sue.said == said
    assert not any(word in " ".join(said).lower() for word in ("good", "bad", "better", "worse"))
