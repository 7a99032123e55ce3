"""A record opened in an emergency: by an appointed deputy, for an hour, and not in secret."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alliance.asking.pages import who_reads
from sessions_app.access.actions import appoint_deputy, dismiss_deputy, join_practice
from sessions_app.access.fields import as_stored
from sessions_app.access.models import AuditEvent, Deputy, Membership
from sessions_app.clients.actions import add_client, hand_over_episode
from sessions_app.clients.models import Episode
from sessions_app.openings.actions import close_emergency, open_in_emergency
from sessions_app.openings.models import EmergencyAccess, opening_of
from sessions_app.places.actions import change_duties, lock_membership
from tests.conftest import ask, confirm, hold, rate

WHY = "Theo is ill and the client has called twice."
HOUR = timedelta(minutes=60)


@pytest.fixture
def deputy(cast):
    """Olga, appointed by Mara."""
    return appoint_deputy(member=cast.members["olga"], by=cast.mara)


@pytest.fixture
def olga(cast, deputy, client):
    client.force_login(cast.olga)
    return client


@pytest.fixture
def opened(cast, deputy):
    """Cleo's record, opened by Olga."""
    return open_in_emergency(
        client=cast.cleo.client,
        member=cast.members["olga"],
        reason=WHY,
        by=cast.olga,
        absolute=str,
    )


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def sees(user, episode):
    return Episode.objects.visible_to(user).filter(pk=episode.pk).exists()


def break_glass(olga, **changed):
    sent = {"member": Deputy.objects.get().member_id, "code": "cleo", "reason": WHY}
    return olga.post(reverse("emergencies"), sent | changed)


# --- Being appointed ----------------------------------------------------------------------


def test_a_manager_appoints_a_clinician_and_dismisses_them(cast, client):
    client.force_login(cast.mara)
    page = reverse("practice-emergencies", args=[cast.practice.pk])
    olga = cast.members["olga"]
    client.post(reverse("deputy-appoint", args=[cast.practice.pk]), {"member": olga.pk})
    assert Membership.objects.deputies(cast.olga) == {olga.pk}
    assert "appointed on" in client.get(page).content.decode()
    client.post(reverse("deputy-dismiss", args=[Deputy.objects.get().pk]))
    assert Membership.objects.deputies(cast.olga) == set()
    assert "appointed on" not in client.get(page).content.decode()
    deeds = AuditEvent.objects.filter(actor=cast.mara, target_model="sessions_app.Deputy")
    verbs = deeds.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["deputy.appointed", "deputy.dismissed"]


@pytest.mark.parametrize("name", ["rita", "nils", "olga"])
def test_only_a_clinician_of_the_practice_is_appointed_and_once(cast, deputy, client, name):
    client.force_login(cast.mara)
    sent = {"member": cast.members[name].pk}
    page = client.post(reverse("deputy-appoint", args=[cast.practice.pk]), sent)
    assert list(page.context["form"].errors) == ["member"]
    assert Deputy.objects.count() == 1


@pytest.mark.parametrize("name", ["rita", "mara"])
def test_nobody_is_appointed_who_does_no_clinical_work(cast, name):
    with pytest.raises(ValidationError, match="Only a clinician"):
        appoint_deputy(member=cast.members[name], by=cast.mara)


def test_being_appointed_opens_nothing_yet(cast, olga):
    assert not sees(cast.olga, cast.cleo)
    assert olga.get(reverse("episode", args=[cast.cleo.pk])).status_code == 404


def test_whoever_is_not_appointed_is_offered_nothing_and_opens_nothing(cast, client):
    client.force_login(cast.theo)
    page = client.get(reverse("emergencies"))
    assert page.context["form"] is None
    client.post(reverse("emergencies"), {"code": "DORA", "reason": WHY})
    with pytest.raises(ValidationError, match="has not appointed you"):
        open_in_emergency(
            client=cast.dora.client,
            member=cast.members["theo"],
            reason=WHY,
            by=cast.theo,
            absolute=str,
        )
    assert not EmergencyAccess.objects.exists()


# --- Opening ------------------------------------------------------------------------------


def test_a_deputy_opens_one_record_with_a_reason_and_for_an_hour(cast, olga):
    other = add_client(therapist=cast.members["theo"], code="FAYE", by=cast.theo)
    answer = break_glass(olga)
    access = EmergencyAccess.objects.get()
    assert answer.headers["Location"] == reverse("emergency", args=[access.pk])
    assert (access.client, access.member) == (cast.cleo.client, cast.members["olga"])
    assert access.reason == WHY
    assert access.expires_at - access.opened_at == HOUR
    assert sees(cast.olga, cast.cleo)
    assert not sees(cast.olga, other)
    assert opening_of(cast.cleo, cast.olga) == access
    page = olga.get(answer.headers["Location"]).content.decode()
    assert reverse("episode", args=[cast.cleo.pk]) in page


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"reason": ""}, "reason", "required"),
        ({"reason": "   urgent   "}, "reason", "in a sentence"),
        ({"code": ""}, "code", "required"),
        ({"code": "ZORA"}, "code", "Nobody here has this code"),
        ({"code": "EMIL"}, "code", "Nobody here has this code"),
        ({"code": "CLEO\0"}, "code", "Null"),
        ({"member": "nils"}, "member", "valid choice"),
        ({"member": "sue"}, "member", "valid choice"),
    ],
)
def test_what_opens_nothing_is_said_beside_the_field(cast, olga, changed, field, why):
    told = {"member": "olga"} | changed
    told["member"] = cast.members[told["member"]].pk
    page = break_glass(olga, **told)
    assert list(page.context["form"].errors) == [field]
    assert why in str(page.context["form"].errors)
    assert not EmergencyAccess.objects.exists()


def test_the_client_of_another_practice_stays_closed_whoever_asks(cast, deputy):
    with pytest.raises(ValidationError, match="same practice"):
        open_in_emergency(
            client=cast.emil.client,
            member=cast.members["olga"],
            reason=WHY,
            by=cast.olga,
            absolute=str,
        )
    assert not EmergencyAccess.objects.exists()


def test_the_place_of_somebody_else_opens_nothing(cast, deputy):
    with pytest.raises(ValidationError, match="has not appointed you"):
        open_in_emergency(
            client=cast.cleo.client,
            member=cast.members["olga"],
            reason=WHY,
            by=cast.sue,
            absolute=str,
        )


def test_it_is_read_only_and_shows_no_name_and_no_comment(cast, olga):
    session = hold(cast.cleo, note="Moved on to work.")
    rate(session, 3, comment="Please help me.")
    break_glass(olga, member=cast.members["olga"].pk)
    page = olga.get(reverse("episode", args=[cast.cleo.pk])).content.decode()
    assert "Open to you in an emergency" in page
    assert "Moved on to work." in page
    assert "Please help me." not in page
    assert "Name of CLEO" not in page
    for name, thing in (
        ("session-create", cast.cleo),
        ("session-edit", session),
        ("rating-ask", session),
        ("consent", cast.cleo),
    ):
        assert olga.get(reverse(name, args=[thing.pk])).status_code == 404
        assert olga.post(reverse(name, args=[thing.pk])).status_code == 404
    assert "CLEO" not in olga.get(reverse("caseload")).content.decode()


def test_the_whole_record_is_open_with_what_was_before(cast, opened):
    after = hand_over_episode(episode=cast.cleo, to=cast.members["sue"], by=cast.mara)
    assert sees(cast.olga, cast.cleo)
    assert sees(cast.olga, after)


def test_pressing_twice_opens_once(cast, olga):
    for _press in range(2):
        break_glass(olga, member=cast.members["olga"].pk)
    assert EmergencyAccess.objects.count() == 1
    assert AuditEvent.objects.filter(verb="emergency.opened").count() == 1


def test_the_reason_is_stored_encrypted(opened):
    stored = EmergencyAccess.objects.annotate(stored=as_stored("reason")).get().stored
    assert "Theo is ill" not in stored


# --- It ends ------------------------------------------------------------------------------


def _hour_passes(access):
    EmergencyAccess.objects.filter(pk=access.pk).update(
        opened_at=timezone.now() - HOUR, expires_at=timezone.now()
    )


@pytest.mark.parametrize(
    "how", ["the hour is over", "ended", "dismissed", "locked", "no clinician"]
)
def test_it_is_closed_at_the_next_request(cast, deputy, olga, opened, how):
    page = reverse("episode", args=[cast.cleo.pk])
    assert olga.get(page).status_code == 200
    if how == "the hour is over":
        _hour_passes(opened)
    elif how == "ended":
        close_emergency(access=opened, by=cast.theo)
    elif how == "dismissed":
        dismiss_deputy(deputy=deputy, by=cast.mara)
    elif how == "locked":
        lock_membership(membership=cast.members["olga"], by=cast.mara)
    else:
        Membership.objects.filter(pk=cast.members["olga"].pk).update(
            is_clinician=False, is_manager=True
        )
    assert not sees(cast.olga, cast.cleo)
    for address in (page, reverse("emergency", args=[opened.pk])):
        assert olga.get(address).status_code in {302, 404}


def test_whoever_opens_one_has_shown_a_second_factor_in_the_last_minutes(cast, olga, deputy):
    confirm(olga, cast.olga, seconds_ago=600)
    answer = break_glass(olga)
    assert answer.headers["Location"].startswith("/confirm/")
    assert not EmergencyAccess.objects.exists()


def test_it_may_be_opened_again_for_another_reason(cast, olga, opened):
    _hour_passes(opened)
    break_glass(olga, reason="The client has called once more.")
    assert EmergencyAccess.objects.count() == 2
    assert sees(cast.olga, cast.cleo)


@pytest.mark.parametrize("name", ["olga", "theo", "mara"])
def test_who_opened_it_whose_client_it_is_and_the_manager_may_end_it(cast, opened, name):
    answer = browser(getattr(cast, name)).post(reverse("emergency-end", args=[opened.pk]))
    assert answer.status_code == 302
    opened.refresh_from_db()
    assert opened.closed_at is not None
    assert not sees(cast.olga, cast.cleo)
    event = AuditEvent.objects.get(verb="emergency.ended")
    assert (event.actor, event.reason) == (getattr(cast, name), str(opened))


# --- Not in secret ------------------------------------------------------------------------


def test_therapist_and_managers_are_told_at_once_without_a_name_or_a_code(
    cast, olga, django_capture_on_commit_callbacks
):
    join_practice(practice=cast.practice, email="max@example.org", is_manager=True)
    with django_capture_on_commit_callbacks(execute=True):
        break_glass(olga, member=cast.members["olga"].pk)
    told = {letter.to[0]: letter for letter in mail.outbox}
    assert set(told) == {"theo@example.org", "mara@example.org", "max@example.org"}
    assert all(len(letter.to) == 1 for letter in mail.outbox)
    managers_page = reverse("practice-emergencies", args=[cast.practice.pk])
    for address, letter in told.items():
        words = letter.subject + letter.body
        assert not re.search("cleo|olga|theo|therap|client|alliance|lindenhof|ill", words, re.I)
        page = reverse("emergencies") if address == "theo@example.org" else managers_page
        assert f"http://testserver{page}" in letter.body


def test_nobody_who_has_left_or_is_locked_out_is_written_to(
    cast, olga, django_capture_on_commit_callbacks
):
    lock_membership(membership=cast.members["theo"], by=cast.mara)
    with django_capture_on_commit_callbacks(execute=True):
        break_glass(olga, member=cast.members["olga"].pk)
    assert [letter.to for letter in mail.outbox] == [["mara@example.org"]]


def test_they_see_it_on_their_pages(cast, opened):
    theo = browser(cast.theo)
    assert "was opened in an emergency" in theo.get(reverse("caseload")).content.decode()
    page = theo.get(reverse("emergencies")).content.decode()
    assert "Olga opened CLEO" in page
    assert WHY in page
    mara = browser(cast.mara)
    people = reverse("people", args=[cast.practice.pk])
    assert "was opened in an emergency" in mara.get(people).content.decode()
    told = reverse("practice-emergencies", args=[cast.practice.pk])
    assert WHY in mara.get(told).content.decode()
    EmergencyAccess.objects.update(
        opened_at=timezone.now() - timedelta(days=8), expires_at=timezone.now()
    )
    assert "was opened in" not in theo.get(reverse("caseload")).content.decode()
    assert "was opened in" not in mara.get(people).content.decode()
    assert WHY in theo.get(reverse("emergencies")).content.decode()


@pytest.mark.parametrize("name", ["sue", "nils"])
def test_nobody_else_is_told(cast, opened, name):
    page = browser(getattr(cast, name)).get(reverse("emergencies")).content.decode()
    assert "CLEO" not in page
    assert WHY not in page
    assert "was opened in" not in browser(cast.sue).get(reverse("caseload")).content.decode()


def test_each_look_is_in_the_trail_with_the_number_of_the_reason(cast, olga, opened):
    olga.get(reverse("emergency", args=[opened.pk]))
    olga.get(reverse("episode", args=[cast.cleo.pk]))
    olga.get(reverse("episode-csv", args=[cast.cleo.pk]))
    olga.get(reverse("episode-series", args=[cast.cleo.pk]))
    events = AuditEvent.objects.filter(reason=f"emergency {opened.pk}").order_by("pk")
    assert [(event.verb, event.actor) for event in events] == [
        ("emergency.opened", cast.olga),
        ("emergency.read", cast.olga),
        ("episode.read", cast.olga),
        ("episode.exported", cast.olga),
        ("episode.exported", cast.olga),
    ]
    assert {event.client_id for event in events} == {cast.cleo.client_id}
    assert not AuditEvent.objects.filter(reason__contains="ill").exists()


def test_ones_own_work_is_read_without_a_reason_even_then(cast, olga):
    break_glass(olga, code="DORA", member=cast.members["olga"].pk)
    olga.get(reverse("episode", args=[cast.dora.pk]))
    assert AuditEvent.objects.filter(verb="episode.read").latest("pk").reason == ""


def test_the_form_tells_the_client_where_somebody_is_appointed(cast, sessions):
    asked, _secret = ask(sessions["cleo"])
    said = "a deputy in an emergency"
    assert said not in who_reads(asked).line
    deputy = appoint_deputy(member=cast.members["olga"], by=cast.mara)
    assert said in who_reads(asked).line
    elsewhere, _secret = ask(sessions["emil"])
    assert said not in who_reads(elsewhere).line
    dismiss_deputy(deputy=deputy, by=cast.mara)
    assert said not in who_reads(asked).line


def test_a_clinician_who_becomes_something_else_is_deputy_no_more(cast, deputy):
    Episode.objects.filter(pk=cast.dora.pk).update(ended_on=timezone.localdate(), ending="planned")
    change_duties(
        membership=cast.members["olga"], by=cast.mara, is_clinician=False, is_reception=True
    )
    deputy.refresh_from_db()
    assert deputy.dismissed_at is not None
