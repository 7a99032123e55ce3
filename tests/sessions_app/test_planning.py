"""Sessions are planned ahead, moved, called off; afterwards it takes one tap."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from alliance.reception.pages import reception_sessions
from alliance.trends.models import Standing
from alliance.trends.pages import session_rows
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import end_episode, hand_over_episode
from sessions_app.sessions.actions import log_session
from sessions_app.sessions.models import Session
from sessions_app.sessions.planning_actions import (
    NoLongerPlanned,
    call_off,
    drop_planned,
    move_planned,
    note_outcome,
    plan_sessions,
)
from sessions_app.sessions.planning_forms import MoveForm, PlanForm
from tests.conftest import hold, rate, run

WEEK = timedelta(weeks=1)
VIENNA = ZoneInfo("Europe/Vienna")
HELD, MISSED = Session.Status.HELD, Session.Status.MISSED


def soon(**delta):
    return timezone.now().replace(second=0, microsecond=0) + timedelta(**delta)


def plan(episode, starts_at=None, **values):
    """Plan as its therapist would; the day after tomorrow unless said otherwise."""
    return plan_sessions(
        episode=episode,
        starts_at=starts_at or soon(days=2),
        by=episode.therapist.user,
        **values,
    )


def by_the_clock(sessions):
    return [session.starts_at.astimezone(VIENNA).strftime("%d.%m. %H:%M") for session in sessions]


def statuses(episode):
    return list(episode.sessions.order_by("starts_at").values_list("status", flat=True))


# --- Planning ---


def test_a_series_stays_at_its_hour_when_the_clocks_change(cast, clocks_apart):
    """Vienna puts its clocks back on 25 October 2026, and forward on 28 March 2027."""
    autumn = datetime(2026, 10, 20, 9, tzinfo=VIENNA)
    planned = plan(cast.cleo, autumn, times=3, every_weeks=1)
    assert by_the_clock(planned) == ["20.10. 09:00", "27.10. 09:00", "03.11. 09:00"]
    assert [session.starts_at.astimezone(UTC).hour for session in planned] == [7, 8, 8]
    spring = plan(cast.cleo, datetime(2027, 3, 16, 9, tzinfo=VIENNA), times=2, every_weeks=2)
    assert by_the_clock(spring) == ["16.03. 09:00", "30.03. 09:00"]


def test_what_a_clock_change_skips_comes_an_hour_later(cast, clocks_apart):
    planned = plan(cast.cleo, datetime(2027, 3, 21, 2, 30, tzinfo=VIENNA), times=2)
    assert by_the_clock(planned) == ["21.03. 02:30", "28.03. 03:30"]


def test_planning_the_same_twice_plans_it_once(cast):
    first = plan(cast.cleo, times=3)
    assert plan(cast.cleo, first[0].starts_at, times=3) == first
    assert AuditEvent.objects.filter(verb="session.planned").count() == 3


def test_those_planned_together_are_one_series_and_one_alone_is_none(cast):
    assert len({session.series for session in plan(cast.cleo, times=3)}) == 1
    assert plan(cast.cleo, soon(days=1))[0].series is None


def test_nothing_is_planned_where_something_else_stands_or_after_the_end(cast):
    call_off(session=plan(cast.cleo)[0], called_off_by="client", by=cast.theo)
    with pytest.raises(ValidationError, match="there is a session already: cancelled"):
        plan(cast.cleo, cast.cleo.sessions.get().starts_at)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    with pytest.raises(ValidationError, match="has ended"):
        plan(cast.cleo, soon(days=5))


def test_what_was_dropped_can_be_planned_again(cast):
    (session,) = plan(cast.cleo)
    drop_planned(session=session, by=cast.theo)
    assert plan(cast.cleo, session.starts_at) != [session]


# --- What becomes of it ---


def test_a_planned_session_that_was_held_is_numbered_and_can_be_rated(cast):
    hold(cast.cleo, weeks_ago=1)
    (session,) = plan(cast.cleo, soon(hours=-1), minutes=80, setting="video")
    held = note_outcome(session=session, status=HELD, by=cast.theo)
    assert (held.pk, held.number, held.minutes, held.setting) == (session.pk, 2, 80, "video")
    rate(held, 7)
    assert Standing.objects.get(episode=cast.cleo).sessions_rated == 1


def test_nothing_is_said_of_a_session_before_its_time(cast):
    (session,) = plan(cast.cleo, soon(minutes=20))
    with pytest.raises(ValidationError, match="time has not come"):
        note_outcome(session=session, status=HELD, by=cast.theo)
    (early,) = plan(cast.cleo, soon(minutes=9))
    assert note_outcome(session=early, status=HELD, by=cast.theo).number == 1


def test_what_became_of_a_session_is_said_once(cast):
    (session,) = plan(cast.cleo, soon(hours=-1))
    note_outcome(session=session, status=MISSED, by=cast.theo)
    for deed in (
        lambda: note_outcome(session=session, status=HELD, by=cast.theo),
        lambda: call_off(session=session, called_off_by="client", by=cast.theo),
        lambda: drop_planned(session=session, by=cast.theo),
    ):
        with pytest.raises(NoLongerPlanned):
            deed()


def test_logging_fills_in_what_was_planned_for_the_same_day(cast, clocks_apart):
    ten = datetime(2026, 9, 1, 10, tzinfo=VIENNA)
    morning, evening = (plan(cast.cleo, ten + timedelta(hours=hours))[0] for hours in (0, 8))
    logged = log_session(
        episode=cast.cleo, starts_at=ten + timedelta(minutes=15), by=cast.theo, note="Late."
    )
    assert (logged.pk, logged.number, logged.note) == (morning.pk, 1, "Late.")
    next_day = log_session(episode=cast.cleo, starts_at=ten + timedelta(days=1), by=cast.theo)
    assert next_day.pk not in {morning.pk, evening.pk}
    evening.refresh_from_db()
    assert evening.status == Session.Status.PLANNED
    assert Session.objects.count() == 3


def test_of_a_series_one_is_moved_or_it_and_all_that_follow(cast, clocks_apart):
    first = datetime(2027, 3, 15, 9, tzinfo=VIENNA)
    _one, two, _three = plan(cast.cleo, first, times=3)
    values = {"session": two, "minutes": 50, "setting": "in_person", "by": cast.theo}
    to = datetime(2027, 3, 23, 18, tzinfo=VIENNA)
    move_planned(starts_at=to, with_rest=True, **values)
    moved = cast.cleo.sessions.order_by("starts_at")
    assert by_the_clock(moved) == ["15.03. 09:00", "23.03. 18:00", "30.03. 18:00"]
    move_planned(starts_at=to + timedelta(hours=1), **values)
    assert by_the_clock(moved.all()) == ["15.03. 09:00", "23.03. 19:00", "30.03. 18:00"]


@pytest.mark.parametrize("weeks", [1, -1])
def test_a_series_is_moved_by_its_own_step_without_meeting_itself(cast, weeks):
    planned = plan(cast.cleo, soon(weeks=3), times=4)
    move_planned(
        session=planned[0],
        starts_at=planned[0].starts_at + weeks * WEEK,
        minutes=50,
        setting="in_person",
        by=cast.theo,
        with_rest=True,
    )
    moved = cast.cleo.sessions.order_by("starts_at").first()
    assert moved.starts_at == planned[0].starts_at + weeks * WEEK


def test_moving_onto_another_session_is_refused(cast):
    one, two = plan(cast.cleo, times=2)
    with pytest.raises(ValidationError, match="already logged"):
        move_planned(
            session=one, starts_at=two.starts_at, minutes=50, setting="phone", by=cast.theo
        )


def test_of_a_series_one_is_dropped_or_it_and_all_that_follow(cast):
    other = plan(cast.cleo, soon(days=3), times=2)
    planned = plan(cast.cleo, times=4)
    drop_planned(session=planned[0], by=cast.theo)
    drop_planned(session=planned[2], by=cast.theo, with_rest=True)
    left = cast.cleo.sessions.planned()
    assert set(left) == {planned[1], *other}
    alone = plan(cast.cleo, soon(days=4))[0]
    assert drop_planned(session=alone, by=cast.theo, with_rest=True) == [alone]


def test_the_end_drops_what_was_planned_after_it(cast):
    plan(cast.cleo, soon(days=-2))
    plan(cast.cleo, soon(days=2), times=2)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert statuses(cast.cleo) == ["planned", "dropped", "dropped"]
    # What was held before the end can still be said.
    session = cast.cleo.sessions.planned().get()
    assert note_outcome(session=session, status=HELD, by=cast.theo).number == 1


def test_handing_over_drops_all_that_was_planned(cast):
    plan(cast.cleo, soon(days=-2))
    plan(cast.cleo, soon(days=2))
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    assert statuses(cast.cleo) == ["dropped", "dropped"]


def test_what_is_planned_is_nowhere_where_ratings_are(cast):
    run(cast.cleo, [7, 8, None])
    before = Standing.objects.filter(pk=cast.cleo.pk).values().get()
    for session in (plan(cast.cleo, soon(hours=-2))[0], *plan(cast.cleo, times=5)):
        assert session not in reception_sessions(cast.rita)
        assert session not in [row.session for row in session_rows(cast.cleo)]
        assert session.number is None
    drop_planned(session=session, by=cast.theo)
    assert Standing.objects.filter(pk=cast.cleo.pk).values().get() == before
    assert len(session_rows(cast.cleo)) == 3


# --- Forms and pages ---


def form_data(**changed):
    starts_at = timezone.localtime() + timedelta(days=2)
    return {
        "starts_at": starts_at.strftime("%Y-%m-%dT%H:%M"),
        "minutes": "50",
        "setting": "in_person",
        "every_weeks": "1",
        "times": "3",
        "until": "",
    } | changed


@pytest.mark.parametrize(
    ("changed", "times"),
    [
        ({}, 3),
        ({"every_weeks": "0"}, 1),
        ({"every_weeks": "0", "times": ""}, 1),
        ({"until": 0}, 1),
        ({"until": 13}, 2),
        ({"until": 14}, 3),
        ({"every_weeks": "2", "until": 27}, 2),
    ],
)
def test_a_series_is_so_many_times_or_until_a_day(cast, changed, times):
    if "until" in changed:
        until = timezone.localdate() + timedelta(days=2 + changed["until"])
        changed = changed | {"until": until.isoformat(), "times": "9"}
    form = PlanForm(form_data(**changed), episode=cast.cleo)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["times"] == times
    planned = plan_sessions(episode=cast.cleo, by=cast.theo, **form.cleaned_data)
    assert len(planned) == times


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"starts_at": "2020-01-01T09:00"}, "starts_at"),
        ({"starts_at": "2099-01-01T09:00"}, "starts_at"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"times": ""}, "times"),
        ({"times": "53"}, "times"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "2099-01-01"}, "until"),
        ({"every_weeks": "3"}, "every_weeks"),
        ({"minutes": "0"}, "minutes"),
        ({"setting": "moon"}, "setting"),
    ],
)
def test_what_cannot_be_meant_is_asked_again(cast, changed, field):
    form = PlanForm(form_data(**changed), episode=cast.cleo)
    assert not form.is_valid()
    assert set(form.errors) == {field}


def test_the_form_offers_a_week_after_the_last_one(cast):
    assert PlanForm(episode=cast.cleo).initial["minutes"] == 50
    with cast.practice.clock():
        last = hold(cast.cleo, weeks_ago=3, minutes=80, setting="phone")
        offered = PlanForm(episode=cast.cleo).initial
        assert offered["starts_at"] > timezone.now()
        assert timezone.make_naive(offered["starts_at"]) == (
            timezone.make_naive(last.starts_at) + 4 * WEEK
        )
        assert (offered["minutes"], offered["setting"]) == (80, "phone")
        (ahead,) = plan(cast.cleo, soon(days=3))
        offered = PlanForm(episode=cast.cleo).initial["starts_at"]
        assert timezone.make_naive(offered) == timezone.make_naive(ahead.starts_at) + WEEK


def test_only_of_a_series_can_the_rest_be_moved(cast):
    assert "with_rest" not in MoveForm(session=plan(cast.cleo)[0]).fields
    assert "with_rest" in MoveForm(session=plan(cast.cleo, soon(days=1), times=2)[0]).fields


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


def at(session):
    return reverse("session-planned", args=[session.pk])


def test_one_tap_after_a_session_leads_to_where_the_rating_is_asked(cast, theo):
    (session,) = plan(cast.cleo, soon(hours=-1))
    for _tap in range(2):
        answer = theo.post(at(session), {"deed": "held"})
        assert answer.headers["Location"] == reverse("rating-ask", args=[session.pk])
    assert theo.get(answer.headers["Location"]).status_code == 200
    assert AuditEvent.objects.filter(verb="session.logged").count() == 1


@pytest.mark.parametrize(
    ("deed", "became"),
    [
        ("missed", ("missed", "")),
        ("off-client", ("cancelled", "client")),
        ("off-therapist", ("cancelled", "therapist")),
        ("drop", ("dropped", "")),
    ],
)
def test_each_button_says_what_became_of_it(cast, theo, deed, became):
    (session,) = plan(cast.cleo, soon(minutes=-1))
    assert theo.post(at(session), {"deed": deed}, follow=True).status_code == 200
    session.refresh_from_db()
    assert (session.status, session.called_off_by) == became


def test_before_its_time_the_page_offers_no_outcome_and_takes_none(cast, theo):
    (session,) = plan(cast.cleo)
    assert 'value="held"' not in theo.get(at(session)).content.decode()
    page = theo.post(at(session), {"deed": "held"}).content.decode()
    assert "Its time has not come yet." in page
    assert statuses(cast.cleo) == ["planned"]


def test_the_page_moves_a_session_and_says_why_it_does_not(cast, clocks_apart, theo):
    one, two = plan(cast.cleo, times=2)
    with cast.practice.clock():
        taken = timezone.localtime(two.starts_at).strftime("%Y-%m-%dT%H:%M")
    values = {"deed": "move", "minutes": "50", "setting": "video"}
    page = theo.post(at(one), values | {"starts_at": taken})
    assert "already logged" in page.content.decode()
    assert theo.post(at(one), values | {"starts_at": "x"}).status_code == 200
    free = values | {"starts_at": "2027-12-01T09:00", "with_rest": "on"}
    assert theo.post(at(one), free).status_code == 302
    assert by_the_clock(cast.cleo.sessions.all()) == ["01.12. 09:00", "08.12. 09:00"]


def test_a_deed_that_does_not_exist_is_not_done(cast, theo):
    (session,) = plan(cast.cleo)
    for sent in ({}, {"deed": "erase"}):
        assert theo.post(at(session), sent).status_code == 404


def test_a_planned_session_and_a_held_one_have_a_page_each(cast, theo):
    (session,) = plan(cast.cleo, soon(hours=-1))
    edit = reverse("session-edit", args=[session.pk])
    assert theo.get(edit).headers["Location"] == at(session)
    note_outcome(session=session, status=HELD, by=cast.theo)
    assert theo.get(at(session)).headers["Location"] == edit
    (other,) = plan(cast.cleo)
    drop_planned(session=other, by=cast.theo)
    assert theo.get(at(other)).status_code == 404
    assert theo.get(reverse("session-edit", args=[other.pk])).status_code == 404


def test_a_series_is_planned_on_its_page_and_told_on_the_episodes(cast, theo, client):
    page = reverse("session-plan", args=[cast.cleo.pk])
    shown = theo.post(page, form_data(times="7"), follow=True).content.decode()
    assert "7 sessions are planned." in shown
    assert shown.count("/planned/") == 5
    assert "…" in shown
    moment = cast.cleo.sessions.first()
    call_off(session=moment, called_off_by="client", by=cast.theo)
    assert "there is a session already" in theo.post(page, form_data()).content.decode()
    client.force_login(cast.sue)
    assert "/planned/" not in client.get(reverse("episode", args=[cast.cleo.pk])).content.decode()


def test_a_manager_who_hands_over_takes_what_was_planned_out_of_the_plan(cast, client):
    """Behind the second wall too, where sessions are not a manager's to change."""
    plan(cast.cleo, times=2)
    client.force_login(cast.mara)
    olga, today = cast.members["olga"], cast.practice.day()
    sent = {"episodes": [str(cast.cleo.pk)], "to": olga.pk, "on": today.isoformat()}
    address = reverse("hand-over", args=[cast.cleo.therapist_id])
    assert client.post(address, sent).status_code == 302
    assert statuses(cast.cleo) == ["dropped", "dropped"]
