"""Couples, families and groups: their meetings are logged once, with one therapist or two."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from sessions_app.access.models import AuditEvent
from sessions_app.access.rows import rows_of
from sessions_app.clients.actions import add_client, end_episode, hand_over_episode
from sessions_app.clients.models import Episode
from sessions_app.meetings.actions import (
    add_to_circle,
    correct_meeting,
    lead_alone,
    lead_together,
    leave_circle,
    log_meeting,
    make_circle,
)
from sessions_app.meetings.models import Circle, CircleMember, Meeting
from sessions_app.meetings.pages import who_came
from sessions_app.places.actions import lock_membership
from sessions_app.sessions.actions import correct_session
from sessions_app.sessions.models import Session
from tests.conftest import asked_of_tables, hold, rate, working_as

DAY = timedelta(days=1)


@pytest.fixture
def carl(cast):
    """Another client of Theo's, who comes together with Cleo."""
    return add_client(
        therapist=cast.members["theo"],
        code="CARL",
        by=cast.theo,
        started_on=timezone.localdate() - 100 * DAY,
    )


@pytest.fixture
def couple(cast, carl):
    return make_circle(kind="couple", code="LINDE", episodes=[cast.cleo, carl], by=cast.theo)


@pytest.fixture
def led_by_two(cast, couple):
    return lead_together(circle=couple, co_therapist=cast.members["olga"], by=cast.theo)


def member_of(circle, code):
    """Return a member by the client's code; of who came again, the place they have now."""
    places = circle.members.filter(client__code=code)
    return places.order_by(F("left_on").desc(nulls_first=True)).first()


def meet(circle, *, days_ago=1, by=None, minutes=50, **became):
    """Log a meeting: both came, unless said otherwise, by code."""
    what = {one.client.code: "held" for one in circle.members.present()} | became
    return log_meeting(
        circle=circle,
        starts_at=timezone.now().replace(second=0, microsecond=0) - days_ago * DAY,
        minutes=minutes,
        became={member_of(circle, code).pk: said for code, said in what.items() if said},
        by=by or circle.therapist.user,
    )


def events(verb):
    return AuditEvent.objects.filter(verb=verb)


# --- Who comes together ---


def test_clients_who_come_together_keep_an_episode_each_and_it_says_how_they_come(couple, cast):
    assert {one.client.code for one in couple.members.all()} == {"CLEO", "CARL"}
    assert {one.episode.modality for one in couple.members.all()} == {"couple"}
    assert events("circle.made").count() == 1
    assert set(events("circle.joined").values_list("client_id", flat=True)) == {
        one.client_id for one in couple.members.all()
    }


def test_nobody_belongs_to_two_circles_at_a_time(couple, cast):
    with pytest.raises(ValidationError):
        make_circle(kind="group", code="ANOTHER", episodes=[cast.cleo], by=cast.theo)


def test_a_client_of_somebody_else_cannot_be_added(couple, cast):
    with pytest.raises(ValidationError, match="therapist who leads"):
        add_to_circle(circle=couple, episodes=[cast.dora], by=cast.theo)


def test_who_leaves_is_expected_no_more_and_nothing_changes_for_the_others(couple, cast):
    meet(couple, days_ago=8)
    before = list(Session.objects.order_by("pk").values())
    leave_circle(member=member_of(couple, "CARL"), by=cast.theo)
    leave_circle(member=member_of(couple, "CARL"), by=cast.theo)
    assert list(Session.objects.order_by("pk").values()) == before
    assert events("circle.left").count() == 1
    meeting = meet(couple)
    assert [one.episode for one in meeting.sessions.all()] == [cast.cleo]
    add_to_circle(circle=couple, episodes=[member_of(couple, "CARL").episode], by=cast.theo)
    assert couple.members.count() == 3


def test_an_episode_that_has_ended_joins_nobody(couple, cast):
    late = add_client(therapist=cast.members["theo"], code="LATE", by=cast.theo)
    end_episode(episode=late, ending="planned", by=cast.theo)
    with pytest.raises(ValidationError, match="already ended"):
        add_to_circle(circle=couple, episodes=[late], by=cast.theo)


# --- Meetings ---


def test_a_meeting_that_is_logged_once_is_a_session_of_each(couple):
    meeting = meet(couple)
    sessions = meeting.sessions.all()
    assert {one.episode.client.code for one in sessions} == {"CLEO", "CARL"}
    assert {(one.status, one.number, one.starts_at) for one in sessions} == {
        ("held", 1, meeting.starts_at)
    }
    assert events("meeting.logged").count() == 1
    assert events("session.logged").count() == 2


def test_the_very_same_meeting_again_is_stored_once(couple):
    assert meet(couple) == meet(couple)
    assert Meeting.objects.count() == 1
    assert Session.objects.count() == 2
    assert events("meeting.logged").count() == 1


def test_who_did_not_come_and_who_was_not_expected(couple, cast):
    missed = meet(couple, CARL="missed")
    assert {one.episode.client.code: one.status for one in missed.sessions.all()} == {
        "CLEO": "held",
        "CARL": "missed",
    }
    alone = meet(couple, days_ago=3, CARL="")
    assert [one.episode for one in alone.sessions.all()] == [cast.cleo]
    called_off = meet(couple, days_ago=5, CARL="cancelled").sessions.get(status="cancelled")
    assert called_off.called_off_by == "client"
    with pytest.raises(ValidationError, match="expected"):
        meet(couple, days_ago=7, CLEO="", CARL="")


def test_of_a_meeting_that_one_episode_refuses_nothing_is_stored(couple, carl, cast):
    end_episode(episode=carl, ending="planned", by=cast.theo)
    with pytest.raises(ValidationError):
        meet(couple, days_ago=-1)
    assert not Meeting.objects.exists()
    assert not Session.objects.exists()


def test_a_meeting_is_corrected_once_for_all(couple):
    meeting = meet(couple)
    correct_meeting(
        meeting=meeting,
        became={member_of(couple, "CARL").pk: "missed"},
        minutes=80,
        starts_at=meeting.starts_at - DAY,
        by=couple.therapist.user,
    )
    told = meeting.sessions.values_list("episode__client__code", "status", "minutes", "starts_at")
    moved = meeting.starts_at - DAY
    assert set(told) == {("CLEO", "held", 80, moved), ("CARL", "missed", 80, moved)}
    assert events("meeting.corrected").get().fields == ["minutes", "starts_at"]


def test_who_has_rated_a_meeting_has_come_to_it(couple):
    meeting = meet(couple)
    rate(meeting.sessions.get(episode__client__code="CARL"), 7)
    with pytest.raises(ValidationError, match="rated"):
        correct_meeting(
            meeting=meeting,
            became={member_of(couple, "CARL").pk: "missed"},
            minutes=80,
            by=couple.therapist.user,
        )
    meeting.refresh_from_db()
    assert meeting.minutes == 50
    assert set(meeting.sessions.values_list("minutes", flat=True)) == {50}


def test_a_session_that_was_logged_by_itself_becomes_part_of_the_meeting(couple, cast):
    session = hold(cast.cleo)
    meeting = log_meeting(
        circle=couple,
        starts_at=session.starts_at,
        became={one.pk: "held" for one in couple.members.all()},
        by=cast.theo,
    )
    session.refresh_from_db()
    assert session.meeting == meeting
    assert Session.objects.count() == 2


# --- Two therapists ---


def test_with_two_therapists_each_member_has_an_episode_with_each(led_by_two, cast):
    olga = cast.members["olga"]
    for member in led_by_two.members.all():
        assert member.co_episode.therapist == olga
        assert member.co_episode.client == member.episode.client
        assert member.co_episode.modality == "couple"
    late = add_client(therapist=cast.members["theo"], code="LATE", by=cast.theo)
    (member,) = add_to_circle(circle=led_by_two, episodes=[late], by=cast.theo)
    assert member.co_episode.therapist == olga
    assert events("circle.shared").get().actor == cast.theo


@pytest.mark.parametrize("name", ["theo", "olga"])
def test_whoever_of_two_logs_a_meeting_logs_it_for_both(led_by_two, cast, name):
    by = getattr(cast, name)
    with working_as("app"), rows_of(by):
        meeting = meet(led_by_two, by=by)
    told = meeting.sessions.values_list("episode__client__code", "episode__therapist__user__name")
    assert sorted(told) == [("CARL", "Olga"), ("CARL", "Theo"), ("CLEO", "Olga"), ("CLEO", "Theo")]
    assert set(events("session.logged").values_list("actor", flat=True)) == {by.pk}
    carl = member_of(led_by_two, "CARL")
    with working_as("app"), rows_of(by):
        correct_meeting(meeting=meeting, became={carl.pk: "missed"}, minutes=90, by=by)
    told = meeting.sessions.values_list("episode__client__code", "status", "minutes")
    assert sorted(told) == [("CARL", "missed", 90)] * 2 + [("CLEO", "held", 90)] * 2


def test_two_therapists_are_rated_apart_and_neither_reads_what_was_said_of_the_other(
    led_by_two, cast
):
    for session in meet(led_by_two).sessions.all():
        rate(session, 8 if session.episode.therapist.user == cast.theo else 3)
    for name, mark in (("theo", 8), ("olga", 3)):
        readable = Episode.objects.visible_to(getattr(cast, name))
        said = Rating.objects.filter(
            session__episode__in=readable, respondent=Perspective.CLIENT
        ).values_list("total", flat=True)
        assert set(said) == {mark}


@pytest.mark.parametrize("how", ["ended", "locked out"])
def test_where_a_colleague_is_there_no_more_nothing_is_logged_for_them(led_by_two, cast, how):
    if how == "locked out":
        lock_membership(membership=cast.members["olga"], by=cast.mara)
    else:
        for member in led_by_two.members.all():
            end_episode(episode=member.co_episode, ending="planned", by=cast.olga)
    meeting = meet(led_by_two, days_ago=0.1)
    assert {one.episode.therapist.user for one in meeting.sessions.all()} == {cast.theo}


def test_who_sees_a_client_already_is_not_given_a_second_episode(couple, cast):
    Episode.objects.create(client=cast.cleo.client, therapist=cast.members["olga"])
    refused = pytest.raises(ValidationError, match="CLEO has an open episode")
    with working_as("app"), rows_of(cast.theo), refused:
        lead_together(circle=couple, co_therapist=cast.members["olga"], by=cast.theo)
    couple.refresh_from_db()
    assert couple.co_therapist is None


def test_who_takes_no_clients_here_leads_nothing(couple, cast):
    with pytest.raises(ValidationError, match="takes no clients"):
        lead_together(circle=couple, co_therapist=cast.members["rita"], by=cast.theo)


def test_a_third_therapist_is_one_too_many(led_by_two, cast):
    with pytest.raises(ValidationError, match="Two therapists"):
        lead_together(circle=led_by_two, co_therapist=cast.members["sue"], by=cast.theo)


# --- Who sees what ---


def test_a_circle_is_for_those_who_lead_it_and_who_supervises_them(led_by_two, cast):
    visible, held, led = (
        {
            name
            for name in ("theo", "sue", "olga", "nils", "mara", "rita")
            if scope(getattr(cast, name)).exists()
        }
        for scope in (
            Circle.objects.visible_to,
            Circle.objects.held_by,
            Circle.objects.led_by,
        )
    )
    assert (visible, held, led) == ({"theo", "sue", "olga"}, {"theo", "olga"}, {"theo"})


# --- Pages ---


def test_a_couple_is_made_from_ones_own_clients_and_meets(cast, carl, client):
    client.force_login(cast.theo)
    page = client.get(reverse("circle-create"))
    assert "CLEO" in page.content.decode() and "DORA" not in page.content.decode()
    sent = {"kind": "couple", "code": " LINDE ", "episodes": [cast.cleo.pk]}
    assert "at least two" in client.post(reverse("circle-create"), sent).content.decode()
    sent["episodes"].append(carl.pk)
    client.post(reverse("circle-create"), sent)
    circle = Circle.objects.get(code="LINDE")
    assert client.post(reverse("circle-create"), sent).status_code == 200  # They are taken.
    log = reverse("meeting-log", args=[circle.pk])
    form = client.get(log).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent["starts_at"] = "2026-11-02T10:00"
    carls = f"came_{member_of(circle, 'CARL').pk}"
    answer = client.post(log, sent | {carls: "missed"})
    meeting = Meeting.objects.get()
    assert answer.headers["Location"] == reverse("meeting-ask", args=[meeting.pk])
    correct = reverse("meeting-correct", args=[meeting.pk])
    form = client.get(correct).context["form"]
    assert form[carls].value() == "missed"
    sent = {name: form[name].value() for name in form.fields} | {carls: "held"}
    client.post(correct, sent | {"starts_at": "2026-11-02T10:00"})
    assert set(meeting.sessions.values_list("status", flat=True)) == {"held"}
    late = client.post(log, sent | {"starts_at": "2099-11-02T10:00"})
    assert "lies in the future" in late.content.decode()


def test_a_circle_that_two_led_is_led_by_one_and_what_was_shared_stays(cast, led_by_two, client):
    meet(led_by_two, days_ago=2)
    shared = Session.objects.filter(episode__therapist=cast.members["olga"]).count()
    before = set(led_by_two.members.present().values_list("co_episode", flat=True))
    client.force_login(cast.theo)
    page = client.get(reverse("circle-members", args=[led_by_two.pk])).content.decode()
    alone = reverse("circle-lead-alone", args=[led_by_two.pk])
    assert alone in page and "Led by two" in page
    assert client.post(alone).status_code == 302
    assert client.post(alone).status_code == 302  # Sent twice, it is done once.
    led_by_two.refresh_from_db()
    assert led_by_two.co_therapist is None
    assert [one.co_episode_id for one in led_by_two.members.present()] == [None, None]
    left = led_by_two.members.exclude(left_on=None)
    assert set(left.values_list("co_episode", flat=True)) == before
    assert Episode.objects.filter(pk__in=before).open().count() == 2
    meet(led_by_two, days_ago=1)
    olgas = Session.objects.filter(episode__therapist=cast.members["olga"])
    assert olgas.count() == shared
    assert events("circle.led_alone").get().actor == cast.theo
    # With the same colleague it goes on where it was; or with another.
    lead_together(circle=led_by_two, co_therapist=cast.members["olga"], by=cast.theo)
    assert {one.co_episode_id for one in led_by_two.members.present()} == before


def test_alone_is_led_only_by_those_who_have_not_ended(cast, led_by_two, carl):
    end_episode(episode=carl, ending="planned", by=cast.theo)
    lead_alone(circle=led_by_two, by=cast.theo)
    assert [one.client.code for one in led_by_two.members.present()] == ["CLEO"]
    again = lead_alone(circle=led_by_two, by=cast.theo)
    assert again.members.present().count() == 1


def test_what_an_action_refuses_is_said_on_the_page(cast, couple, carl, client):
    client.force_login(cast.theo)
    add = {"therapist": cast.members["theo"], "by": cast.theo}
    first, second, third = (add_client(code=code, **add) for code in ("ONE", "TWO", "THREE"))
    sent = {"kind": "group", "code": "linde", "episodes": [first.pk, second.pk]}
    assert "already use this code" in client.post(reverse("circle-create"), sent).content.decode()
    log = reverse("meeting-log", args=[couple.pk])
    nobody = {"starts_at": "2026-11-02T10:00", "minutes": "50", "setting": "video"}
    assert "must have been expected" in client.post(log, nobody).content.decode()
    lead = reverse("circle-lead", args=[couple.pk])
    Episode.objects.create(client=carl.client, therapist=cast.members["olga"])
    refused = client.post(lead, {"co_therapist": cast.members["olga"].pk})
    assert "has an open episode" in refused.content.decode()
    assert client.post(lead, {"co_therapist": cast.members["sue"].pk}).status_code == 302
    members = reverse("circle-members", args=[couple.pk])
    Episode.objects.create(client=third.client, therapist=cast.members["sue"])
    assert "has an open episode" in client.post(members, {"episodes": [third.pk]}).content.decode()
    assert client.post(members, {"episodes": [first.pk]}).status_code == 302
    leave = reverse("circle-leave", args=[member_of(couple, "ONE").pk])
    assert client.post(leave).status_code == 302
    assert couple.members.present().count() == 2


def test_whose_therapy_has_ended_is_not_asked_about(cast, couple, carl, client):
    end_episode(episode=carl, ending="planned", by=cast.theo)
    client.force_login(cast.theo)
    page = client.get(reverse("meeting-log", args=[couple.pk])).content.decode()
    assert "CLEO" in page and "CARL" not in page


def test_a_correction_that_is_refused_is_explained(cast, couple, client):
    client.force_login(cast.theo)
    meeting = meet(couple)
    rate(meeting.sessions.get(episode=cast.cleo), 7)
    correct = reverse("meeting-correct", args=[meeting.pk])
    form = client.get(correct).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent |= {"starts_at": "2026-11-02T10:00", f"came_{member_of(couple, 'CLEO').pk}": "missed"}
    assert "has been rated" in client.post(correct, sent).content.decode()


def test_the_list_costs_as_many_queries_with_ten_times_the_couples(cast, client):
    client.force_login(cast.theo)

    def make(number):
        episodes = [
            add_client(therapist=cast.members["theo"], code=f"{number}-{place}", by=cast.theo)
            for place in "AB"
        ]
        meet(make_circle(kind="couple", code=f"C{number}", episodes=episodes, by=cast.theo))

    make(0)
    client.get(reverse("circles"))  # The first request of a sign-in notes where it comes from.
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("circles"))
    for number in range(1, 10):
        make(number)
    with CaptureQueriesContext(connection) as many:
        answer = client.get(reverse("circles"))
    assert answer.content.decode().count("-A, ") == 10
    assert len(asked_of_tables(many)) == len(asked_of_tables(few))


def test_members_who_left_are_kept_by_day(couple, cast):
    member = member_of(couple, "CARL")
    with pytest.raises(ValidationError):
        leave_circle(member=member, left_on=member.joined_on - DAY, by=cast.theo)
    assert CircleMember.objects.present().count() == 2


# --- Those who are no longer there, and those who come again --------------------------------


def test_leading_together_opens_nothing_with_whoever_was_handed_over_or_has_ended(
    cast, couple, carl
):
    hand_over_episode(episode=carl, to=cast.members["sue"], by=cast.mara)
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    lead_together(circle=couple, co_therapist=cast.members["olga"], by=cast.theo)
    assert not Episode.objects.filter(therapist=cast.members["olga"], modality="couple").exists()


def test_whoever_leaves_and_comes_again_is_there_once_with_the_same_second_therapist(
    cast, led_by_two, client
):
    meeting = meet(led_by_two)
    before = member_of(led_by_two, "CARL")
    leave_circle(member=before, by=cast.theo)
    (again,) = add_to_circle(circle=led_by_two, episodes=[before.episode], by=cast.theo)
    assert again.co_episode_id == before.co_episode_id
    members, _became = who_came(meeting, cast.theo)
    assert sorted(member.client.code for member in members) == ["CARL", "CLEO"]
    correct_meeting(
        meeting=meeting, by=cast.theo, became={one.pk: "missed" for one in members}, minutes=60
    )
    assert {one.status for one in meeting.sessions.all()} == {"missed"}
    client.force_login(cast.theo)
    page = client.get(reverse("circle", args=[led_by_two.pk])).content.decode()
    assert page.count('scope="col" class="number">CARL') <= 1


def test_correcting_a_meeting_leaves_alone_what_was_corrected_by_itself(cast, couple):
    meeting = meet(couple)
    own = meeting.sessions.get(episode=cast.cleo)
    correct_session(session=own, by=cast.theo, status="cancelled", called_off_by="therapist")
    members, became = who_came(meeting, cast.theo)
    assert [member.client.code for member in members] == ["CARL"]
    correct_meeting(meeting=meeting, by=cast.theo, became=became, minutes=60)
    own.refresh_from_db()
    assert (own.status, own.minutes) == ("cancelled", 60)


def test_the_second_therapist_changes_no_meeting_from_before_they_led(cast, couple, client):
    meeting = meet(couple, days_ago=9)
    lead_together(circle=couple, co_therapist=cast.members["olga"], by=cast.theo)
    client.force_login(cast.olga)
    assert client.get(reverse("meeting-correct", args=[meeting.pk])).status_code == 404
    client.force_login(cast.theo)
    assert client.get(reverse("meeting-correct", args=[meeting.pk])).status_code == 200


@pytest.mark.parametrize("year", ["0001", "2016"])
def test_a_slip_of_the_year_is_refused_beside_the_field(cast, couple, client, year):
    client.force_login(cast.theo)
    came = {f"came_{member.pk}": "held" for member in couple.members.all()}
    sent = {"starts_at": f"{year}-11-20T10:00", "minutes": 50, "setting": "in_person", **came}
    answer = client.post(reverse("meeting-log", args=[couple.pk]), sent)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["starts_at"]
    assert not Meeting.objects.exists()
