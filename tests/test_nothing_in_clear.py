"""What people enter is nowhere in clear: in no table, file, log or error mail."""

import io
import logging
import secrets
import sys
from pathlib import Path

import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.log import AdminEmailHandler

from alliance.goals.models import Goal
from alliance.logs import MaskSecrets, Report
from alliance.ratings.models import Comment
from sessions_app.access.encryption import SIGN, make_key, read_keys
from sessions_app.clients.models import ClientIdentity, Episode
from sessions_app.sessions.models import Session
from tests.conftest import ITEMS, ask, hold

NUMBER = 50


@pytest.fixture
def written():
    """Return all that is logged from here on: far more than is, SQL and its parameters too."""
    told = io.StringIO()

    class Keep(logging.Handler):
        def emit(self, record):
            told.write(f"{self.format(record)}\n")

    handler = Keep()
    handler.setFormatter(MaskSecrets())
    levels = {"": logging.INFO, "django": logging.INFO, "django.db.backends": logging.DEBUG}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger().addHandler(handler)
    connection.force_debug_cursor = True
    yield told
    connection.force_debug_cursor = False
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def reports(settings):
    """Have errors mailed, as Django would: with the page of the debugger attached."""
    settings.ADMINS = [("Operator", "operator@example.org")]
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield lambda: [
        str(part)
        for letter in mail.outbox
        for part in (letter.subject, letter.body, *letter.alternatives, letter.message())
    ]
    logger.removeHandler(handler)


def dump():
    """Return all that a thief of the database would have."""
    if connection.vendor == "sqlite":
        name = connection.settings_dict["NAME"]
        files = [Path(f"{name}{part}") for part in ("", "-wal", "-shm", "-journal")]
        return b"".join(file.read_bytes() for file in files if file.exists())
    copied = io.BytesIO()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', copied)
    return copied.getvalue()


def held():
    return {
        "happened": "held",
        "starts_at": f"{timezone.localtime():%Y-%m-%dT%H:%M}",
        "minutes": 50,
        "setting": "in_person",
    }


def answered():
    return {"sent": "1", **dict.fromkeys(ITEMS, "7")}


def fill_in(client, cast):
    """Enter fifty markers through the forms, and return them."""
    markers = [f"Marker{number}{secrets.token_hex(6)}" for number in range(NUMBER)]
    left = iter(markers)
    client.force_login(cast.theo)
    for number in range(NUMBER // 5):
        page = client.post(
            reverse("client-create"),
            {
                "therapist": cast.members["theo"].pk,
                "code": f"CODE-{number}",
                "modality": "individual",
                "language": "en",
                "name": next(left),
                "email": f"{next(left)}@example.org",
            },
        )
        assert page.status_code == 302
        episode = Episode.objects.get(client__code=f"CODE-{number}")
        address = reverse("session-create", args=[episode.pk])
        assert client.post(address, {**held(), "note": next(left)}).status_code == 302
        session = Session.objects.get(episode=episode)
        address = reverse("session-edit", args=[session.pk])
        assert client.post(address, {**held(), "note": next(left)}).status_code == 302
        _asked, secret = ask(session)
        address = reverse("rate", args=[secret])
        assert client.post(address, {**answered(), "comment": next(left)}).status_code == 302
    return markers


def test_fifty_markers_entered_through_the_forms_are_nowhere_in_clear(
    committed, cast, client, written, reports
):
    markers = fill_in(client, cast)
    entered = [
        *(f"{told.name} {told.email}" for told in ClientIdentity.objects.all()),
        *(session.note for session in Session.objects.all()),
        *(comment.text for comment in Comment.objects.all()),
    ]
    # They arrived; the first of two notes was replaced by the second.
    assert sum(marker in " ".join(entered) for marker in markers) == NUMBER * 4 // 5

    stolen = dump()
    assert all(f"CODE-{number}".encode() in stolen for number in range(NUMBER // 5))
    assert stolen.count(SIGN.encode()) >= NUMBER * 4 // 5
    lowered = stolen.lower()
    assert [marker for marker in markers if marker.lower().encode() in lowered] == []

    logged = written.getvalue()
    assert "INSERT INTO" in logged
    assert SIGN in logged
    assert [marker for marker in markers if marker in logged] == []
    assert [marker for marker in markers if marker in " ".join(reports())] == []


def test_goals_and_why_they_ended_are_nowhere_in_clear(committed, cast, client, written, reports):
    first, second, why = (f"Marker{secrets.token_hex(6)}" for _time in range(3))
    client.force_login(cast.theo)
    sent = {"words": first, "agreed_on": f"{timezone.localdate():%Y-%m-%d}"}
    assert client.post(reverse("goals", args=[cast.cleo.pk]), sent).status_code == 302
    address = reverse("goal", args=[Goal.objects.get().pk])
    assert client.post(address, {"words": second}).status_code == 302
    assert client.post(address, {"ending": "reached", "remark": why}).status_code == 302
    goal = Goal.objects.get()
    assert (goal.words, goal.remark) == (second, why)
    lowered, logged = dump().lower(), written.getvalue()
    assert "INSERT INTO" in logged
    for marker in (first, second, why):
        assert marker.lower().encode() not in lowered
        assert marker not in logged
        assert marker not in " ".join(reports())


def test_a_report_of_an_error_says_where_it_broke_and_nothing_that_was_entered(
    cast, client, written, reports, monkeypatch
):
    note, comment, told = (f"Marker{secrets.token_hex(6)}" for _time in range(3))
    _asked, secret = ask(hold(cast.cleo, weeks_ago=1))

    def refuse(**entered):
        raise IntegrityError(f"A row is refused.\nDETAIL:  It holds ({told}).")

    monkeypatch.setattr("sessions_app.sessions.views.log_session", refuse)
    monkeypatch.setattr("alliance.asking.answering.submit_rating", refuse)
    client.force_login(cast.theo)
    client.raise_request_exception = False
    for address, values in [
        (reverse("session-create", args=[cast.cleo.pk]), {**held(), "note": note}),
        (reverse("rate", args=[secret]), {**answered(), "comment": comment}),
    ]:
        page = client.post(address, values)
        assert page.status_code == 500
        assert not any(marker in page.content.decode() for marker in (note, comment, told))
    mailed = " ".join(reports())
    logged = written.getvalue()
    for shown in (mailed, logged):
        assert "A row is refused." in shown
        assert "in session_create" in shown
        assert [marker for marker in (note, comment, told) if marker in shown] == []
    assert len(mail.outbox) == 2
    assert secret not in logged


def test_a_report_of_a_wrong_key_tells_neither_the_text_nor_what_is_stored(
    cast, client, written, reports
):
    client.raise_request_exception = False
    with override_settings(FIELD_KEYS=read_keys(make_key())):
        client.force_login(cast.theo)  # A sign-in under another key would be over.
        assert client.get(reverse("episode", args=[cast.cleo.pk])).status_code == 500
    assert "is not among FIELD_KEYS" in " ".join(reports())
    assert SIGN not in " ".join(reports())


def test_while_debugging_a_report_shows_what_was_entered(rf, settings):
    settings.DEBUG = True
    request = rf.post("/", {"note": "Entered."})
    try:
        here = "Worked out."
        raise RuntimeError(f"Broken with {len(here)} letters.")
    except RuntimeError:
        report = Report(request, *sys.exc_info()).get_traceback_html()
    assert "Entered." in report
    assert "Worked out." in report
