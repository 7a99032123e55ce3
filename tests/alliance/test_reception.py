"""Reception asks for ratings and sees whether they have come, and never what was said."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import request_rating, submit_rating
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import AuditEvent, Membership
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from tests.conftest import ITEMS, ask, hold, rate


@pytest.fixture
def rita(cast, client):
    client.force_login(cast.rita)
    return client


def shown(rita):
    return re.sub(r"\s+", " ", rita.get(reverse("reception")).content.decode())


def press(rita, session, replaces=""):
    return rita.post(reverse("reception-ask", args=[session.pk]), {"replaces": replaces})


# --- What is shown ------------------------------------------------------------------------


def test_reception_sees_the_held_sessions_of_its_practice_by_code_and_therapist(
    cast, sessions, rita
):
    page = shown(rita)
    assert "CLEO" in page
    assert "with Theo" in page
    assert "DORA" in page
    assert "EMIL" not in page
    assert page.count("Not asked yet.") == 2


def test_whether_a_rating_was_asked_and_has_come_and_nothing_of_what_was_said(cast, sessions, rita):
    ask(sessions["cleo"])
    assert "the link works until" in shown(rita)
    now = timezone.now()
    RatingRequest.objects.update(
        asked_at=now - timedelta(days=1), expires_at=now - timedelta(seconds=1)
    )
    assert "the link has ended" in shown(rita)
    rating = rate(sessions["cleo"], [3, 3, 2, 3, 1, 3], comment="Please help me.")
    page = shown(rita)
    assert "The rating has arrived." in page
    for said in ("Please help me", "2.5", "Name of CLEO", "lower", str(rating.total)):
        assert said not in page
    assert page.count('/ask/"') == 1  # Dora's only.


def test_what_was_said_is_not_even_fetched(cast, sessions, rita):
    rate(sessions["cleo"], 7, comment="Please help me.")
    with CaptureQueriesContext(connection) as queries:
        rita.get(reverse("reception"))
    asked = " ".join(query["sql"] for query in queries)
    assert "alliance_rating" in asked
    for column in ("answers", "comment", "trust", "total", '"note"', "clientidentity", "flag"):
        assert column not in asked


@pytest.mark.parametrize("status", ["missed", "cancelled", "planned"])
def test_sessions_that_were_not_held_are_not_shown(cast, rita, status):
    by = "client" if status == "cancelled" else ""
    hold(cast.cleo, status=status, called_off_by=by)
    assert "CLEO" not in shown(rita)


def test_a_week_is_shown_the_latest_first(cast, rita):
    hold(cast.cleo, weeks_ago=2)
    assert "CLEO" not in shown(rita)
    for days in (6, 0):
        hold(add_client(therapist=cast.members["theo"], code=f"D-{days}", by=cast.theo))
        cast.members["theo"].episodes.get(client__code=f"D-{days}").sessions.update(
            starts_at=timezone.now() - timedelta(days=days, minutes=5)
        )
    page = shown(rita)
    assert page.index("D-0") < page.index("D-6")


def test_the_list_costs_the_same_few_queries_however_many_sessions(cast, sessions, rita):
    rita.get(reverse("reception"))
    with CaptureQueriesContext(connection) as few:
        rita.get(reverse("reception"))
    for number in range(5):
        episode = add_client(therapist=cast.members["theo"], code=f"C-{number}", by=cast.theo)
        rate(hold(episode), 7)
    with CaptureQueriesContext(connection) as many:
        rita.get(reverse("reception"))
    assert len(many) == len(few)


def test_looking_is_written_down(cast, sessions, rita):
    shown(rita)
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.actor, event.practice) == (
        "reception.read",
        cast.rita,
        cast.practice,
    )


# --- Asking -------------------------------------------------------------------------------


def test_reception_asks_and_the_client_answers_and_reception_sees_that_it_came(
    cast, sessions, rita, client
):
    page = press(rita, sessions["cleo"]).content.decode()
    link = re.search(r'value="http://testserver(/r/[^"]+)"', page).group(1)
    assert "QR code" in page
    asked = RatingRequest.objects.get()
    assert (asked.asked_by, asked.channel, asked.respondent) == (cast.rita, "link", "client")
    assert AuditEvent.objects.get(verb="rating.asked").actor == cast.rita
    client.logout()
    assert client.post(link, {"sent": "1", "say": "7"}).status_code == 302
    assert Rating.objects.get().session == sessions["cleo"]
    client.force_login(cast.rita)
    assert "The rating has arrived." in shown(client)


def test_a_reload_does_not_end_the_link_that_the_client_has_open(cast, sessions, rita):
    press(rita, sessions["cleo"])
    first = RatingRequest.objects.get()
    assert press(rita, sessions["cleo"]).headers["Location"] == reverse("reception")
    assert RatingRequest.objects.get() == first
    press(rita, sessions["cleo"], replaces=first.pk)
    assert RatingRequest.objects.open().get() != first


@pytest.mark.parametrize("channel", ["device", "tablet"])
@pytest.mark.parametrize("has_seen_it", [False, True])
def test_a_form_that_is_before_the_client_is_not_taken_from_them(
    cast, sessions, rita, channel, has_seen_it
):
    asked, _secret = request_rating(
        session=sessions["cleo"], respondent="client", channel=channel, by=cast.theo
    )
    told = AuditEvent.objects.filter(verb="rating.asked").count()
    answer = press(rita, sessions["cleo"], replaces=asked.pk if has_seen_it else "")
    assert answer.headers["Location"] == reverse("reception")
    assert "Not asked: this client has the form open" in shown(rita)
    assert RatingRequest.objects.get().closing == ""
    assert AuditEvent.objects.filter(verb="rating.asked").count() == told
    submit_rating(request=asked, answers=dict.fromkeys(ITEMS, 7))


@pytest.mark.parametrize("channel", ["device", "tablet"])
def test_once_its_time_is_over_reception_may_ask_instead(cast, sessions, rita, channel):
    request_rating(session=sessions["cleo"], respondent="client", channel=channel, by=cast.theo)
    now = timezone.now()
    RatingRequest.objects.update(
        asked_at=now - timedelta(minutes=16), expires_at=now - timedelta(minutes=1)
    )
    assert press(rita, sessions["cleo"]).status_code == 200
    assert RatingRequest.objects.open().get().channel == "link"


def test_what_has_been_rated_is_not_asked_for_again(cast, sessions, rita):
    rate(sessions["cleo"], 7)
    assert press(rita, sessions["cleo"]).headers["Location"] == reverse("reception")
    assert not RatingRequest.objects.open().exists()


def _close(cast, how):
    if how == "handed over":
        hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    elif how == "locked":
        Membership.objects.filter(pk=cast.members["theo"].pk).update(locked_at=timezone.now())
    else:
        Membership.objects.filter(pk=cast.members["theo"].pk).update(
            ended_on=timezone.localdate() - timedelta(days=1)
        )


@pytest.mark.parametrize("how", ["handed over", "locked", "left"])
def test_nothing_is_asked_where_nobody_would_read_it(cast, sessions, rita, how):
    _close(cast, how)
    assert "CLEO" not in shown(rita)
    assert press(rita, sessions["cleo"]).status_code == 404


def test_after_the_end_of_a_therapy_its_last_session_can_still_be_rated(cast, sessions, rita):
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert press(rita, sessions["cleo"]).status_code == 200


def test_the_session_of_another_practice_looks_like_none(cast, sessions, rita):
    foreign = press(rita, sessions["emil"])
    nowhere = rita.post(reverse("reception-ask", args=[cast.cleo.pk]))
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.content == nowhere.content


def test_reception_finds_its_page_and_nobody_else_does(cast, rita):
    assert f'href="{reverse("reception")}"' in rita.get("/").content.decode()
    for name in ("theo", "sue", "mara", "root"):
        rita.force_login(getattr(cast, name) if name != "root" else cast.root)
        assert rita.get(reverse("reception")).status_code == 404
