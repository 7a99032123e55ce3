"""The lists: who is on them, in which order, why, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.caseload.pages import present_caseload
from alliance.trends.actions import review
from alliance.trends.models import Flag, Standing
from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent, Supervision
from sessions_app.clients.actions import add_client, end_episode
from tests.conftest import asked_of_tables, hold, let_a_day_pass, look, rate, run


def begin(cast, code, who="theo"):
    return add_client(therapist=cast.members[who], code=code, by=cast.members[who].user)


def own(cast, **options):
    standings = Standing.objects.held_by(cast.theo)
    return present_caseload(standings, is_holder=True, **options).rows


def supervised(cast, **options):
    standings = Standing.objects.supervised_by(cast.sue)
    return present_caseload(standings, is_holder=False, **options).rows


def codes(cast, rows=own, **options):
    return [row.episode.client.code for row in rows(cast, **options)]


def test_those_where_a_conversation_may_help_most_come_first(cast):
    run(cast.cleo, [8, 8, 8, 8])
    run(begin(cast, "SILENT"), [8, None, None, None])
    run(begin(cast, "TOP"), [10] * 5)
    run(begin(cast, "SLIDE"), [9, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6])
    run(begin(cast, "BACK"), [8, 8, 8, 8, 4, 8])
    run(begin(cast, "DROP"), [8, 8, 8, 8, 4])
    hold(begin(cast, "NEW"), weeks_ago=1)
    assert codes(cast) == ["DROP", "SLIDE", "SILENT", "TOP", "BACK", "CLEO", "NEW"]


def test_a_comment_that_waits_comes_before_what_does_not_stand_out(cast):
    run(cast.cleo, [8, 8, 8, 8])
    session = hold(begin(cast, "WORDS"))
    rate(session, 8, comment="May we speak about something else?")
    assert codes(cast)[0] == "WORDS"


def test_each_row_says_why_it_stands_where_it_stands_and_what_could_be_asked(cast):
    run(cast.cleo, [8, 8, 8, 8, 4])
    (row,) = own(cast)
    assert row.reason == "Lower than usual: 4.0, where about 7.9 was usual"
    assert row.suggestion == "You could ask how the last session was for them."
    assert row.shape == "◇"
    assert row.marks == ["4.0", "4.0", "4.0"]
    assert row.standing.sessions_rated == row.standing.sessions_held == 5


def test_of_two_flags_alike_a_row_says_the_later_session(cast):
    first, *_others = run(cast.cleo, [None, 8, 8, 8, 8, 4, 3])
    rate(first, 8)  # Both are made again in one go.
    Flag.objects.all().delete()
    review(cast.cleo)
    (row,) = own(cast)
    assert row.reason.startswith("Lower than usual: 3.0")


@pytest.mark.parametrize(
    ("totals", "needs_attention"),
    [
        ([8, 8, 8, 8], False),
        ([8, 8, 8, 8, 4], True),
        ([8, None, None, None], True),
        ([10] * 5, False),
        ([8, 8, 8, 8, 4, 8], False),
    ],
)
def test_good_news_and_top_marks_are_told_but_need_nobody_today(cast, totals, needs_attention):
    run(cast.cleo, totals)
    (row,) = own(cast)
    assert row.needs_attention is needs_attention


def test_a_supervisor_learns_of_a_flag_when_the_therapist_has_seen_it(cast):
    run(begin(cast, "LATER"), [8, 8, 8, 8])
    run(cast.cleo, [8, 8, 8, 8, 4])
    hold(begin(cast, "QUIET"), weeks_ago=-1)  # Here last.
    assert codes(cast)[0] == "CLEO"
    assert codes(cast, supervised)[0] == "QUIET"
    row = next(row for row in supervised(cast) if row.episode == cast.cleo)
    assert "ower" not in row.reason
    assert (row.shape, row.suggestion, row.needs_attention) == ("✓", "", False)
    look(cast.cleo, by=cast.sue)
    assert codes(cast, supervised)[0] == "QUIET"
    look(cast.cleo, by=cast.theo)
    (first, *_others) = supervised(cast)
    assert (first.episode, first.needs_attention) == (cast.cleo, True)
    assert first.reason == "Lower than usual: 4.0, where about 7.9 was usual"


def test_a_supervisor_learns_of_a_flag_after_a_day_that_the_therapist_did_not_use(cast):
    run(cast.cleo, [8, 8, 8, 8, 4])
    run(begin(cast, "OTHER"), [8, 8])
    assert supervised(cast)[-1].shape in "✓·"
    let_a_day_pass(cast.cleo)
    assert supervised(cast)[0].shape == "◇"


def test_a_supervisor_goes_on_seeing_the_older_flag_while_the_newer_is_the_therapists(cast):
    run(cast.cleo, [8, 8, 8, 8, 4])
    look(cast.cleo, by=cast.theo)
    rate(hold(cast.cleo, weeks_ago=-1), 3)
    assert own(cast)[0].reason.startswith("Lower than usual: 3.0")
    assert supervised(cast)[0].reason.startswith("Lower than usual: 4.0")


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
    run(cast.cleo, [8, 8, 8, 8, 3])
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert codes(cast) == []
    assert codes(cast, is_ended=True) == ["CLEO"]
    (row,) = own(cast, is_ended=True)
    assert (row.suggestion, row.needs_attention) == ("", False)


def test_of_the_ended_those_seen_last_come_first_whatever_was_flagged(cast):
    run(cast.cleo, [8, 8, 8, 8, 3])
    other = begin(cast, "LATER")
    hold(other, weeks_ago=-1)
    for episode in (cast.cleo, other):
        on = timezone.localdate() + timedelta(days=7)
        end_episode(episode=episode, ending="planned", by=cast.theo, ended_on=on)
    assert codes(cast, is_ended=True) == ["LATER", "CLEO"]


@pytest.mark.parametrize("name", ["caseload"])
def test_the_number_of_queries_grows_neither_with_episodes_nor_with_histories(cast, client, name):
    client.force_login(cast.theo)
    user = cast.theo if name == "caseload" else cast.sue
    run(begin(cast, "FIRST"), [8])  # Where nothing is new, it is not asked who has looked.
    client.force_login(user)
    client.get(reverse(name))  # The first request of a sign-in notes where it comes from.
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(name))
    run(cast.cleo, [8] * 12 + [4, 4, None, None, None])
    for number in range(20):
        run(begin(cast, f"C-{number}"), [7, None, None, None])
    Flag.objects.update(seen_at=timezone.now())
    client.get(reverse(name))  # Once a minute a sign-in notes that somebody is still there.
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse(name)).content.decode()
    assert page.count('scope="row"') == 22
    most = 17 if name == "caseload" else 11
    assert len(asked_of_tables(many)) == len(asked_of_tables(few)) <= most


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
