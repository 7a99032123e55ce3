"""Who did what: for managers without clients, for therapists of their own clients only."""

import re
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sessions_app.access.actions import appoint_deputy, join_practice, record
from sessions_app.access.models import AuditEvent, Practice, Supervision
from sessions_app.clients.actions import hand_over_episode
from sessions_app.openings.actions import give_consent, open_in_emergency
from sessions_app.places.actions import change_duties
from sessions_app.trail.pages import present_clients_trail, present_practice_trail
from sessions_app.trail.words import WORDS, said
from tests.conftest import hold, rate


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def look_at(user, episode):
    """Open the trend of `episode` in a browser."""
    assert browser(user).get(reverse("episode", args=[episode.pk])).status_code == 200


@pytest.fixture
def mara(cast):
    return browser(cast.mara)


def page(mara, practice, **query):
    return mara.get(reverse("practice-trail", args=[practice.pk]), query)


def deeds(answer):
    return [(deed.who, deed.what, deed.on) for deed in answer.context["page"].deeds]


# --- For the manager ----------------------------------------------------------------------


def test_a_manager_sees_who_did_what_and_to_whom_of_the_staff(cast, mara):
    change_duties(membership=cast.members["rita"], by=cast.mara, is_manager=True)
    look_at(cast.sue, cast.cleo)
    told = deeds(page(mara, cast.practice))
    assert ("Mara", "changed what somebody does", "Rita") in told
    assert ("Sue", "read how a course of therapy develops", "") in told
    assert ("Nobody", "began a supervision", "Sue → Theo") in [
        (who or "Nobody", what, on) for who, what, on in told
    ]


def test_it_holds_no_contents_and_names_no_client_by_name_or_by_code(cast, mara):
    rate(hold(cast.cleo, note="He cried."), 3, comment="Please help me.")
    look_at(cast.theo, cast.cleo)
    appoint_deputy(member=cast.members["olga"], by=cast.mara)
    open_in_emergency(
        client=cast.cleo.client,
        member=cast.members["olga"],
        reason="The therapist is ill.",
        by=cast.olga,
        absolute=str,
    )
    body = page(mara, cast.practice).content.decode()
    assert "opened a record in an emergency" in body
    secrets = ("CLEO", "DORA", "Please help", "He cried", "is ill", str(cast.cleo.client_id))
    for secret in secrets:
        assert secret not in body


def test_of_another_practice_nothing_is_told(cast, mara):
    look_at(cast.nils, cast.emil)
    told = page(mara, cast.practice)
    assert "Nils" not in told.content.decode()
    assert page(mara, cast.elsewhere).status_code == 404


def test_one_person_or_one_day_can_be_chosen(cast, mara):
    look_at(cast.theo, cast.cleo)
    look_at(cast.sue, cast.cleo)
    told = deeds(page(mara, cast.practice, person=cast.sue.pk))
    assert {who for who, _what, _on in told} == {"Sue"}
    today = timezone.localdate()
    assert deeds(page(mara, cast.practice, day=str(today), person=cast.theo.pk))
    assert not deeds(page(mara, cast.practice, day=str(today - timedelta(days=1))))


def test_a_day_is_that_of_the_practices_own_clock(cast, clocks_apart):
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # Already the 11th in Vienna.
    event = AuditEvent.objects.create(
        at=late, actor=cast.theo, practice=cast.practice, verb="session.logged", target_model="-"
    )
    with cast.practice.clock():
        for day, found in ((late.date(), 0), (late.date() + timedelta(days=1), 1)):
            shown = present_practice_trail(cast.practice, day=day)
            assert len(shown.deeds) == found
    assert event.pk


@pytest.mark.parametrize(
    "query", [{"person": "x"}, {"person": "0"}, {"day": "soon"}, {"page": "x\0"}, {"page": "99"}]
)
def test_nonsense_in_the_address_breaks_nothing(cast, mara, query):
    assert page(mara, cast.practice, **query).status_code == 200


def test_nobody_of_another_practice_can_be_chosen(cast, mara):
    body = page(mara, cast.practice, person=cast.nils.pk)
    assert "valid choice" in body.content.decode()


def test_the_latest_come_first_and_the_others_on_further_pages(cast, mara, monkeypatch):
    monkeypatch.setattr("sessions_app.trail.pages.PAGE_SIZE", 3)
    look_at(cast.theo, cast.cleo)
    first = page(mara, cast.practice)
    assert len(first.context["page"].deeds) == 3
    assert deeds(first)[0] == ("Theo", "read how a course of therapy develops", "")
    second = page(mara, cast.practice, page=2)
    # Looking is itself written down, so that everything has moved on by one.
    assert second.context["page"].deeds[0] == first.context["page"].deeds[2]
    times = [deed.at for deed in (*first.context["page"].deeds, *second.context["page"].deeds)]
    assert times == sorted(times, reverse=True)


def test_that_a_manager_looked_is_written_down_too(cast, mara):
    page(mara, cast.practice)
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.actor, event.practice) == ("trail.read", cast.mara, cast.practice)


def test_a_page_costs_the_same_few_queries_however_much_was_done(
    cast, django_assert_max_num_queries
):
    for _deed in range(60):
        record("supervision.started", Supervision.objects.get(), by=cast.mara)
    with django_assert_max_num_queries(5):
        present_practice_trail(cast.practice)


# --- For the therapist --------------------------------------------------------------------


def read(user):
    return [(deed.who, deed.what, deed.on) for deed in present_clients_trail(user).deeds]


def test_a_therapist_sees_who_else_read_their_clients(cast):
    look_at(cast.theo, cast.cleo)
    look_at(cast.sue, cast.cleo)
    look_at(cast.olga, cast.dora)
    assert read(cast.theo) == [("Sue", "read how a course of therapy develops", "CLEO")]
    assert read(cast.olga) == []
    body = browser(cast.theo).get(reverse("clients-trail")).content.decode()
    assert "CLEO" in body
    assert "DORA" not in body


def test_downloads_and_the_supervisors_list_count_as_well(cast):
    sue = browser(cast.sue)
    sue.get(reverse("caseload-supervised"))
    sue.get(reverse("episode-csv", args=[cast.cleo.pk]))
    assert read(cast.theo) == [
        ("Sue", "downloaded the ratings of a course of therapy", "CLEO"),
        ("Sue", "read the list of those they supervise", ""),
    ]
    assert read(cast.olga) == []


def test_the_supervisors_list_counts_only_while_she_supervised(cast):
    browser(cast.sue).get(reverse("caseload-supervised"))
    assert read(cast.theo)
    Supervision.objects.update(ended_on=timezone.localdate() - timedelta(days=1))
    assert not read(cast.theo)
    Supervision.objects.update(ended_on=timezone.localdate())
    assert read(cast.theo)
    Supervision.objects.update(started_on=timezone.localdate() + timedelta(days=1), ended_on=None)
    assert not read(cast.theo)


def test_whoever_handed_a_client_over_is_told_who_reads_their_part_and_not_what_follows(cast):
    after = hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.mara)
    look_at(cast.olga, after)
    give_consent(episode=cast.cleo, recorded_by=cast.members["olga"], by=cast.olga)
    look_at(cast.olga, cast.cleo)
    assert read(cast.theo) == [
        ("Olga", "read how a course of therapy develops", "CLEO"),
        ("Olga", "recorded a client’s consent", "CLEO"),
    ]
    assert read(cast.olga) == []


def test_an_emergency_is_told_with_each_look(cast):
    appoint_deputy(member=cast.members["olga"], by=cast.mara)
    access = open_in_emergency(
        client=cast.cleo.client,
        member=cast.members["olga"],
        reason="The therapist is ill.",
        by=cast.olga,
        absolute=str,
    )
    browser(cast.olga).get(reverse("emergency", args=[access.pk]))
    look_at(cast.olga, cast.cleo)
    assert [what for _who, what, _on in read(cast.theo)] == [
        "read how a course of therapy develops",
        "looked at a record opened in an emergency",
        "opened a record in an emergency",
    ]
    assert present_clients_trail(cast.theo).deeds[0].was_opened
    body = browser(cast.theo).get(reverse("clients-trail")).content.decode()
    assert "in an emergency" in re.sub(r"\s+", " ", body)


def test_what_a_person_did_in_another_practice_is_not_told(cast):
    """Sue also works elsewhere, where she supervises somebody and reads the list."""
    there = join_practice(practice=cast.elsewhere, email="sue@example.org", is_clinician=True)
    Supervision.objects.update(ended_on=timezone.localdate() - timedelta(days=1))
    Supervision.objects.create(supervisor=there, therapist=cast.members["nils"])
    browser(cast.sue).get(reverse("caseload-supervised"))
    assert read(cast.nils) == [("Sue", "read the list of those they supervise", "")]
    assert read(cast.theo) == []


def test_it_costs_the_same_few_queries_however_much_was_read(cast, django_assert_max_num_queries):
    for _look in range(60):
        record("episode.read", cast.cleo, by=cast.sue)
    with django_assert_max_num_queries(9):
        assert len(present_clients_trail(cast.theo).deeds) == 50


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "\x00", "99999-01-01"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Midway"])
def test_a_day_at_the_end_of_all_days_shows_everything_and_breaks_nothing(cast, day, zone):
    Practice.objects.filter(pk=cast.practice.pk).update(time_zone=zone)
    trail = reverse("practice-trail", args=[cast.practice.pk])
    answer = browser(cast.mara).get(trail, {"day": day})
    assert answer.status_code == 200
    assert "day" in answer.context["form"].errors
    assert answer.context["page"].deeds


# --- Words --------------------------------------------------------------------------------


def test_every_deed_is_said_in_words():
    assert str(said("episode.read")) == WORDS["episode.read"]
    assert said("rating.device_strayed") == "rating device strayed"


def test_days_are_counted_by_the_servers_clock_for_supervisions(cast):
    browser(cast.sue).get(reverse("caseload-supervised"))
    tomorrow = timezone.now() + timedelta(days=1)
    with patch("django.utils.timezone.now", return_value=tomorrow):
        assert read(cast.theo)
