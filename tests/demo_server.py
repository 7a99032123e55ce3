"""The demonstration, started as its user starts it, on a folder and a port of its own."""

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


ARABIC_FORM = """
from alliance.asking.actions import request_rating
from sessions_app.sessions.models import Session
session = Session.objects.held().get(episode__client__code="N-126", ratings=None)
by = session.episode.therapist.user
print(request_rating(session=session, respondent="client", channel="link", by=by)[1])
"""


def arabic_form(var, links):
    """Return the address of a form for the client who reads Arabic."""
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", ARABIC_FORM],
        cwd=ROOT,
        env={**os.environ, "DEMO": "1", "VAR": str(var)},
        capture_output=True,
        text=True,
        check=True,
    )
    return links["client form"].split("/r/")[0] + f"/r/{told.stdout.strip()}/"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running_demo(var, **environment):
    """Start the demonstration; yield its three links by name, and stop it afterwards."""
    server = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(free_port())],
        cwd=ROOT,
        env={**os.environ, "DEMO": "1", "VAR": str(var), **environment},
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
        yield links
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()
