"""A sign-in has an end: by idleness, by the hour, by oneself from elsewhere, by leaving."""

import re
import zlib
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session as HttpSession
from django.core import signing
from django.test import Client, override_settings
from django.urls import reverse

from sessions_app.access.actions import join_practice
from sessions_app.access.encryption import make_key, read_keys
from sessions_app.access.models import User, today
from sessions_app.people.actions import end_sign_ins
from tests.conftest import PASSWORD, ask, code_of, confirm

SIGN_IN = reverse("account_login")
CASELOAD = reverse("caseload")
OWN_PAGE = reverse("mfa_index")
IDLE = "signed out after 30 minutes"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1"


@pytest.fixture
def staff(cast, clock):
    """The cast, Theo with a password, by a clock that the test puts forward."""
    cast.theo.set_password(PASSWORD)
    cast.theo.save()
    return cast


def browser(name=""):
    return Client(headers={"user-agent": name})


def sign_in(client, user):
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": code_of(user)})
    assert is_in(client)
    return client


def is_in(client):
    return get_user(client).is_authenticated


def session_id(client):
    return client.cookies["sessionid"].value


# --- The list of one's own ---------------------------------------------------------------


def test_a_person_sees_where_they_are_signed_in_and_signs_out_everywhere_else(staff, clock):
    here = sign_in(browser(FIREFOX), staff.theo)
    clock.forward(31)
    there = sign_in(browser(IPHONE), staff.theo)
    foreign = browser()
    foreign.force_login(staff.olga)
    for client in (here, there, foreign):
        client.get("/")
    page = re.sub(r"\s+", " ", here.get(OWN_PAGE).content.decode())
    assert "Firefox on Linux <strong>(here)</strong>" in page
    assert "Safari on iPhone" in page
    assert page.count("last seen") == 2
    answer = here.post(reverse("sign-out-elsewhere"), follow=True)
    assert "You are signed out everywhere else." in answer.content.decode()
    assert [is_in(client) for client in (here, there, foreign)] == [True, False, True]
    assert "Sign out everywhere else" not in here.get(OWN_PAGE).content.decode()


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari/605.1", "Safari on Mac"),
        ("Firefox", "Firefox"),
        ("<script>", "Another programme"),
        ("", "Another programme"),
    ],
)
def test_a_device_is_called_by_what_its_owner_knows_it_by(cast, told, shown):
    client = browser(told)
    client.force_login(cast.theo)
    client.get("/")
    page = client.get(OWN_PAGE).content.decode()
    assert f"<span>{shown}" in page
    assert "<script>" not in page


def test_signing_in_gives_a_new_session_whose_number_nobody_knew(staff):
    client = browser()
    client.post(SIGN_IN, {"login": staff.theo.email, "password": PASSWORD})
    before = session_id(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(staff.theo)})
    assert is_in(client)
    assert session_id(client) != before
    assert not HttpSession.objects.filter(session_key=before).exists()


# --- By idleness, by the hour --------------------------------------------------------------


def test_whoever_does_nothing_for_half_an_hour_is_signed_out_and_told_so(staff, clock):
    client = sign_in(browser(), staff.theo)
    for _time in range(3):
        clock.forward(29 * 60)
        assert client.get(CASELOAD).status_code == 200
    clock.forward(30 * 60 + 1)
    answer = client.get(CASELOAD, follow=True)
    assert answer.redirect_chain == [(f"{SIGN_IN}?next={CASELOAD}", 302)]
    assert IDLE in answer.content.decode()
    assert "was not kept" not in answer.content.decode()
    assert not is_in(client)
    # Once more nothing is said, and signing in leads to where one was.
    assert IDLE not in client.get(SIGN_IN).content.decode()


def test_whoever_had_typed_something_is_told_that_it_was_not_kept(staff, clock):
    client = sign_in(browser(), staff.theo)
    client.get(CASELOAD)
    clock.forward(31 * 60)
    form = reverse("client-create")
    sent = {"code": "TYPED", "therapist": staff.members["theo"].pk}
    answer = client.post(form, sent, follow=True)
    assert answer.redirect_chain == [(SIGN_IN, 302)]
    assert IDLE in answer.content.decode()
    assert "What you had just sent was not kept." in answer.content.decode()
    assert not staff.practice.clients.filter(code="TYPED").exists()


def test_whoever_types_for_long_stays_signed_in_by_the_sign_that_the_page_gives(staff, clock):
    client = sign_in(browser(), staff.theo)
    page = client.get(reverse("client-create")).content.decode()
    still_here = reverse("still-here")
    assert f'data-idle-minutes="30" data-still-here="{still_here}"' in page
    for _time in range(3):
        clock.forward(20 * 60)
        assert client.get(still_here).status_code == 204
    assert client.get(CASELOAD).status_code == 200
    clock.forward(31 * 60)
    assert client.get(still_here).status_code == 302


def test_a_client_who_answers_on_that_device_is_not_disturbed(staff, sessions, clock):
    client = sign_in(browser(), staff.theo)
    client.get(CASELOAD)
    clock.forward(31 * 60)
    answer = client.get(reverse("rate", args=[ask(sessions["cleo"])[1]]))
    assert answer.status_code == 200
    assert IDLE not in answer.content.decode()
    assert not is_in(client)


def test_the_strictest_of_ones_practices_says_how_long_is_too_long(staff, clock):
    join_practice(practice=staff.elsewhere, email=staff.theo.email, is_clinician=True)
    staff.practice.idle_minutes = 120
    staff.practice.save()
    staff.elsewhere.idle_minutes = 5
    staff.elsewhere.save()
    client = sign_in(browser(), staff.theo)
    client.get(CASELOAD)
    clock.forward(5 * 60 - 31)
    assert client.get(CASELOAD).status_code == 200
    clock.forward(5 * 60 + 1)
    assert "after 5 minutes" in client.get(CASELOAD, follow=True).content.decode()


def test_after_twelve_hours_even_the_busiest_sign_in_again(staff, clock):
    client = sign_in(browser(), staff.theo)
    client.get(CASELOAD)
    for _time in range(36):
        clock.forward(20 * 60 - 1)
        assert client.get(CASELOAD).status_code == 200
    clock.forward(60)
    answer = client.get(CASELOAD, follow=True)
    assert "twelve hours ago" in answer.content.decode()
    assert not is_in(client)


def test_the_demonstration_waits_for_whoever_went_to_lunch(staff, settings, clock):
    settings.SIGN_OUT_WHEN_IDLE = False
    client = sign_in(browser(), staff.theo)
    client.get(CASELOAD)
    clock.forward(3 * 60 * 60)
    assert client.get(CASELOAD).status_code == 200


# --- By what changes about a person ----------------------------------------------------------


def test_changing_the_password_ends_every_other_sign_in_and_keeps_this_one(staff, clock):
    here = sign_in(browser(), staff.theo)
    clock.forward(31)
    there = sign_in(browser(), staff.theo)
    before = session_id(here)
    new = "another horse battery staple"
    told = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    answer = here.post(reverse("account_change_password"), told)
    assert answer.headers["Location"] == OWN_PAGE
    assert here.get(CASELOAD).status_code == 200
    assert session_id(here) != before
    assert there.get(CASELOAD).status_code == 302
    page = here.get(OWN_PAGE).content.decode()
    assert page.count("last seen") == 1
    assert not UserSession.objects.filter(session_key=session_id(there)).exists()


def test_whoever_may_not_sign_in_any_more_is_out_at_once_and_for_good(staff):
    client = sign_in(browser(), staff.theo)
    client.get(CASELOAD)
    key = session_id(client)
    User.objects.filter(pk=staff.theo.pk).update(is_active=False)
    assert client.get(CASELOAD).status_code == 302
    # Neither does the old sign-in come to life again with the account.
    User.objects.filter(pk=staff.theo.pk).update(is_active=True)
    assert client.get(CASELOAD).status_code == 302
    assert not HttpSession.objects.filter(session_key=key).exists()


@pytest.mark.parametrize("is_locked", [False, True])
def test_the_sign_in_of_whoever_has_left_their_last_practice_ends_with_it(staff, clock, is_locked):
    elsewhere = join_practice(practice=staff.elsewhere, email=staff.theo.email, is_reception=True)
    client = sign_in(browser(), staff.theo)
    client.get("/")
    for member, is_left in ((staff.members["theo"], True), (elsewhere, False)):
        member.ended_on = today() - timedelta(days=1)
        member.started_on = min(member.started_on, member.ended_on)
        if is_locked:
            member.ended_on, member.locked_at = None, "2026-01-01T00:00Z"
        member.save()
        answer = client.get("/", follow=True)
        assert is_in(client) == is_left
    assert "your place in the practice has ended" in answer.content.decode()
    # A new one is let in to nothing, and says so.
    client.force_login(staff.theo)
    assert "You have no place in a practice today" in client.get("/").content.decode()


def test_everyone_can_be_signed_out_everywhere_at_once(staff, clock):
    clients = [sign_in(browser(), staff.theo)]
    clock.forward(31)
    clients.append(sign_in(browser(), staff.theo))
    end_sign_ins(user=staff.theo)
    assert [is_in(client) for client in clients] == [False, False]


# --- What it costs ---------------------------------------------------------------------------


def test_being_there_is_written_down_twice_a_minute_at_most(staff, clock):
    client = sign_in(browser(), staff.theo)
    client.get(OWN_PAGE)
    (seen,) = UserSession.objects.values_list("last_seen_at", flat=True)
    for seconds, is_written in ((20, False), (20, True), (1, False)):
        clock.forward(seconds)
        assert client.get(OWN_PAGE).status_code == 200
        (now,) = UserSession.objects.values_list("last_seen_at", flat=True)
        assert (now > seen) == is_written
        seen = now


def test_the_cookies_are_two_and_nobody_but_the_server_reads_them(staff, settings):
    client = sign_in(browser(), staff.theo)
    confirm(client, staff.theo)
    client.get(OWN_PAGE)
    assert set(client.cookies) == {"sessionid", "csrftoken"}
    for cookie in client.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


def test_whoever_confirms_gets_a_new_cookie_and_the_earlier_one_opens_nothing(staff, clock):
    client = sign_in(browser(), staff.theo)
    client.get(OWN_PAGE)
    before = client.cookies["sessionid"].value
    (began,) = UserSession.objects.values_list("created_at", flat=True)
    clock.forward(30)
    answer = client.post(reverse("mfa_reauthenticate"), {"code": code_of(staff.theo)})
    assert answer.status_code == 302
    assert client.cookies["sessionid"].value != before
    assert is_in(client)
    assert UserSession.objects.values_list("created_at", flat=True).get() == began
    client.cookies["sessionid"] = before
    assert not is_in(client)


def test_a_failed_sign_in_and_a_look_at_what_is_not_there_are_logged_without_what_was_typed(
    staff, caplog
):
    browser().post(reverse("account_login"), {"login": "theo@example.org", "password": "guess it"})
    assert "A sign-in failed, in 127.0.0.0/24." in caplog.text
    client = sign_in(browser(), staff.theo)
    client.get(reverse("episode", args=[staff.dora.pk]))
    assert f"Person {staff.theo.pk} asked for what is not there for them." in caplog.text
    assert "guess it" not in caplog.text
    assert "theo@example.org" not in caplog.text


def test_what_a_sign_in_remembers_is_not_in_the_table_to_read(staff):
    client = sign_in(browser(), staff.theo)
    remembered = client.session
    remembered["told"] = "Marker in a session."
    remembered.save()
    (row,) = HttpSession.objects.filter(session_key=remembered.session_key)
    assert row.get_decoded()["told"] == "Marker in a session."
    stored = signing.b64_decode(row.session_data.split(":")[0].lstrip(".").encode())
    for plain in (stored, zlib.decompress(stored) if row.session_data[0] == "." else stored):
        assert b"Marker" not in plain
        assert b"_auth_user_id" not in plain


def test_a_sign_in_under_a_key_that_is_gone_is_over(staff):
    client = sign_in(browser(), staff.theo)
    assert is_in(client)
    with override_settings(FIELD_KEYS=read_keys(make_key())):
        assert not is_in(client)
