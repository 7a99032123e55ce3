"""The demonstration, started as its user starts it, on a folder and a port of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
ARABIC_FORM = """
from alliance.asking.actions import request_rating
from sessions_app.sessions.models import Session
session = Session.objects.held().get(episode__client__code="N-126", ratings=None)
by = session.episode.therapist.user
print(request_rating(session=session, respondent="client", channel="link", by=by)[1])
"""
MANAGER = """
from alliance.demo import stories
from alliance.demo.actions import demo_user
from alliance.demo.tokens import sign_in_path
print(sign_in_path(demo_user(stories.MANAGER)))
"""
THERAPIST = MANAGER.replace("stories.MANAGER", "stories.THEO")


ASK_AFRESH = """
from datetime import timedelta
from django.utils import timezone
from alliance.asking.actions import request_rating
from alliance.asking.models import Arrangement
from alliance.measures.models import Measure
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import log_session
episode = Episode.objects.open().get(client__code={code!r})
measure = Measure.objects.get(key={measure!r})
Arrangement.objects.update_or_create(episode=episode, defaults={{"measure": measure}})
by = episode.therapist.user
at = timezone.now() - timedelta(minutes=episode.sessions.count())
session = log_session(episode=episode, starts_at=at, by=by)
print(request_rating(session=session, respondent="client", channel="link", by=by)[1])
"""


def ask_afresh(measure="session", code="D-162"):
    """Return what makes a session and asks its client; it prints the form's secret."""
    return ASK_AFRESH.format(code=code, measure=measure)


class Demo:
    """A running demonstration: its links by name, and a way to speak to its database."""

    def __init__(self, environment, links):
        self.environment = environment
        self.links = links
        self.base = links["therapist"].split("/demo/")[0]

    def shell(self, code):
        """Run `code` inside the project and return what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def arabic_form(self):
        """Return the address of a form for the client who reads Arabic."""
        return f"{self.base}/r/{self.shell(ARABIC_FORM)}/"

    def therapist(self):
        """Return another address that signs in the therapist."""
        return f"{self.base}{self.shell(THERAPIST)}"

    def manager(self):
        """Return the address that signs in the one who manages the practice."""
        return f"{self.base}{self.shell(MANAGER)}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running_demo(var, **changes):
    """Start the demonstration, yield it when it is ready, and stop it afterwards."""
    # Another clock than the practice's, as on most servers.
    surroundings = {"DEMO": "1", "DEBUG": "", "TIME_ZONE": "UTC", "VAR": str(var)}
    environment = os.environ | surroundings | changes
    server = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(free_port())],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    links = {}
    try:
        for line in server.stdout:
            name, _colon, address = line.strip().partition(": ")
            links[name] = address
            if "client form" in links:
                break
        else:
            raise RuntimeError("the demonstration did not start")
        yield Demo(environment, links)
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()


@contextlib.contextmanager
def behind_the_wall(demo):
    """Serve a running demonstration on PostgreSQL once more, in the role of a practice's server."""
    manage = [sys.executable, "manage.py", "database_roles"]
    subprocess.run(manage, cwd=ROOT, env=demo.environment, check=True, stdout=subprocess.DEVNULL)
    place = urlsplit(demo.environment["DATABASE_URL"])
    walled = place._replace(netloc=f"alliance_app@{place.hostname}:{place.port}").geturl()
    with served_again(demo, DATABASE_URL=walled) as (base, _log):
        links = {name: told.replace(demo.base, base) for name, told in demo.links.items()}
        yield Demo(demo.environment, links)


def served_alone(demo):
    """Serve the clients' pages of a running demonstration alone; yield where, and the log."""
    return served_again(demo, PUBLIC_ONLY="1")


@contextlib.contextmanager
def served_again(demo, **changes):
    """Serve a running demonstration by a second server; yield where, and the log."""
    log = Path(demo.environment["VAR"], "again.log")
    address = f"127.0.0.1:{free_port()}"
    with log.open("w") as written:
        server = subprocess.Popen(
            [str(Path(sys.executable).parent / "gunicorn"), "--config", "gunicorn.conf.py"],
            cwd=ROOT,
            env=demo.environment | changes | {"BIND": address},
            stderr=written,
        )
        try:
            _wait_for(f"http://{address}/healthz")
            yield f"http://{address}", log
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(address):
    for _try in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answered at {address}")
