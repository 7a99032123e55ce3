"""The people every test knows.

Theo is a therapist; Sue supervises him. Olga is a therapist in the same
practice, whom Sue does not supervise. Nils works in another practice. Mara
manages the practice and reads no clinical work. Rita is at reception. Root is
a superuser. Cleo is Theo's client; Dora is Olga's; Emil is Nils's.
"""

import importlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from allauth.account.internal.flows import login
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from alliance.asking.actions import request_rating, submit_rating
from alliance.management.commands.database_roles import form_may
from alliance.measures.actions import load_instruments
from alliance.ratings.models import Rating
from alliance.trends.actions import open_trend
from alliance.trends.models import Flag
from alliance.trends.pages import present_trend
from sessions_app.access.actions import found_practice, join_practice, start_supervision
from sessions_app.access.models import Membership, Practice, User
from sessions_app.access.roles import set_up_roles
from sessions_app.clients.actions import add_client
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import log_session
from sessions_app.sessions.models import Session

ITEMS = ("say", "matter", "change", "aim", "suits", "voice")
TRIGGERS = (
    "sessions_app.migrations.0002_promises_kept_by_triggers",
    "sessions_app.migrations.0007_audit_seals",
    "alliance.migrations.0011_licensed_measures",
)
# Two databases of the tests may lie in one cluster, and roles are the cluster's.
ROLES = f"alliance_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
PASSWORD = "correct horse battery staple"


@dataclass
class Cast:
    """Everyone, and one episode for each of the three therapists."""

    practice: Practice
    elsewhere: Practice
    members: dict[str, Membership]
    root: User
    cleo: Episode
    dora: Episode
    emil: Episode

    def __getattr__(self, name):
        """Return the account of a member of staff by first name, as in `cast.theo`."""
        try:
            return self.__dict__["members"][name].user
        except KeyError:
            raise AttributeError(name) from None


def asks_a_database(item):
    """Say whether a test may ask the database: else one engine is as good as the other."""
    fixtures = {"db", "transactional_db", "django_db_setup"}
    return bool(fixtures & set(item.fixturenames)) or bool(item.get_closest_marker("django_db"))


def pytest_collection_modifyitems(config, items):
    """Leave out, on SQLite, what only PostgreSQL promises; there, what asks no database."""
    if connection.vendor == "postgresql":
        elsewhere = [item for item in items if not asks_a_database(item)]
    else:
        elsewhere = [item for item in items if item.get_closest_marker("postgresql")]
    items[:] = [item for item in items if item not in set(elsewhere)]
    config.hook.pytest_deselected(items=elsewhere)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """On PostgreSQL, let the second wall stand as in a practice."""
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            set_up_roles(prefix=ROLES, form_may=form_may(), tell=lambda told: None)


@contextmanager
def working_as(role):
    """Work as one of the database roles; on SQLite there are none."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {ROLES}_{role}")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET SESSION AUTHORIZATION")


@pytest.fixture(autouse=True)
def as_in_a_practice(settings, monkeypatch):
    """Hold to what a practice cannot switch off, though the addresses are the demonstration's.

    `force_login` stands for a sign-in of just now, with a second factor for
    whoever has one. Requests are answered in the database role of the server.
    """
    request = Client.request

    def as_the_server(client, **sent):
        is_public = settings.MIDDLEWARE == settings.PUBLIC_MIDDLEWARE
        with working_as("form" if is_public else "app"):
            return request(client, **sent)

    monkeypatch.setattr(Client, "request", as_the_server)
    settings.SECOND_FACTOR_IS_COMPULSORY = settings.SIGN_OUT_WHEN_IDLE = True
    force_login = Client.force_login

    def sign_in(client, user, backend=None):
        force_login(client, user, backend)
        confirm(client, user)

    monkeypatch.setattr(Client, "force_login", sign_in)


class Clock:
    """A clock that goes by itself only a little, and else as far as it is put forward."""

    def __init__(self):
        self.at = time.time()
        if self.at % 30 > 29:  # A code that is asked for now should still be good when given.
            self.at -= 1

    def __call__(self):
        self.at += 1e-5
        return self.at

    def forward(self, seconds):
        self.at += seconds


@pytest.fixture
def clock(monkeypatch):
    """Codes, limits and sign-ins by a clock of the test's own."""
    told = Clock()
    monkeypatch.setattr(time, "time", told)
    return told


def confirm(client, user, *, seconds_ago=0):
    """Note in the session of `client` when `user` last showed a second factor."""
    session = client.session
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "mfa", "at": time.time() - seconds_ago}
    ]
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()


def give_app(user):
    """Set up an authenticator app for `user`; return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code_of(user, *, steps=0):
    """Return what the app of `user` shows now, or so many half minutes later."""
    app = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    counter = int(time.time()) // 30 + steps
    return format_hotp_value(hotp_value(decrypt(app.data["secret"]), counter))


@pytest.fixture
def cast(db):
    load_instruments()
    practice = found_practice(name="Lindenhof", time_zone=settings.TIME_ZONE)
    elsewhere = found_practice(name="Elsewhere", time_zone=settings.TIME_ZONE)
    roles = {
        "theo": (practice, {"is_clinician": True}),
        "sue": (practice, {"is_clinician": True}),
        "olga": (practice, {"is_clinician": True}),
        "nils": (elsewhere, {"is_clinician": True}),
        "mara": (practice, {"is_manager": True}),
        "rita": (practice, {"is_reception": True}),
    }
    members = {
        name: join_practice(
            practice=where,
            email=f"{name}@example.org",
            name=name.title(),
            started_on=timezone.localdate() - timedelta(days=300),
            **flags,
        )
        for name, (where, flags) in roles.items()
    }
    for member in members.values():
        if member.is_clinician or member.is_manager:
            give_app(member.user)
    start_supervision(
        supervisor=members["sue"],
        therapist=members["theo"],
        started_on=timezone.localdate() - timedelta(days=300),
    )

    def begin(name, code):
        return add_client(
            therapist=members[name],
            code=code,
            by=members[name].user,
            name=f"Name of {code}",
            started_on=timezone.localdate() - timedelta(days=200),
        )

    return Cast(
        practice=practice,
        elsewhere=elsewhere,
        members=members,
        root=User.objects.create_superuser("root@example.org", name="Root"),
        cleo=begin("theo", "CLEO"),
        dora=begin("olga", "DORA"),
        emil=begin("nils", "EMIL"),
    )


@pytest.fixture
def clocks_apart(cast):
    """Let Theo's practice keep the clock of Vienna, winter and summer, and Nils's UTC."""
    for practice, zone in ((cast.practice, "Europe/Vienna"), (cast.elsewhere, "UTC")):
        practice.time_zone = zone
        practice.save(update_fields=["time_zone"])


def hold(episode, *, weeks_ago=0, **values):
    """Log a session of `episode`, held unless said otherwise."""
    return log_session(
        episode=episode,
        starts_at=timezone.now().replace(second=0, microsecond=0)
        - timedelta(weeks=weeks_ago, hours=1),
        by=episode.therapist.user,
        **values,
    )


def ask(session, respondent="client"):
    """Ask for a rating; return the request and its secret."""
    return request_rating(
        session=session,
        respondent=respondent,
        channel="link",
        by=session.episode.therapist.user,
    )


def rate(session, marks, *, respondent="client", **said):
    """Rate `session`: six marks, or one for all, None for a skipped statement."""
    if not isinstance(marks, list | tuple):
        marks = [marks] * len(ITEMS)
    asked, _secret = ask(session, respondent)
    return submit_rating(request=asked, answers=dict(zip(ITEMS, marks, strict=True)), **said)


def run(episode, totals):
    """Hold a session a week, the last one now; rate each that has a total."""
    sessions = []
    for back, total in zip(reversed(range(len(totals))), totals, strict=True):
        session = hold(episode, weeks_ago=back)
        if total is not None:
            rate(session, total)
        sessions.append(session)
    return sessions


def look(episode, by):
    """Open the trend of `episode` as its page does, and return what was shown."""
    is_holder = by == episode.therapist.user
    page = present_trend(episode, is_holder=is_holder, reader=by)
    open_trend(episode=episode, by=by, shown=page.ratings if is_holder else None)
    return page


def let_a_day_pass(episode):
    """Set back all that was said and flagged of `episode`, by a little more than a day."""
    day = timedelta(hours=24, seconds=1)
    Rating.objects.filter(session__episode=episode).update(submitted_at=F("submitted_at") - day)
    Flag.objects.filter(episode=episode).update(raised_at=F("raised_at") - day)


@pytest.fixture
def sessions(cast):
    """One held session in each of the three episodes, by the client's name."""
    return {name: hold(getattr(cast, name)) for name in ("cleo", "dora", "emil")}


@pytest.fixture
def committed(transactional_db):
    """Real commits, for tests in which two act at once.

    Emptying the tables afterwards needs the triggers out of the way. Tests with
    real commits run after all others, and each puts the triggers back first.
    """
    migrations = [importlib.import_module(name) for name in TRIGGERS]
    with connection.schema_editor() as editor:
        for migration in migrations:
            migration.create(None, editor)
    cache.clear()
    yield
    with connection.schema_editor() as editor:
        for migration in migrations:
            migration.drop(None, editor)


def asked_of_tables(captured):
    """Return what tables were asked, without what begins a transaction and binds a person."""
    told = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in told if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]


__all__ = ["Session", "ask", "asked_of_tables", "hold", "let_a_day_pass", "look", "rate", "run"]
