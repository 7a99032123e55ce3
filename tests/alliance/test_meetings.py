"""The members' lines side by side, and asking each of them apart."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import request_rating
from alliance.meetings.asking import present_meeting
from alliance.meetings.pages import present_together
from alliance.ratings.models import Rating, RatingRequest
from alliance.sending.actions import ask_by_message
from alliance.sending.delivery import deliver
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.own_first import choose_own_first
from alliance.trends.own_first_models import waiting_ratings
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client
from sessions_app.meetings.actions import (
    add_to_circle,
    lead_together,
    leave_circle,
    log_meeting,
    make_circle,
)
from sessions_app.meetings.models import Circle
from tests.conftest import ask, asked_of_tables, let_a_day_pass, rate

DAY = timedelta(days=1)
MARKS = ("8.0", "3.0")


@pytest.fixture
def couple(cast):
    carl = add_client(
        therapist=cast.members["theo"],
        code="CARL",
        by=cast.theo,
        started_on=timezone.localdate() - 100 * DAY,
    )
    return make_circle(kind="couple", code="LINDE", episodes=[cast.cleo, carl], by=cast.theo)


def meet(circle, *totals, days_ago=1, became="held"):
    """Let them meet, and each rate it, in the order of their codes; None rates nothing."""
    members = circle.members.present().order_by("client__code")
    meeting = log_meeting(
        circle=circle,
        starts_at=timezone.now().replace(second=0, microsecond=0) - days_ago * DAY,
        became={member.pk: became for member in members},
        by=circle.therapist.user,
    )
    for member, total in zip(members, totals, strict=False):
        if total is not None:
            rate(meeting.sessions.get(episode=member.episode), total)
    return meeting


def course(circle, *pairs):
    """Let them meet once a week, the last time yesterday."""
    for back, pair in zip(reversed(range(len(pairs))), pairs, strict=True):
        meet(circle, *pair, days_ago=7 * back + 1)


def seat(circle, user):
    (found,) = present_together(circle, user).seats
    return found


# --- Side by side, in words first ---


def test_before_they_met_there_is_nothing_to_say(couple, cast):
    assert seat(couple, cast.theo).lead == "No meeting has been logged yet."


def test_after_a_few_meetings_the_distance_is_told_and_that_it_is_too_early(couple, cast):
    course(couple, (8, 7), (8, 5))
    told = seat(couple, cast.theo)
    assert told.lead.startswith("They rated the last meeting 3.0 apart. It is too early to say")
    assert told.card is None and told.suggestion == ""


def test_further_apart_than_chance_explains_is_said_with_what_was_usual(couple, cast):
    course(couple, *[(8, 7)] * 5, (9, 3))
    told = seat(couple, cast.theo)
    assert told.lead == (
        "They rated the last meeting 6.0 apart; usually 1.0. "
        "That is further apart than chance explains."
    )
    assert told.suggestion == "You could ask how the last meeting was for each of them."
    assert told.rows[0].is_further and not any(row.is_further for row in told.rows[1:])
    values = dict(told.card.inputs)
    standing = Standing.objects.get(episode=cast.cleo).parameters
    limit = 1 + 1.959964 * (2 * (standing.error + standing.state) * 1.2) ** 0.5
    assert float(values["Chance explains up to"]) == pytest.approx(limit, abs=0.01)


def test_what_chance_can_explain_is_said_to_be_so(couple, cast):
    course(couple, *[(8, 7)] * 5, (8, 6))
    told = seat(couple, cast.theo)
    assert told.lead.endswith("2.0 apart; usually 1.0. Chance alone can explain that.")
    assert told.suggestion == ""


def test_whom_a_rating_is_missing_of_is_told_and_nothing_is_filled_in(couple, cast):
    course(couple, (8, 7), (8, None))
    told = seat(couple, cast.theo)
    assert told.lead == "1 of the 2 people who came have rated the last meeting."
    latest = told.rows[0]
    assert latest.apart == "–"
    assert {cell.what for cell in latest.cells} == {"", "No rating"}
    missed = meet(couple, days_ago=0.5, became="missed")
    assert {c.what for c in seat(couple, cast.theo).rows[0].cells} == {"Did not come"}
    missed.sessions.update(status="cancelled", called_off_by="client")
    assert {c.what for c in seat(couple, cast.theo).rows[0].cells} == {"Cancelled"}


def test_a_blank_sheet_is_told_as_one(couple, cast):
    course(couple, (8, [None] * 6))
    assert "Sent without marks" in {c.what for c in seat(couple, cast.theo).rows[0].cells}


def test_of_a_family_the_highest_and_the_lowest_are_told(cast):
    three = [add_client(therapist=cast.members["theo"], code=c, by=cast.theo) for c in "ABC"]
    family = make_circle(kind="family", code="BUCHE", episodes=three, by=cast.theo)
    course(family, (9, 5, 7))
    told = seat(family, cast.theo)
    assert told.lead.startswith(
        "The highest and the lowest rating of the last meeting lie 4.0 apart."
    )
    course_of = told.svg
    assert course_of.count('class="dot"') == 4  # One for each of the three, one for the distance.


def test_who_has_left_stays_in_the_meetings_they_were_at(couple, cast):
    course(couple, (8, 7))
    leave_circle(member=couple.members.get(client__code="CARL"), by=cast.theo)
    meet(couple, 8, days_ago=0.5)
    page = present_together(couple, cast.theo)
    assert [member.client.code for member in page.members] == ["CLEO"]
    (told,) = page.seats
    assert [cell.what for cell in told.rows[0].cells] == ["Not expected", ""]
    assert [cell.total for cell in told.rows[1].cells] == ["8.0", "7.0"]


def test_nothing_is_said_that_judges_anybody(couple, cast, client):
    course(couple, *[(8, 7)] * 5, (9, 3))
    client.force_login(cast.theo)
    page = client.get(reverse("circle", args=[couple.pk])).content.decode()
    said = page.replace("docs/method/split.md", "")
    assert not re.search(r"resist|ruptur|split|wrong|blame|risk|alarm", said, re.I)
    assert "Each of them can be right." in page


# --- Two therapists, and who supervises ---


def test_each_of_two_therapists_sees_only_what_was_said_of_them(couple, cast, client):
    lead_together(circle=couple, co_therapist=cast.members["olga"], by=cast.theo)
    meeting = meet(couple, 8, 8)
    for session in meeting.sessions.filter(episode__therapist=cast.members["olga"]):
        rate(session, 3)
    for name, own, other in (("theo", *MARKS), ("olga", *MARKS[::-1])):
        client.force_login(getattr(cast, name))
        page = client.get(reverse("circle", args=[couple.pk])).content.decode()
        assert f"As they rated {name.title()}" in page
        assert f'"number">{own}<' in page and f'"number">{other}<' not in page
        asked = client.get(reverse("meeting-ask", args=[meeting.pk])).content.decode()
        assert asked.count("Answered") == 2
        assert "Your colleague asks for theirs" in asked
    assert [one.therapist.user for one in present_together(couple, cast.sue).seats] == [cast.theo]


def test_a_supervisor_is_told_what_new_ratings_amount_to_after_their_therapist(
    couple, cast, client
):
    course(couple, *[(8, 7)] * 5, (9, 3))
    Rating.objects.exclude(session__meeting=couple.meetings.last()).update(
        submitted_at=timezone.now() - 9 * DAY
    )
    new = "The latest ratings are new. Their therapist looks at them first."
    assert seat(couple, cast.sue).lead == new
    assert not any(row.is_further for row in seat(couple, cast.sue).rows)
    client.force_login(cast.theo)
    client.get(reverse("circle", args=[couple.pk]))
    assert Reading.objects.count() == Rating.objects.count() == 12
    assert "further apart" in seat(couple, cast.sue).lead
    Reading.objects.all().delete()
    for member in couple.members.all():
        let_a_day_pass(member.episode)
    assert "further apart" in seat(couple, cast.sue).lead


def test_a_look_is_written_down_for_each_of_them(couple, cast, client):
    meet(couple, 8, 7)
    client.force_login(cast.sue)
    client.get(reverse("circle", args=[couple.pk]))
    read = AuditEvent.objects.filter(verb="episode.read", actor=cast.sue)
    assert set(read.values_list("client_id", flat=True)) == set(
        couple.members.values_list("client_id", flat=True)
    )
    assert AuditEvent.objects.filter(verb="circle.read", actor=cast.sue).count() == 1


def test_the_page_of_an_episode_leads_to_those_who_come_too(couple, cast, client):
    client.force_login(cast.theo)
    page = client.get(reverse("episode", args=[cast.cleo.pk])).content.decode()
    assert reverse("circle", args=[couple.pk]) in page
    assert "CARL" not in page


def test_pages_cost_as_many_queries_after_ten_times_the_meetings(couple, cast, client):
    client.force_login(cast.theo)

    def cost():
        found = []
        meeting = couple.meetings.last()
        for address in (
            reverse("circle", args=[couple.pk]),
            reverse("meeting-ask", args=[meeting.pk]),
        ):
            client.get(address)  # What is new is noted as read the first time.
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            found.append(len(asked_of_tables(captured)))
        return found

    course(couple, (8, 7), (8, 7))
    few = cost()
    for back in range(20):
        meet(couple, 8, 7, days_ago=20 + back)
    assert cost() == few


# --- Asking, each apart ---


def test_each_is_asked_with_a_secret_of_their_own(couple, cast, client):
    meeting = meet(couple)
    client.force_login(cast.theo)
    page = client.get(reverse("meeting-ask", args=[meeting.pk])).content.decode()
    assert page.count("Not asked yet") == 2
    addresses = set()
    for session in meeting.sessions.all():
        sent = {"channel": "link", "replaces": ""}
        answer = client.post(reverse("rating-ask", args=[session.pk]), sent).content.decode()
        addresses.add(re.search(r'value="([^"]+/r/[^"]+)"', answer)[1])
        assert reverse("meeting-ask", args=[meeting.pk]) in answer
    assert len(addresses) == 2
    assert len(set(RatingRequest.objects.values_list("token_digest", flat=True))) == 2
    page = client.get(reverse("meeting-ask", args=[meeting.pk])).content.decode()
    assert page.count("Asked, not answered yet") == 2
    assert not any(address.rsplit("/r/")[1] in page for address in addresses)


def test_how_far_the_asking_is_is_shown_and_nothing_of_what_was_answered(couple, cast, client):
    meeting = meet(couple, 3)
    (other,) = meeting.sessions.filter(ratings=None)
    request_rating(session=other, respondent="client", channel="link", by=cast.theo)
    client.force_login(cast.theo)
    page = client.get(reverse("meeting-ask", args=[meeting.pk])).content.decode()
    assert "Answered" in page and "Asked, not answered yet" in page
    assert "3.0" not in page
    states = {"declined": "Skipped", "expired": "Asked, and not answered in time"}
    for closing, state in states.items():
        RatingRequest.objects.filter(session=other).update(
            closed_at=timezone.now(), closing=closing
        )
        assert state in {row.state for row in present_meeting(meeting, cast.theo).rows}
    for status, state in (("missed", "Did not come"), ("cancelled", "Cancelled")):
        by = "client" if status == "cancelled" else ""
        meeting.sessions.filter(pk=other.pk).update(status=status, called_off_by=by, number=None)
        page = present_meeting(meeting, cast.theo)
        assert state in {row.state for row in page.rows}
    assert not any(row.can_be_asked for row in page.rows)


def test_no_form_no_thanks_and_no_message_tells_one_member_of_another(couple, cast, settings):
    """Whatever Carl says, and whoever he is, Cleo meets none of it."""
    course(couple, (8, 7), (9, 3))
    carl = couple.members.get(client__code="CARL").episode
    met = meet(couple, None, days_ago=0.5)
    rate(met.sessions.get(episode=carl), 2)
    session = met.sessions.get(episode=cast.cleo)
    his = met.sessions.get(episode=carl)
    identity = cast.cleo.client.identity
    identity.email = "cleo@clients.example.org"
    identity.save()
    telling = ("CARL", "LINDE", "Carl", "partner", "couple", "2.0", str(met.pk), str(his.pk))
    asked = ask_by_message(session=session, way="email", by=cast.theo)
    deliver(asked.messages.get().pk)
    (letter,) = mail.outbox
    sent = letter.subject + letter.body + "".join(body for body, _kind in letter.alternatives)
    _asked, secret = ask(session)
    browser = Client()
    form = browser.get(reverse("rate", args=[secret])).content.decode()
    browser.post(reverse("rate", args=[secret]), {"sent": "1", "say": "9"})
    thanks = browser.get(reverse("rate", args=[secret])).content.decode()
    assert "Thank you" in thanks
    for page in (sent, form, thanks):
        assert len(page) > 100
        assert [word for word in telling if word in page] == []


# --- What is not said here ---


def test_who_rates_first_is_shown_no_rating_that_waits_and_has_not_read_it(couple, cast, client):
    course(couple, *[(8, 8)] * 6)
    choose_own_first(practice=cast.practice, member=cast.members["theo"], is_on=True, by=None)
    meet(couple, 8, 2, days_ago=0)
    waiting = waiting_ratings().count()
    assert waiting > 0
    client.force_login(cast.theo)
    page = client.get(reverse("circle", args=[couple.pk])).content.decode()
    assert "A rating has come" in page
    assert "2.0" not in page
    assert waiting_ratings().count() == waiting


def test_a_page_that_says_nothing_of_what_was_marked_has_shown_no_flag(couple, cast, client):
    course(couple, *[(8, 8)] * 8, (8, 2))
    assert Flag.objects.filter(seen_at=None).exists()
    client.force_login(cast.theo)
    client.get(reverse("circle", args=[couple.pk]))
    assert not Flag.objects.exclude(seen_at=None).exists()


def test_in_a_group_the_words_speak_of_those_who_are_compared(couple, cast):
    course(couple, *[(8, 7)] * 6)
    late = add_client(therapist=cast.members["theo"], code="DORIS", by=cast.theo)
    Circle.objects.filter(pk=couple.pk).update(kind="group")
    couple.refresh_from_db()
    add_to_circle(circle=couple, episodes=[late], by=cast.theo)
    meet(couple, 8, 7, 1, days_ago=0)
    found = seat(couple, cast.theo)
    assert found.lead.startswith("Of those who rated enough earlier meetings: ")
    assert "1.0 apart" in found.lead
    assert found.rows[0].apart == "1.0"
