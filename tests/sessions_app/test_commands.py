"""Opening a practice from the command line, and the one-time links it prints."""

import re
from io import StringIO

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from django.urls import reverse

from sessions_app.access.models import Membership, Practice, User
from sessions_app.places.actions import lock_membership
from sessions_app.places.models import Invitation
from tests.conftest import PASSWORD


def told(*command, **options):
    out = StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def link(db):
    """Open a practice; return the link at which its first member sets up an account."""
    said = told("found_practice", name="Lindenhof", email="First@Example.org", clinician=True)
    return re.search(r"/join/\S+", said).group()


def accept(link, client):
    """Set up an account by the link, and return the page that follows."""
    sent = {"name": "First", "password1": PASSWORD, "password2": PASSWORD}
    return client.post(link, sent, follow=True)


def test_the_first_member_sets_a_password_and_lands_on_an_empty_list(link, client):
    assert "password1" in client.get(link).content.decode()
    assert "Sign in to begin" in accept(link, client).content.decode()
    sent = {"login": "first@example.org", "password": PASSWORD}
    page = client.post(reverse("account_login"), sent, follow=True)
    assert get_user(client).email == "first@example.org"
    assert "Nobody is here yet" in page.content.decode()
    member = Membership.objects.get()
    assert (member.is_manager, member.is_clinician, member.user.name) == (True, True, "First")


def test_the_link_works_once(link, client):
    accept(link, client)
    assert client.get(link).status_code == 404
    assert accept(link, client).status_code == 404
    assert Membership.objects.count() == 1


def test_nobody_has_an_account_before_the_link_was_followed(link, client):
    assert not User.objects.exists()
    client.post(reverse("account_login"), {"login": "first@example.org", "password": ""})
    assert not get_user(client).is_authenticated


def test_others_join_with_their_roles_and_their_supervisor(link, client):
    accept(link, client)
    said = told(
        "add_member", email="theo@example.org", clinician=True, supervisor="first@example.org"
    )
    accept(re.search(r"/join/\S+", said).group(), client)
    theo = Membership.objects.get(user__email="theo@example.org")
    assert (theo.is_clinician, theo.is_manager, theo.is_reception) == (True, False, False)
    assert theo.supervised.get().supervisor.user.email == "first@example.org"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"email": "no address", "clinician": True}, "valid email"),
        ({"email": "a@example.org"}, "what this person does"),
        ({"email": "a@example.org", "clinician": True, "practice": 99}, "no such practice"),
        ({"email": "a@example.org", "clinician": True, "supervisor": "x@y.org"}, "supervisor"),
        ({"email": "first@example.org", "clinician": True}, "already has a place"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_leaves_nothing(link, client, options, said):
    accept(link, client)
    with pytest.raises(CommandError, match=said):
        told("add_member", **options)
    assert Membership.objects.count() == 1
    assert not Invitation.objects.waiting().exists()


def test_a_practice_needs_a_time_zone_that_exists(db):
    with pytest.raises(CommandError, match="not a known time zone"):
        told("found_practice", name="X", email="x@example.org", time_zone="Mars/Olympus")
    assert not Practice.objects.exists()


def test_a_forgotten_password_is_set_anew_by_a_link_that_comes_by_mail(cast, client):
    cast.theo.set_password("something else entirely")
    cast.theo.save()
    client.post(reverse("account_reset_password"), {"email": "theo@example.org"})
    (letter,) = mail.outbox
    assert letter.to == ["theo@example.org"]
    assert not re.search("therap|client|alliance|practice", letter.subject + letter.body, re.I)
    link = re.search(r"http://testserver(/password/reset/key/\S+)", letter.body).group(1)
    form = client.get(link, follow=True).request["PATH_INFO"]
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    cast.theo.refresh_from_db()
    assert cast.theo.check_password(PASSWORD)


@pytest.mark.parametrize("is_opened", [False, True])
def test_the_link_of_a_letter_is_as_good_as_wrong_once_its_account_is_closed(
    cast, client, is_opened
):
    cast.theo.set_password("something else entirely")
    cast.theo.save()
    client.post(reverse("account_reset_password"), {"email": "theo@example.org"})
    link = re.search(r"http://testserver(/password/reset/key/\S+)", mail.outbox[0].body).group(1)
    form = client.get(link).headers["Location"] if is_opened else ""
    lock_membership(membership=cast.members["theo"], by=cast.mara)
    wrong = f"{link[:-4]}xxx/"
    looked = Client().get(wrong)
    answer = client.get(link)
    assert answer.status_code == looked.status_code == 200
    assert answer.content.replace(link.encode(), b"") == looked.content.replace(wrong.encode(), b"")
    if is_opened:
        client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    cast.theo.refresh_from_db()
    assert not cast.theo.check_password(PASSWORD)


@pytest.mark.parametrize("address", ["theo@example.org", "who@example.org"])
def test_the_letter_goes_out_once_the_page_is_out_so_its_time_tells_nothing(cast, address):
    token = "a" * 32
    asked = RequestFactory().post(
        reverse("account_reset_password"),
        {"email": address},
        headers={"cookie": f"csrftoken={token}", "x-csrftoken": token},
    )
    for signal in (request_started, request_finished):  # As Django's test client does.
        signal.disconnect(close_old_connections)
    try:
        answer = WSGIHandler()(asked.environ, lambda status, headers: None)
        assert answer.status_code == 302
        assert mail.outbox == []
        answer.close()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    assert [letter.to for letter in mail.outbox] == [[address]] * address.startswith("theo")


def test_an_unknown_address_gets_no_mail_and_the_same_answer(cast, client):
    known = client.post(reverse("account_reset_password"), {"email": "theo@example.org"})
    unknown = client.post(reverse("account_reset_password"), {"email": "who@example.org"})
    assert (known.status_code, known.headers["Location"]) == (
        unknown.status_code,
        unknown.headers["Location"],
    )
    assert len(mail.outbox) <= 1
