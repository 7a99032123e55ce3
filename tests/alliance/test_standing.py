"""What an episode's sessions and ratings amount to: kept up by single steps, and made anew."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alliance.asking.actions import NothingToRate, request_rating, submit_rating
from alliance.demo.actions import load_demo
from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.measures.actions import load_instruments
from alliance.measures.models import MeasureVersion
from alliance.psychometrics.course import Course
from alliance.psychometrics.detector import detect
from alliance.ratings.models import Rating
from alliance.trends import actions
from alliance.trends.actions import differences, open_trend, review
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.pages import present_trend
from sessions_app.access.actions import found_practice, join_practice
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session, log_session
from tests.conftest import ITEMS, ask, hold, let_a_day_pass, look, rate, run

IN_PART = (None, None, 8, 8, 8, 8)


def _episodes(standings):
    return {standing.episode for standing in standings}


def _standing(episode):
    return Standing.objects.get(episode=episode)


def _told(episode):
    return Standing.objects.values().get(episode=episode)


# --- What is kept of an episode ---


def test_an_episode_without_a_session_stands_at_nothing(cast):
    standing = _standing(cast.cleo)
    assert (standing.sessions_held, standing.sessions_rated, standing.unrated_run) == (0, 0, 0)
    assert (standing.total, standing.finding, standing.parameters) == (None, None, None)
    assert (standing.compared, standing.highest, standing.spark) == (0, None, [])
    assert (standing.last_session, standing.last_session_at, standing.course) == (None, None, None)


def test_a_rated_session_is_counted_and_set_beside_what_is_usual(cast):
    totals = [9, None, 7, 8, 5]
    sessions = run(cast.cleo, totals)
    standing = _standing(cast.cleo)
    assert (standing.sessions_held, standing.sessions_rated, standing.unrated_run) == (5, 4, 0)
    assert (standing.compared, standing.highest, standing.total) == (4, 9, 5)
    assert standing.scores() == {"trust": 5, "goals": 5, "collaboration": 5}
    assert (standing.last_session, standing.last_session_at) == (
        sessions[-1],
        sessions[-1].starts_at,
    )
    assert standing.last_rated_at == Rating.objects.latest("submitted_at").submitted_at
    assert standing.spark == totals
    found = detect(totals, standing.parameters.for_detector())[-1]
    assert (standing.finding["usual"], standing.finding["p"]) == (found.b, found.p)
    assert (standing.finding["rating"], standing.finding["ratings"]) == (5, 3)
    assert standing.finding["session"] == str(sessions[-1].pk)


def test_the_recursion_is_kept_as_it_stood_before_the_last_session(cast):
    run(cast.cleo, [8, 8, 8])
    before = _standing(cast.cleo).course
    assert Course.from_json(before).detector.held == 2
    hold(cast.cleo, weeks_ago=-1)
    assert Course.from_json(_standing(cast.cleo).course).detector.rated == 3


@pytest.mark.parametrize(
    ("totals", "unrated_run"),
    [([None, None], 2), ([8, None, None, None], 3), ([None, None, None, 8], 0), ([8, 8], 0)],
)
def test_sessions_since_the_last_rating_are_counted(cast, totals, unrated_run):
    run(cast.cleo, totals)
    assert _standing(cast.cleo).unrated_run == unrated_run


def test_the_therapists_own_marks_are_not_the_clients(cast):
    session = hold(cast.cleo)
    rate(session, 7)
    before = _told(cast.cleo)
    rate(session, [0, 0, 10, 10, 10, 10], respondent="therapist")
    assert _told(cast.cleo) == before


def test_as_many_are_compared_as_have_a_total(cast):
    *_earlier, last = run(cast.cleo, [8, None, 8, 8, 7, None])
    assert _standing(cast.cleo).compared == 4
    rate(last, IN_PART)
    assert _standing(cast.cleo).compared == 4


def test_the_order_is_that_of_the_sessions_and_not_of_the_ratings(cast):
    first, *others = [hold(cast.cleo, weeks_ago=back) for back in (3, 2, 1, 0)]
    for session in reversed(others):
        rate(session, 8)
    rate(first, 3)
    assert _standing(cast.cleo).total == 8
    assert _standing(cast.cleo).spark == [3, 8, 8, 8]
    assert _standing(cast.cleo).finding["session"] == str(others[-1].pk)


def test_sessions_that_were_not_held_are_not_missing_a_rating(cast):
    run(cast.cleo, [8])
    for days in (3, 2, 1):
        session = hold(cast.cleo, weeks_ago=days + 3)
        correct_session(session=session, by=cast.theo, status="missed")
    assert _standing(cast.cleo).unrated_run == 0
    assert _standing(cast.cleo).sessions_held == 1


def test_a_rating_given_in_part_has_no_total_and_is_not_called_missing(cast):
    *_earlier, last = run(cast.cleo, [8, 8, 8, None])
    before = _standing(cast.cleo).finding
    rate(last, IN_PART)
    standing = _standing(cast.cleo)
    assert (standing.sessions_rated, standing.unrated_run) == (4, 0)
    assert (standing.trust, standing.goals, standing.total) == (None, 8, None)
    assert standing.spark == [8, 8, 8, None]
    assert standing.finding == before


def test_a_sheet_left_blank_counts_as_unrated(cast):
    sessions = run(cast.cleo, [8, None, None, None])
    for session in sessions[1:]:
        rate(session, None)
    standing = _standing(cast.cleo)
    assert (standing.sessions_rated, standing.unrated_run, standing.total) == (1, 3, 8)


def test_a_withdrawn_rating_counts_for_nothing(cast):
    run(cast.cleo, [8, 8, 8, 9])
    Rating.objects.filter(total=9).update(withdrawn_at=timezone.now())
    review(cast.cleo)
    standing = _standing(cast.cleo)
    assert (standing.highest, standing.sessions_rated, standing.total) == (8, 3, 8)
    assert standing.unrated_run == 1


def test_only_the_last_twelve_sessions_are_drawn_small(cast):
    run(cast.cleo, [*range(1, 10), None, 9, 8, 7, 6])
    assert _standing(cast.cleo).spark == [3, 4, 5, 6, 7, 8, 9, None, 9, 8, 7, 6]


def test_a_wording_in_another_language_starts_a_new_comparison(cast):
    for weeks_ago in (6, 5, 4):
        rate(hold(cast.cleo, weeks_ago=weeks_ago), 8)
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    for place, compared in enumerate([1, 2, 3, 4]):
        rate(hold(cast.cleo, weeks_ago=3 - place), 5 - place)
        standing = _standing(cast.cleo)
        assert (standing.compared, standing.sessions_rated) == (compared, 4 + place)
        assert standing.spark == [None, None, None, *(5, 4, 3, 2)[: place + 1]]
        assert standing.highest == 5
        assert differences(cast.cleo) == []
    found = detect([5, 4, 3, 2], standing.parameters.for_detector())[-1]
    assert (standing.finding["usual"], standing.finding["ratings"]) == (found.b, 3)


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
    assert not Flag.objects.filter(episode=new).exists()
    assert Flag.objects.filter(episode=cast.cleo).standing().exists()


# --- In which order ---


def _flag(episode, kind, **values):
    session = episode.sessions.held().first() or hold(episode)
    return Flag.objects.create(
        episode=episode,
        session=session,
        kind=kind,
        rank=Flag.RANKS[kind],
        facts={},
        **{"raised_at": timezone.now(), "seen_at": timezone.now()} | values,
    )


def _order(**options):
    return [
        standing.episode
        for standing in Standing.objects.by_need_for_attention(**options)
        if standing.attention
    ]


def test_what_is_told_most_surely_comes_first_and_good_news_last():
    kinds = sorted(Flag.Kind, key=lambda kind: -Flag.RANKS[kind])
    assert kinds == ["lower", "told", "sliding", "low", "unrated", "rule", "top", "back"]
    assert len(set(Flag.RANKS.values())) == len(Flag.Kind)


def test_an_episode_stands_where_its_foremost_flag_puts_it(cast):
    _flag(cast.cleo, "top")
    _flag(cast.cleo, "unrated")
    _flag(cast.dora, "sliding")
    _flag(cast.emil, "back")
    assert _order(for_holder=True) == _order(for_holder=False) == [cast.dora, cast.cleo, cast.emil]


def test_flags_that_were_settled_or_withdrawn_put_nothing_first(cast):
    _flag(cast.cleo, "lower", settled_by=hold(cast.cleo, weeks_ago=1))
    _flag(cast.dora, "lower", withdrawn_at=timezone.now())
    _flag(cast.emil, "back")
    assert _order(for_holder=True) == [cast.emil]


def test_a_comment_comes_before_who_was_here_last_but_only_for_whom_it_was_written(cast):
    hold(cast.cleo)
    hold(cast.dora, weeks_ago=1)
    hold(cast.emil, weeks_ago=2)
    Standing.objects.filter(episode=cast.emil).update(comment_waiting=True)

    def order(**options):
        return [row.episode for row in Standing.objects.by_need_for_attention(**options)]

    assert order(for_holder=True) == [cast.emil, cast.cleo, cast.dora]
    assert order(for_holder=False) == [cast.cleo, cast.dora, cast.emil]
    assert [row.episode for row in Standing.objects.by_last_session()] == [
        cast.cleo,
        cast.dora,
        cast.emil,
    ]


def test_a_supervisors_order_does_not_know_what_the_therapist_could_not_have_seen(cast):
    _flag(cast.cleo, "lower", seen_at=None)
    _flag(cast.dora, "top")
    assert _order(for_holder=True) == [cast.cleo, cast.dora]
    assert _order(for_holder=False) == [cast.dora]
    let_a_day_pass(cast.cleo)
    assert _order(for_holder=False) == [cast.cleo, cast.dora]


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
    look(cast.cleo, by=cast.theo)
    assert not _standing(cast.cleo).comment_waiting
    review(cast.cleo)
    assert not _standing(cast.cleo).comment_waiting


def test_a_supervisor_who_opens_the_trend_leaves_the_comment_waiting(cast):
    rate(hold(cast.cleo), 7, comment="A little slower, please.")
    look(cast.cleo, by=cast.sue)
    assert _standing(cast.cleo).comment_waiting
    assert not Reading.objects.exists()


def test_a_second_comment_waits_again(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="A little slower, please.")
    look(cast.cleo, by=cast.theo)
    rate(hold(cast.cleo), 7, comment="Better.")
    assert _standing(cast.cleo).comment_waiting


def test_a_comment_that_came_while_the_page_was_made_still_waits(cast):
    rate(hold(cast.cleo, weeks_ago=1), 7, comment="A little slower, please.")
    page = present_trend(cast.cleo, is_holder=True)
    late = rate(hold(cast.cleo), 7, comment="Better.")
    open_trend(episode=cast.cleo, by=cast.theo, shown=page.ratings)
    assert _standing(cast.cleo).comment_waiting
    assert not Reading.objects.filter(rating=late).exists()
    look(cast.cleo, by=cast.theo)
    assert not _standing(cast.cleo).comment_waiting


@pytest.mark.parametrize(("comment", "waits"), [("", False), ("Nothing fits.", True)])
def test_a_comment_on_a_blank_sheet_waits_too_and_no_comment_does_not(cast, comment, waits):
    rate(hold(cast.cleo), None, comment=comment)
    assert _standing(cast.cleo).comment_waiting is waits
    look(cast.cleo, by=cast.theo)
    assert not _standing(cast.cleo).comment_waiting


def test_the_therapists_own_words_do_not_wait_for_the_therapist(cast):
    rate(hold(cast.cleo), 7, comment="It was hard.", respondent="therapist")
    assert not _standing(cast.cleo).comment_waiting


def test_opening_the_trend_twice_notes_the_first_reading_only_and_both_on_the_record(cast):
    rating = rate(hold(cast.cleo), 7)
    look(cast.cleo, by=cast.theo)
    first = Reading.objects.get()
    look(cast.cleo, by=cast.theo)
    assert Reading.objects.get().read_at == first.read_at
    assert (first.rating, first.reader) == (rating, cast.members["theo"])
    events = AuditEvent.objects.filter(verb="episode.read", actor=cast.theo)
    assert [event.client_id for event in events] == [cast.cleo.client_id] * 2


# --- One step, whatever the history ---


def _long(episode, many):
    """Let an episode have a history of so many weekly sessions, the last one a week ago."""
    totals = [8, 7, 8, None, 9, 8, 6, 8]
    for back in range(many, 0, -1):
        session = hold(episode, weeks_ago=back)
        total = totals[back % len(totals)]
        if total is not None:
            rate(session, total)


def _queries(deed, *arguments, **values):
    with CaptureQueriesContext(connection) as seen:
        deed(*arguments, **values)
    return len(seen)


@contextmanager
def never_anew(monkeypatch):
    """Let nothing be worked out from its beginning."""

    def refuse(episode):
        raise AssertionError("worked out anew")

    with monkeypatch.context() as patch:
        patch.setattr(actions, "replay", refuse)
        yield


def _go_on(episode):
    """Log a session, rate it low, log another: three steps; return what they cost."""
    session = []
    costs = [_queries(lambda: session.append(hold(episode)))]
    asked, _secret = ask(session[0])
    costs.append(_queries(submit_rating, request=asked, answers=dict.fromkeys(ITEMS, 2)))
    return [*costs, _queries(hold, episode, weeks_ago=-1)]


def test_a_step_costs_the_same_after_five_sessions_and_after_sixty(cast, monkeypatch):
    _long(cast.cleo, 5)
    _long(cast.dora, 60)
    with never_anew(monkeypatch):
        assert _go_on(cast.cleo) == _go_on(cast.dora)
    assert differences(cast.cleo) == differences(cast.dora) == []


def test_newest_sessions_and_their_ratings_are_taken_in_one_step_each(cast, monkeypatch):
    run(cast.cleo, [8, 8])
    with never_anew(monkeypatch):
        for place, marks in enumerate([8, None, 8, IN_PART, 3, 8, 8, (None,) * 6, None, 10]):
            session = hold(cast.cleo, weeks_ago=-1 - place)
            if marks is not None:
                rate(session, marks)
    assert _standing(cast.cleo).sessions_held == 12
    kinds = {flag.kind for flag in Flag.objects.filter(settled_by__isnull=False)}
    assert kinds == {"lower", "sliding", "back"}
    assert differences(cast.cleo) == []


def test_the_first_rating_of_all_is_taken_in_one_step(cast, monkeypatch):
    *_earlier, last = run(cast.cleo, [None, None, None])
    with never_anew(monkeypatch):
        rate(last, 8)
    assert differences(cast.cleo) == []


def test_what_is_not_the_newest_is_worked_out_anew(cast, monkeypatch):
    older, _newer = run(cast.cleo, [None, 8])
    with never_anew(monkeypatch):
        with pytest.raises(AssertionError, match="anew"):
            rate(older, 8)
        with pytest.raises(AssertionError, match="anew"):
            hold(cast.cleo, weeks_ago=10)


# --- Made anew, it says the same ---

WEEKS = 40
# What a course begins with: nothing, or something that is flagged already.
BEGINNINGS = [
    [],
    [8, 8, 8, 8, 4],
    [10, 10, 10, 10, 10],
    [8, None, None, None],
    [9, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6],
    [4, 4, 4],
]
MARKS = st.sampled_from([8, 8, 9, 7, 10, 10, 4, 2, 0, 5, None, IN_PART])
PLACES = st.sampled_from([0, 0, 0, 1, 2, 5, 8])
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("next"), PLACES, MARKS),
        st.tuples(st.just("next"), PLACES, MARKS),
        st.tuples(st.just("next"), PLACES, MARKS),
        st.tuples(st.just("next"), PLACES, st.just("unrated")),
        st.tuples(st.just("log"), st.integers(0, WEEKS), st.sampled_from(["held", "missed"])),
        st.tuples(st.just("rate"), PLACES, MARKS),
        st.tuples(st.just("correct"), PLACES, st.sampled_from(["held", "missed"])),
        st.tuples(st.just("move"), PLACES, st.integers(0, 25)),
        st.tuples(st.just("withdraw"), PLACES, st.booleans()),
        st.tuples(st.just("language"), PLACES, st.sampled_from(["en", "ar", "ar"])),
        st.tuples(st.just("read"), PLACES, st.booleans()),
    ),
    min_size=4,
    max_size=16,
)


def _do(cast, deed, place, value):
    if deed == "read":
        look(cast.cleo, by=cast.theo if value else cast.sue)
        return
    if deed == "language":
        ClientIdentity.objects.filter(client=cast.cleo.client).update(language=value)
        return
    logged = list(cast.cleo.sessions.order_by("-starts_at"))
    if deed == "log":
        hold(cast.cleo, weeks_ago=place, status=value)
    elif deed == "next":
        newest = logged[0].starts_at if logged else timezone.now() - timedelta(weeks=WEEKS)
        session = log_session(
            episode=cast.cleo, starts_at=newest + timedelta(days=10), by=cast.theo
        )
        if value != "unrated":
            rate(session, value)
    elif deed == "withdraw":
        ratings = Rating.objects.filter(session__episode=cast.cleo).order_by("-submitted_at")
        if ratings:
            rating = ratings[place % len(ratings)]
            rating.withdrawn_at = timezone.now() if value else None
            with transaction.atomic():
                rating.save()
                review(cast.cleo)
    elif logged:
        session = logged[place % len(logged)]
        if deed == "rate":
            rate(session, value, comment="Said." if value == 5 else "")
        elif deed == "correct":
            correct_session(session=session, by=cast.theo, status=value)
        else:
            when = session.starts_at - timedelta(weeks=value)
            correct_session(session=session, by=cast.theo, starts_at=when)


def _told_flags(episode):
    return {flag.pk: flag for flag in Flag.objects.filter(episode=episode)}


def _choose(practice, by, comparators):
    """Let a practice have changed its mind twice, and its parameters once, on the way."""
    for days_ago, preset in ((200, "quiet"), (100, "sensitive")):
        Sensitivity.objects.create(
            practice=practice,
            preset=preset,
            comparators=comparators,
            chosen_at=timezone.now() - timedelta(days=days_ago),
            chosen_by=by,
        )
    values = {"mean": 7, "between": 1, "state": 0.5, "error": 0.5, "persistence": 0.3}
    for wording in MeasureVersion.objects.filter(measure__key="session"):
        for number, days_ago in ((1, 300), (2, 120)):
            ParameterVersion.objects.create(
                practice=practice,
                measure_version=wording,
                number=number,
                low_cutoff=5.5,
                origin="fitted",
                made_at=timezone.now() - timedelta(days=days_ago),
                **values,
            )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(
    begins=BEGINNINGS[1],
    deeds=[("language", 0, "ar"), ("next", 0, 1), ("next", 0, 8)],
    chooses=False,
    comparators=False,
)
@given(
    begins=st.sampled_from(BEGINNINGS),
    deeds=DEEDS,
    chooses=st.booleans(),
    comparators=st.booleans(),
)
def test_after_every_change_what_is_stored_is_what_a_replay_tells(
    cast, begins, deeds, chooses, comparators
):
    with transaction.atomic():
        if chooses:
            _choose(cast.practice, cast.mara, ["drop_since_last"] if comparators else [])
        for total in begins:
            _do(cast, "next", 0, "unrated" if total is None else total)
        for deed in deeds:
            before = _told_flags(cast.cleo)
            try:
                with transaction.atomic():
                    _do(cast, *deed)
            except (ValidationError, NothingToRate, IntegrityError):
                pass  # Refused, and then it must have left nothing.
            assert differences(cast.cleo) == [], deed
            after = _told_flags(cast.cleo)
            assert set(before) <= set(after)
            for key, flag in before.items():
                if flag.withdrawn_at is None and after[key].withdrawn_at is None:
                    assert (after[key].facts, after[key].raised_at) == (flag.facts, flag.raised_at)
        standing = _standing(cast.cleo)
        held = cast.cleo.sessions.held().order_by("starts_at")
        said = Rating.objects.standing().filter(respondent="client")
        marked = [any(r.has_marks for r in said.filter(session=session)) for session in held]
        assert (standing.sessions_held, standing.sessions_rated) == (len(held), sum(marked))
        assert standing.compared <= standing.sessions_rated
        assert (standing.highest is None) == (standing.compared == 0)
        assert standing.unrated_run == (marked[::-1].index(True) if any(marked) else len(marked))
        left = _told(cast.cleo)
        Standing.objects.filter(episode=cast.cleo).delete()
        review(cast.cleo)
        assert _told(cast.cleo) == left
        transaction.set_rollback(True)


# --- The command that looks after it ---


def _check(**options):
    out = StringIO()
    call_command("check_standing", stdout=out, **options)
    return out.getvalue().splitlines()


def test_the_demonstration_stands_as_a_replay_tells(db):
    load_instruments()
    load_demo()
    assert _check() == [f"{Standing.objects.count()} checked, 0 different"]


def _tamper_with_standing(cast):
    Standing.objects.filter(episode=cast.cleo).update(sessions_rated=1)
    return "sessions_rated"


def _tamper_with_finding(cast):
    standing = _standing(cast.cleo)
    standing.finding["p"] += 1e-15
    standing.save()
    return "finding"


def _tamper_with_course(cast):
    standing = _standing(cast.cleo)
    standing.course["detector"]["u"] *= 1 + 1e-15
    standing.save()
    return "course"


def _remove_flag(cast):
    Flag.objects.filter(episode=cast.cleo).delete()
    return "flags"


def _settle_flag(cast):
    Flag.objects.filter(episode=cast.cleo).update(settled_by=cast.cleo.sessions.last())
    return "flags"


def _invent_flag(cast):
    _flag(cast.cleo, "top")
    return "flags"


def _remove_standing(cast):
    Standing.objects.filter(episode=cast.cleo).delete()
    return "standing"


@pytest.mark.parametrize(
    "tamper",
    [
        _tamper_with_standing,
        _tamper_with_finding,
        _tamper_with_course,
        _remove_flag,
        _settle_flag,
        _invent_flag,
        _remove_standing,
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_whoever_changed_a_row_is_found_out_and_the_row_is_mended(cast, tamper):
    run(cast.cleo, [8, 8, 8, 8, 4])
    run(cast.dora, [8, 8])
    every = Standing.objects.count()
    assert _check() == [f"{every} checked, 0 different"]
    name = tamper(cast)
    with pytest.raises(CommandError, match=f"{every} checked, 1 different"):
        _check()
    assert differences(cast.cleo) == [name]
    assert _check(mend=True) == [
        f"{cast.cleo.pk}: {name}",
        f"{every} checked, 1 different, mended",
    ]
    assert _check() == [f"{every} checked, 0 different"]


def test_looking_mends_nothing(cast):
    run(cast.cleo, [8, 8])
    Standing.objects.filter(episode=cast.cleo).update(sessions_rated=1)
    before = _told(cast.cleo)
    with pytest.raises(CommandError):
        _check()
    assert _told(cast.cleo) == before
