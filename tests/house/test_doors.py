"""Every view wears a door, and every page its headers."""

import itertools
import re

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse

from alliance.wsgi import application
from sessions_app.access.actions import join_practice
from tests.conftest import PASSWORD, ask, code_of

# Beside the project's own addresses: those on a device handed over, on a tablet, and served alone.
OTHER_ADDRESSES = (
    "alliance.asking.handed_over_urls",
    "alliance.asking.tablet_urls",
    "alliance.asking.public_urls",
)
DOORS = {"public", "signed in", "clinicians", "managers", "reception"}


def views(patterns=None):
    for pattern in patterns or get_resolver().url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns)
        else:
            yield pattern.name, pattern.callback


def test_every_view_of_ours_wears_a_door():
    others = [get_resolver(addresses).url_patterns for addresses in OTHER_ADDRESSES]
    for name, view in itertools.chain(views(), *map(views, others)):
        made_by = getattr(view, "view_class", view).__module__
        if made_by.startswith("allauth."):
            assert name.startswith(("account_", "mfa_"))
            continue
        assert getattr(view, "door", None) in DOORS, name


def test_nobody_who_is_not_signed_in_gets_past_a_view_that_is_not_public(client, db):
    closed = [name for name, view in views() if getattr(view, "door", "public") not in {"public"}]
    assert {"home", "caseload", "client-create"} < set(closed)
    for name in ("home", "caseload", "client-create"):
        assert client.get(reverse(name)).headers["Location"].startswith("/sign-in/")


@pytest.fixture
def pages(cast, sessions, client):
    client.force_login(cast.theo)
    return [
        reverse("caseload"),
        reverse("episode", args=[cast.cleo.pk]),
        reverse("rating-ask", args=[sessions["cleo"].pk]),
        reverse("rate", args=[ask(sessions["cleo"])[1]]),
        reverse("account_change_password"),
        "/nowhere/",
    ]


def test_every_page_carries_its_headers(pages, client):
    for page in pages:
        headers = client.get(page).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        # The client's form would tell its secret to whoever logs the fetch of its style sheet.
        assert headers["Referrer-Policy"] == "strict-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "no-store" in headers["Cache-Control"], page
        assert headers["X-Robots-Tag"] == "noindex, nofollow"


def test_another_host_is_refused(client, db):
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


def test_a_person_signs_in_with_the_address_in_any_case(cast, client, clock):
    cast.theo.set_password(PASSWORD)
    cast.theo.save()
    answer = client.post(
        reverse("account_login"), {"login": "Theo@Example.ORG", "password": PASSWORD}
    )
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    answer = client.post(reverse("mfa_authenticate"), {"code": code_of(cast.theo)})
    assert answer.headers["Location"] == "/"
    answer = client.get("/", follow=True)
    assert answer.redirect_chain[-1][0] == reverse("caseload")


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(cast, client):
    bodies = set()
    for address in ("theo@example.org", "none@example.org"):
        answer = client.post(reverse("account_login"), {"login": address, "password": "x" * 14})
        assert answer.status_code == 200
        body = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
        bodies.add(body.replace(address, ""))
    assert len(bodies) == 1


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(cast, client):
    cast.rita.set_password(PASSWORD)
    cast.rita.save()
    for _try in range(10):
        client.post(reverse("account_login"), {"login": "rita@example.org", "password": "x"})
    client.post(reverse("account_login"), {"login": "rita@example.org", "password": PASSWORD})
    assert not get_user(client).is_authenticated


def test_passwords_are_kept_by_argon2_and_are_twelve_signs_at_least(cast):
    cast.theo.set_password(PASSWORD)
    assert cast.theo.password.startswith("argon2$argon2id$")
    with pytest.raises(ValidationError):
        validate_password("elevensigns", cast.theo)
    validate_password(PASSWORD, cast.theo)


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "utf-7", "utf-16", "none-such"])
def test_another_encoding_than_utf8_is_refused(cast, sessions, charset):
    """Some of Python's encodings are no encodings of text, and some bring lone surrogates."""
    client = Client(raise_request_exception=False)
    client.force_login(cast.theo)
    form = reverse("rate", args=[ask(sessions["cleo"])[1]])
    for page in (form, reverse("client-create"), reverse("account_login")):
        for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            answer = client.generic(
                "POST", page, b"say=7", content_type=f"{kind}; charset={charset}"
            )
            assert answer.status_code == 400


@pytest.mark.parametrize(
    "kind", ["text/plain; charset=hex", "text/plain; charset=idna", "text/plain; x*=none'en'y"]
)
@pytest.mark.parametrize("query", ["", "page=1"])
def test_an_encoding_that_is_none_is_refused_before_the_query_is_read(db, kind, query):
    """By the server's own way in: there Django answers nothing that fails so early."""
    statuses = []
    environ = RequestFactory(headers={"host": "localhost"}).get("/sign-in/").environ
    environ |= {"CONTENT_TYPE": kind, "QUERY_STRING": query}
    application(environ, lambda status, headers: statuses.append(status))
    assert statuses == ["400 Bad Request"]


@pytest.mark.parametrize(
    "onward", ["http://[::1", "//[", "http://[x]/", "http://a\u2100c/", "\x00"]
)
def test_whoever_is_to_be_led_to_what_is_no_address_is_led_home(cast, onward):
    client = Client(raise_request_exception=False)
    client.force_login(cast.theo)
    answer = client.get(reverse("account_login"), {"next": onward})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    for name in ("account_inactive", "account_logout", "account_signup"):
        assert client.get(reverse(name), {"next": onward}).status_code in {200, 302}, name


def test_a_letter_that_cannot_be_sent_tells_nobody_who_has_an_account(cast, client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # Nobody listens there.
    cast.theo.set_password(PASSWORD)
    cast.theo.save()
    answers = [
        client.post(reverse("account_reset_password"), {"email": address})
        for address in ("theo@example.org", "none@example.org")
    ]
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_whoever_is_a_clinician_in_any_practice_finds_the_way(cast, client):
    join_practice(practice=cast.elsewhere, email="mara@example.org", is_clinician=True)
    client.force_login(cast.mara)
    assert "Your clients" in client.get("/", follow=True).content.decode()


def test_what_staff_read_is_in_the_language_that_the_page_says(client, db):
    page = client.get(reverse("account_login"), headers={"accept-language": "ar"})
    assert '<html lang="en"' in page.content.decode()
