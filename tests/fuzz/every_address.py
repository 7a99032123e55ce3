"""Bad input at every address, by people who are admitted there: nothing may break.

Not part of `make test`: `make fuzz` runs it on both engines. FUZZ_CASES says
how many requests, FUZZ_SEED repeats a run. Each request is undone.
"""

import io
import logging
import os
import secrets
import sys
import traceback
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from django.conf import settings as project
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis import strategies as st

from alliance.wsgi import Request
from tests.fuzz import mutations
from tests.fuzz.targets import ALONE, SEALED, STAFF, TABLET, addresses, targets

CASES = int(os.environ.get("FUZZ_CASES", 20_000))
SEED = int(os.environ.get("FUZZ_SEED") or secrets.randbelow(2**32))
ROOT = str(Path(__file__).resolve().parents[2])
# Where the clients' pages are served alone, what reads a session is not even loaded.
OF_STAFF = ("sessions.", "auth.", "messages.", "seal.", "Memberships", "people.middleware")


class Tally:
    """How many requests got which answer, where, and what went wrong."""

    def __init__(self):
        self.statuses, self.asked = Counter(), Counter()
        self.accepted, self.shown = Counter(), Counter()
        self.answers = defaultdict(Counter)
        self.wrong = {}

    def add(self, target, case, status, error):
        place = (target.urls, target.name)
        self.statuses[status] += 1
        self.asked[place] += 1
        self.answers[place][status] += 1
        if case.method == "POST" and target.valid is not None and status == target.accepted:
            self.accepted[place] += 1
        if case.method == "GET" and status == target.shown:
            self.shown[place] += 1
        if status >= 500:
            where = error or f"answered {status} without an error"
            self.wrong.setdefault((*place, where), []).append(case)

    def tell(self):
        print(f"\n{self.asked.total()} requests on {connection.vendor}, FUZZ_SEED={SEED}")
        print("  ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items())))
        for place, count in sorted(self.asked.items()):
            said = f"{self.accepted[place]} accepted" if place in self.accepted else ""
            answers = " ".join(f"{status}:{n}" for status, n in sorted(self.answers[place].items()))
            print(f"  {place[0]:<34} {place[1]:<38} {count:>5}  {answers}  {said}")
        print(f"{self.accepted.total()} POSTs were accepted")
        for (urls, name, error), cases in self.wrong.items():
            print(f"\n{len(cases)} × {urls} {name}\n{error}\n{str(cases[0])[:1500]}")


def ask(target, case, jar):
    """Send a request as `target.browser`, with the cookies it had before all others."""
    target.browser.cookies.clear()
    target.browser.cookies.load(jar)
    extra = {
        "PATH_INFO": unquote_to_bytes(case.path).decode("latin-1"),
        "QUERY_STRING": mutations.as_form([(k, str(v)) for k, v in case.query]).decode(),
        "CONTENT_TYPE": case.content_type,
        "CONTENT_LENGTH": str(len(case.body)),
        "wsgi.input": io.BytesIO(case.body),
        **case.headers,
    }
    if "HTTP_COOKIE" in case.headers:
        extra["HTTP_COOKIE"] = "; ".join(
            [*(f"{k}={v}" for k, v in jar.items()), extra["HTTP_COOKIE"]]
        )
    return target.browser.generic(case.method, "/", b"", **extra)


def last_lines(error):
    """Return what an error is, and the last places through which it came."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if frame.filename.startswith(ROOT) and ".venv" not in frame.filename
    ]
    told = [*ours[-2:], frames[-1]]
    return f"{type(error).__name__}: {str(error)[:200]}\n" + "\n".join(
        f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in told
    )


@pytest.fixture
def as_for_an_hour(settings, monkeypatch):
    """Let no sign-in grow old, and no password take long; read requests as the server does."""
    monkeypatch.setattr("django.test.client.WSGIRequest", Request)
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 10**6
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def served(urls):
    """Serve this list of addresses, as its own process would."""
    if urls != ALONE:
        return override_settings()
    left = [name for name in project.MIDDLEWARE if not any(part in name for part in OF_STAFF)]
    account = ["allauth.account.middleware.AccountMiddleware"]
    return override_settings(ROOT_URLCONF=ALONE, MIDDLEWARE=[*left[:-1], *account])


def cookies_of(browser):
    return {name: morsel.value for name, morsel in browser.cookies.items()}


def explore(target, jar, tally, errors, *, count, number):
    """Ask `target` with these cookies, once as it should be and `count` times not quite so."""

    def send(case):
        errors.clear()
        with transaction.atomic():
            try:
                status = ask(target, case, jar).status_code
            except Exception as error:  # What Django does not answer, the server does, by 500.
                status = 500
                errors.append(last_lines(error))
            transaction.set_rollback(True)
        tally.add(target, case, status, errors[-1] if errors else "")

    @seed(SEED + number)
    @examples(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(chance=st.randoms(use_true_random=True), text=st.text(st.characters(), max_size=40))
    def once(chance, text):
        send(mutations.bend(target, chance, text))

    with served(target.urls):
        for method in ("GET", "POST"):
            send(mutations.straight(target, method))
        once()


@pytest.mark.usefixtures("as_for_an_hour")
def test_no_input_at_any_address_breaks_the_server(cast):
    tally, errors = Tally(), []

    def note(sender, **told):
        errors.append(last_lines(sys.exc_info()[1]))

    got_request_exception.connect(note)
    everything = list(targets(cast))
    jars = [cookies_of(target.browser) for target in everything]
    share = -(-CASES // len(everything))
    for number, (target, jar) in enumerate(zip(everything, jars, strict=True)):
        explore(target, jar, tally, errors, count=share, number=number)
    got_request_exception.disconnect(note)
    tally.tell()
    assert not tally.wrong
    for urls in (STAFF, SEALED, TABLET, ALONE):
        assert {(urls, name) for name in addresses(urls)} <= set(tally.asked)
    assert min(tally.asked.values()) >= share
    places = {(target.urls, target.name): target for target in everything}
    looked_at = {place for place, target in places.items() if target.shown is not None}
    sent_to = {place for place, target in places.items() if target.valid is not None}
    assert looked_at - set(tally.shown) == set()
    assert sent_to - set(tally.accepted) == set()
