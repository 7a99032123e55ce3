"""Rehearsals: counted by hand on short histories, then on courses whose truth is known."""

from dataclasses import astuple, replace
from functools import partial
from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.psychometrics.comparators import below_cutoff, drop_since_last
from alliance.psychometrics.course import LOWER, SLIDING, Mark, follow
from alliance.psychometrics.detector import PRESETS, Parameters, detect, detect_many, usual_range
from alliance.psychometrics.rehearsal import (
    entries_of,
    ever_marked,
    is_listed,
    new_entries,
    rehearse_courses,
    rehearse_history,
    share,
)
from alliance.psychometrics.simulation import REFERENCE, SCENARIOS, draw

STANDARD = PRESETS["standard"]
ON_TEN = Parameters(m=7.5, sb2=1.125, ss2=0.675, se2=0.45, phi=0.4)
ONE_POINT = partial(drop_since_last, points=1.0)

STEADY = [8.0, 8.2, 7.9, 8.1, 8.0, 8.1]
DIPPED = [8.0, 8.2, 7.9, 8.1, 8.0, 2.0, 8.0]
STAYED_LOW = [8.0, 8.2, 7.9, 8.1, 8.0, 2.0, 2.0]
UNFOLLOWED = [8.0, 8.2, 7.9, 8.1, 8.0, 2.0, None]


def rehearse(*histories, rule=STANDARD, parameters=ON_TEN, **options):
    return rehearse_history(list(histories), parameters, {"it": rule}, **options)["it"]


# --- Shares ----------------------------------------------------------------------------


def test_a_share_has_the_standard_error_of_a_proportion():
    found = share(np.array([1, 0, 0, 1]), np.ones(4))
    assert (found.value, found.of) == (0.5, 4)
    assert found.standard_error == pytest.approx(sqrt(0.5 * 0.5 / 4))


def test_several_cases_of_one_course_count_as_one_draw():
    """Two courses, one all hits and one all misses: the error is that of two draws, not of six."""
    cases = np.ones((2, 3))
    hits = np.array([[1, 1, 1], [0, 0, 0]])
    found = share(hits, cases)
    assert (found.value, found.of) == (0.5, 6)
    assert found.standard_error == pytest.approx(sqrt(0.5 * 0.5 / 2))


def test_a_share_of_nothing_is_none():
    assert share(np.zeros(3), np.zeros(3)) is None
    assert share(np.zeros((0, 4)), np.zeros((0, 4))) is None


def test_a_course_counts_once_however_often_it_is_marked():
    marks = np.array([[0, 1, 1, 1], [0, 0, 0, 1]], dtype=bool)
    assert [ever_marked(marks, sessions).value for sessions in (1, 2, 4)] == [0, 0.5, 1]


@pytest.mark.parametrize("sessions", [0, 5])
def test_more_or_fewer_sessions_than_there_are_are_refused(sessions):
    with pytest.raises(ValueError, match="sessions"):
        ever_marked(np.zeros((2, 4), dtype=bool), sessions)


# --- Entries ---------------------------------------------------------------------------


def test_an_entry_begins_with_a_mark_and_stays_until_it_is_calm():
    listed = np.array([[0, 1, 0, 1, 0, 1]], dtype=bool)
    calm = np.array([[1, 0, 0, 0, 1, 0]], dtype=bool)
    assert new_entries(listed, calm).tolist() == [[False, True, False, False, False, True]]


def test_the_app_lists_nothing_before_the_third_rating():
    found = detect_many([[8.0, 2.0, 8.0, 2.0, 8.0], [8.0, nan, nan, 2.0, 8.0]], ON_TEN)
    assert found.alert[:, [1, 3]].tolist() == [[True, True], [False, True]]
    assert is_listed(found, STANDARD)[:, [1, 3]].tolist() == [[False, True], [False, False]]


totals = st.none() | st.integers(0, 100).map(lambda tenth: tenth / 10)


@given(st.lists(st.lists(totals, max_size=12), min_size=1, max_size=3))
def test_the_app_raises_its_flags_where_the_rehearsal_lists(histories):
    longest = max(map(len, histories))
    padded = [[nan if y is None else y for y in h] + [nan] * (longest - len(h)) for h in histories]
    listed = is_listed(detect_many(np.array(padded).reshape(len(histories), -1), ON_TEN), STANDARD)
    for row, history in zip(listed, histories, strict=True):
        marks = [Mark(y, y is not None) for y in history]
        steps = follow(marks, ON_TEN, STANDARD)
        for number, (_course, finding, events) in enumerate(steps):
            raised = {e.kind for e in events if e.is_raised} & {LOWER, SLIDING}
            # A drift that stands already is not raised again.
            assert row[number] == bool(raised) or (finding.drift and not raised)


# --- A history -------------------------------------------------------------------------


def test_a_history_in_which_nothing_happened_has_no_flags():
    found = rehearse(STEADY, STEADY)
    assert (found.clients, found.held, found.rated) == (2, 12, 12)
    assert (found.marks, found.flags, found.clients_flagged, found.followed, found.back) == (0,) * 5


def test_a_dip_is_flagged_once_and_back_to_usual_at_the_next_rating():
    found = rehearse(DIPPED, STEADY)
    assert (found.flags, found.clients_flagged, found.followed, found.back) == (1, 1, 1, 1)


def test_a_drop_that_stays_is_flagged_once_and_not_back():
    found = rehearse(STAYED_LOW)
    assert (found.marks, found.flags, found.followed, found.back) == (2, 1, 1, 0)


def test_a_flag_without_a_later_rating_is_not_followed():
    found = rehearse(UNFOLLOWED, DIPPED[:6])
    assert (found.flags, found.followed, found.back) == (2, 0, 0)


def test_sessions_without_a_rating_are_held_but_not_rated():
    found = rehearse([8.0, None, 8.1], [None, None])
    assert (found.clients, found.held, found.rated) == (2, 5, 2)


def test_the_next_rating_may_come_after_sessions_without_one():
    found = rehearse([*DIPPED[:6], None, None, 8.0])
    assert (found.followed, found.back) == (1, 1)


def test_back_to_usual_is_not_below_the_range_as_it_stood_at_the_flag():
    low, _high = usual_range(detect(DIPPED, ON_TEN)[5])
    assert rehearse([*DIPPED[:6], low + 1e-6]).back == 1
    assert rehearse([*DIPPED[:6], low - 1e-6]).back == 0


def test_a_rule_of_others_is_counted_by_the_same_measure_of_usual():
    found = rehearse([8.0, 8.2, 7.0, 6.9, 8.2, 7.0], rule=ONE_POINT)
    assert (found.marks, found.flags, found.followed, found.back) == (2, 2, 1, 1)


def test_a_rule_of_others_flags_anew_only_after_a_rating_that_it_does_not_mark():
    found = rehearse([5.0, None, 5.0, 7.0, 5.0], rule=partial(below_cutoff, cutoff=6.0))
    assert (found.marks, found.flags) == (3, 2)


def test_only_flags_of_the_period_count_but_what_is_usual_is_learnt_before_it():
    inside, outside, none = (rehearse(DIPPED, counted_from=[n]) for n in (6, 7, 8))
    assert (inside.flags, inside.held, inside.back) == (1, 2, 1)
    assert (outside.flags, outside.held) == (0, 1)
    assert (none.clients, none.held, none.flags) == (0, 0, 0)


def test_an_entry_that_began_before_the_period_is_not_new_in_it():
    assert rehearse(STAYED_LOW, counted_from=[7]).flags == 0
    assert rehearse(STAYED_LOW, counted_from=[7]).marks == 1


def test_no_history_gives_noughts():
    for found in (rehearse(), rehearse([]), rehearse(repeats=3), rehearse([], repeats=3)):
        assert astuple(found)[:8] == (0,) * 8


@pytest.mark.parametrize("counted_from", [[], [1, 1], [0]])
def test_each_history_says_from_which_session_it_counts(counted_from):
    with pytest.raises(ValueError, match="session"):
        rehearse(STEADY, counted_from=counted_from)


@pytest.mark.parametrize("rating", [nan, inf, -inf, 1e200])
def test_a_rating_that_is_no_number_is_refused(rating):
    with pytest.raises(ValueError, match="rating"):
        rehearse([8.0, rating])


def test_a_rule_that_does_not_mark_each_session_is_refused():
    with pytest.raises(ValueError, match="each session"):
        rehearse(STEADY, rule=lambda ratings: ratings[:, 1:] < 5)


@given(st.lists(st.lists(totals, max_size=10), max_size=5), st.sampled_from(sorted(PRESETS)))
def test_counts_lie_within_each_other_and_the_order_of_clients_makes_no_difference(
    histories, preset
):
    found = rehearse(*histories, rule=PRESETS[preset])
    assert found.back <= found.followed <= found.flags <= found.marks <= found.rated <= found.held
    assert found.clients_flagged <= min(found.flags, found.clients)
    assert found.clients == sum(bool(history) for history in histories)
    assert rehearse(*histories[::-1], rule=PRESETS[preset]) == found


@given(st.lists(st.lists(totals, max_size=10), max_size=4))
def test_a_more_sensitive_preset_never_marks_less(histories):
    quiet, standard, sensitive = (
        rehearse(*histories, rule=rule).marks for rule in PRESETS.values()
    )
    assert quiet <= standard <= sensitive


# --- What chance would have done -------------------------------------------------------


def invented(many=40, sessions=12, seed=3):
    courses = draw(
        SCENARIOS["missing"],
        ON_TEN,
        courses=many,
        sessions=sessions,
        generator=np.random.default_rng(seed),
    )
    return [[None if np.isnan(y) else float(y) for y in row] for row in courses.ratings()]


def test_chance_alone_gives_about_what_an_undisturbed_history_gave():
    histories = invented(many=400)
    found = rehearse(*histories, repeats=20)
    assert found.by_chance.flags == pytest.approx(found.flags, abs=4 * sqrt(found.flags))
    assert 0 < found.by_chance.clients_flagged <= found.by_chance.flags


def test_chance_is_told_only_where_it_is_asked_for_and_by_its_seed():
    histories = invented()
    assert rehearse(*histories).by_chance is None
    one, same, other = (rehearse(*histories, repeats=5, seed=seed).by_chance for seed in (1, 1, 2))
    assert one == same != other


def test_chance_knows_which_sessions_were_rated_and_which_are_counted():
    unrated = [[None] * 12] * 40
    assert rehearse(*unrated, repeats=3).by_chance.flags == 0
    late = rehearse(*invented(), repeats=3, counted_from=[13] * 40)
    assert late.by_chance.flags == 0


def test_chance_at_a_ceiling_knows_the_ceiling():
    """Ratings beyond it would let every rating at the top look like a drop from above."""
    at_top = replace(ON_TEN, m=10.5, ceiling=9.9)
    found = rehearse(*[[10.0] * 12] * 50, parameters=at_top, repeats=10)
    assert found.flags == 0
    assert 0 < found.by_chance.flags < 0.2 * 50


# --- Courses ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated():
    rules = {**PRESETS, "one point": ONE_POINT}
    return rehearse_courses(rules, REFERENCE, sessions=10, courses=4_000, seed=5)


def test_simulated_figures_are_near_those_of_the_specification(simulated):
    """Table 2.3 and the presets of 2.4, within four standard errors."""
    for name, false_alarms, flags_per_100 in (
        ("quiet", 0.03, None),
        ("standard", 0.087, 0.9),
        ("sensitive", 0.185, None),
    ):
        found = simulated[name].false_alarms
        assert found.value == pytest.approx(false_alarms, abs=4 * found.standard_error)
        if flags_per_100:
            assert simulated[name].flags_per_100 == pytest.approx(flags_per_100, abs=0.2)
    power = simulated["standard"].power
    assert power.value == pytest.approx(0.35, abs=4 * power.standard_error)
    ppv = simulated["one point"].ppv
    assert ppv.value == pytest.approx(0.133, abs=4 * ppv.standard_error)


def test_a_more_sensitive_preset_sees_more_and_errs_more(simulated):
    quiet, standard, sensitive = (simulated[name] for name in ("quiet", "standard", "sensitive"))
    assert quiet.power.value < standard.power.value < sensitive.power.value
    assert quiet.false_alarms < standard.false_alarms < sensitive.false_alarms
    assert quiet.flags_per_100 < standard.flags_per_100 < sensitive.flags_per_100


def test_the_same_seed_gives_the_same_figures_and_another_gives_others():
    one, same, other = (
        rehearse_courses({"it": STANDARD}, REFERENCE, courses=200, seed=seed) for seed in (1, 1, 2)
    )
    assert one == same != other


def test_power_counts_only_courses_rated_at_the_session_that_dips():
    found = rehearse_courses(
        {"it": STANDARD}, REFERENCE, scenario=SCENARIOS["missing"], courses=1_000
    )["it"]
    assert found.power.of == pytest.approx(750, abs=60)


def test_without_a_dip_power_is_the_false_alarms_of_one_session():
    found = rehearse_courses({"it": STANDARD}, REFERENCE, courses=2_000, size=0.0)["it"]
    assert found.power.value < found.false_alarms.value


def test_where_nothing_dips_no_mark_is_true():
    found = rehearse_courses({"it": STANDARD}, REFERENCE, courses=500, prevalence=0.0)["it"]
    assert found.ppv.value == 0


def test_a_rule_that_marks_nothing_has_no_predictive_value():
    found = rehearse_courses(
        {"it": partial(below_cutoff, cutoff=-1e6)}, REFERENCE, courses=50, sessions=3
    )["it"]
    assert found.ppv is None
    assert found.false_alarms.value == found.power.value == found.flags_per_100 == 0


def test_no_course_is_refused():
    with pytest.raises(ValueError, match="at least one course"):
        rehearse_courses({"it": STANDARD}, REFERENCE, courses=0)


def test_entries_of_the_detector_let_go_when_the_sum_has_halved_and_the_rating_is_usual():
    ratings = np.array([[*STEADY, 2.0, 8.0, 9.5, 9.5, 2.0, 8.0]])
    found = detect_many(ratings, ON_TEN)
    entries = entries_of(found, STANDARD)[0]
    assert np.flatnonzero(entries).tolist() == [6, 10]
    assert (found.cusum[0, 7:10] < STANDARD.h / 2).any()
