"""An episode's course: what is raised, what settles it, and that it can be taken up again."""

import json
from dataclasses import replace
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.psychometrics.course import (
    BACK,
    ENOUGH_TO_COMPARE,
    LOW,
    LOWER,
    SLIDING,
    TOP,
    UNRATED,
    Course,
    Event,
    Mark,
    follow,
    go_on,
    told,
)
from alliance.psychometrics.detector import (
    PRESETS,
    Parameters,
    Rules,
    State,
    advance,
    probability_below,
    usual_range,
)
from alliance.psychometrics.repair import MOST_RATINGS, Drop

STANDARD = PRESETS["standard"]
# What a new measure with totals from 0 to 10 starts with.
START = Parameters(m=7.5, sb2=1.125, ss2=0.675, se2=0.45, phi=0.4, ceiling=10 - 1 / 6)
PARTLY = Mark(None, True)
KINDS = {LOWER, SLIDING, LOW, UNRATED, TOP, BACK}


def marks(*totals):
    """Make a mark of each total; None was held and not rated."""
    return [
        total if isinstance(total, Mark) else Mark(total, total is not None) for total in totals
    ]


def changes(*totals, rules=STANDARD, cutoff=None):
    """Return what each session raised (+) and settled (-), in words."""
    return [
        " ".join(f"{'+' if event.is_raised else '-'}{event.kind}" for event in events)
        for _course, _found, events in follow(marks(*totals), START, rules, cutoff=cutoff)
    ]


def after(*totals, cutoff=None):
    """Return the course after these sessions."""
    return follow(marks(*totals), START, STANDARD, cutoff=cutoff)[-1][0]


def facts(*totals, kind, cutoff=None):
    """Return the facts of the latest event of `kind` that was raised."""
    steps = follow(marks(*totals), START, STANDARD, cutoff=cutoff)
    raised = [e for _c, _f, events in steps for e in events if e.kind == kind and e.is_raised]
    return raised[-1].facts


# --- Missing ratings -------------------------------------------------------------------


def test_the_third_session_running_without_a_rating_is_raised_and_the_fourth_is_not():
    assert changes(8, None, None, None, None) == ["", "", "", "+unrated", ""]
    assert facts(8, None, None, None, kind=UNRATED) == {"sessions": 3}


def test_missing_ratings_are_raised_before_anything_was_ever_rated():
    assert changes(None, None, None) == ["", "", "+unrated"]


def test_the_next_rating_settles_missing_ones_even_one_given_in_part():
    assert changes(8, None, None, None, 8)[-1] == "-unrated"
    assert changes(8, None, None, None, PARTLY)[-1] == "-unrated"


def test_a_rating_given_in_part_breaks_the_run_of_missing_ones():
    assert changes(8, None, None, PARTLY, None, None) == [""] * 6
    assert after(8, None, PARTLY, None, None).unrated_run == 2


# --- Lower than usual ------------------------------------------------------------------


def test_a_clearly_lower_rating_is_raised_with_the_numbers_of_the_day():
    assert changes(8, 8, 8, 8, 4) == ["", "", "", "", "+lower"]
    found = follow(marks(8, 8, 8, 8, 4), START, STANDARD)[-1][1]
    low, high = usual_range(found)
    assert facts(8, 8, 8, 8, 4, kind=LOWER) == {
        "rating": 4,
        "usual": found.b,
        "low": low,
        "high": high,
        "variance": found.V,
        "df": found.df,
        "p": found.p,
        "probability": found.pr_drop,
        "scale": found.kap,
        "sum": found.cusum,
        "ratings": 4,
    }
    assert found.p < STANDARD.alert


def test_a_rating_that_is_only_somewhat_low_is_watched_and_not_raised():
    found = follow(marks(8, 8, 8, 8, 6), START, STANDARD)[-1][1]
    assert (found.watch, found.alert) == (True, False)
    assert changes(8, 8, 8, 8, 6)[-1] == ""


def test_a_second_somewhat_low_rating_running_is_raised():
    totals = (8, 8, 8, 8, 6, 5.4)
    found = follow(marks(*totals), START, STANDARD)[-1][1]
    assert STANDARD.alert < found.p < STANDARD.watch
    assert changes(*totals) == ["", "", "", "", "", "+lower"]


def test_nothing_is_compared_before_the_third_rating_however_low_the_second():
    found = follow(marks(8, 0), START, STANDARD)[-1][1]
    assert found.p < STANDARD.alert
    assert found.cusum > STANDARD.h
    assert changes(8, 0) == ["", ""]
    assert changes(8, 0, None, PARTLY) == [""] * 4
    assert changes(8, 0, 0)[-1] == "+lower +sliding"
    assert facts(8, 0, 0, kind=LOWER)["ratings"] == 2


def test_what_has_not_been_compared_is_not_followed_for_repair_either():
    assert after(8, 0).drop is None
    assert changes(8, 0, 8, 8) == [""] * 4


@pytest.mark.parametrize(
    ("preset", "raised"), [("quiet", ""), ("standard", ""), ("sensitive", "+lower")]
)
def test_a_more_sensitive_preset_raises_what_a_quieter_one_leaves(preset, raised):
    assert changes(8, 8, 8, 8, 5.4, rules=PRESETS[preset])[-1] == raised


def test_each_further_low_rating_is_raised_anew():
    assert changes(8, 8, 8, 8, 4, 4, 4)[4:] == ["+lower", "+lower +sliding", "+lower"]


# --- Gradually lower -------------------------------------------------------------------

SLIDE = (9, 9, 9, 8.5, 8.5, 8, 8, 7.5, 7.5, 7, 7, 6.5, 6.5)


def test_a_slow_slide_is_raised_once_though_no_single_rating_is():
    assert changes(*SLIDE) == [*[""] * 11, "+sliding", ""]
    assert facts(*SLIDE, kind=SLIDING)["sum"] > STANDARD.h


def test_a_slide_settles_when_its_sum_has_halved_and_the_last_rating_was_nothing_unusual():
    steps = follow(marks(*SLIDE, *[8.5] * 6), START, STANDARD)
    settled = [
        (found.cusum, found.p)
        for course, found, events in steps
        if Event(SLIDING, False, {}) in events
    ]
    assert len(settled) == 1
    (total, p) = settled[0]
    assert total < STANDARD.h / 2
    assert p > 0.10
    before = steps[[SLIDING in course.raised for course, _f, _e in steps].index(True) : -1]
    assert any(found.p > 0.10 and found.cusum >= STANDARD.h / 2 for _c, found, _e in before)


@pytest.mark.parametrize(("latest", "settled"), [(6, ""), (6.3, "-lower")])
def test_a_drop_holds_while_the_last_rating_is_unusual_though_the_sum_has_halved(latest, settled):
    rules = Rules(k=1.2)  # The sum falls fast.
    totals = (*[8] * 6, 5, latest)
    found = follow(marks(*totals), START, rules)[-1][1]
    assert found.cusum < rules.h / 2
    assert (found.p > 0.10) == bool(settled)
    assert changes(*totals, rules=rules)[-2:] == ["+lower", settled]


def test_a_slide_that_has_settled_can_be_raised_again():
    totals = [*SLIDE, *[9] * 8, 8.5, 8, 7.5, 7, 6.5, 6, 6]
    kinds = " ".join(changes(*totals)).split()
    assert [kind for kind in kinds if "sliding" in kind] == ["+sliding", "-sliding", "+sliding"]


# --- Back to usual ---------------------------------------------------------------------


def test_a_drop_that_is_mended_is_called_back_to_usual_once_and_no_longer_lower():
    assert changes(8, 8, 8, 8, 4, 8, 8)[4:] == ["+lower", "-lower +back", "-back"]
    told_of = facts(8, 8, 8, 8, 4, 8, kind=BACK)
    assert told_of["probability"] >= 0.8
    assert (told_of["rating"], told_of["since"]) == (4, 1)
    assert told_of["usual"] == facts(8, 8, 8, 8, 4, kind=LOWER)["usual"]


def test_repair_is_weighed_against_what_was_usual_before_the_drop():
    course = after(8, 8, 8, 8, 4, 5)
    assert course.drop.usual == facts(8, 8, 8, 8, 4, kind=LOWER)["usual"]
    assert (course.drop.session, course.drop.rating) == (5, 4)
    assert course.drop.after == ((6, 5),)


def test_unrated_sessions_use_up_none_of_the_five_ratings_that_a_repair_has():
    assert changes(8, 8, 8, 8, 4, None, None, 8)[-1] == "-lower +back"
    assert after(8, 8, 8, 8, 4, None, 5).drop.after == ((7, 5),)


def test_after_five_ratings_without_repair_the_search_ends_and_the_flag_stands():
    totals = (8, 8, 8, 8, 4, 4, 4, 4, 4, 4)
    assert after(*totals[:-1]).drop is not None
    assert after(*totals).drop is None
    assert LOWER in after(*totals).raised
    assert not any("back" in change for change in changes(*totals, 8, 8, 8))


def test_a_drop_during_the_search_begins_no_other_search():
    course = after(8, 8, 8, 8, 4, 3)
    assert (course.drop.session, len(course.drop.after)) == (5, 1)


# --- Low from the start ----------------------------------------------------------------


def test_low_from_the_start_is_raised_at_the_first_rating_where_a_cut_off_is_known():
    assert changes(4, 4, cutoff=5.5) == ["+low", ""]
    assert changes(4, 4, 4, 4) == [""] * 4
    found = follow(marks(4), START, STANDARD, cutoff=5.5)[-1][1]
    assert facts(4, kind=LOW, cutoff=5.5) == {
        "probability": probability_below(found, 5.5),
        "cutoff": 5.5,
        "ratings": 1,
    }


def test_low_settles_when_the_level_lies_as_likely_above_the_cut_off():
    assert changes(4, 7, cutoff=5.5) == ["+low", "-low"]


def test_low_from_the_start_is_only_looked_for_among_the_first_five_ratings():
    fifth, sixth = [5.4, 5.4, 5.4, None, 5, 4.5], [5.4, 5.4, 5.4, None, 5, 5, 4.5, 4]
    assert changes(*fifth, cutoff=5.5) == [*[""] * 5, "+low"]
    assert changes(*sixth, cutoff=5.5) == [""] * 8
    found = follow(marks(*sixth), START, STANDARD)[-1][1]
    assert probability_below(found, 5.5) > 0.8


# --- Always at the top -----------------------------------------------------------------


def test_four_of_five_at_the_top_are_raised_at_the_fifth_rating():
    assert changes(10, 10, None, 10, 9, 10) == [*[""] * 5, "+top"]
    assert facts(10, 10, 10, 9, 10, kind=TOP) == {"at_top": 4, "ratings": 5}


def test_three_of_five_at_the_top_are_not():
    assert changes(10, 10, 9, 9, 10) == [""] * 5


def test_it_settles_when_fewer_than_four_in_five_are_at_the_top():
    assert changes(*[10] * 5, 9, 9)[4:] == ["+top", "", "-top"]


def test_a_mean_that_rounding_left_just_below_ten_is_at_the_top():
    assert changes(*[10 - 1e-12] * 5)[-1] == "+top"


# --- Another wording -------------------------------------------------------------------


def everything_raised():
    return Course(
        detector=after(8, 8, 4).detector,
        unrated_run=3,
        at_top=2,
        highest=8,
        drop=Drop(session=3, usual=8, rating=4, scale=1),
        raised=tuple(sorted(KINDS)),
    )


def test_another_wording_carries_on_missing_ratings_and_nothing_else():
    other = replace(START, m=5)
    assert everything_raised().begin_anew(other) == replace(
        Course.first(other), unrated_run=3, raised=(UNRATED,)
    )


def test_another_wording_raises_nothing_that_was_not():
    assert after(8, 8, 8).begin_anew(START) == Course.first(START)


# --- What is refused -------------------------------------------------------------------


@pytest.mark.parametrize("total", [nan, inf, -inf, -0.1, 10.1])
def test_a_total_outside_nought_to_ten_is_refused(total):
    with pytest.raises(ValueError, match="between 0 and 10"):
        follow(marks(5, total), START, STANDARD)


def test_a_total_without_a_rating_is_refused():
    with pytest.raises(ValueError, match="comes of a rating"):
        follow([Mark(5, False)], START, STANDARD)


@pytest.mark.parametrize("changed", [{"more": 1}, {"drop": {"session": 1}}])
def test_what_is_not_a_course_is_not_taken_up(changed):
    with pytest.raises((TypeError, KeyError)):
        Course.from_json(everything_raised().as_json() | changed)


# --- For any course --------------------------------------------------------------------

# The totals that three components of two items each can have, and some at the ends.
TOTALS = st.integers(0, 60).map(lambda sixths: sixths / 6) | st.sampled_from([0.0, 10.0])
MARKS = st.builds(Mark, TOTALS, st.just(True)) | st.builds(Mark, st.none(), st.booleans())
COURSES = st.lists(MARKS, max_size=60)
VARIANCES = st.floats(0.01, 5)
PARAMETERS = st.just(START) | st.builds(
    Parameters,
    m=st.floats(0, 10),
    sb2=VARIANCES,
    ss2=VARIANCES,
    se2=VARIANCES,
    phi=st.floats(-0.9, 0.9),
    ceiling=st.none() | st.just(10 - 1 / 6),
)
RULES = st.sampled_from(list(PRESETS.values()))
CUTOFFS = st.none() | st.floats(1, 9)


def same(found):
    """Write a finding so that what is missing equals what is missing."""
    return [repr(value) for value in found]


@given(COURSES, PARAMETERS, RULES, CUTOFFS)
def test_taken_up_from_its_json_after_every_session_it_goes_on_to_the_last_bit(
    sessions, parameters, rules, cutoff
):
    kept = Course.first(parameters)
    for mark, (course, found, events) in zip(
        sessions, follow(sessions, parameters, rules, cutoff=cutoff), strict=True
    ):
        kept = Course.from_json(json.loads(json.dumps(kept.as_json())))
        kept, again, changed = go_on(kept, mark, parameters, rules, cutoff=cutoff)
        assert repr(kept) == repr(course)
        assert same(again) == same(found)
        assert changed == events


@given(COURSES, PARAMETERS, RULES, CUTOFFS)
def test_what_stands_is_what_was_raised_and_not_settled_since(sessions, parameters, rules, cutoff):
    standing = set()
    for course, _found, events in follow(sessions, parameters, rules, cutoff=cutoff):
        for event in events:
            assert event.kind in KINDS
            if event.is_raised:
                assert event.kind == LOWER or event.kind not in standing
                standing.add(event.kind)
            else:
                assert event.kind in standing
                standing.remove(event.kind)
        assert course.raised == tuple(sorted(standing))


@given(COURSES, PARAMETERS, RULES, CUTOFFS)
def test_each_kind_waits_for_enough_ratings(sessions, parameters, rules, cutoff):
    totals = 0
    for mark, (_course, _found, events) in zip(
        sessions, follow(sessions, parameters, rules, cutoff=cutoff), strict=True
    ):
        totals += mark.total is not None
        raised = {event.kind for event in events if event.is_raised}
        if totals < ENOUGH_TO_COMPARE:
            assert not raised & {LOWER, SLIDING, BACK}
        if totals < 5:
            assert TOP not in raised
        if totals > 5:
            assert LOW not in raised
        if mark.total is None:
            assert raised <= {UNRATED}


@given(COURSES, PARAMETERS, RULES)
def test_lower_and_sliding_settle_by_a_repair_or_where_nothing_is_unusual_any_more(
    sessions, parameters, rules
):
    for _course, found, events in follow(sessions, parameters, rules):
        settled = {event.kind for event in events if not event.is_raised}
        is_back = any(event.kind == BACK and event.is_raised for event in events)
        if settled & {LOWER, SLIDING} and not is_back:
            assert found.cusum < rules.h / 2
            assert not found.p <= 0.10


@given(COURSES, PARAMETERS, RULES)
def test_a_repair_follows_a_drop_within_five_ratings(sessions, parameters, rules):
    since = None
    for mark, (course, _found, events) in zip(
        sessions, follow(sessions, parameters, rules), strict=True
    ):
        if mark.total is not None and since is not None:
            since += 1
        for event in events:
            if event.kind == BACK and event.is_raised:
                assert event.facts["since"] == since
                assert 1 <= since <= MOST_RATINGS
                assert event.facts["probability"] >= 0.8
        if course.drop is None:
            since = None
        elif since is None:
            since = 0
        else:
            assert since < MOST_RATINGS


@given(COURSES, PARAMETERS, RULES, CUTOFFS)
def test_every_fact_is_a_number_or_missing_and_nothing_is_raised_without_one(
    sessions, parameters, rules, cutoff
):
    for _course, _found, events in follow(sessions, parameters, rules, cutoff=cutoff):
        for event in events:
            assert bool(event.facts) == event.is_raised
            assert all(value is None or isfinite(value) for value in event.facts.values())


@given(COURSES, PARAMETERS, RULES)
def test_its_detector_is_the_detector_itself(sessions, parameters, rules):
    state = State.first(parameters)
    for mark, (course, found, _events) in zip(
        sessions, follow(sessions, parameters, rules), strict=True
    ):
        state, plain = advance(state, mark.total, parameters, rules)
        assert course.detector == state
        assert same(found) == same(plain)


@given(COURSES, st.integers(1, 5))
def test_unrated_sessions_at_the_end_change_the_run_and_leave_what_else_stands(sessions, more):
    steps = follow([*sessions, *[Mark(None, False)] * more], START, STANDARD)
    before = steps[len(sessions) - 1][0] if sessions else Course.first(START)
    course = steps[-1][0]
    assert course.unrated_run == before.unrated_run + more
    assert set(course.raised) - {UNRATED} == set(before.raised) - {UNRATED}
    assert (course.highest, course.at_top, course.drop) == (
        before.highest,
        before.at_top,
        before.drop,
    )


@given(
    TOTALS,
    st.lists(st.booleans(), max_size=60),
    PARAMETERS,
    RULES,
)
def test_ratings_that_are_always_the_same_are_never_lower_nor_sliding(
    total, is_rated, parameters, rules
):
    sessions = [Mark(total if rated else None, rated) for rated in is_rated]
    for _course, _found, events in follow(sessions, parameters, rules):
        assert {event.kind for event in events} <= {UNRATED, TOP}


@given(
    st.floats(0, 10),
    st.integers(1, 60),
    PARAMETERS,
    RULES,
    st.floats(0, 10),
)
def test_ratings_always_the_same_are_not_low_where_neither_they_nor_the_mean_lie_below(
    total, many, parameters, rules, cutoff
):
    cutoff = min(cutoff, total, parameters.m)
    steps = follow([Mark(total, True)] * many, parameters, rules, cutoff=cutoff)
    assert LOW not in {event.kind for _course, _found, events in steps for event in events}


@given(COURSES, PARAMETERS)
def test_the_highest_and_those_at_the_top_are_counted_over_all_totals(sessions, parameters):
    course = Course.first(parameters)
    for mark in sessions:
        course, _found, _events = go_on(course, mark, parameters, STANDARD)
    totals = [mark.total for mark in sessions if mark.total is not None]
    assert course.highest == max(totals, default=None)
    assert course.at_top == sum(total > 10 - 1e-6 for total in totals)


# --- What is told ----------------------------------------------------------------------


def test_what_is_told_of_a_first_rating_leaves_out_what_is_not_known():
    found = follow(marks(8), START, STANDARD)[0][1]
    said = told(found, 0)
    assert (said["p"], said["probability"]) == (None, None)
    assert (said["rating"], said["usual"], said["ratings"]) == (8, 7.5, 0)
    assert said["low"] < 7.5 < said["high"]


def test_of_a_session_without_a_rating_only_what_is_usual_is_told():
    said = told(follow(marks(8, None), START, STANDARD)[1][1], 1)
    missing = {name for name, value in said.items() if value is None}
    assert missing == {"rating", "p", "probability", "sum"}
