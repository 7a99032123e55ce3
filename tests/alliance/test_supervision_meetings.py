"""Supervision meetings: what comes onto the agenda, who reads what, and what is carried forward."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.sheet_pdf import maker
from alliance.supervision import pdf
from alliance.supervision.actions import (
    add_line,
    agree,
    finish,
    hold_meeting,
    plan_meeting,
    refresh_agenda,
    tick,
    write_notes,
    write_private_note,
)
from alliance.supervision.meeting_pages import present_meeting
from alliance.supervision.models import AgendaItem, PrivateNote, SupervisionMeeting
from alliance.trends.models import Flag
from alliance.trends.pages import present_trend
from sessions_app.access.actions import end_supervision, start_supervision
from sessions_app.access.models import AuditEvent, Supervision
from sessions_app.clients.actions import add_client, end_episode
from tests.conftest import asked_of_tables, confirm, hold, let_a_day_pass, look, rate, run

PDF = b"%PDF-"


@pytest.fixture
def pair(cast):
    return cast.members["theo"].supervised.get()


@pytest.fixture
def meeting(cast, pair):
    return plan(cast, pair)


@pytest.fixture
def sue(cast):
    return signed_in(cast.sue)


@pytest.fixture
def theo(cast):
    return signed_in(cast.theo)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def plan(cast, pair, *, days=7):
    day = timezone.localdate() + timedelta(days=days)
    return plan_meeting(supervision=pair, planned_on=day, by=cast.sue)


def begin(cast, code, who="theo"):
    return add_client(therapist=cast.members[who], code=code, by=cast.members[who].user)


def agenda(meeting):
    return list(meeting.agenda.order_by("place").values_list("kind", flat=True))


def read(client, meeting):
    return client.get(reverse("supervision-meeting", args=[meeting.pk])).content.decode()


def post(client, name, row, **sent):
    return client.post(reverse(name, args=[row.pk]), sent)


def points(cast, meeting, reader="sue"):
    page = present_meeting(meeting, reader=getattr(cast, reader))
    return {(point.code, point.text): point for group in page.groups for point in group.points}


# --- The agenda --------------------------------------------------------------------------


def test_what_is_marked_unrated_or_ended_unplanned_comes_onto_the_agenda_by_itself(cast, pair):
    run(cast.cleo, [8, 8, 8, 8, 4])
    run(begin(cast, "SILENT"), [8, None, None, None])
    run(begin(cast, "TOP"), [10] * 5)
    gone = begin(cast, "GONE")
    run(gone, [8, 8, 8, 8, 3])
    end_episode(episode=gone, ending="unplanned", by=cast.theo)
    done = begin(cast, "DONE")
    end_episode(episode=done, ending="planned", by=cast.theo)
    run(begin(cast, "OLGAS", "olga"), [8, 8, 8, 8, 4])
    Flag.objects.update(seen_at=timezone.now())
    meeting = plan(cast, pair)
    told = {(i.kind, i.episode.client.code) for i in meeting.agenda.all()}
    assert told == {("flag", "CLEO"), ("unrated", "SILENT"), ("ending", "GONE")}
    page = present_meeting(meeting, reader=cast.sue)
    assert [group.title for group in page.groups] == [
        "Marked",
        "No rating for three sessions",
        "Ended unplanned since the last meeting",
    ]
    assert ("CLEO", "Lower than usual: 4.0, where about 7.9 was usual") in points(cast, meeting)


def test_what_the_therapist_could_not_have_seen_yet_is_on_no_agenda(cast, pair):
    run(cast.cleo, [8, 8, 8, 8, 4])
    meeting = plan(cast, pair)
    assert agenda(meeting) == []
    assert refresh_agenda(meeting=meeting, by=cast.sue) == 0
    let_a_day_pass(cast.cleo)
    assert refresh_agenda(meeting=meeting, by=cast.sue) == 1
    assert refresh_agenda(meeting=meeting, by=cast.sue) == 0, "nothing comes twice"
    assert agenda(meeting) == ["flag"]


def test_an_episode_is_one_point_whatever_its_sessions_raised_until_more_comes_up(cast, pair):
    run(cast.cleo, [8, 8, 8, 8, 4, 4])
    look(cast.cleo, by=cast.theo)
    assert Flag.objects.standing().count() > 1
    meeting = plan(cast, pair)
    assert agenda(meeting) == ["flag"]
    assert refresh_agenda(meeting=meeting, by=cast.theo) == 0
    rate(hold(cast.cleo, weeks_ago=-1), 2)
    look(cast.cleo, by=cast.theo)
    assert refresh_agenda(meeting=meeting, by=cast.theo) == 1


def test_a_flag_that_is_told_anew_is_the_therapists_to_see_first_again(cast, pair):
    run(cast.cleo, [8, 8, 8, 8, 4])
    look(cast.cleo, by=cast.theo)
    meeting = plan(cast, pair)
    Flag.objects.update(seen_at=None, raised_at=timezone.now())
    assert ("CLEO", "Something new, which the therapist sees first") in points(cast, meeting)
    assert ("CLEO", "Lower than usual: 4.0, where about 7.9 was usual") in points(
        cast, meeting, reader="theo"
    )


def test_what_is_over_by_the_meeting_stays_and_says_so(cast, pair):
    run(cast.cleo, [8, None, None, None])
    let_a_day_pass(cast.cleo)
    meeting = plan(cast, pair)
    rate(hold(cast.cleo, weeks_ago=-1), 8)
    refresh_agenda(meeting=meeting, by=cast.theo)
    (point,) = points(cast, meeting).values()
    assert point.is_over


def test_an_unplanned_ending_that_was_spoken_about_does_not_come_back(cast, pair):
    end_episode(episode=cast.cleo, ending="unplanned", by=cast.theo)
    first = plan(cast, pair)
    (item,) = first.agenda.all()
    tick(item=item, is_discussed=True, by=cast.sue)
    hold_meeting(meeting=first, by=cast.sue)
    assert agenda(plan(cast, pair)) == []
    tick(item=item, is_discussed=False, by=cast.sue)
    assert agenda(plan(cast, pair, days=1)) == ["ending"], "since that very day it is still new"


def test_what_is_sent_twice_is_there_once_and_what_was_held_stays_as_it_was(cast, pair, client):
    meeting = plan(cast, pair)
    assert plan(cast, pair) == meeting
    assert add_line(meeting=meeting, text="Pace.", by=cast.sue) == add_line(
        meeting=meeting, text="Pace.", by=cast.sue
    )
    assert agree(meeting=meeting, text="Ask.", by=cast.sue) == agree(
        meeting=meeting, text="Ask.", by=cast.sue
    )
    hold_meeting(meeting=meeting, by=cast.sue)
    with pytest.raises(ValidationError):
        add_line(meeting=meeting, text="More.", by=cast.sue)
    client.force_login(cast.sue)
    address = reverse("supervision-line", args=[meeting.pk])
    assert client.post(address, {"text": "More."}).status_code == 302
    assert meeting.agenda.filter(kind="line").count() == 1


def test_what_was_agreed_is_carried_forward_until_it_is_done(cast, pair, meeting):
    action = agree(meeting=meeting, text="Ask about the pace.", episode=cast.cleo, by=cast.sue)
    second = plan(cast, pair, days=14)
    assert ("CLEO", "Ask about the pace.") in points(cast, second)
    third = plan(cast, pair, days=21)
    assert agenda(third) == ["action"]
    assert agenda(meeting) == [], "where it was agreed it is not asked after"
    finish(action=action, by=cast.theo)
    assert points(cast, third)["CLEO", "Ask about the pace."].is_over
    assert agenda(plan(cast, pair, days=28)) == []
    finish(action=action, is_done=False, by=cast.theo)
    assert agenda(plan(cast, pair, days=35)) == ["action"]


def test_the_agenda_of_a_meeting_that_was_held_stays_as_it_was(cast, pair, meeting, sue):
    hold_meeting(meeting=meeting, by=cast.sue)
    run(cast.cleo, [8, None, None, None])
    let_a_day_pass(cast.cleo)
    with pytest.raises(ValidationError):
        refresh_agenda(meeting=meeting, by=cast.sue)
    answer = sue.post(reverse("supervision-refresh", args=[meeting.pk]), follow=True)
    assert "its agenda stays as it was" in answer.content.decode()
    assert agenda(meeting) == []


def test_holding_it_twice_is_written_down_once(cast, meeting):
    hold_meeting(meeting=meeting, by=cast.sue)
    hold_meeting(meeting=meeting, by=cast.theo)
    assert AuditEvent.objects.filter(verb="supervision_meeting.held").count() == 1


# --- On the screen -----------------------------------------------------------------------


def test_either_of_the_two_plans_adds_ticks_writes_and_agrees(cast, pair, theo, sue):
    planned = theo.post(
        reverse("supervision-plan", args=[pair.pk]), {"planned_on": "2026-05-04"}, follow=True
    )
    assert "Meeting of 4 May 2026" in planned.content.decode()
    meeting = SupervisionMeeting.objects.get()
    post(theo, "supervision-line", meeting, text="How I end sessions.", episode=cast.cleo.pk)
    item = AgendaItem.objects.get()
    assert (item.added_by, item.episode) == (cast.members["theo"], cast.cleo)
    post(sue, "supervision-tick", item, is_discussed="1")
    post(sue, "supervision-notes", meeting, notes="Endings come too late.")
    post(sue, "supervision-agree", meeting, text="Ten minutes.", due_on="2026-01-05")
    post(theo, "supervision-held", meeting)
    for client in (theo, sue):
        text = read(client, meeting)
        for said in ("How I end sessions.", "✓ spoken about", "Endings come too late.", "CLEO"):
            assert said in text
        assert "Ten minutes." in text
        assert "that day has passed" in text
        assert "Look for what is new" not in text
    action = pair.agreed_actions.get()
    answer = post(theo, "supervision-done", action, is_done="1", meeting=str(meeting.pk))
    assert answer.headers["Location"] == reverse("supervision-meeting", args=[meeting.pk])
    assert "done on" in read(sue, meeting)
    post(theo, "supervision-done", action, meeting="x")
    assert "done on" not in read(sue, meeting)


def test_the_two_say_what_is_new_by_a_button(cast, pair, meeting, sue):
    answer = sue.post(reverse("supervision-refresh", args=[meeting.pk]), follow=True)
    assert "Nothing new has come up." in answer.content.decode()
    run(cast.cleo, [8, None, None, None])
    let_a_day_pass(cast.cleo)
    answer = sue.post(reverse("supervision-refresh", args=[meeting.pk]), follow=True)
    assert "1 point was added." in answer.content.decode()


def test_what_cannot_be_kept_is_said_beside_the_field(cast, pair, meeting, sue):
    for name, sent in (
        ("supervision-line", {"text": ""}),
        ("supervision-agree", {"text": ""}),
        ("supervision-notes", {"notes": "x" * 8001}),
        ("supervision-own-notes", {"notes": "x" * 8001}),
    ):
        answer = post(sue, name, meeting, **sent)
        assert answer.status_code == 200
        assert "invalid-feedback" in answer.content.decode()
    answer = sue.post(reverse("supervision-plan", args=[pair.pk]), {"planned_on": "x"}, follow=True)
    assert "Say on which day you meet." in answer.content.decode()
    assert AgendaItem.objects.count() == 0


def test_a_line_is_about_a_client_of_this_therapist_or_about_nobody(cast, meeting, sue):
    answer = post(sue, "supervision-line", meeting, text="Pace.", episode=cast.dora.pk)
    assert answer.status_code == 200
    assert not meeting.agenda.exists()


def test_the_list_of_meetings_shows_ones_own_from_either_seat(cast, pair, meeting, theo, sue):
    address = reverse("supervisions")
    hers, his = (client.get(address).content.decode() for client in (sue, theo))
    assert "With Theo, whom you supervise" in hers
    assert "Supervision of me, with Sue" in his
    for text in (hers, his):
        assert reverse("supervision-meeting", args=[meeting.pk]) in text
    olgas = signed_in(cast.olga).get(address).content.decode()
    assert "nobody supervises you" in olgas
    assert str(meeting.pk) not in olgas


# --- Who reads what ----------------------------------------------------------------------


def test_a_private_note_is_read_by_its_writer_alone(cast, meeting, theo, sue):
    post(sue, "supervision-own-notes", meeting, notes="He is tired.")
    post(theo, "supervision-own-notes", meeting, notes="She is strict.")
    assert "He is tired." in read(sue, meeting)
    assert "He is tired." not in read(theo, meeting)
    assert "She is strict." in read(theo, meeting)
    post(sue, "supervision-own-notes", meeting, notes="He was tired.")
    assert PrivateNote.objects.count() == 2
    assert "He was tired." in read(sue, meeting)


def test_notes_lie_encrypted(cast, meeting):
    write_notes(meeting=meeting, notes="Endings come too late.", by=cast.sue)
    write_private_note(meeting=meeting, text="He is tired.", by=cast.sue)
    agree(meeting=meeting, text="Ten minutes.", by=cast.sue)
    add_line(meeting=meeting, text="Pace.", by=cast.sue)
    with connection.cursor() as cursor:
        for table, column in (
            ("supervisionmeeting", "notes"),
            ("privatenote", "text"),
            ("agreedaction", "text"),
            ("agendaitem", "text"),
        ):
            cursor.execute(f"SELECT {column} FROM alliance_{table}")  # noqa: S608
            assert all(stored.startswith("aes1.") for (stored,) in cursor.fetchall()), table


def test_after_the_supervision_the_supervisor_opens_no_meeting_and_the_therapist_only_reads(
    cast, pair, meeting, theo, sue
):
    write_notes(meeting=meeting, notes="Endings come too late.", by=cast.sue)
    write_private_note(meeting=meeting, text="She is strict.", by=cast.theo)
    end_supervision(supervision=pair, by=cast.mara)
    Supervision.objects.update(ended_on=timezone.localdate() - timedelta(days=1))
    later = start_supervision(supervisor=cast.members["olga"], therapist=cast.members["theo"])
    address = reverse("supervision-meeting", args=[meeting.pk])
    for client in (sue, signed_in(cast.olga), signed_in(cast.mara)):
        assert client.get(address).status_code == 404
    text = read(theo, meeting)
    assert "Endings come too late." in text
    assert "She is strict." in text
    assert "<textarea" not in text
    assert post(theo, "supervision-notes", meeting, notes="Changed.").status_code == 404
    assert post(theo, "supervision-plan", pair, planned_on="2026-05-04").status_code == 404
    assert later.meetings.count() == 0
    listed = theo.get(reverse("supervisions")).content.decode()
    assert "You still read what was written" in listed
    assert "Supervision of me, with Olga" in listed


def test_reading_and_writing_is_in_the_trail_without_what_was_written(cast, meeting, sue):
    read(sue, meeting)
    post(sue, "supervision-notes", meeting, notes="Endings come too late.")
    post(sue, "supervision-own-notes", meeting, notes="He is tired.")
    post(sue, "supervision-line", meeting, text="Pace.")
    post(sue, "supervision-tick", meeting.agenda.get(), is_discussed="1")
    post(sue, "supervision-agree", meeting, text="Ten minutes.")
    post(sue, "supervision-done", meeting.agreed_actions.get(), is_done="1")
    post(sue, "supervision-held", meeting)
    events = AuditEvent.objects.filter(actor=cast.sue, verb__startswith="supervision_")
    assert set(events.values_list("verb", flat=True)) == {
        "supervision_meeting.planned",
        "supervision_meeting.read",
        "supervision_meeting.notes_written",
        "supervision_note.written",
        "supervision_agenda.line_added",
        "supervision_agenda.ticked",
        "supervision_action.agreed",
        "supervision_action.done",
        "supervision_meeting.held",
    }
    assert "Endings" not in str(list(events.values()))


# --- At what cost ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["supervisions", "supervision-meeting"])
def test_the_number_of_queries_grows_with_nothing(cast, pair, meeting, sue, name):
    address = reverse(name, args=[meeting.pk] if name == "supervision-meeting" else [])
    run(cast.cleo, [8, None, None, None])
    let_a_day_pass(cast.cleo)
    refresh_agenda(meeting=meeting, by=cast.sue)
    add_line(meeting=meeting, text="Pace.", episode=cast.cleo, by=cast.sue)
    agree(meeting=meeting, text="Ask.", episode=cast.cleo, by=cast.sue)
    sue.get(address)
    with CaptureQueriesContext(connection) as few:
        sue.get(address)
    for number in range(10):
        episode = begin(cast, f"C-{number}")
        run(episode, [8, None, None, None])
        let_a_day_pass(episode)
        add_line(meeting=meeting, text="Pace.", episode=episode, by=cast.sue)
        agree(meeting=meeting, text="Ask.", episode=episode, by=cast.sue)
        plan(cast, pair, days=number)
    refresh_agenda(meeting=meeting, by=cast.sue)
    sue.get(address)  # From time to time a request notes that its sign-in is not idle.
    with CaptureQueriesContext(connection) as many:
        assert sue.get(address).status_code == 200
    assert len(asked_of_tables(many)) == len(asked_of_tables(few)) <= 16


# --- On paper ----------------------------------------------------------------------------


@pytest.fixture
def printed(monkeypatch):
    """Keep what is laid out: the pages of each try, and the words on the last."""
    tries = []
    real = maker().HTML

    class Kept(real):
        def render(self, *args, **kwargs):
            laid_out = super().render(*args, **kwargs)
            tries.append(len(laid_out.pages))
            return laid_out

    words = []
    rendered = pdf.render_to_string
    monkeypatch.setattr(maker(), "HTML", Kept)
    monkeypatch.setattr(
        pdf, "render_to_string", lambda *args: words.append(rendered(*args)) or words[-1]
    )
    return tries, words


def test_an_episode_is_one_page_without_name_and_comment(cast, sue, theo, printed):
    tries, words = printed
    sessions = run(cast.cleo, [8] * 14 + [4])
    let_a_day_pass(cast.cleo)
    rate(hold(cast.cleo, weeks_ago=-1), 7, comment="Slower, please.", audience="supervisor")
    assert sessions
    for client in (sue, theo):
        answer = client.get(reverse("episode-page", args=[cast.cleo.pk]))
        assert answer.content.startswith(PDF)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="episode.pdf"'
        assert "no-store" in answer.headers["Cache-Control"]
        assert tries[-1] == 1
        text = words[-1]
        assert "CLEO" in text
        assert "Confidential" in text
        assert "<svg" in text
        assert "Slower, please." not in text
        for name in ("Name of", "Theo", "Sue"):
            assert name not in text
    assert AuditEvent.objects.filter(verb="episode.exported", client_id=cast.cleo.client_id)


def test_an_episode_without_a_rating_is_one_page_too(cast, theo, printed):
    theo.get(reverse("episode-page", args=[cast.cleo.pk]))
    assert printed[0] == [1]
    assert "<svg" not in printed[1][-1]


def test_a_long_agenda_is_one_page_and_says_what_is_left_out(cast, meeting, sue, printed):
    tries, words = printed
    write_notes(meeting=meeting, notes="Endings come too late.", by=cast.sue)
    for number in range(80):
        add_line(meeting=meeting, text=f"Point {number} " + "x " * 130, by=cast.theo)
    answer = sue.get(reverse("supervision-agenda", args=[meeting.pk]))
    assert answer.content.startswith(PDF)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="agenda.pdf"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert tries[-1] == 1
    assert "more points are on the screen" in words[-1]
    for name in ("Theo", "Sue", "Endings"):
        assert name not in words[-1]
    assert AuditEvent.objects.filter(verb="supervision_meeting.exported", actor=cast.sue).exists()


def test_a_short_agenda_is_whole(cast, pair, sue, printed):
    run(cast.cleo, [8, 8, 8, 8, 4])
    look(cast.cleo, by=cast.theo)
    meeting = plan(cast, pair)
    tick(item=meeting.agenda.get(), is_discussed=True, by=cast.sue)
    sue.get(reverse("supervision-agenda", args=[meeting.pk]))
    assert printed[0] == [1]
    assert "CLEO" in printed[1][-1]
    assert "on the screen" not in printed[1][-1]


def test_the_chart_on_paper_is_the_one_on_the_page(cast):
    run(cast.cleo, [8, 8, 8, 8, 4])
    page = present_trend(cast.cleo, is_holder=True)
    drawn = pdf._chart(page.svg)
    assert drawn.count("<circle") == page.svg.count("<circle") > 0
    assert 'class="plot"' not in drawn or 'width="100%"' not in drawn.partition("<style>")[0]


@pytest.mark.parametrize("name", ["episode-page", "supervision-agenda"])
def test_who_showed_no_factor_lately_is_asked_for_it_before_a_page_is_printed(
    cast, meeting, sue, name, settings
):
    confirm(sue, cast.sue, seconds_ago=600)
    key = cast.cleo.pk if name == "episode-page" else meeting.pk
    answer = sue.get(reverse(name, args=[key]))
    assert answer.status_code == 302
    assert not answer.content.startswith(PDF)


@pytest.mark.parametrize("name", ["episode-page", "supervision-agenda"])
def test_where_no_pdf_can_be_made_the_address_is_not_there(cast, meeting, sue, name, monkeypatch):
    monkeypatch.setattr("alliance.supervision.pdf_views.maker", lambda: None)
    key = cast.cleo.pk if name == "episode-page" else meeting.pk
    assert sue.get(reverse(name, args=[key])).status_code == 404
