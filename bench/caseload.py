"""How many queries and how much time the caseload takes at 14 and at 1,400 episodes.

The lists are made by the same actions as real ones, in a database that is
thrown away. Times are medians of requests made alternately in one run, so that
the ratio counts and not the figures.
"""

import os
import sys
import tempfile
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
SIZES = (14, 1_400)
SESSIONS = 2
ROUNDS = 15


def main():
    with tempfile.TemporaryDirectory() as var:
        os.environ |= {"DEBUG": "1", "VAR": var, "DJANGO_SETTINGS_MODULE": "alliance.settings"}
        sys.path.insert(0, str(ROOT))
        import django
        from django.conf import settings

        settings.DEBUG = settings.SECOND_FACTOR_IS_COMPULSORY = False
        django.setup()
        measure()


def measure():
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, setup_test_environment

    setup_test_environment(debug=False)  # Else every query is kept, and slows the rest.
    Path(os.environ["VAR"], "static").mkdir()
    call_command("migrate", verbosity=0)
    call_command("load_instruments", stdout=sys.stderr)
    readers = {size: make_practice(size) for size in SIZES}
    times = {size: [] for size in SIZES}
    queries, weights = {}, {}
    for _round in range(ROUNDS):
        for size, (therapist, supervisor) in readers.items():
            for page, user in (("caseload", therapist), ("caseload/supervised", supervisor)):
                client = Client()
                client.force_login(user)
                with CaptureQueriesContext(connection) as seen:
                    began = perf_counter()
                    answer = client.get(f"/{page}/")
                    took = perf_counter() - began
                if answer.status_code != HTTPStatus.OK:
                    sys.exit(f"/{page}/ answered {answer.status_code}")
                queries[page, size] = len(seen)
                weights[page, size] = len(answer.content)
                if page == "caseload":
                    times[size].append(took)
    print(f"{'page':22}{'episodes':>10}{'queries':>9}{'bytes':>10}")
    for (page, size), count in queries.items():
        print(f"{page:22}{size:>10,}{count:>9}{weights[page, size]:>10,}")
    few, many = (median(times[size]) for size in SIZES)
    print(
        f"time of the caseload, {SIZES[1]:,} (a page of 100) to {SIZES[0]}: {many / few:.1f} times"
    )


def make_practice(size):
    from django.db import transaction
    from django.utils import timezone

    from alliance.asking.actions import request_rating, submit_rating
    from sessions_app.access.actions import found_practice, join_practice, start_supervision
    from sessions_app.clients.actions import add_client
    from sessions_app.sessions.actions import log_session

    with transaction.atomic():
        practice = found_practice(name=f"Practice of {size}")
        therapist, supervisor = (
            join_practice(practice=practice, email=f"{name}{size}@bench.example", is_clinician=True)
            for name in ("therapist", "supervisor")
        )
        start_supervision(supervisor=supervisor, therapist=therapist)
        for number in range(size):
            episode = add_client(therapist=therapist, code=f"C-{number}", by=therapist.user)
            for back in range(SESSIONS):
                starts_at = timezone.now() - timedelta(days=7 * (SESSIONS - back))
                session = log_session(episode=episode, starts_at=starts_at, by=therapist.user)
                asked, _secret = request_rating(
                    session=session, respondent="client", channel="link", by=therapist.user
                )
                marks = dict.fromkeys(
                    ("say", "matter", "change", "aim", "suits", "voice"), float(number % 11)
                )
                submit_rating(request=asked, answers=marks)
    return therapist.user, supervisor.user


if __name__ == "__main__":
    main()
