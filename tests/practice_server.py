"""A practice on this machine, served as in production: nothing of the demonstration eases it."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.conftest import PASSWORD
from tests.demo_server import ROOT, Demo, free_port

READY_WITHIN = 60  # seconds
PEOPLE = f"""
from sessions_app.access.actions import found_practice, join_practice
practice = found_practice(name="Lindenhof")
for name in {{names!r}}:
    member = join_practice(
        practice=practice, email=f"{{{{name}}}}@example.org", name=name.title(), is_clinician=True
    )
    member.user.set_password({PASSWORD!r})
    member.user.save()
"""


@contextlib.contextmanager
def running_practice(var, *, names):
    """Serve a practice of clinicians with these names, by two processes, at http://localhost.

    By name, not by number: passkeys belong to a name.
    """
    port = free_port()
    environment = os.environ | {
        "ALLOWED_HOSTS": "localhost",
        "BIND": f"127.0.0.1:{port}",
        "DATABASE_URL": "",
        "DEBUG": "1",
        "DEMO": "0",
        "DJANGO_SETTINGS_MODULE": "alliance.settings",
        "TIME_ZONE": "UTC",
        "VAR": str(var),
        "WEB_CONCURRENCY": "2",
    }
    practice = Demo(environment, {"therapist": f"http://localhost:{port}/demo/"})
    for command in ("migrate", "load_instruments"):
        subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    practice.shell(PEOPLE.format(names=names))
    gunicorn = Path(sys.executable).parent / "gunicorn"
    server = subprocess.Popen(
        [gunicorn, "--config", ROOT / "gunicorn.conf.py"], cwd=ROOT, env=environment
    )
    try:
        _wait_for(f"{practice.base}/healthz", server)
        yield practice
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address, server):
    until = time.monotonic() + READY_WITHIN
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the practice did not start")
