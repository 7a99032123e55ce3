"""The headers on every address of the project, and the cookies: as they are in earnest, too."""

import json

import pytest
from django.conf import settings
from django.test import Client

from tests.house.test_settings import GOOD, manage
from tests.test_access_matrix import MATRIX, path, things, undone, visit

__all__ = ["manage", "things"]  # Fixtures.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "report-uri": "/policy-report/",
}
EXACTLY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
NEVER = ("Server", "X-Powered-By", "Access-Control-Allow-Origin", "ETag", "Last-Modified")


def policy_of(headers):
    parts = (part.strip().partition(" ") for part in headers["Content-Security-Policy"].split(";"))
    return {name: told for name, _space, told in parts}


def look_over(headers, *, but=()):
    """Check what every answer of ours carries."""
    policy = policy_of(headers)
    assert {name: policy.get(name) for name in POLICY} == POLICY
    assert not [told for told in policy.values() if "unsafe" in told or "http" in told]
    assert {name: headers.get(name) for name in EXACTLY} == EXACTLY
    assert {"no-store", "private"} <= set(headers["Cache-Control"].split(", "))
    assert "camera=()" in headers["Permissions-Policy"]
    assert "microphone=()" in headers["Permissions-Policy"]
    assert not [name for name in NEVER if name in headers and name not in but]
    if headers.get("Content-Type", "").startswith("text/"):
        assert headers["Content-Type"].endswith("; charset=utf-8")


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_address_carries_its_headers_whatever_it_answers(name, method, cast, things):
    target, sent, _told = MATRIX[name]
    for person in ("anonymous", "theo", "mara"):
        for thing in ("cleo", "emil") if target in things else (None,):
            address = path(name, target, things.get(target, {}).get(thing))
            with undone():
                # A calendar program asks every few minutes: it is told when nothing is new.
                but = ("ETag",) if name == "calendar-feed" else ()
                look_over(visit(cast, person, method, address, sent).headers, but=but)


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (400, {"path": "/sign-in/", "headers": {"host": "evil.example"}}),
        (400, {"path": "/sign-in/", "headers": {"content-type": "text/html; charset=utf-7"}}),
        (404, {"path": "/nowhere/"}),
        (404, {"path": "/nowhere"}),
        (301, {"path": "/sign-in"}),
    ],
)
def test_what_is_answered_before_any_view_carries_them_too(db, status, asked):
    answer = Client().get(**asked)
    assert answer.status_code == status
    look_over(answer.headers)


def test_so_does_a_fault_of_ours(cast, client, monkeypatch):
    monkeypatch.setattr("sessions_app.people.views.render", lambda *_args, **_more: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/healthz")
    assert answer.status_code == 500
    look_over(answer.headers)


def test_a_form_sent_without_the_token_is_refused_with_them(db):
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {})
    assert answer.status_code == 403
    look_over(answer.headers)


# In the settings of a practice, over HTTPS: signing in, handing over, coming back, a tablet.
IN_EARNEST = """
import json
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone
PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
told = {}
with override_settings(STORAGES=PLAIN, SECOND_FACTOR_IS_COMPULSORY=False):
    call_command("migrate", verbosity=0)
    call_command("load_instruments", verbosity=0, stdout=open("/dev/null", "w"))
    from sessions_app.access.actions import found_practice, join_practice
    from sessions_app.clients.actions import add_client
    from sessions_app.sessions.actions import log_session
    practice = found_practice(name="Lindenhof")
    member = join_practice(practice=practice, email="theo@example.org", is_clinician=True)
    episode = add_client(therapist=member, code="CLEO", by=member.user)
    session = log_session(episode=episode, starts_at=timezone.now(), by=member.user)
    client = Client(headers={"host": "alliance.example.org"})
    def ask(name, method, *sent):
        answer = getattr(client, method)(*sent, secure=name != "unencrypted")
        told[name] = {
            "status": answer.status_code,
            "headers": dict(answer.headers),
            "cookies": {name: dict(cookie) for name, cookie in answer.cookies.items()},
        }
    ask("unencrypted", "get", "/sign-in/")
    ask("sign in", "get", "/sign-in/")
    client.force_login(member.user)
    ask("caseload", "get", "/caseload/")
    ask("hand over", "post", f"/sessions/{session.pk}/ask/", {"channel": "device"})
    ask("form", "get", "/hand-over/")
    ask("stray", "get", "/caseload/")
    ask("back", "post", "/hand-over/back/")
    from sessions_app.tablets.actions import invite_tablet
    join_practice(practice=practice, email="mara@example.org", is_manager=True)
    mara = practice.memberships.get(is_manager=True).user
    _tablet, secret = invite_tablet(practice=practice, name="Room 2", by=mara)
    ask("pair", "post", f"/pair/{secret}/")
    ask("tablet", "get", "/tablet/")
    ask("no page of staff", "get", "/caseload/")
print(json.dumps(told))
"""


@pytest.fixture
def told(manage):
    done = manage("shell", "--no-imports", "-c", IN_EARNEST, **GOOD)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_in_earnest_everything_is_encrypted_and_the_cookies_are_this_hosts_alone(told):
    unencrypted = told.pop("unencrypted")
    assert unencrypted["status"] == 301
    assert unencrypted["headers"]["Location"] == "https://alliance.example.org/sign-in/"
    for answer in told.values():
        look_over(answer["headers"])
        promised = answer["headers"]["Strict-Transport-Security"].split("; ")
        assert promised == ["max-age=31536000", "includeSubDomains", "preload"]
    statuses = {name: answer["status"] for name, answer in told.items()}
    assert statuses == {
        "sign in": 200,
        "caseload": 200,
        "hand over": 302,
        "form": 200,
        "stray": 404,
        "back": 302,
        "pair": 302,
        "tablet": 200,
        "no page of staff": 404,
    }
    cookies = {}
    for answer in told.values():
        for name, cookie in answer["cookies"].items():
            assert name.startswith("__Host-")
            assert cookie["secure"]
            assert (cookie["path"], cookie["domain"]) == ("/", "")
            if cookie["max-age"] != 0:  # What takes a cookie back needs no more.
                assert cookie["httponly"]
                cookies[name] = cookie["samesite"]
    assert cookies == {
        "__Host-csrftoken": "Lax",
        "__Host-sessionid": "Lax",
        "__Host-hand-over": "Strict",
        "__Host-tablet": "Strict",
    }


def test_the_middleware_stands_in_an_order_that_holds():
    order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    assert order[:7] == [
        "bodiless_head",
        "SecurityMiddleware",
        "CSPMiddleware",
        "XFrameOptionsMiddleware",
        "WhiteNoiseMiddleware",  # Style sheets may be kept; what comes after keeps nothing.
        "private",
        "only_utf8",
    ]
    assert order[7:9] == ["sealed", "SessionMiddleware"], "a sealed device has no session"
