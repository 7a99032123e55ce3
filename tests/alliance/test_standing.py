"""What an episode's sessions and ratings amount to, in numbers and in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.asking.actions import NothingToRate, request_rating, submit_rating
from alliance.measures.actions import load_instruments
from alliance.ratings.models import Rating
from alliance.trends import words
from alliance.trends.actions import open_trend, review
from alliance.trends.models import Reading, Standing
from alliance.trends.pages import present_trend
from sessions_app.access.actions import found_practice, join_practice
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session, log_session
from tests.conftest import ITEMS, hold, rate, run

IN_PART = (None, None, 8, 8, 8, 8)


def _episodes(standings):
    return {standing.episode for standing in standings}


def _standing(episode):
    return Standing.objects.get(episode=episode)


def _open(episode, by):
    """Open the trend as its page does: a supervisor is shown no comment."""
    is_holder = by == episode.therapist.user
    page = present_trend(episode, is_holder=is_holder)
    open_trend(episode=episode, by=by, shown=page.ratings if is_holder else [])


def _told(episode):
    return Standing.objects.values().get(episode=episode)


# --- What stands out, and what does not ---


def test_an_episode_without_a_session_stands_at_nothing(cast):
    standing = _standing(cast.cleo)
    assert (standing.sessions_held, standing.sessions_rated, standing.unrated_run) == (0, 0, 0)
    assert (standing.signal, standing.attention, standing.spark) == ("early", 0, [])
    assert (standing.total, standing.usual, standing.last_session_at) == (None, None, None)
    assert (standing.compared, standing.lowest, standing.highest) == (0, None, None)


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


def test_the_lowest_component_of_any_rating_and_the_highest_total_are_kept(cast):
    first, second, *_others = run(cast.cleo, [None, None, 5, 6])
    rate(first, [9, 10, 4, 4, 7, 7])
    rate(second, [None, None, 2, 3, 8, 8])
    standing = _standing(cast.cleo)
    assert (standing.lowest, standing.highest) == (2.5, pytest.approx((9.5 + 4 + 7) / 3))
    Rating.objects.filter(session__in=[first, second]).update(withdrawn_at=timezone.now())
    review(cast.cleo)
    standing = _standing(cast.cleo)
    assert (standing.lowest, standing.highest) == (5, 6)


def test_the_therapists_own_marks_are_neither_the_lowest_nor_the_highest(cast):
    session = hold(cast.cleo)
    rate(session, 7)
    rate(session, [0, 0, 10, 10, 10, 10], respondent="therapist")
    assert (_standing(cast.cleo).lowest, _standing(cast.cleo).highest) == (7, 7)


def test_as_many_are_compared_as_have_a_total(cast):
    *_earlier, last = run(cast.cleo, [8, None, 8, 8, 7, None])
    assert _standing(cast.cleo).compared == 4
    rate(last, IN_PART)
    assert _standing(cast.cleo).compared == 4


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
    assert (standing.compared, standing.lowest, standing.highest) == (4, 2, 5)


def test_an_episode_that_ended_needs_no_attention(cast):
    run(cast.cleo, [None, None, None])
    assert _standing(cast.cleo).attention == 2
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert (_standing(cast.cleo).signal, _standing(cast.cleo).attention) == ("unrated", 0)


def test_an_answer_to_a_session_late_on_the_last_day_is_stored_where_the_day_ends_after_utc(db):
    load_instruments()
    angeles = ZoneInfo("America/Los_Angeles")
    practice = found_practice(name="Seaside", time_zone=str(angeles))
    faye = join_practice(practice=practice, email="faye@example.org", is_clinician=True)
    day = (timezone.now() - timedelta(days=10)).date()
    evening = datetime(day.year, day.month, day.day, 20, tzinfo=angeles)
    episode = add_client(
        therapist=faye, code="GWEN", by=faye.user, started_on=day - timedelta(days=30)
    )
    session = log_session(episode=episode, starts_at=evening, by=faye.user)
    asked, _secret = request_rating(
        session=session,
        respondent="client",
        channel="link",
        by=faye.user,
        at=evening + timedelta(minutes=50),
    )
    ended = end_episode(episode=episode, ending="planned", by=faye.user, ended_on=day)
    assert ended.ended_on < timezone.localdate(evening)
    rating = submit_rating(
        request=asked, answers=dict.fromkeys(ITEMS, 7), at=evening + timedelta(hours=1)
    )
    assert Rating.objects.get(session=session) == rating
    assert (_standing(episode).sessions_rated, _standing(episode).total) == (1, 7)


def test_after_handing_over_the_new_episode_begins_with_nothing(cast):
    run(cast.cleo, [8, 8, 8, 2])
    new = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    assert (_standing(new).sessions_held, _standing(new).total) == (0, None)
    assert _standing(cast.cleo).attention == 0


def test_those_in_need_of_attention_come_first_then_comments_then_the_largest_fall(cast):
    Standing.objects.update(attention=2, below_usual=1)
    Standing.objects.filter(episode=cast.dora).update(below_usual=3)
    Standing.objects.filter(episode=cast.emil).update(comment_waiting=True)

    def order(with_comments):
        rows = Standing.objects.by_need_for_attention(with_comments=with_comments)
        return [row.episode for row in rows]

    assert order(with_comments=True) == [cast.emil, cast.dora, cast.cleo]
    Standing.objects.filter(episode=cast.emil).update(attention=0)
    assert order(with_comments=True) == [cast.dora, cast.cleo, cast.emil]


def test_a_comment_puts_nothing_first_for_those_to_whom_it_was_not_written(cast):
    Standing.objects.update(attention=2, below_usual=1)
    Standing.objects.filter(episode=cast.dora).update(below_usual=3)
    Standing.objects.filter(episode=cast.emil).update(below_usual=0, comment_waiting=True)
    rows = Standing.objects.by_need_for_attention(with_comments=False)
    assert [row.episode for row in rows] == [cast.dora, cast.cleo, cast.emil]


@pytest.mark.parametrize(
    ("name", "held", "supervised"),
    [
        ("theo", {"cleo"}, set()),
        ("sue", set(), {"cleo"}),
        ("olga", {"dora"}, set()),
        ("nils", {"emil"}, set()),
        ("mara", set(), set()),
        ("rita", set(), set()),
        ("root", set(), set()),
    ],
)
def test_a_standing_is_listed_for_its_therapist_and_apart_from_that_for_the_supervisor(
    cast, name, held, supervised
):
    user = getattr(cast, name)
    assert _episodes(Standing.objects.held_by(user)) == {getattr(cast, who) for who in held}
    assert _episodes(Standing.objects.supervised_by(user)) == {
        getattr(cast, who) for who in supervised
    }


def test_a_supervisors_own_standing_is_not_among_those_she_supervises(cast):
    own = add_client(therapist=cast.members["sue"], code="FAYE", by=cast.sue)
    assert _episodes(Standing.objects.held_by(cast.sue)) == {own}
    assert _episodes(Standing.objects.supervised_by(cast.sue)) == {cast.cleo}


# --- Comments wait for the therapist ---


def test_a_comment_waits_until_the_holder_opens_the_trend(cast):
    rate(hold(cast.cleo), 7, comment="A little slower, please.")
    assert _standing(cast.cleo).comment_waiting
    _open(cast.cleo, by=cast.theo)
    assert not _standing(cast.cleo).comment_waiting
    review(cast.cleo)
    assert not _standing(cast.cleo).comment_waiting


def test_a_supervisor_who_opens_the_trend_leaves_the_comment_waiting(cast):
    rate(hold(cast.cleo), 7, comment="A little slower, please.")
    _open(cast.cleo, by=cast.sue)
    assert _standing(cast.cleo).comment_waiting
    assert not Reading.objects.exists()


def test_a_second_comment_waits_again(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="A little slower, please.")
    _open(cast.cleo, by=cast.theo)
    rate(hold(cast.cleo), 7, comment="Better.")
    assert _standing(cast.cleo).comment_waiting


def test_a_comment_that_came_while_the_page_was_made_still_waits(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="A little slower, please.")
    page = present_trend(cast.cleo, is_holder=True)
    late = rate(hold(cast.cleo), 7, comment="Better.")
    open_trend(episode=cast.cleo, by=cast.theo, shown=page.ratings)
    assert _standing(cast.cleo).comment_waiting
    assert not Reading.objects.filter(rating=late).exists()
    _open(cast.cleo, by=cast.theo)
    assert not _standing(cast.cleo).comment_waiting


@pytest.mark.parametrize(("comment", "waits"), [("", False), ("Nothing fits.", True)])
def test_a_comment_on_a_blank_sheet_waits_too_and_no_comment_does_not(cast, comment, waits):
    rate(hold(cast.cleo), None, comment=comment)
    assert _standing(cast.cleo).comment_waiting is waits
    _open(cast.cleo, by=cast.theo)
    assert not _standing(cast.cleo).comment_waiting


def test_the_therapists_own_words_do_not_wait_for_the_therapist(cast):
    rate(hold(cast.cleo), 7, comment="It was hard.", respondent="therapist")
    assert not _standing(cast.cleo).comment_waiting


def test_opening_the_trend_twice_notes_the_first_reading_only_and_both_on_the_record(cast):
    rating = rate(hold(cast.cleo), 7)
    _open(cast.cleo, by=cast.theo)
    first = Reading.objects.get()
    _open(cast.cleo, by=cast.theo)
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
        _open(cast.cleo, by=cast.theo if value else cast.sue)
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
        assert left["compared"] <= left["sessions_rated"]
        assert (left["lowest"] is None) == (not any(marked))
        assert (left["highest"] is None) == (left["compared"] == 0)
        assert left["unrated_run"] == (marked[::-1].index(True) if any(marked) else len(marked))
        transaction.set_rollback(True)


# --- In words ---


def _stands(**values):
    given = {"sessions_held": 4, "sessions_rated": 4, "compared": 4, "signal": "none"}
    scores = {"trust": 8, "goals": 8, "collaboration": 8, "total": 8, "usual": 8}
    return Standing(**given | {"lowest": 8, "highest": 8} | scores | values)


LOWEST = {"signal": "lowest", "total": 5, "trust": 6, "goals": 3, "collaboration": 6, "lowest": 3}
TOP = {"lowest": 10, "highest": 10, "total": 10, "usual": 10}
LOW = {"lowest": 2, "highest": 4.9, "total": 4, "usual": 3}
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
        (LOWEST, "Lowest of 4: 5.0, and 8.0 on average before"),
        (LOWEST | {"sessions_rated": 9}, "Lowest of 4: 5.0, and 8.0 on average before"),
        ({"signal": "early", "usual": None}, "Too early to say what is usual"),
        (TOP, "Every rating is at the top"),
        (TOP | {"sessions_rated": 3}, "Nothing stands out"),
        (TOP | {"lowest": 9.5}, "Nothing stands out"),
        (LOW, "Every mean is in the lower half"),
        (LOW | {"compared": 3}, "Nothing stands out"),
        (LOW | {"highest": 5.1}, "Nothing stands out"),
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
        (TOP, "="),
        (LOW, "▁"),
        (TOP | {"signal": "early"}, "·"),
        (LOW | {"signal": "lowest", "attention": 2}, "▼"),
    ],
)
@pytest.mark.parametrize("with_comments", [True, False])
def test_each_reason_has_a_sign_of_its_own(values, sign, with_comments):
    assert words.shape(_stands(**values), with_comments=with_comments) == sign


@pytest.mark.parametrize(
    ("values", "with_comments", "sign"),
    [
        ({}, True, "✉"),
        ({}, False, "✓"),
        (TOP, True, "✉"),
        (TOP, False, "="),
        ({"signal": "lowest", "attention": 2}, True, "▼"),
        ({"signal": "lowest", "attention": 2}, False, "▼"),
    ],
)
def test_a_letter_stands_for_a_comment_where_it_is_listed_and_nothing_is_more_pressing(
    values, with_comments, sign
):
    standing = _stands(comment_waiting=True, **values)
    assert words.shape(standing, with_comments=with_comments) == sign


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"signal": "unrated"},
            "If the form was offered, you could ask what makes it easy or hard.",
        ),
        (LOWEST, "You could ask how the last session was for them."),
        (TOP, "You could say that low marks are welcome too."),
        (LOW, "You could ask what would need to be different."),
        ({"signal": "early"}, ""),
        (TOP | {"signal": "early"}, ""),
        (LOW | {"signal": "early"}, ""),
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
                "Nothing stands out: the latest mean is 8.0; before, it was 8.0 on average.",
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
                "The latest mean of 5.0 is the lowest of 4; before, it was 8.0 on average.",
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
            TOP,
            [10] * 6,
            {},
            [
                "Every rating is at the top: the latest mean is 10.0; "
                "before, it was 10.0 on average.",
                MARKS_OF_8,
                ALL,
                "Ratings at the top of the scale cannot rise and say little about differences.",
            ],
        ),
        (
            LOW,
            [3, 3, 3, 4],
            {},
            [
                "Every mean is in the lower half: the latest mean is 4.0; "
                "before, it was 3.0 on average.",
                MARKS_OF_8,
                ALL,
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


@pytest.mark.parametrize(
    ("earlier", "named"),
    [
        ({"trust": 8, "goals": 8, "collaboration": 8}, "agreeing on goals"),
        ({"trust": 8.1, "goals": 5, "collaboration": 8}, "trust and respect"),
        ({"trust": 8, "goals": 5, "collaboration": 8}, None),
        ({"trust": 8.04, "goals": 5, "collaboration": 8}, None),
        ({"trust": 8.04, "goals": 5, "collaboration": 7.96}, None),
        ({"goals": 8}, None),
    ],
)
def test_the_largest_difference_is_named_only_where_the_figures_shown_differ(earlier, named):
    said = " ".join(words.summarise(_stands(**LOWEST), [8, 8, 8, 5], earlier))
    assert ("largest difference" in said) == (named is not None)
    assert named is None or f"in “{named}”" in said


def test_five_ratings_say_nothing_of_the_course_and_six_do():
    five, six = ([8, 8, 8, 7, 7, 7][:count] for count in (5, 6))
    assert not any("first three" in said for said in words.summarise(_stands(), five, {}))
    assert words.summarise(_stands(), six, {})[-1] == (
        "The first three ratings average 8.0, the last three 7.0."
    )


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ([], "No totals yet"),
        ([None, None], "No totals yet"),
        ([8, None, 7.2], "Totals of the last sessions, oldest first: 8.0, none, 7.2"),
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
