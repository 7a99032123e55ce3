"""What whoever comes by from outside can reach: the client's form, and nothing to learn from it."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import AuditEvent
from sessions_app.sessions.actions import correct_session
from tests.conftest import ITEMS, ask, hold
from tests.house.test_settings import GOOD as PRODUCTION
from tests.house.test_settings import log, manage

ALONE = "alliance.asking.public_urls"
UNKNOWN = "x" * 43
GOOD = dict.fromkeys(ITEMS, "7") | {"sent": "1"}
METHODS = ("get", "head", "post", "options", "put", "patch", "delete", "trace")
__all__ = ["log", "manage"]  # Fixtures of the tests of the settings.


@pytest.fixture
def secret(cast):
    return ask(hold(cast.cleo))[1]


def form(secret):
    return reverse("rate", args=[secret])


# --- Served alone ---


@pytest.fixture
def alone(settings):
    """Serve the clients' pages and no others."""
    settings.ROOT_URLCONF = ALONE


def test_alone_there_are_five_addresses(alone):
    names = [pattern.name for pattern in get_resolver(ALONE).url_patterns]
    assert names == ["rate", "standing", "standing-form", "health", "policy-report"]


def test_alone_the_form_is_shown_answered_and_thanked_for(cast, secret, alone, client):
    assert "Send my answers" in client.get(form(secret)).content.decode()
    answer = client.post(form(secret), GOOD, follow=True)
    assert "Thank you" in answer.content.decode()
    assert Rating.objects.get().total == 7
    assert client.get("/healthz").content == b"ok\n"


def test_alone_every_address_of_staff_is_as_if_it_had_never_been(cast, secret, settings):
    client = Client()
    client.force_login(cast.theo)
    pages = ["/", "/caseload", "/caseload/", "/sign-in/", f"/episodes/{cast.cleo.pk}/", "/demo/x/"]
    assert client.get("/caseload/").status_code == 200
    settings.ROOT_URLCONF = ALONE
    nowhere = client.get("/nowhere/")
    assert nowhere.status_code == 404
    for page in [*pages, "/hand-over/", "/hand-over/back/", "/tablet/", "/tablets/", "/admin/"]:
        for method in METHODS:
            answer = getattr(client, method)(page)
            assert answer.status_code == 404, (page, method)
            assert answer.content in {nowhere.content, b""}


def test_alone_the_therapists_own_form_does_not_open_for_anybody(cast, alone, client):
    _asked, own = ask(hold(cast.cleo), "therapist")
    client.force_login(cast.theo)
    assert client.get(form(own)).status_code == 200, "with the middleware of staff it would"
    assert Client().get(form(own)).status_code == 404


def test_the_settings_for_serving_alone_read_no_session_and_pass_the_deployment_check(manage):
    done = manage(
        "shell", "--no-imports", "-c",
        "from django.conf import settings; print(settings.ROOT_URLCONF, *settings.MIDDLEWARE)",
        **PRODUCTION, PUBLIC_ONLY="1",
    )  # fmt: skip
    urlconf, *middleware = done.stdout.split()
    assert urlconf == ALONE
    assert "django.middleware.security.SecurityMiddleware" in middleware
    assert not [name for name in middleware if ".sessions." in name or ".contrib.auth." in name]
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, PUBLIC_ONLY="1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("wrong", ["form.example.org", "http://form.example.org", "https://x/r"])
def test_where_the_forms_are_must_be_said_in_full(manage, wrong):
    done = manage("check", **PRODUCTION, FORMS_AT=wrong)
    assert done.returncode != 0
    assert "FORMS_AT looks like https://form.example.org" in done.stderr


def test_a_link_leads_to_where_the_forms_are_served(cast, settings, client):
    settings.FORMS_AT = "https://form.example.org"
    client.force_login(cast.theo)
    page = client.post(reverse("rating-ask", args=[hold(cast.cleo).pk]), {"channel": "link"})
    assert 'value="https://form.example.org/r/' in page.content.decode()


# --- Unknown, expired, ended: all the same ---


def not_admitting(cast):
    """Yield secrets that do not admit, each for another reason."""
    yield "unknown", UNKNOWN
    expired, secret = ask(hold(cast.cleo))
    back = timedelta(hours=80)
    RatingRequest.objects.filter(pk=expired.pk).update(
        asked_at=expired.asked_at - back, expires_at=expired.expires_at - back
    )
    yield "expired", secret
    session = hold(cast.cleo, weeks_ago=1)
    yield "replaced", ask(session)[1]
    ask(session)
    missed = hold(cast.cleo, weeks_ago=2)
    yield "missed", ask(missed)[1]
    correct_session(session=missed, by=cast.theo, status="missed")
    ended, secret = ask(hold(cast.cleo, weeks_ago=3))
    RatingRequest.objects.filter(pk=ended.pk).update(closed_at=timezone.now(), closing="ended")
    yield "ended", secret
    yield "of the therapist", ask(hold(cast.cleo, weeks_ago=4), "therapist")[1]


def test_whatever_does_not_admit_looks_alike(cast, client):
    secrets = dict(not_admitting(cast))
    for method in METHODS:
        answers = {}
        for why, secret in secrets.items():
            answer = getattr(client, method)(form(secret))
            headers = dict(answer.headers)
            headers.pop("Expires", None)  # It tells the second.
            answers[why] = (answer.status_code, answer.content, headers)
        expected = answers["unknown"]
        assert expected[0] == (404 if method in {"get", "head", "post"} else 405)
        assert answers == dict.fromkeys(secrets, expected), method
    assert not Rating.objects.exists()


@pytest.mark.parametrize("wrong", ["x", "x" * 42, "x" * 44, "x" * 42 + "!", "x" * 42 + "ü"])
def test_what_cannot_be_a_secret_is_not_even_looked_up(db, client, wrong):
    for address in (f"/r/{wrong}/", f"/r/{wrong}"):
        assert client.get(address).status_code == 404


# --- Looking changes nothing ---


def test_fifty_looks_by_scanners_leave_the_link_usable(secret):
    before = RatingRequest.objects.values().get()
    agents = ("Mozilla/5.0", "curl/8.5", "SafeLinks", "Slackbot-LinkExpanding 1.0", "")
    for number in range(50):
        client = Client(headers={"user-agent": agents[number % 5]})
        assert client.get(form(secret)).status_code == 200
        assert client.head(form(secret)).status_code == 200
        for method in ("options", "put", "patch", "delete", "trace"):
            refused = getattr(client, method)(form(secret))
            assert refused.status_code == 405
            assert refused.headers["Allow"] == "GET, HEAD, POST"
    assert RatingRequest.objects.values().get() == before
    assert AuditEvent.objects.filter(verb="rating.asked").count() == 1
    assert Client().post(form(secret), GOOD).status_code == 302


def test_the_answer_to_head_is_that_to_get_without_the_body(secret, client):
    got, asked = client.get(form(secret)), client.head(form(secret))
    assert asked.content == b""
    assert int(asked.headers["Content-Length"]) == len(got.content)
    for answer in (got, asked):
        del answer.headers["Expires"]  # To the second, and the second one came later.
    assert got.headers == asked.headers


# --- Limits ---


def statuses(times, address, method="get", **sent):
    return [getattr(Client(), method)(address, **sent).status_code for _time in range(times)]


@pytest.mark.parametrize(("method", "most"), [("get", 30), ("head", 30), ("post", 10)])
def test_whoever_tries_secrets_is_slowed_down(db, method, most):
    assert statuses(most, form(UNKNOWN), method) == [404] * most
    assert statuses(3, form(UNKNOWN), method) == [429] * 3
    answer = Client().get(form(UNKNOWN))
    assert answer.status_code == (404 if method == "post" else 429), "counted one by one"


def test_a_secret_that_admits_is_never_locked(secret):
    statuses(40, form(UNKNOWN))
    statuses(20, form(UNKNOWN), "post")
    assert statuses(60, form(secret)) == [200] * 60
    assert Client().post(form(secret), GOOD).status_code == 302
    assert Client().get(form(secret)).status_code == 200


def test_looking_at_a_good_link_uses_up_nobodys_tries(secret):
    statuses(100, form(secret))
    assert Client().get(form(UNKNOWN)).status_code == 404


def test_a_neighbourhood_is_counted_together_and_apart_from_others(db):
    for number in range(30):
        Client(REMOTE_ADDR=f"203.0.113.{number}").get(form(UNKNOWN))
        Client(REMOTE_ADDR=f"2001:db8:7:{number:x}::1").get(form(UNKNOWN))
    for near in ("203.0.113.200", "::ffff:203.0.113.9", "2001:db8:7:ffff::2"):
        assert Client(REMOTE_ADDR=near).get(form(UNKNOWN)).status_code == 429
    for far in ("203.0.114.1", "::ffff:198.51.100.7", "2001:db8:8::1", "", "not an address"):
        assert Client(REMOTE_ADDR=far).get(form(UNKNOWN)).status_code == 404


def test_nobody_escapes_by_saying_that_they_come_from_elsewhere(db):
    for number in range(30):
        Client(headers={"x-forwarded-for": f"198.51.{number}.1"}).get(form(UNKNOWN))
    last = Client(headers={"x-forwarded-for": "198.51.99.1"}).get(form(UNKNOWN))
    assert last.status_code == 429


# --- The secret is nowhere ---


def test_the_secret_is_in_no_log_and_no_letter_when_something_breaks(
    secret, settings, monkeypatch, log, rf
):
    settings.ADMINS = [("Admin", "admin@example.org")]

    def broken(*_args):
        raise RuntimeError(f"with {form(secret)} in its mouth")

    monkeypatch.setattr("alliance.asking.answering.who_reads", broken)
    client = Client(raise_request_exception=False)
    assert client.get(form(secret)).status_code == 500
    assert client.get(f"/nowhere{form(secret)}").status_code == 404
    assert client.get(form(UNKNOWN)).status_code == 404
    assert client.put(form(secret)).status_code == 405
    written = log.getvalue()
    assert written.count("/r/***") >= 4
    assert "Traceback" in written
    assert secret not in written
    assert mail.outbox == []


def test_no_page_of_the_client_says_the_secret_or_asks_anybody_else(secret, client):
    for page in (client.get(form(secret)), client.post(form(secret), GOOD, follow=True)):
        text = page.content.decode()
        assert secret not in text
        assert "http://" not in text
        assert "https://" not in text


# --- The host ---


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver:80:80"])
def test_another_host_is_refused(secret, client, host):
    assert client.get(form(secret), headers={"host": host}).status_code == 400


def test_a_forwarded_host_is_not_believed(cast, client):
    client.force_login(cast.theo)
    session = hold(cast.cleo)
    page = client.post(
        reverse("rating-ask", args=[session.pk]),
        {"channel": "link"},
        headers={"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"},
    ).content.decode()
    assert "evil" not in page
    assert 'value="http://testserver/r/' in page


# --- What browsers report of the policy ---

REPORT = {
    "document-uri": f"https://alliance.example.org/r/{UNKNOWN}/?name=Cleo",
    "referrer": "https://alliance.example.org/episodes/Cleo/",
    "effective-directive": "script-src-elem",
    "violated-directive": "script-src-elem",
    "original-policy": "default-src 'none'",
    "blocked-uri": "https://user:pass@evil.example:8443/steal?what=Cleo#Cleo",
    "script-sample": "alert('Cleo')",
}


def told():
    """Return all that is in the tables, as text."""
    out = StringIO()
    call_command("dumpdata", stdout=out)
    return out.getvalue()


def report(client, **changes):
    body = json.dumps({"csp-report": REPORT | changes})
    return client.post("/policy-report/", body, content_type="application/csp-report")


def test_a_report_leaves_the_directive_and_the_origin_in_the_log_and_nothing_in_the_tables(
    client, log, db
):
    before = told()
    assert report(client).status_code == 204
    assert told() == before
    assert "The policy blocked script-src-elem from https://evil.example:8443\n" in log.getvalue()
    for word in ("Cleo", UNKNOWN, "steal", "user", "pass@", "alert"):
        assert word not in log.getvalue()


@pytest.mark.parametrize(
    ("blocked", "origin"),
    [("inline", "inline"), ("eval", "eval"), ("data", "data"), ("https://a.b/c", "https://a.b")],
)
def test_a_report_tells_where_from(client, db, log, blocked, origin):
    assert report(client, **{"blocked-uri": blocked}).status_code == 204
    assert log.getvalue().endswith(f"The policy blocked script-src-elem from {origin}\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b'"csp-report"',
        b'{"csp-report": []}',
        b'{"csp-report": {}}',
        b'{"csp-report": {"effective-directive": 7, "blocked-uri": "inline"}}',
        b'{"csp-report": {"effective-directive": "a\\nb", "blocked-uri": "inline"}}',
        b'{"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://[::1"}}',
        b'{"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://a b/"}}',
        b'{"csp-report": {"effective-directive": "img-src", "blocked-uri": null}}',
        b"[" * 5000,
        b'{"a":' * 3000,
        b"\xff\xfe",
        b" " * 20_000 + b"{}",
    ],
)
def test_what_is_no_report_is_refused_and_leaves_nothing_in_the_log(db, client, log, body):
    answer = client.post("/policy-report/", body, content_type="application/csp-report")
    assert answer.status_code == 400
    assert "blocked" not in log.getvalue()


def test_reports_beyond_thirty_a_minute_are_not_listened_to(db, client, log):
    answers = [report(client).status_code for _time in range(35)]
    assert answers == [204] * 30 + [429] * 5
    assert log.getvalue().count("The policy blocked") == 30


words = st.text(max_size=30) | st.integers() | st.none() | st.lists(st.text(max_size=3))


@examples(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(directive=words, blocked=words | st.from_regex(r"https?://[^/]{0,20}/.{0,9}"))
def test_whatever_is_reported_is_one_line_in_the_log_or_none(client, db, log, directive, blocked):
    before = log.getvalue()
    client.defaults["REMOTE_ADDR"] = ""
    answer = report(client, **{"effective-directive": directive, "blocked-uri": blocked})
    assert answer.status_code in {204, 400, 429}
    written = log.getvalue().removeprefix(before)
    if answer.status_code == 204:
        assert written.count("\n") == 1
        assert written.isascii()
