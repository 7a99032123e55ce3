"""Sessions are logged once, numbered by their dates, and corrected on the record."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import end_episode
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import correct_session, log_session
from sessions_app.sessions.forms import SessionForm
from sessions_app.sessions.models import Session
from tests.conftest import hold, rate

WEEK = timedelta(weeks=1)


def _numbers(episode):
    """Return the numbers of all sessions, oldest first, None where there is none."""
    return list(episode.sessions.order_by("starts_at").values_list("number", flat=True))


def _correct(session, **changes):
    return correct_session(session=session, by=session.episode.therapist.user, **changes)


def _events(verb):
    return AuditEvent.objects.filter(verb=verb).order_by("pk")


# --- Numbers ---


def test_sessions_are_numbered_in_the_order_of_their_dates(cast):
    for weeks_ago in (2, 1, 0):
        hold(cast.cleo, weeks_ago=weeks_ago)
    assert _numbers(cast.cleo) == [1, 2, 3]


def test_a_session_logged_late_takes_its_place_and_the_later_ones_move_up(cast):
    last, first = hold(cast.cleo, weeks_ago=1), hold(cast.cleo, weeks_ago=5)
    between = hold(cast.cleo, weeks_ago=3)
    assert (first.number, between.number) == (1, 2)
    last.refresh_from_db()
    assert last.number == 3


def test_each_episode_counts_for_itself(cast):
    hold(cast.cleo, weeks_ago=1)
    assert hold(cast.cleo).number == 2
    assert hold(cast.dora).number == 1


@pytest.mark.parametrize(
    "values",
    [
        {"status": "missed"},
        {"status": "planned"},
        {"status": "cancelled", "called_off_by": "client"},
        {"status": "cancelled", "called_off_by": "therapist"},
    ],
)
def test_a_session_that_did_not_come_about_has_no_number_and_leaves_no_gap(cast, values):
    hold(cast.cleo, weeks_ago=2)
    assert hold(cast.cleo, weeks_ago=1, **values).number is None
    hold(cast.cleo)
    assert _numbers(cast.cleo) == [1, None, 2]


def test_correcting_a_session_to_missed_and_back_numbers_anew_each_time(cast):
    first, *_rest = [hold(cast.cleo, weeks_ago=weeks_ago) for weeks_ago in (2, 1, 0)]
    assert _correct(first, status="missed").number is None
    assert _numbers(cast.cleo) == [None, 1, 2]
    assert _correct(first, status="held").number == 1
    assert _numbers(cast.cleo) == [1, 2, 3]


def test_moving_a_session_to_another_date_numbers_anew(cast):
    first, second, third = [hold(cast.cleo, weeks_ago=weeks_ago) for weeks_ago in (3, 2, 1)]
    moved = _correct(first, starts_at=third.starts_at + timedelta(hours=3))
    assert moved.number == 3
    assert [Session.objects.get(pk=row.pk).number for row in (second, third)] == [1, 2]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    deeds=st.lists(
        st.tuples(
            st.integers(0, 25),
            st.sampled_from(["held", "held", "missed", "planned"]),
            st.one_of(st.none(), st.integers(0, 11)),
        ),
        max_size=12,
    )
)
def test_whatever_is_logged_and_corrected_held_sessions_are_1_2_3_by_date(cast, deeds):
    Session.objects.filter(episode=cast.cleo).delete()
    for weeks_ago, status, which in deeds:
        logged = list(cast.cleo.sessions.order_by("starts_at"))
        try:
            if logged and which is not None:
                when = timezone.now() - weeks_ago * WEEK
                _correct(logged[which % len(logged)], status=status, starts_at=when)
            else:
                hold(cast.cleo, weeks_ago=weeks_ago, status=status)
        except ValidationError:
            continue  # Two sessions at one moment.
    held = cast.cleo.sessions.held().order_by("starts_at").values_list("number", flat=True)
    assert list(held) == list(range(1, len(held) + 1))
    assert not cast.cleo.sessions.exclude(status="held").exclude(number=None).exists()


# --- Logging ---


def test_the_same_session_logged_twice_is_stored_once(cast):
    values = {"minutes": 80, "setting": "video", "note": "Late by five."}
    first, second = hold(cast.cleo, **values), hold(cast.cleo, **values)
    assert first == second
    assert Session.objects.count() == 1
    assert _events("session.logged").count() == 1


@pytest.mark.parametrize(
    "values", [{"minutes": 80}, {"setting": "video"}, {"status": "missed"}, {"note": "Another."}]
)
def test_a_different_session_at_the_same_moment_is_refused(cast, values):
    hold(cast.cleo)
    with pytest.raises(ValidationError, match="already logged"):
        hold(cast.cleo, **values)
    assert Session.objects.count() == 1


def test_two_episodes_may_have_a_session_at_the_same_moment(cast):
    first = hold(cast.cleo)
    log_session(episode=cast.dora, starts_at=first.starts_at, by=cast.olga)
    assert Session.objects.filter(starts_at=first.starts_at).count() == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 601}, "minutes"),
        ({"setting": "park"}, "setting"),
        ({"status": "forgotten"}, "status"),
        ({"note": "x" * 281}, "note"),
    ],
)
def test_a_session_that_cannot_be_true_is_refused_and_leaves_no_trace(cast, values, field):
    with pytest.raises(ValidationError) as refusal:
        hold(cast.cleo, **values)
    assert field in refusal.value.message_dict
    assert not Session.objects.exists()
    assert not _events("session.logged").exists()


def test_who_called_off_is_said_of_a_cancelled_session_and_of_no_other(cast):
    with pytest.raises(ValidationError, match="session_cancelled_says_by_whom"):
        hold(cast.cleo, status="cancelled")
    with pytest.raises(ValidationError, match="session_cancelled_says_by_whom"):
        hold(cast.cleo, status="missed", called_off_by="client")


def test_after_its_last_day_an_episode_has_no_more_sessions_but_before_it_may(cast):
    ended = end_episode(
        episode=cast.cleo,
        ending="planned",
        by=cast.theo,
        ended_on=timezone.localdate() - timedelta(days=10),
    )
    with pytest.raises(ValidationError) as refusal:
        hold(ended, weeks_ago=1)
    assert list(refusal.value.message_dict) == ["starts_at"]
    assert hold(ended, weeks_ago=2).number == 1


def test_on_the_last_day_of_an_episode_there_may_still_be_a_session(cast):
    began = timezone.now() - WEEK
    ended = end_episode(
        episode=cast.cleo, ending="planned", by=cast.theo, ended_on=timezone.localdate(began)
    )
    assert log_session(episode=ended, starts_at=began, by=cast.theo).number == 1


def test_an_end_that_was_set_while_the_form_was_open_counts(cast):
    day = timezone.localdate() - timedelta(days=10)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo, ended_on=day)
    with pytest.raises(ValidationError):
        hold(cast.cleo)  # It was fetched while it was open.


def test_a_session_is_not_moved_past_the_end_of_its_episode(cast):
    session = hold(cast.cleo, weeks_ago=2)
    day = timezone.localdate() - timedelta(days=10)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo, ended_on=day)
    with pytest.raises(ValidationError):
        _correct(session, starts_at=timezone.now())


def test_the_last_day_of_an_episode_is_that_of_the_practices_own_clock(cast, clocks_apart):
    day = timezone.localdate() - timedelta(days=10)
    late = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)  # The next day in Vienna.
    for episode, by in [(cast.cleo, cast.theo), (cast.emil, cast.nils)]:
        end_episode(episode=episode, ending="planned", by=by, ended_on=day)
    assert log_session(episode=cast.emil, starts_at=late, by=cast.nils).number == 1
    with pytest.raises(ValidationError, match="already ended"):
        log_session(episode=cast.cleo, starts_at=late, by=cast.theo)


# --- An episode begins with its earliest session ---


def _began(episode):
    return Episode.objects.get(pk=episode.pk).started_on


def test_a_session_before_its_episode_lets_the_episode_begin_with_it(cast, clocks_apart):
    noon = datetime.combine(cast.cleo.started_on - 8 * WEEK, datetime.min.time(), UTC).replace(
        hour=12
    )
    session = log_session(episode=cast.cleo, starts_at=noon, by=cast.theo)
    assert _began(cast.cleo) == noon.date()
    event = _events("episode.corrected").get()
    assert (event.actor, event.fields) == (cast.theo, ["started_on"])
    assert (event.target_id, event.client_id) == (str(cast.cleo.pk), cast.cleo.client_id)
    again = _correct(session, starts_at=noon - WEEK)
    assert again.number == 1
    assert _began(cast.cleo) == noon.date() - WEEK
    assert _events("episode.corrected").count() == 2


def test_a_session_on_the_first_day_or_later_leaves_the_beginning_as_it_is(cast, clocks_apart):
    day = cast.cleo.started_on
    morning = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    session = log_session(episode=cast.cleo, starts_at=morning, by=cast.theo)
    _correct(session, starts_at=morning + WEEK)
    assert _began(cast.cleo) == day
    assert not _events("episode.corrected").exists()


def test_the_first_day_of_an_episode_is_that_of_the_practices_own_clock(cast, clocks_apart):
    day = cast.cleo.started_on - timedelta(days=1)
    late = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)  # The next day in Vienna.
    log_session(episode=cast.cleo, starts_at=late, by=cast.theo)
    log_session(episode=cast.emil, starts_at=late, by=cast.nils)
    assert _began(cast.cleo) == cast.cleo.started_on
    assert _began(cast.emil) == day


def test_an_episode_that_was_refused_a_session_begins_when_it_did(cast):
    with pytest.raises(ValidationError):
        hold(cast.cleo, weeks_ago=40, minutes=0)
    assert _began(cast.cleo) == cast.cleo.started_on
    assert not _events("episode.corrected").exists()


# --- Correcting, and the record of it ---


def test_a_logged_session_is_on_the_record_without_its_contents(cast):
    session = hold(cast.cleo, note="Spoke of the mother.")
    event = _events("session.logged").get()
    assert (event.actor, event.practice) == (cast.theo, cast.practice)
    assert (event.client_id, event.target_id) == (cast.cleo.client_id, str(session.pk))
    assert "mother" not in str(_events("session.logged").values().get())


def test_a_correction_puts_the_names_of_the_changed_fields_on_the_record_and_no_contents(cast):
    session = hold(cast.cleo, note="Spoke of the mother.")
    _correct(session, note="Spoke of the father.", minutes=80, setting=session.setting)
    event = _events("session.corrected").get()
    assert event.fields == ["minutes", "note"]
    assert (event.actor, event.client_id) == (cast.theo, cast.cleo.client_id)
    said = str(_events("session.corrected").values().get())
    assert "mother" not in said
    assert "father" not in said
    session.refresh_from_db()
    assert (session.note, session.minutes) == ("Spoke of the father.", 80)


def test_a_correction_that_changes_nothing_is_not_on_the_record(cast):
    session = hold(cast.cleo)
    _correct(session, minutes=session.minutes, note=session.note)
    assert not _events("session.corrected").exists()


@pytest.mark.parametrize("respondent", ["client", "therapist"])
def test_a_session_that_somebody_rated_stays_held(cast, respondent):
    session = hold(cast.cleo)
    rate(session, 7, respondent=respondent)
    with pytest.raises(ValidationError, match="stays as held") as refusal:
        _correct(session, status="missed")
    assert list(refusal.value.message_dict) == ["status"]
    session.refresh_from_db()
    assert (session.status, session.number) == ("held", 1)
    assert not _events("session.corrected").exists()


def test_of_a_rated_session_everything_else_may_be_corrected(cast):
    session = hold(cast.cleo)
    rate(session, 7)
    assert _correct(session, minutes=80, setting="phone").minutes == 80


def test_a_session_is_not_moved_onto_another(cast):
    first, second = hold(cast.cleo, weeks_ago=1), hold(cast.cleo)
    with pytest.raises(ValidationError, match="already logged"):
        _correct(first, starts_at=second.starts_at)
    assert _numbers(cast.cleo) == [1, 2]


# --- The form ---


def _typed(**values):
    now = timezone.localtime() - timedelta(hours=2)
    typed = {
        "happened": "held",
        "starts_at": now.strftime("%Y-%m-%dT%H:%M"),
        "minutes": "50",
        "setting": "in_person",
        "note": "",
    }
    return typed | values


def test_the_form_of_a_first_session_supposes_fifty_minutes_in_person_just_now(cast):
    form = SessionForm(episode=cast.cleo)
    assert form["minutes"].value() == 50
    assert form["setting"].value() == "in_person"
    assert form["happened"].value() == "held"
    began = form.initial["starts_at"]
    assert timedelta(minutes=50) <= timezone.localtime() - began < timedelta(minutes=56)
    assert began.minute % 5 == 0


def test_the_form_supposes_what_was_so_last_time(cast):
    hold(cast.cleo, weeks_ago=1, minutes=80, setting="video", note="Not this.")
    hold(cast.cleo, weeks_ago=2, minutes=30, setting="phone")
    form = SessionForm(episode=cast.cleo)
    assert (form["minutes"].value(), form["setting"].value()) == (80, "video")
    assert not form["note"].value()


def test_the_form_to_correct_a_session_shows_what_was_logged(cast):
    session = hold(
        cast.cleo, status="cancelled", called_off_by="therapist", minutes=30, note="Flu."
    )
    form = SessionForm(episode=cast.cleo, session=session)
    shown = {name: form[name].value() for name in ("happened", "minutes", "note")}
    assert shown == {"happened": "cancelled_therapist", "minutes": 30, "note": "Flu."}


@pytest.mark.parametrize(
    ("happened", "status", "called_off_by"),
    [
        ("held", "held", ""),
        ("missed", "missed", ""),
        ("cancelled_client", "cancelled", "client"),
        ("cancelled_therapist", "cancelled", "therapist"),
    ],
)
def test_one_answer_says_what_happened_and_who_called_off(cast, happened, status, called_off_by):
    form = SessionForm(_typed(happened=happened), episode=cast.cleo)
    assert form.is_valid()
    session = log_session(episode=cast.cleo, by=cast.theo, **form.cleaned_data)
    assert (session.status, session.called_off_by) == (status, called_off_by)


def test_the_form_refuses_the_future_and_keeps_what_was_typed(cast):
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    form = SessionForm(
        _typed(starts_at=tomorrow, minutes="75", note="Typed in full."), episode=cast.cleo
    )
    assert not form.is_valid()
    assert list(form.errors) == ["starts_at"]
    assert "lies in the future" in str(form.errors["starts_at"])
    page = form.as_p()
    for typed in (tomorrow, 'value="75"', "Typed in full."):
        assert typed in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", ""),
        ("starts_at", "yesterday"),
        ("starts_at", "1949-12-31T10:00"),
        ("minutes", "0"),
        ("minutes", "601"),
        ("minutes", "fifty"),
        ("setting", "park"),
        ("happened", ""),
        ("happened", "forgotten"),
        ("note", "x" * 281),
    ],
)
def test_the_form_names_the_field_that_cannot_be(cast, field, value):
    form = SessionForm(_typed(**{field: value}), episode=cast.cleo)
    assert not form.is_valid()
    assert list(form.errors) == [field]


@pytest.mark.parametrize(
    ("days", "is_taken"), [(0, True), (366, True), (367, False), (3660, False)]
)
def test_the_form_takes_a_session_up_to_a_year_before_the_episode(cast, days, is_taken):
    day = cast.cleo.started_on - timedelta(days=days)
    form = SessionForm(_typed(starts_at=f"{day:%Y-%m-%d}T12:00"), episode=cast.cleo)
    assert form.is_valid() is is_taken
    assert is_taken or "long before the episode began" in str(form.errors["starts_at"])


# --- Who reads and who writes ---


def test_sessions_are_read_by_the_therapist_and_the_supervisor_and_changed_by_the_first(
    cast, sessions
):
    for name, visible, held in [
        ("theo", {"cleo"}, {"cleo"}),
        ("sue", {"cleo"}, set()),
        ("olga", {"dora"}, {"dora"}),
        ("nils", {"emil"}, {"emil"}),
        ("mara", set(), set()),
        ("rita", set(), set()),
        ("root", set(), set()),
    ]:
        user = getattr(cast, name)
        read = Session.objects.filter(episode__in=Episode.objects.visible_to(user))
        assert set(read) == {sessions[who] for who in visible}
        assert set(Session.objects.held_by(user)) == {sessions[who] for who in held}
