"""Keys are changed while people go on working, and nothing is lost on the way."""

import contextlib
import io
import threading
import time
from collections import Counter

import pytest
from allauth.mfa import utils as factors
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings

from alliance.ratings.models import Comment
from sessions_app.access import rotation
from sessions_app.access.fields import as_stored
from sessions_app.access.rotation import places, survey
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session
from sessions_app.sessions.models import Session
from tests.conftest import hold, rate

EARLIER = {"k1": bytes(range(32))}
BOTH = {"k2": bytes(range(1, 33)), **EARLIER}
BACK = {**EARLIER, "k2": BOTH["k2"]}
LATER = {"k2": BOTH["k2"]}


def run_command(*options):
    """Run `rotate_keys` and return what it printed."""
    printed = io.StringIO()
    call_command("rotate_keys", *options, stdout=printed, stderr=printed)
    return printed.getvalue()


def keys_in_use():
    return sum((survey(place).keys for place in places()), Counter())


@pytest.fixture
def texts(cast):
    """Store, under the earlier key, three names, four notes, a comment, and a second factor."""
    with override_settings(FIELD_KEYS=EARLIER):
        ClientIdentity.objects.all().delete()
        Authenticator.objects.all().delete()
        for episode in (cast.cleo, cast.dora, cast.emil):
            ClientIdentity.objects.create(client=episode.client, name=f"Name of {episode.client}")
        sessions = [hold(cast.cleo, weeks_ago=back, note=f"Note {back}") for back in range(4)]
        rate(sessions[0], 7, comment="A little slower, please.")
        hold(cast.dora)
        Authenticator.objects.all().delete()
        Authenticator.objects.create(
            user=cast.theo, type="totp", data={"secret": factors.encrypt("JBSWY3DP")}
        )
        Authenticator.objects.create(
            user=cast.theo,
            type="recovery_codes",
            data={"seed": factors.encrypt("5eed"), "used_mask": 3},
        )
    return sessions


def read_everything():
    return (
        sorted(identity.name for identity in ClientIdentity.objects.all()),
        sorted(session.note for session in Session.objects.all()),
        [comment.text for comment in Comment.objects.all()],
        [
            (factors.decrypt(row.data.get("secret") or row.data["seed"]), row.data.get("used_mask"))
            for row in Authenticator.objects.order_by("pk")
        ],
    )


# --- The command -----------------------------------------------------------------------


def test_everything_is_encrypted_under_the_first_key_and_says_the_same(texts):
    with override_settings(FIELD_KEYS=BOTH):
        before = read_everything()
        assert keys_in_use() == {"k1": 10}
        told = run_command()
        assert keys_in_use() == {"k2": 10}
    assert before[3] == [("JBSWY3DP", None), ("5eed", 3)]
    assert "sessions_app.Session.note: 4 texts (k2: 4), 4 encrypted anew\n" in told
    assert "mfa.Authenticator.secret: 1 texts (k2: 1), 1 encrypted anew\n" in told
    assert told.endswith("All 10 texts decrypt; 10 are under “k2”.\n")
    with override_settings(FIELD_KEYS=LATER):
        assert read_everything() == before
        assert "Session.note: 4 texts (k2: 4), 0 encrypted anew" in run_command()


def test_a_check_reads_everything_and_writes_nothing(texts):
    with override_settings(FIELD_KEYS=BOTH):
        told = run_command("--check")
        assert keys_in_use() == {"k1": 10}
    assert "sessions_app.Session.note: 4 texts (k1: 4)\n" in told
    assert told.endswith("All 10 texts decrypt; 0 are under “k2”.\n")


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_without_the_earlier_key_it_fails_loudly_and_changes_nothing(texts, options):
    stored = Session.objects.order_by("pk").values_list(as_stored("note"), flat=True)
    before = list(stored)
    with override_settings(FIELD_KEYS=LATER), pytest.raises(CommandError, match="10 of 10 texts"):
        run_command(*options)
    assert list(stored) == before


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_a_text_that_does_not_decrypt_is_named_and_the_others_go_on(texts, options):
    one, other, *_rest = texts
    field = Session._meta.get_field("note")
    with override_settings(FIELD_KEYS=EARLIER):
        Session.objects.filter(pk=one.pk).update(note=field.seal("Moved here.", other.pk))
    printed = io.StringIO()
    with (
        override_settings(FIELD_KEYS=BOTH),
        pytest.raises(CommandError, match="1 of 10 texts do not decrypt"),
    ):
        call_command("rotate_keys", *options, stdout=printed, stderr=printed)
    assert f"sessions_app_session.note:{one.pk} does not decrypt" in printed.getvalue()
    assert "Moved here" not in printed.getvalue()
    with override_settings(FIELD_KEYS=BOTH):
        assert keys_in_use() == ({"k1": 10} if options else {"k2": 9, "k1": 1})


def test_it_goes_on_where_it_was_broken_off(texts, monkeypatch):
    class PowerCut(Exception):
        pass

    written = []
    write = rotation.Column.write

    def write_five(place, pk, text):
        if len(written) == 5:
            raise PowerCut
        written.append(pk)
        write(place, pk, text)

    monkeypatch.setattr(rotation, "BATCH", 2)
    with override_settings(FIELD_KEYS=BOTH):
        before = read_everything()
        with monkeypatch.context() as broken:
            broken.setattr(rotation.Column, "write", write_five)
            with pytest.raises(PowerCut):
                run_command()
        assert keys_in_use() in ({"k2": 4, "k1": 6}, {"k2": 5, "k1": 5})
        assert read_everything() == before
        run_command()
        assert keys_in_use() == {"k2": 10}
        assert read_everything() == before


def test_what_is_left_under_another_key_is_counted_and_the_command_fails(texts, monkeypatch):
    monkeypatch.setattr(rotation, "ROUNDS", 0)
    with (
        override_settings(FIELD_KEYS=BOTH),
        pytest.raises(CommandError, match="10 of 10 texts are under another key: run it again"),
    ):
        run_command()


# --- While people go on working --------------------------------------------------------


def in_threads(*deeds):
    """Start each deed in a thread with a connection of its own; return how to wait for them."""
    failures = []

    def do(deed):
        try:
            deed()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()

    def join():
        for thread in threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in threads)
        assert failures == []

    return join


def test_a_row_that_somebody_is_writing_is_left_to_them_and_renewed_afterwards(
    committed, texts, monkeypatch
):
    session = texts[0]
    is_held, was_passed_by = threading.Event(), threading.Event()

    def write_slowly():
        with transaction.atomic():
            Session.objects.select_for_update().get(pk=session.pk)
            Session.objects.filter(pk=session.pk).update(note=by_the_earlier_key)
            is_held.set()
            was_passed_by.wait(timeout=1)

    def pause(seconds):
        was_passed_by.set()
        time.sleep(seconds)

    monkeypatch.setattr(rotation, "sleep", pause)
    with override_settings(FIELD_KEYS=EARLIER):
        # What a server writes that has not read the new key yet.
        by_the_earlier_key = Session._meta.get_field("note").seal("Written slowly.", session.pk)
    with override_settings(FIELD_KEYS=BOTH):
        join = in_threads(write_slowly)
        is_held.wait(timeout=10)
        run_command()
        join()
        assert keys_in_use() == {"k2": 10}
        assert Session.objects.get(pk=session.pk).note == "Written slowly."
    # On SQLite only one writes at a time, so there we wait instead.
    assert was_passed_by.is_set() is (connection.vendor == "postgresql")


def test_of_what_is_written_meanwhile_nothing_is_lost(committed, cast, monkeypatch):
    """Three therapists correct their notes while the keys change there and back."""
    monkeypatch.setattr(rotation, "BATCH", 7)
    monkeypatch.setattr(rotation, "PAUSE", 0.01)
    ClientIdentity.objects.all().delete()
    Authenticator.objects.all().delete()
    with override_settings(FIELD_KEYS=EARLIER):
        sessions = {
            episode: [hold(episode, weeks_ago=back, note="At first.") for back in range(4)]
            for episode in (cast.cleo, cast.dora, cast.emil)
        }
    acknowledged, writes, is_over = {}, [], threading.Event()

    def correct(rows, by):
        while not is_over.is_set():
            for row in rows:
                text = f"Correction {len(writes)} of {row.pk}."
                correct_session(session=row, by=by, note=text)
                acknowledged[row.pk] = text
                writes.append(text)
                time.sleep(0.01)

    correctors = [
        lambda rows=rows, by=episode.therapist.user: correct(rows, by)
        for episode, rows in sessions.items()
    ]
    with override_settings(FIELD_KEYS=BOTH):
        join = in_threads(*correctors)
        try:
            began = time.monotonic()
            while len(writes) < 100 and time.monotonic() - began < 60:
                # The command fails where somebody has just written under the other key.
                with contextlib.suppress(CommandError):
                    run_command()
                with override_settings(FIELD_KEYS=BACK), contextlib.suppress(CommandError):
                    run_command()
        finally:
            is_over.set()
        join()
        run_command()
    with override_settings(FIELD_KEYS=LATER):
        assert len(writes) >= 100
        assert {row.pk: row.note for row in Session.objects.all()} == acknowledged
        assert keys_in_use() == {"k2": 12}
