"""What the second wall costs: the same pages on PostgreSQL, with it and without, by turns.

A PostgreSQL is started for it and thrown away. Times are medians of requests made
alternately in one run, so that the ratio counts and not the figures.
"""

import os
import sys
import tempfile
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
EPISODES = 400
ROUNDS = 40
ROLES = "alliance_bench"


def main():
    sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
    from tests.postgres import running_postgres

    with tempfile.TemporaryDirectory() as var, running_postgres() as address:
        os.environ |= {"DEBUG": "1", "VAR": var, "DATABASE_URL": address}
        os.environ["DJANGO_SETTINGS_MODULE"] = "alliance.settings"
        Path(var, "static").mkdir()
        import django
        from django.conf import settings

        settings.DEBUG = settings.SECOND_FACTOR_IS_COMPULSORY = False
        django.setup()
        measure()


def measure():
    from caseload import make_practice
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.urls import reverse

    from sessions_app.clients.models import Episode

    setup_test_environment(debug=False)
    call_command("migrate", verbosity=0)
    call_command("load_instruments", stdout=sys.stderr)
    make_practice(EPISODES)  # Somebody else's: what the wall has to hold back.
    therapist, supervisor = make_practice(EPISODES + 1)
    call_command("database_roles", prefix=ROLES, stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    one = Episode.objects.held_by(therapist).first()
    pages = {
        "caseload": (therapist, reverse("caseload")),
        "supervised": (supervisor, reverse("caseload-supervised")),
        "trend": (therapist, reverse("episode", args=[one.pk])),
    }
    for name, (user, address) in pages.items():
        client = Client()
        client.force_login(user)
        times = {"without": [], "with": []}
        for number in range(2 * ROUNDS):
            kind = "with" if number % 2 else "without"
            with connection.cursor() as cursor:
                cursor.execute(f"SET ROLE {ROLES}_app" if kind == "with" else "RESET ROLE")
            began = perf_counter()
            answer = client.get(address)
            times[kind].append(perf_counter() - began)
            if answer.status_code != HTTPStatus.OK:
                sys.exit(f"{address} answered {answer.status_code}")
        held, free = (median(times[kind]) * 1000 for kind in ("with", "without"))
        print(f"{name:12} with the wall {held:6.1f} ms, without {free:6.1f} ms: {held / free:.2f}")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    connection.close()


if __name__ == "__main__":
    main()
