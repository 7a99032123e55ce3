"""Every view wears a door, and every page its headers."""

import pytest
from django.urls import get_resolver, reverse

from tests.conftest import PASSWORD, ask

DOORS = {"public", "signed in", "members", "clinicians"}


def views(patterns=None):
    for pattern in patterns or get_resolver().url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns)
        else:
            yield pattern.name, pattern.callback


def test_every_view_of_ours_wears_a_door():
    for name, view in views():
        made_by = getattr(view, "view_class", view).__module__
        if made_by.startswith("allauth."):
            assert name.startswith("account_")
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
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "no-store" in headers["Cache-Control"], page
        assert headers["X-Robots-Tag"] == "noindex, nofollow"


def test_another_host_is_refused(client, db):
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


def test_a_person_signs_in_with_the_address_in_any_case(cast, client):
    cast.theo.set_password(PASSWORD)
    cast.theo.save()
    answer = client.post(
        reverse("account_login"), {"login": "Theo@Example.ORG", "password": PASSWORD}
    )
    assert answer.headers["Location"] == "/"
    answer = client.get("/", follow=True)
    assert answer.redirect_chain[-1][0] == reverse("caseload")


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(cast, client):
    bodies = set()
    for address in ("theo@example.org", "none@example.org"):
        answer = client.post(reverse("account_login"), {"login": address, "password": "x" * 14})
        assert answer.status_code == 200
        bodies.add(answer.content.decode().replace(address, "").count("alert"))
    assert len(bodies) == 1
