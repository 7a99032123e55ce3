"""What two guards hold, in figures: answers sent twenty times at once, and who has an account.

`sends`     a hundred forms, each sent by twenty at once with different marks, to a
            running server, on SQLite and on PostgreSQL: how many were stored, and how
            many were thanked
`accounts`  wrong passwords and forgotten ones, for addresses with and without an
            account by turns: status, length and median time, and how likely so
            large a difference of times would be by chance (Mann-Whitney)
"""

import argparse
import os
import re
import secrets
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
SENDERS = 20
TOKEN = "a" * 32
FORMS = """
from datetime import timedelta
from django.utils import timezone
from alliance.asking.actions import request_rating
from alliance.demo import stories
from alliance.demo.actions import demo_user
from sessions_app.clients.actions import add_client
from sessions_app.sessions.actions import log_session
theo = demo_user(stories.THEO)
place = theo.memberships.get()
began = timezone.localdate() - timedelta(days={forms})
episode = add_client(therapist=place, code="Z-999", by=theo, started_on=began)
for day in range({forms}):
    at = timezone.now() - timedelta(days=day, hours=2)
    session = log_session(episode=episode, starts_at=at, by=theo)
    print(request_rating(session=session, respondent="client", channel="link", by=theo)[1])
"""
STORED = """
from alliance.ratings.models import Rating
ratings = Rating.objects.filter(session__episode__client__code="Z-999")
print(ratings.count(), ratings.values("session").distinct().count())
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sends", "accounts"])
    parser.add_argument("--rounds", type=int, help="default: 100 forms, 500 addresses of each kind")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as var:
        {"sends": sends, "accounts": accounts}[given.what](Path(var), given.rounds)


def sends(var, rounds):
    from tests.postgres import running_postgres

    with running_postgres() as address:
        engines = {"SQLite": "", "PostgreSQL": address}
        held = [
            _is_stored_once(var / name, rounds or 100, name, DATABASE_URL=at)
            for name, at in engines.items()
        ]
    sys.exit(not all(held))


def _is_stored_once(var, rounds, engine, **environment):
    """Send each of so many forms by twenty at once; say whether each was stored once."""
    from tests.demo_server import running_demo

    with running_demo(var, **environment) as demo:
        forms = demo.shell(FORMS.format(forms=rounds)).split()
        answers: Counter[str] = Counter()
        began = perf_counter()
        for secret in forms:
            answers.update(_send_at_once(f"{demo.base}/r/{secret}/"))
        seconds = perf_counter() - began
        stored, sessions = map(int, demo.shell(STORED).split())
    told = ", ".join(f"{count} × {answer}" for answer, count in sorted(answers.items()))
    print(f"{engine}: {len(forms)} forms × {SENDERS} at once in {seconds:.0f} s: {told}")
    print(f"stored: {stored} ratings of {sessions} sessions")
    return stored == sessions == len(forms) == rounds


def _send_at_once(address):
    barrier = threading.Barrier(SENDERS)

    def send(number):
        body = urlencode({"sent": 1, "say": number % 11, "voice": number % 7}).encode()
        barrier.wait()
        with urllib.request.urlopen(address, body, timeout=60) as answer:  # noqa: S310 - our own
            page = answer.read().decode()
            return "thanked" if "<h1>Thank you</h1>" in page else f"status {answer.status}"

    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(send, range(SENDERS)))


def accounts(var, rounds):
    rounds = rounds or 500
    os.environ |= {"DEBUG": "1", "VAR": str(var), "DJANGO_SETTINGS_MODULE": "alliance.settings"}
    import django
    from django.conf import settings

    settings.DEBUG = False
    settings.ACCOUNT_RATE_LIMITS = False
    django.setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.management import call_command
    from django.test import RequestFactory
    from django.urls import reverse
    from scipy.stats import mannwhitneyu

    from sessions_app.access.models import User

    call_command("migrate", verbosity=0)
    for number in range(rounds):
        user = User(email=f"has{number:04}@example.org", name="A person")
        user.set_password(secrets.token_urlsafe())
        user.save()
    answered, factory = WSGIHandler(), RequestFactory(headers={"host": "localhost"})
    proof = {"HTTP_COOKIE": f"csrftoken={TOKEN}", "HTTP_X_CSRFTOKEN": TOKEN}
    for name, sent in (
        ("account_login", lambda email: {"login": email, "password": "guess after guess"}),
        ("account_reset_password", lambda email: {"email": email}),
    ):
        times, answers = {"has": [], "not": []}, {"has": set(), "not": set()}
        for number in range(rounds):
            for kind in ("has", "not") if number % 2 else ("not", "has"):
                email = f"{kind}{number:04}@example.org"
                asked = factory.post(reverse(name), sent(email), **proof).environ
                began = perf_counter()
                answer = answered(asked, lambda status, headers: None)
                times[kind].append(perf_counter() - began)
                answer.close()  # What waits until then, its reader does not wait for.
                body = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
                answers[kind].add((answer.status_code, len(body)))
        has, lacks = (median(times[kind]) * 1000 for kind in ("has", "not"))
        chance = mannwhitneyu(times["has"], times["not"]).pvalue
        print(
            f"{name}: statuses and lengths {answers['has']} and {answers['not']}; "
            f"medians {has:.1f} and {lacks:.1f} ms ({has / lacks - 1:+.1%}), p = {chance:.3g}, "
            f"n = {rounds} each"
        )


if __name__ == "__main__":
    main()
