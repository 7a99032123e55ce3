"""A place is offered by e-mail, once, for seven days; whoever accepts it gets in, nobody else."""

import re
import threading
from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent, Membership, Supervision, User
from sessions_app.places.actions import (
    InvitationEnded,
    accept_invitation,
    end_membership,
    invite,
    lock_membership,
    revoke_invitation,
)
from sessions_app.places.models import Invitation, digest
from tests.conftest import PASSWORD

PAUL = "paul@example.org"
SENT = {"name": "Paul", "password1": PASSWORD, "password2": PASSWORD}


def offer(cast, email=PAUL, **values):
    """Invite somebody as Mara does, a clinician unless said otherwise."""
    values = {"is_clinician": True, "by": cast.mara, **values}
    return invite(practice=cast.practice, email=email, **values)


def address(secret):
    return reverse("join", args=[secret])


def verbs():
    return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


@pytest.fixture
def invited(cast):
    """Paul's invitation and its secret."""
    return offer(cast)


@pytest.fixture
def mara(cast, client):
    client.force_login(cast.mara)
    return client


# --- The letter ---------------------------------------------------------------------------


def test_the_invitation_goes_out_by_e_mail_without_a_name_or_a_word_about_health(
    cast, mara, django_capture_on_commit_callbacks
):
    sent = {"email": " Paul@Example.ORG ", "duties": ["is_clinician"]}
    with django_capture_on_commit_callbacks(execute=True):
        answer = mara.post(reverse("invite", args=[cast.practice.pk]), sent)
    assert answer.headers["Location"] == reverse("people", args=[cast.practice.pk])
    (letter,) = mail.outbox
    assert letter.to == [PAUL]
    told = letter.subject + letter.body
    assert not re.search("therap|client|patient|alliance|practice|lindenhof|mara", told, re.I)
    link = re.search(r"http://testserver(/join/\S+)", letter.body).group(1)
    assert Client().get(link).status_code == 200
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.invited_by) == (PAUL, cast.mara)
    assert invitation.mailed_at is not None
    assert "Letter sent on" in mara.get(answer.headers["Location"]).content.decode()


def test_nothing_is_sent_when_the_invitation_is_not_kept(
    cast, mara, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        mara.post(
            reverse("invite", args=[cast.practice.pk]),
            {"email": "theo@example.org", "duties": ["is_clinician"]},
        )
    assert mail.outbox == []
    assert not Invitation.objects.exists()


def test_that_no_letter_could_be_sent_stands_beside_the_invitation(
    cast, mara, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def refuse(*_message):
        raise SMTPException

    monkeypatch.setattr("sessions_app.people.letters.send_mail", refuse)
    sent = {"email": PAUL, "duties": ["is_clinician"]}
    with django_capture_on_commit_callbacks(execute=True):
        page = mara.post(reverse("invite", args=[cast.practice.pk]), sent, follow=True)
    assert Invitation.objects.get().mailed_at is None
    page = mara.get(reverse("people", args=[cast.practice.pk]))
    assert "No letter has left by e-mail" in page.content.decode()
    assert PAUL not in caplog.text


# --- The secret ---------------------------------------------------------------------------


def test_the_secret_is_long_its_own_and_kept_as_a_digest_only(cast, invited):
    invitation, secret = invited
    other = offer(cast, "quinn@example.org")[1]
    assert len(secret) == 43
    assert secret != other
    invitation.refresh_from_db()
    assert invitation.token_digest == digest(secret) != digest(other)
    assert secret not in str(Invitation.objects.values().get(pk=invitation.pk))


def test_looking_changes_nothing_however_often(invited):
    _invitation, secret = invited
    before = Invitation.objects.values().get()
    people, events = User.objects.count(), AuditEvent.objects.count()
    for _look in range(17):
        for method in ("GET", "HEAD", "OPTIONS"):
            Client().generic(method, address(secret))
    assert Invitation.objects.values().get() == before
    assert (User.objects.count(), AuditEvent.objects.count()) == (people, events)
    assert Client().post(address(secret), SENT).status_code == 302


def _expire(invitation):
    Invitation.objects.filter(pk=invitation.pk).update(
        invited_at=timezone.now() - timedelta(days=8), expires_at=timezone.now()
    )


@pytest.mark.parametrize("how", ["unknown", "expired", "revoked", "used", "replaced"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_secret_that_admits_nobody_looks_like_any_address_without_anything_behind_it(
    cast, invited, client, how, method
):
    invitation, secret = invited
    if how == "unknown":
        secret = "x" * 43
    elif how == "expired":
        _expire(invitation)
    elif how == "revoked":
        revoke_invitation(invitation=invitation, by=cast.mara)
    elif how == "used":
        accept_invitation(invitation=invitation, name="Paul", password=PASSWORD)
    else:
        offer(cast)
    places = Membership.objects.count()
    answer = getattr(client, method)(address(secret), SENT)
    assert answer.status_code == 404
    assert answer.content == client.get("/nowhere/").content
    assert Membership.objects.count() == places


def test_it_works_on_its_last_day_and_no_longer(invited, client):
    invitation, secret = invited
    assert invitation.expires_at - invitation.invited_at == timedelta(days=7)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
    assert client.get(address(secret)).status_code == 200
    _expire(invitation)
    assert client.get(address(secret)).status_code == 404


def test_whoever_tries_secrets_is_slowed_down_and_the_right_one_still_admits(
    invited, client, clock
):
    tries = [client.get(address(f"{number:043}")).status_code for number in range(32)]
    assert tries[:30] == [404] * 30
    assert tries[31] == 429
    assert client.get(address(invited[1])).status_code == 200


# --- Accepting ----------------------------------------------------------------------------


def test_who_is_new_sets_up_an_account_and_has_the_place_that_was_offered(cast, client):
    invitation, secret = offer(
        cast, is_manager=True, supervisors=[cast.members["sue"], cast.members["olga"]]
    )
    answer = client.post(address(secret), SENT)
    assert answer.headers["Location"] == reverse("account_login")
    member = Membership.objects.get(user__email=PAUL)
    assert (member.is_clinician, member.is_manager, member.is_reception) == (True, True, False)
    assert (member.user.name, member.practice) == ("Paul", cast.practice)
    assert member.user.check_password(PASSWORD)
    assert {held.supervisor.user.name for held in member.supervised.all()} == {"Sue", "Olga"}
    invitation.refresh_from_db()
    assert (invitation.accepted_by, invitation.revoked_at) == (member.user, None)
    assert verbs()[-5:] == [
        "account.opened",
        "membership.started",
        "supervision.started",
        "supervision.started",
        "invitation.accepted",
    ]
    assert AuditEvent.objects.latest("pk").actor == member.user
    assert not get_user(client).is_authenticated, "signing in is a step of its own"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "P\0"}, "name"),
        ({"name": "\u202eluaP"}, "name"),
        ({"password1": "short", "password2": "short"}, "password1"),
        ({"password1": "password1234", "password2": "password1234"}, "password1"),
        ({"password1": PAUL, "password2": PAUL}, "password1"),
        ({"password2": "another one entirely"}, "password2"),
    ],
)
def test_what_does_not_do_is_said_beside_the_field_and_opens_nothing(
    invited, client, changed, field
):
    page = client.post(address(invited[1]), SENT | changed)
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert not User.objects.filter(email=PAUL).exists()


def test_a_supervisor_who_has_left_meanwhile_supervises_nobody(cast, invited):
    invitation, _secret = offer(cast, "quinn@example.org", supervisors=[cast.members["sue"]])
    end_membership(
        membership=cast.members["sue"],
        ended_on=timezone.localdate() - timedelta(days=1),
        by=cast.mara,
    )
    member = accept_invitation(invitation=invitation, name="Quinn", password=PASSWORD)
    assert not member.supervised.exists()


def test_whoever_has_an_account_joins_after_signing_in_as_that_person(cast, client):
    cast.nils.set_password(PASSWORD)
    cast.nils.save()
    _invitation, secret = offer(cast, "nils@example.org")
    page = client.get(address(secret)).content.decode()
    assert f"{reverse('account_login')}?next={reverse('join-own')}" in page
    assert "password1" not in page
    client.force_login(cast.nils)
    assert "Lindenhof" in client.get(reverse("join-own")).content.decode()
    answer = client.post(reverse("join-own"), {"invitation": Invitation.objects.get().pk})
    assert answer.status_code == 302
    assert {place.practice for place in cast.nils.memberships.all()} == {
        cast.practice,
        cast.elsewhere,
    }


def test_no_link_sets_the_password_of_an_account_that_somebody_uses(cast, client):
    cast.nils.set_password("the password that Nils chose")
    cast.nils.save()
    invitation, secret = offer(cast, "nils@example.org")
    assert client.post(address(secret), SENT).status_code == 200
    with pytest.raises(InvitationEnded):
        accept_invitation(invitation=invitation, name="Paul", password=PASSWORD)
    cast.nils.refresh_from_db()
    assert cast.nils.check_password("the password that Nils chose")
    assert not Membership.objects.filter(practice=cast.practice, user=cast.nils).exists()


def test_nobody_accepts_what_was_offered_to_somebody_else(cast, client, invited):
    invitation, secret = invited
    client.force_login(cast.nils)
    assert "Somebody else is signed in" in client.get(address(secret)).content.decode()
    client.post(address(secret), SENT)
    assert client.post(reverse("join-own"), {"invitation": invitation.pk}).status_code == 404
    with pytest.raises(InvitationEnded):
        accept_invitation(invitation=invitation, by=cast.nils)
    assert not User.objects.filter(email=PAUL).exists()
    assert "Lindenhof" not in client.get(reverse("join-own")).content.decode()


@pytest.mark.parametrize("sent", ["", "x", "\0", "00000000-0000-0000-0000-000000000000"])
def test_an_invitation_that_is_none_finds_nothing(cast, client, sent):
    client.force_login(cast.nils)
    assert client.post(reverse("join-own"), {"invitation": sent}).status_code == 404


def test_an_account_without_a_password_is_set_up_by_the_link(cast, client):
    join_practice(practice=cast.elsewhere, email=PAUL, is_clinician=True)
    client.post(address(offer(cast)[1]), SENT)
    paul = User.objects.get(email=PAUL)
    assert paul.check_password(PASSWORD)
    assert paul.memberships.count() == 2


def test_who_was_locked_out_elsewhere_gets_in_here_and_stays_out_there(cast, client):
    lock_membership(membership=cast.members["nils"], by=None)
    assert not User.objects.get(pk=cast.nils.pk).is_active
    client.post(address(offer(cast, "nils@example.org")[1]), SENT | {"name": "Nils"})
    nils = User.objects.get(pk=cast.nils.pk)
    assert nils.is_active
    assert Membership.objects.own(nils) == {nils.memberships.get(practice=cast.practice).pk}


def test_only_declared_fields_of_an_invitation_change_anything(cast, client, invited):
    sent = SENT | {"is_manager": "on", "email": "other@example.org", "practice": cast.elsewhere.pk}
    client.post(address(invited[1]), sent)
    member = Membership.objects.get(user__email=PAUL)
    assert (member.is_manager, member.practice) == (False, cast.practice)
    assert not User.objects.filter(email="other@example.org").exists()


# --- Inviting -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "field", "why"),
    [
        ({"email": ""}, "email", "required"),
        ({"email": "no address"}, "email", "valid email"),
        ({"email": "THEO@example.org"}, "email", "already has a place"),
        ({"duties": []}, "duties", "Say what this person does"),
        ({"duties": ["is_superuser"]}, "duties", "valid choice"),
        ({"duties": ["is_reception"], "supervisors": ["sue"]}, "supervisors", "Only who sees"),
        ({"supervisors": ["nils"]}, "supervisors", "valid choice"),
        ({"supervisors": ["mara"]}, "supervisors", "valid choice"),
    ],
)
def test_nonsense_is_refused_in_words_beside_the_field(cast, mara, sent, field, why):
    sent = {"email": PAUL, "duties": ["is_clinician"]} | sent
    sent["supervisors"] = [cast.members[name].pk for name in sent.get("supervisors", [])]
    page = mara.post(reverse("invite", args=[cast.practice.pk]), sent)
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert why in str(page.context["form"].errors[field])
    assert not Invitation.objects.exists()


def test_inviting_again_sends_a_new_link_and_ends_the_one_before(cast, invited, client):
    old, new = invited[1], offer(cast, is_manager=True)[1]
    assert client.get(address(old)).status_code == 404
    assert client.get(address(new)).status_code == 200
    assert Invitation.objects.waiting().get().is_manager
    assert verbs()[-2:] == ["invitation.revoked", "invitation.made"]


def test_a_manager_revokes_what_waits_and_nothing_else(cast, invited, mara):
    invitation, secret = invited
    assert mara.post(reverse("invitation-revoke", args=[invitation.pk])).status_code == 302
    assert mara.get(address(secret)).status_code == 404
    event = AuditEvent.objects.get(verb="invitation.revoked")
    assert (event.actor, event.practice) == (cast.mara, cast.practice)
    assert mara.post(reverse("invitation-revoke", args=[invitation.pk])).status_code == 404


def test_whoever_got_a_place_meanwhile_does_not_get_a_second(cast, invited, client):
    join_practice(practice=cast.practice, email=PAUL, is_reception=True)
    with pytest.raises(ValidationError, match="already has a place"):
        accept_invitation(invitation=invited[0], name="Paul", password=PASSWORD)
    assert client.post(address(invited[1]), SENT).status_code == 302
    assert Membership.objects.filter(user__email=PAUL).count() == 1
    assert not User.objects.get(email=PAUL).has_usable_password()


def test_whoever_is_to_leave_next_month_still_has_a_place(cast):
    theo = cast.members["theo"]
    Membership.objects.filter(pk=theo.pk).update(ended_on=timezone.localdate() + timedelta(30))
    with pytest.raises(ValidationError, match="already has a place"):
        offer(cast, "theo@example.org")


def test_whoever_left_is_invited_back(cast, client):
    Membership.objects.filter(pk=cast.members["sue"].pk).update(
        ended_on=timezone.localdate() - timedelta(days=1)
    )
    Supervision.objects.update(ended_on=timezone.localdate() - timedelta(days=1))
    invitation, _secret = offer(cast, "sue@example.org")
    member = accept_invitation(invitation=invitation, by=cast.sue)
    assert member.pk != cast.members["sue"].pk
    assert Membership.objects.reach(cast.sue) == {member.pk}


@pytest.mark.parametrize(
    "gone", [{"is_manager": False, "is_clinician": True}, {"locked_at": timezone.now()}]
)
def test_what_a_manager_offered_who_manages_no_longer_admits_nobody(cast, invited, client, gone):
    _invitation, secret = invited
    assert client.get(address(secret)).status_code == 200
    Membership.objects.filter(pk=cast.members["mara"].pk).update(**gone)
    assert client.get(address(secret)).status_code == 404


def test_what_the_servers_own_command_offered_admits(cast, client):
    _invitation, secret = invite(
        practice=cast.practice, email="quinn@example.org", is_manager=True, by=None
    )
    assert client.get(address(secret)).status_code == 200


# --- Two at once --------------------------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_of_two_who_accept_at_once_one_gets_the_place(cast):
    invitation, _secret = offer(cast)
    barrier, told = threading.Barrier(2), []

    def accept(name):
        barrier.wait()
        try:
            accept_invitation(invitation=invitation, name=name, password=PASSWORD)
            told.append("in")
        except InvitationEnded:
            told.append("ended")
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(name,)) for name in ("Paul", "Saul")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["ended", "in"]
    assert Membership.objects.filter(user__email=PAUL).count() == 1
