"""What an episode's sessions and ratings amount to, in numbers and in words."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.asking.actions import NothingToRate
from alliance.ratings.models import Rating
from alliance.trends import words
from alliance.trends.actions import open_trend, review
from alliance.trends.models import Reading, Standing
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import end_episode, hand_over_episode
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session
from tests.conftest import hold, rate, run

IN_PART = (None, None, 8, 8, 8, 8)


def _standing(episode):
    return Standing.objects.get(episode=episode)


def _told(episode):
    return Standing.objects.values().get(episode=episode)


# --- What stands out, and what does not ---


def test_an_episode_without_a_session_stands_at_nothing(cast):
    standing = _standing(cast.cleo)
    assert (standing.sessions_held, standing.sessions_rated, standing.unrated_run) == (0, 0, 0)
    assert (standing.signal, standing.attention, standing.spark) == ("early", 0, [])
    assert (standing.total, standing.usual, standing.last_session_at) == (None, None, None)


@pytest.mark.parametrize(
    ("totals", "signal", "attention", "unrated_run"),
    [
        ([None, None], "early", 0, 2),
        ([None, None, None], "unrated", 2, 3),
        ([8, None, None], "early", 0, 2),
        ([8, None, None, None], "unrated", 2, 3),
        ([None, None, None, 8], "early", 0, 0),
        ([8, 8, 8], "early", 0, 0),
        ([8, 8, 7], "early", 0, 0),
        ([8, 8, 8, 8], "none", 0, 0),
        ([8, 8, 8, 7], "lowest", 2, 0),
        ([8, 7, 8, 7], "none", 0, 0),
        ([8, 8, 8, 7, None, None], "lowest", 2, 2),
        ([8, 8, 8, 7, None, None, None], "unrated", 2, 3),
        ([8, 8, 8, 7, 8], "none", 0, 0),
    ],
)
def test_three_unrated_sessions_or_a_total_below_three_earlier_ones_stand_out(
    cast, totals, signal, attention, unrated_run
):
    sessions = run(cast.cleo, totals)
    standing = _standing(cast.cleo)
    assert (standing.signal, standing.attention) == (signal, attention)
    assert standing.unrated_run == unrated_run
    assert standing.sessions_held == len(totals)
    assert standing.sessions_rated == sum(total is not None for total in totals)
    assert standing.spark == totals
    assert standing.last_session_at == sessions[-1].starts_at


def test_the_latest_is_set_beside_the_mean_of_those_before(cast):
    run(cast.cleo, [9, 7, 8, 5])
    standing = _standing(cast.cleo)
    assert (standing.usual, standing.total, standing.below_usual) == (8, 5, 3)
    assert standing.scores() == {"trust": 5, "goals": 5, "collaboration": 5}
    assert standing.last_rated_at == Rating.objects.latest("submitted_at").submitted_at


def test_above_what_is_usual_nothing_is_below_it(cast):
    run(cast.cleo, [5, 5, 5, 9])
    assert _standing(cast.cleo).below_usual == 0


def test_the_order_is_that_of_the_sessions_and_not_of_the_ratings(cast):
    first, *others = [hold(cast.cleo, weeks_ago=back) for back in (3, 2, 1, 0)]
    for session in reversed(others):
        rate(session, 8)
    rate(first, 3)
    assert _standing(cast.cleo).total == 8
    assert _standing(cast.cleo).signal == "none"


def test_sessions_that_were_not_held_are_not_missing_a_rating(cast):
    run(cast.cleo, [8])
    for days in (3, 2, 1):
        session = hold(cast.cleo, weeks_ago=days + 3)
        correct_session(session=session, by=cast.theo, status="missed")
    assert _standing(cast.cleo).unrated_run == 0
    assert _standing(cast.cleo).sessions_held == 1


def test_a_rating_given_in_part_has_no_total_and_is_not_called_missing(cast):
    *_earlier, last = run(cast.cleo, [8, 8, 8, None])
    rate(last, IN_PART)
    standing = _standing(cast.cleo)
    assert (standing.sessions_rated, standing.unrated_run) == (4, 0)
    assert (standing.trust, standing.goals, standing.total) == (None, 8, None)
    assert standing.spark == [8, 8, 8, None]


def test_a_rating_given_in_part_does_not_leave_the_one_before_called_the_lowest(cast):
    *_earlier, last = run(cast.cleo, [8, 8, 8, 2, None])
    assert _standing(cast.cleo).signal == "lowest"
    rate(last, IN_PART)
    assert _standing(cast.cleo).signal == "none"


def test_a_sheet_left_blank_counts_as_unrated(cast):
    sessions = run(cast.cleo, [8, None, None, None])
    for session in sessions[1:]:
        rate(session, None)
    standing = _standing(cast.cleo)
    assert (standing.sessions_rated, standing.unrated_run, standing.signal) == (1, 3, "unrated")
    assert standing.total == 8


def test_a_withdrawn_rating_counts_for_nothing(cast):
    run(cast.cleo, [8, 8, 8, 2])
    Rating.objects.filter(total=2).update(withdrawn_at=timezone.now())
    review(cast.cleo)
    standing = _standing(cast.cleo)
    assert (standing.signal, standing.sessions_rated, standing.total) == ("early", 3, 8)


def test_only_the_last_twelve_sessions_are_drawn_small(cast):
    run(cast.cleo, [*range(1, 10), None, 9, 8, 7, 6])
    assert _standing(cast.cleo).spark == [3, 4, 5, 6, 7, 8, 9, None, 9, 8, 7, 6]


def test_a_wording_in_another_language_starts_a_new_comparison(cast):
    for weeks_ago in (6, 5, 4):
        rate(hold(cast.cleo, weeks_ago=weeks_ago), 8)
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    for place, signal in enumerate(["early", "early", "early", "lowest"]):
        rate(hold(cast.cleo, weeks_ago=3 - place), 5 - place)
        standing = _standing(cast.cleo)
        assert (standing.signal, standing.sessions_rated) == (signal, 4 + place)
        assert standing.spark == [None, None, None, *(5, 4, 3, 2)[: place + 1]]
    assert (standing.usual, standing.total) == (4, 2)


def test_an_episode_that_ended_needs_no_attention(cast):
    run(cast.cleo, [None, None, None])
    assert _standing(cast.cleo).attention == 2
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert (_standing(cast.cleo).signal, _standing(cast.cleo).attention) == ("unrated", 0)


def test_after_handing_over_the_new_episode_begins_with_nothing(cast):
    run(cast.cleo, [8, 8, 8, 2])
    new = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    assert (_standing(new).sessions_held, _standing(new).total) == (0, None)
    assert _standing(cast.cleo).attention == 0


def test_those_in_need_of_attention_come_first_then_comments_then_the_largest_fall(cast):
    Standing.objects.update(attention=2, below_usual=1)
    Standing.objects.filter(episode=cast.dora).update(below_usual=3)
    Standing.objects.filter(episode=cast.emil).update(comment_waiting=True)
    order = [row.episode for row in Standing.objects.by_need_for_attention()]
    assert order == [cast.emil, cast.dora, cast.cleo]
    Standing.objects.filter(episode=cast.emil).update(attention=0)
    order = [row.episode for row in Standing.objects.by_need_for_attention()]
    assert order == [cast.dora, cast.cleo, cast.emil]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("theo", {"cleo"}),
        ("sue", {"cleo"}),
        ("olga", {"dora"}),
        ("nils", {"emil"}),
        ("mara", set()),
        ("rita", set()),
        ("root", set()),
    ],
)
def test_a_standing_and_a_rating_are_seen_by_those_who_may_read_the_episode(
    cast, sessions, name, seen
):
    for session in sessions.values():
        rate(session, 7)
    user = getattr(cast, name)
    episodes = {getattr(cast, who) for who in seen}
    assert {row.episode for row in Standing.objects.visible_to(user)} == episodes
    assert {row.session.episode for row in Rating.objects.visible_to(user)} == episodes


# --- Comments wait for the therapist ---


def test_a_comment_waits_until_the_holder_opens_the_trend(cast):
    rate(hold(cast.cleo), 7, comment="A little slower, please.")
    assert _standing(cast.cleo).comment_waiting
    open_trend(episode=cast.cleo, by=cast.theo, is_holder=True)
    assert not _standing(cast.cleo).comment_waiting
    review(cast.cleo)
    assert not _standing(cast.cleo).comment_waiting


def test_a_supervisor_who_opens_the_trend_leaves_the_comment_waiting(cast):
    rate(hold(cast.cleo), 7, comment="A little slower, please.")
    open_trend(episode=cast.cleo, by=cast.sue, is_holder=False)
    assert _standing(cast.cleo).comment_waiting
    assert not Reading.objects.exists()


def test_a_second_comment_waits_again(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="A little slower, please.")
    open_trend(episode=cast.cleo, by=cast.theo, is_holder=True)
    rate(hold(cast.cleo), 7, comment="Better.")
    assert _standing(cast.cleo).comment_waiting


@pytest.mark.parametrize(("comment", "waits"), [("", False), ("Nothing fits.", True)])
def test_a_comment_on_a_blank_sheet_waits_too_and_no_comment_does_not(cast, comment, waits):
    rate(hold(cast.cleo), None, comment=comment)
    assert _standing(cast.cleo).comment_waiting is waits


def test_the_therapists_own_words_do_not_wait_for_the_therapist(cast):
    rate(hold(cast.cleo), 7, comment="It was hard.", respondent="therapist")
    assert not _standing(cast.cleo).comment_waiting


def test_opening_the_trend_twice_notes_the_first_reading_only_and_both_on_the_record(cast):
    rating = rate(hold(cast.cleo), 7)
    open_trend(episode=cast.cleo, by=cast.theo, is_holder=True)
    first = Reading.objects.get()
    open_trend(episode=cast.cleo, by=cast.theo, is_holder=True)
    assert Reading.objects.get().read_at == first.read_at
    assert (first.rating, first.reader) == (rating, cast.members["theo"])
    events = AuditEvent.objects.filter(verb="episode.read", actor=cast.theo)
    assert [event.client_id for event in events] == [cast.cleo.client_id] * 2


# --- Made anew, it says the same ---

MARKS = st.one_of(st.none(), st.integers(0, 10), st.just(IN_PART))
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), st.integers(0, 25), st.sampled_from(["held", "missed"])),
        st.tuples(st.just("rate"), st.integers(0, 9), MARKS),
        st.tuples(st.just("correct"), st.integers(0, 9), st.sampled_from(["held", "missed"])),
        st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 25)),
        st.tuples(st.just("read"), st.just(0), st.booleans()),
    ),
    max_size=15,
)


def _do(cast, deed, place, value):
    if deed == "read":
        open_trend(episode=cast.cleo, by=cast.theo, is_holder=value)
        return
    logged = list(cast.cleo.sessions.order_by("starts_at"))
    if deed == "log":
        hold(cast.cleo, weeks_ago=place, status=value)
    elif logged:
        session = logged[place % len(logged)]
        if deed == "rate":
            rate(session, value, comment="Said." if value == 5 else "")
        elif deed == "correct":
            correct_session(session=session, by=cast.theo, status=value)
        else:
            when = session.starts_at - timedelta(weeks=value)
            correct_session(session=session, by=cast.theo, starts_at=when)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deeds=DEEDS, ends=st.booleans())
def test_made_anew_a_standing_says_what_the_single_changes_left(cast, deeds, ends):
    with transaction.atomic():
        for deed in deeds:
            try:
                with transaction.atomic():
                    _do(cast, *deed)
            except (ValidationError, NothingToRate):
                continue  # Refused, and then it must have left nothing.
        episode = cast.cleo
        if ends:
            episode = end_episode(episode=episode, ending="planned", by=cast.theo)
        left = _told(episode)
        Standing.objects.filter(episode=episode).delete()
        review(episode)
        assert _told(episode) == left
        held = episode.sessions.held().order_by("starts_at")
        assert left["sessions_held"] == len(held)
        marked = [
            session.ratings.exclude(trust=None, goals=None, collaboration=None).exists()
            for session in held
        ]
        assert left["sessions_rated"] == sum(marked)
        assert left["unrated_run"] == (marked[::-1].index(True) if any(marked) else len(marked))
        transaction.set_rollback(True)


# --- In words ---


def _stands(**values):
    given = {"sessions_held": 4, "sessions_rated": 4, "signal": "none", "spark": [8, 8, 8, 8]}
    scores = {"trust": 8, "goals": 8, "collaboration": 8, "total": 8, "usual": 8}
    return Standing(**given | scores | values)


LOWEST = {"signal": "lowest", "total": 5, "trust": 6, "goals": 3, "collaboration": 6}
BLANK = {"trust": None, "goals": None, "collaboration": None, "total": None, "usual": None}
MARKS_OF_8 = (
    "Latest marks, from 0 to 10: "
    "trust and respect 8.0, agreeing on goals 8.0, working together 8.0."
)
ALL = "4 of 4 sessions held were rated."


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sessions_held": 0, "sessions_rated": 0, "signal": "early"}, "No session yet"),
        (
            {"sessions_held": 2, "sessions_rated": 0, "unrated_run": 2, "signal": "early"},
            "No rating yet",
        ),
        (
            {"sessions_rated": 0, "unrated_run": 4, "signal": "unrated"},
            "No rating for the last 4 sessions",
        ),
        ({"unrated_run": 3, "signal": "unrated"}, "No rating for the last 3 sessions"),
        (LOWEST, "Lowest so far: 5.0, and 8.0 on average before"),
        ({"signal": "early", "usual": None}, "Too early to say what is usual"),
        ({"spark": [10, 10, None, 10, 10]}, "Every rating is at the top"),
        ({"spark": [10, 10, 10]}, "Nothing stands out"),
        ({}, "Nothing stands out"),
    ],
)
def test_the_reason_in_a_list_says_why_an_episode_stands_there(values, said):
    assert words.reason(_stands(**values)) == said


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"signal": "unrated", "attention": 2}, "○"),
        (LOWEST | {"attention": 2}, "▼"),
        ({"signal": "early"}, "·"),
        ({}, "✓"),
        ({"spark": [10] * 4}, "="),
        ({"comment_waiting": True}, "✉"),
        ({"signal": "lowest", "attention": 2, "comment_waiting": True}, "▼"),
    ],
)
def test_each_reason_has_a_sign_of_its_own(values, sign):
    assert words.shape(_stands(**values)) == sign


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"signal": "unrated"}, "You could ask what makes the form easy or hard to fill in."),
        (LOWEST, "You could ask how the last session was for them."),
        ({"spark": [10] * 4}, "You could say that low marks are welcome too."),
        ({"signal": "early"}, ""),
        ({}, ""),
    ],
)
def test_something_is_suggested_only_where_something_stands_out(values, said):
    assert words.suggestion(_stands(**values)) == said


@pytest.mark.parametrize(
    ("values", "totals", "earlier", "said"),
    [
        (
            {"sessions_held": 0, "sessions_rated": 0, "signal": "early", **BLANK},
            [],
            {},
            ["No session has been logged yet."],
        ),
        (
            {"sessions_held": 1, "sessions_rated": 0, "signal": "early", **BLANK},
            [],
            {},
            ["0 of 1 session held was rated."],
        ),
        (
            {"signal": "early", "usual": None},
            [8, 8],
            {},
            ["It is too early to say what is usual for this client.", MARKS_OF_8, ALL],
        ),
        (
            {"signal": "unrated", "unrated_run": 3, "sessions_held": 7},
            [8, 8, 8, 8],
            {},
            [
                "No rating for the last 3 sessions.",
                "4 of 7 sessions held were rated.",
                MARKS_OF_8,
            ],
        ),
        (
            {},
            [6, 7, 8, 8, 8, 8],
            {},
            [
                "Nothing stands out: the latest mean is 8.0; "
                "before, this client gave 8.0 on average.",
                MARKS_OF_8,
                ALL,
                "The first three ratings average 7.0, the last three 8.0.",
            ],
        ),
        (
            LOWEST,
            [8, 8, 8, 5],
            {"trust": 8, "goals": 8, "collaboration": 8},
            [
                "The latest mean of 5.0 is the lowest this client has given; "
                "before, it was 8.0 on average.",
                "This can be chance, and it is worth asking.",
                "The largest difference is in “agreeing on goals”.",
                "Latest marks, from 0 to 10: "
                "trust and respect 6.0, agreeing on goals 3.0, working together 6.0.",
                ALL,
            ],
        ),
        (
            {"total": None, "trust": None},
            [8, 8, 8, None],
            {},
            [
                "The latest rating was given only in part, so its mean is not compared.",
                "Latest marks, from 0 to 10: "
                "trust and respect –, agreeing on goals 8.0, working together 8.0.",
                ALL,
            ],
        ),
        (
            {"spark": [10] * 4, "total": 10, "usual": 10},
            [10] * 4,
            {},
            [
                "Nothing stands out: the latest mean is 10.0; "
                "before, this client gave 10.0 on average.",
                MARKS_OF_8,
                ALL,
                "Every rating is at the top of the scale. "
                "Such ratings cannot rise and say little about differences.",
            ],
        ),
    ],
)
def test_the_summary_says_the_most_telling_first_and_no_more_than_the_numbers_carry(
    values, totals, earlier, said
):
    assert words.summarise(_stands(**values), totals, earlier) == said


def test_a_drop_is_not_located_where_too_little_came_before():
    said = words.summarise(_stands(**LOWEST), [8, 8, 8, 5], {})
    assert not any("largest difference" in sentence for sentence in said)


def test_five_ratings_say_nothing_of_the_course_and_six_do():
    five, six = ([8, 8, 8, 7, 7, 7][:count] for count in (5, 6))
    assert not any("first three" in said for said in words.summarise(_stands(), five, {}))
    assert words.summarise(_stands(), six, {})[-1] == (
        "The first three ratings average 8.0, the last three 7.0."
    )


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ([], "No ratings yet"),
        ([None, None], "No ratings yet"),
        ([8, None, 7.2], "Totals of the last sessions, oldest first: 8.0, no rating, 7.2"),
    ],
)
def test_a_sparkline_is_read_out_as_its_numbers(totals, said):
    assert words.spark_summary(totals) == said


@pytest.mark.parametrize(("score", "said"), [(7.26, "7.3"), (23 / 3, "7.7"), (2.9999999, "3.0")])
def test_a_score_is_rounded_to_one_decimal(score, said):
    assert words.points(score) == said


def test_a_score_that_is_missing_is_a_dash():
    assert words.points(None) == "–"
    assert words.points(0) == "0.0"
