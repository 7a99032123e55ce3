"""The lists: who is on them, in which order, why, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.caseload.pages import present_caseload
from alliance.trends.models import Standing
from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent, Supervision
from sessions_app.clients.actions import add_client, end_episode
from tests.conftest import hold, rate, run


def begin(cast, code, who="theo"):
    return add_client(therapist=cast.members[who], code=code, by=cast.members[who].user)


def own(cast, **options):
    standings = Standing.objects.held_by(cast.theo)
    return present_caseload(standings, with_comments=True, **options).rows


def codes(cast, **options):
    return [row.episode.client.code for row in own(cast, **options)]


def test_those_where_a_conversation_may_help_most_come_first(cast):
    run(cast.cleo, [8, 8, 8, 8])
    run(begin(cast, "SLIGHT"), [8, 8, 8, 7])
    run(begin(cast, "DEEP"), [8, 8, 8, 2])
    run(begin(cast, "SILENT"), [8, None, None, None])
    run(begin(cast, "NEW"), [5])
    assert codes(cast)[:3] == ["DEEP", "SLIGHT", "SILENT"]
    assert set(codes(cast)[3:]) == {"CLEO", "NEW"}


def test_a_comment_that_waits_comes_before_what_does_not_stand_out(cast):
    run(cast.cleo, [8, 8, 8, 8])
    session = hold(begin(cast, "WORDS"))
    rate(session, 8, comment="May we speak about something else?")
    assert codes(cast)[0] == "WORDS"


def test_each_row_says_why_it_stands_where_it_stands(cast):
    run(cast.cleo, [8, 8, 8, 3])
    (row,) = own(cast)
    assert row.reason == "Lowest of 4: 3.0, and 8.0 on average before"
    assert row.suggestion
    assert row.standing.sessions_rated == row.standing.sessions_held == 4


def test_the_supervisor_sees_those_she_supervises_and_nobody_else(cast, client):
    begin(cast, "SUES", "sue")
    client.force_login(cast.sue)
    page = client.get(reverse("caseload-supervised")).content.decode()
    assert "CLEO" in page
    assert "DORA" not in page
    assert "EMIL" not in page
    assert "SUES" not in page, "her own clients are on the other list"
    own = client.get(reverse("caseload")).content.decode()
    assert "SUES" in own
    assert "CLEO" not in own


def test_a_supervision_that_ended_yesterday_shows_nothing_today(cast, client):
    Supervision.objects.update(ended_on=timezone.localdate() - timedelta(days=1))
    client.force_login(cast.sue)
    assert "CLEO" not in client.get(reverse("caseload-supervised")).content.decode()
    assert client.get(reverse("episode", args=[cast.cleo.pk])).status_code == 404


def test_an_ended_episode_is_on_the_other_tab_and_asks_for_nothing(cast):
    run(cast.cleo, [8, 8, 8, 3])
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert codes(cast) == []
    assert codes(cast, is_ended=True) == ["CLEO"]
    (row,) = own(cast, is_ended=True)
    assert row.suggestion == ""


@pytest.mark.parametrize("name", ["caseload", "caseload-supervised"])
def test_the_number_of_queries_grows_neither_with_episodes_nor_with_histories(cast, client, name):
    user = cast.theo if name == "caseload" else cast.sue
    client.force_login(user)
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(name))
    run(cast.cleo, [8] * 15)
    for number in range(20):
        run(begin(cast, f"C-{number}"), [7, None])
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse(name)).content.decode()
    assert page.count("C-") == 20
    assert len(many) == len(few) <= 7


def test_a_long_list_is_given_out_in_pages(cast, client, monkeypatch):
    monkeypatch.setattr("alliance.caseload.pages.PAGE_SIZE", 2)
    for number in range(4):
        begin(cast, f"C-{number}")
    client.force_login(cast.theo)
    first = client.get(reverse("caseload")).content.decode()
    assert "Page 1 of 3" in first
    assert first.count("/episodes/") == 2
    assert "Page 3 of 3" in client.get(reverse("caseload"), {"page": "99"}).content.decode()
    assert client.get(reverse("caseload"), {"page": "x\0"}).status_code == 200


def test_whoever_only_supervises_lands_on_supervision(cast, client):
    client.force_login(cast.sue)
    assert client.get("/").headers["Location"] == reverse("caseload-supervised")
    begin(cast, "SUES", "sue")
    assert client.get("/").headers["Location"] == reverse("caseload")


def test_a_comment_moves_and_marks_nothing_on_the_supervisors_list(cast, client):
    run(cast.cleo, [8, 8, 8, 8])
    session = hold(begin(cast, "WORDS"))
    rate(session, 8, comment="This is for my therapist.")
    client.force_login(cast.sue)
    page = client.get(reverse("caseload-supervised")).content.decode()
    assert "✉" not in page
    assert "comment" not in page
    client.force_login(cast.theo)
    assert "A comment is waiting to be read" in client.get(reverse("caseload")).content.decode()


def test_reading_the_list_is_written_down_in_each_practice(cast, client):
    join_practice(practice=cast.elsewhere, email="theo@example.org", is_clinician=True)
    client.force_login(cast.theo)
    client.get(reverse("caseload"))
    events = AuditEvent.objects.filter(verb="caseload.read")
    assert {event.practice for event in events} == {cast.practice, cast.elsewhere}
