"""A calendar program fetches what somebody has planned: times and codes, by a secret address."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from alliance.logs import mask
from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent, Membership
from sessions_app.calendars.actions import end_feed, make_feed
from sessions_app.calendars.models import CalendarFeed
from sessions_app.clients.actions import add_client, end_episode
from sessions_app.places.actions import lock_membership
from sessions_app.sessions.planning_actions import call_off, plan_sessions


def plan(episode, **delta):
    starts_at = timezone.now().replace(microsecond=0) + timedelta(**delta)
    return plan_sessions(
        episode=episode, starts_at=starts_at, minutes=80, by=episode.therapist.user
    )[0]


@pytest.fixture
def fetch(cast, client):
    """Fetch Theo's calendar as a program does, signed in nowhere."""
    _feed, secret = make_feed(owner=cast.theo)

    def fetched(secret=secret, **headers):
        return client.get(reverse("calendar-feed", args=[secret]), headers=headers)

    return fetched


def events(answer):
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_it_tells_when_and_whom_by_a_code_and_nothing_else(cast, fetch):
    session = plan(cast.cleo, days=2)
    plan(cast.dora, days=2)
    answer = fetch()
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = events(answer)
    assert event["summary"] == "CLEO"
    assert event.start == session.starts_at
    assert event.end - event.start == timedelta(minutes=80)
    assert str(event["uid"]) == str(session.pk)
    said = answer.content.decode().lower()
    for word in ("name of", "theo", "alliance", "therap", "session", "rating", "lindenhof"):
        assert word not in said


def test_what_is_called_off_moved_or_long_past_is_not_in_it(cast, fetch):
    call_off(session=plan(cast.cleo, days=2), called_off_by="client", by=cast.theo)
    plan(cast.cleo, days=-8)
    recent = plan(cast.cleo, days=-6)
    assert [str(event["uid"]) for event in events(fetch())] == [str(recent.pk)]
    plan(cast.cleo, days=9)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert len(events(fetch())) == 1


def test_it_is_sent_again_only_when_the_plan_has_changed(cast, fetch):
    plan(cast.cleo, days=2)
    etag = fetch().headers["ETag"]
    again = fetch(**{"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    plan(cast.cleo, days=3)
    assert fetch(**{"if-none-match": etag}).status_code == 200


def test_it_holds_what_is_planned_in_each_practice_of_its_owner(cast, fetch):
    there = join_practice(practice=cast.elsewhere, email="theo@example.org", is_clinician=True)
    for episode in (cast.cleo, add_client(therapist=there, code="FLO", by=cast.theo)):
        plan(episode, days=2)
    assert {str(event["summary"]) for event in events(fetch())} == {"CLEO", "FLO"}


def test_it_ends_with_its_owners_place_and_when_they_end_it(cast, fetch):
    assert fetch().status_code == 200
    lock_membership(membership=cast.members["theo"], by=cast.mara)
    assert fetch().status_code == 404
    Membership.objects.update(locked_at=None)
    cast.theo.refresh_from_db()
    cast.theo.is_active = True
    cast.theo.save()
    assert fetch().status_code == 200
    end_feed(owner=cast.theo)
    assert fetch().status_code == 404


def test_a_manager_or_a_closed_account_has_no_calendar(cast, fetch):
    _feed, secret = make_feed(owner=cast.mara)
    assert fetch(secret).status_code == 404
    cast.theo.is_active = False
    cast.theo.save()
    assert fetch().status_code == 404


def test_whoever_guesses_is_slowed_down_and_whoever_knows_is_not(cast, fetch):
    cache.clear()
    answers = [fetch(f"guess-{number}").status_code for number in range(32)]
    assert answers == [404] * 30 + [429] * 2
    assert fetch().status_code == 200


def test_the_address_is_shown_once_and_only_its_digest_is_kept(cast, client):
    client.force_login(cast.theo)
    page = reverse("calendar")
    assert "There is no address yet" in client.get(page).content.decode()
    shown = client.post(page).content.decode()
    secret = shown.split("/c/")[1].split("/")[0]
    assert len(secret) == 43
    assert secret not in client.get(page).content.decode()
    assert secret not in str(CalendarFeed.objects.values_list().get())
    assert client.get(reverse("calendar-feed", args=[secret])).status_code == 200
    assert "Fetched last on" in client.get(page).content.decode()


def test_a_new_address_ends_the_one_before(cast, client):
    client.force_login(cast.theo)
    first, second = (
        client.post(reverse("calendar")).content.decode().split("/c/")[1].split("/")[0]
        for _time in range(2)
    )
    assert client.get(reverse("calendar-feed", args=[first])).status_code == 404
    assert client.get(reverse("calendar-feed", args=[second])).status_code == 200
    client.post(reverse("calendar"), {"end": "1"})
    assert client.get(reverse("calendar-feed", args=[second])).status_code == 404


def test_the_trail_says_who_made_it_and_on_which_days_it_was_fetched(cast, fetch):
    for _time in range(3):
        fetch()
    verbs = AuditEvent.objects.filter(verb__startswith="calendar.")
    assert list(verbs.order_by("pk").values_list("verb", "actor")) == [
        ("calendar.made", cast.theo.pk),
        ("calendar.fetched", None),
    ]


def test_its_secret_reaches_no_log():
    assert mask("GET /c/" + "x" * 43 + "/planned.ics 200") == "GET /c/***/planned.ics 200"
