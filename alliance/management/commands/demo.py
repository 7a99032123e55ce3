import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse

from alliance.demo import stories
from alliance.demo.actions import ask_first_client, demo_user, load_demo
from alliance.demo.tokens import sign_in_path
from sessions_app.access.models import Practice

READY_WITHIN = 60  # seconds


class Command(BaseCommand):
    help = "Set up the invented practice, start the real server, and print three links."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--reset", action="store_true", help="throw away and begin anew")

    def handle(self, *args, **options):
        if not settings.DEMO:
            raise CommandError("This is the demonstration: set DEMO=1.")
        port = options["port"]
        _refuse_taken(port)
        if options["reset"]:
            _throw_away()
        _refuse_real_data()
        self._say("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        self._say("Loading the questionnaires …")
        call_command("load_instruments", stdout=self.stderr)
        self._say("Inventing a practice …")
        is_new = load_demo()
        self._say("made anew" if is_new else "already there, reused")
        if not is_new:  # It may have been made by an older version.
            call_command("check_standing", mend=True, stdout=self.stderr)
        self._say("Collecting static files …")
        call_command("collectstatic", verbosity=0, interactive=False)
        self._say("Starting the server …")
        self._serve(port)

    def _serve(self, port):
        server = subprocess.Popen(  # noqa: S603 - our own server, by its full path
            [
                str(Path(sys.executable).parent / "gunicorn"),
                "--config",
                str(settings.BASE_DIR / "gunicorn.conf.py"),
                "--bind",
                f"127.0.0.1:{port}",
                "alliance.wsgi",
            ],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "alliance.settings"},
        )
        base = f"http://127.0.0.1:{port}"
        worker = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"],
            env={**os.environ, "SERVED_AT": base},
        )

        def stop(*_args):
            worker.terminate()
            server.terminate()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        try:
            _wait_for(server, base + reverse("health"))
            for label, path in (
                ("therapist", sign_in_path(demo_user(stories.THEO))),
                ("supervisor", sign_in_path(demo_user(stories.SUPERVISOR))),
                ("client form", reverse("rate", args=[ask_first_client()])),
            ):
                self.stdout.write(f"{label}: {base}{path}")
            self.stdout.flush()
            self._say("E-mails to clients are put into the folder mail/ of the demonstration.")
            self._say(
                "Each link to sign in works once. Stop with Ctrl-C; start again for new links."
            )
            sys.exit(server.wait())
        finally:
            worker.terminate()
            worker.wait()

    def _say(self, what):
        self.stderr.write(what)
        self.stderr.flush()


def _throw_away():
    """Delete the demonstration's own database; another one is not ours to empty."""
    if connection.vendor != "sqlite":
        raise CommandError(
            "RESET=1 begins anew on the embedded database only: empty the one of DATABASE_URL "
            "yourself."
        )
    connection.close()
    database = Path(connection.settings_dict["NAME"])
    for path in (database, *database.parent.glob(f"{database.name}-*")):
        path.unlink(missing_ok=True)


def _refuse_real_data():
    """Leave a database alone that holds a practice which is not invented."""
    is_used = Practice._meta.db_table in connection.introspection.table_names()
    if is_used and Practice.objects.exclude(name=stories.PRACTICE).exists():
        raise CommandError(
            "This database holds a practice that is not invented: the demonstration stays out."
        )


def _refuse_taken(port):
    if not 0 < port < 2**16:
        raise CommandError(f"A port lies between 1 and 65535, and {port} does not.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken: choose another by make demo PORT={port + 1}."
            ) from error


def _wait_for(server, address):
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            raise CommandError("The server did not start; the lines above say why.")
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own, http
                return
        except OSError:
            time.sleep(0.1)
    server.terminate()
    raise CommandError(f"The server did not answer within {READY_WITHIN} seconds.")
