"""The daily chain over the trail: whoever changes what was written down is found out."""

import hashlib
import io
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from sessions_app.access.actions import seal_trail
from sessions_app.access.models import AuditEvent, AuditSeal
from sessions_app.access.seals import FIRST, last_complete_day, line_of, seal_of

TRIGGERS = [
    import_module(f"sessions_app.migrations.{name}")
    for name in ("0002_promises_kept_by_triggers", "0007_audit_seals")
]


def day_ago(days):
    return last_complete_day() - timedelta(days=days)


def write(day, verb="client.met", **values):
    """Write an event that bears the noon of `day`."""
    told = {"target_model": "sessions_app.Client", "target_id": "1", **values}
    return AuditEvent.objects.create(at=datetime.combine(day, time(12), UTC), verb=verb, **told)


def drop_triggers():
    """Do what whoever owns the database can do: take the triggers away."""
    connection.check_constraints()  # PostgreSQL takes none away while checks are pending.
    for migration in TRIGGERS:
        migration.drop(None, SimpleNamespace(connection=connection))


def verify(*arguments):
    """Run the command; return all that it said, and whether it failed."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return f"{err.getvalue()}{error}\n{out.getvalue()}", True
    return f"{err.getvalue()}{out.getvalue()}", False


@pytest.fixture
def sealed(cast):
    """Four days: three events on the first, none on the second, two on each of the others."""
    for days, count in ((3, 3), (1, 2), (0, 2)):
        for _time in range(count):
            write(day_ago(days), actor=cast.theo, practice=cast.practice, fields=["code"])
    seal_trail()
    return cast


# --- The digest of a day ----------------------------------------------------------------


def test_a_line_is_every_column_in_order_with_signs_beyond_ascii_escaped():
    event = AuditEvent(
        id=7,
        at=datetime(2026, 1, 31, 23, 59, 59, 1000, UTC),
        actor_id=3,
        verb="client.met",
        target_model="sessions_app.Client",
        target_id="x",
        fields=["code", "name"],
        reason="Größe",
    )
    assert line_of(event) == (
        '[7,"2026-01-31T23:59:59.001000+00:00",3,null,"client.met","sessions_app.Client","x",'
        'null,["code","name"],"Gr\\u00f6\\u00dfe"]'
    )


def test_every_column_of_an_event_is_in_its_line(cast):
    event = write(day_ago(0), actor=cast.theo, practice=cast.practice, client_id=cast.cleo.pk)
    event.refresh_from_db()
    told = line_of(event)
    changed = {
        "id": 0,
        "at": event.at + timedelta(microseconds=1),
        "actor_id": cast.sue.pk,
        "practice_id": cast.elsewhere.pk,
        "verb": "x",
        "target_model": "x",
        "target_id": "x",
        "client_id": cast.dora.pk,
        "fields": ["x"],
        "reason": "x",
    }
    assert set(changed) == {field.attname for field in AuditEvent._meta.concrete_fields}
    for name, value in changed.items():
        other = AuditEvent.objects.get(pk=event.pk)
        setattr(other, name, value)
        assert line_of(other) != told, name


def test_a_digest_is_that_of_the_day_before_the_day_and_the_lines():
    day = date(2026, 1, 31)
    events = [AuditEvent(id=number, at=datetime(2026, 1, 31, tzinfo=UTC)) for number in (1, 2)]
    text = f"{FIRST}\n2026-01-31\n{line_of(events[0])}\n{line_of(events[1])}\n"
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert seal_of(day, events, previous=FIRST) == (2, expected)


def test_the_digest_depends_on_the_order_the_day_and_what_came_before():
    events = [AuditEvent(id=number, at=datetime(2026, 1, 31, tzinfo=UTC)) for number in (1, 2)]
    seals = {
        seal_of(day, told, previous=previous)
        for day in (date(2026, 1, 31), date(2026, 2, 1))
        for told in (events, events[::-1], events[:1])
        for previous in (FIRST, "1" * 64)
    }
    assert len(seals) == 12


# --- Sealing ----------------------------------------------------------------------------


def test_every_complete_day_is_sealed_once_also_one_without_events(sealed):
    seals = list(AuditSeal.objects.order_by("day"))
    assert [seal.day for seal in seals] == [day_ago(days) for days in (3, 2, 1, 0)]
    assert [seal.events for seal in seals] == [3, 0, 2, 2]
    assert [seal.previous for seal in seals] == [FIRST, *(seal.digest for seal in seals[:-1])]
    assert seal_trail() == []


def test_where_nothing_has_happened_yet_there_is_nothing_to_seal(db):
    assert seal_trail() == []
    assert "0 days" in verify()[0]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 3, 2, 0, 59, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 3, 2, 1, 0, tzinfo=UTC), date(2026, 3, 1)),
    ],
)
def test_a_day_is_complete_an_hour_after_its_end(monkeypatch, now, last):
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert last_complete_day() == last


def test_an_event_at_midnight_belongs_to_the_day_that_begins(db):
    day = day_ago(1)
    midnight = datetime.combine(day, time(), UTC)
    told = {"verb": "x", "target_model": "x", "target_id": "1"}
    for moment in (midnight, midnight - timedelta(milliseconds=1)):
        AuditEvent.objects.create(at=moment, **told)
    assert [(seal.day, seal.events) for seal in seal_trail()][:2] == [
        (day - timedelta(days=1), 1),
        (day, 1),
    ]


def test_a_later_run_goes_on_from_the_last_seal(sealed, monkeypatch):
    newest = AuditSeal.objects.latest("day")
    later = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    (made,) = seal_trail()
    assert (made.day, made.previous) == (newest.day + timedelta(days=1), newest.digest)


# --- Looking it over --------------------------------------------------------------------


def test_an_untouched_trail_passes_and_its_newest_seal_is_printed(sealed):
    newest = AuditSeal.objects.latest("day")
    said, failed = verify()
    assert not failed
    assert said == f"4 days looked over, 0 sealed now\nNewest seal: {newest.day}:{newest.digest}\n"
    assert not verify("--expect", f"{newest.day}:{newest.digest}")[1]


def test_what_is_due_is_sealed_unless_one_only_looks(cast):
    write(day_ago(1))
    assert "0 days looked over, 0 sealed now" in verify("--check")[0]
    assert not AuditSeal.objects.exists()
    assert "0 days looked over, 2 sealed now" in verify()[0]
    assert "2 days looked over, 0 sealed now" in verify()[0]


def change():
    event = AuditEvent.objects.filter(verb="client.met").earliest("pk")
    AuditEvent.objects.filter(pk=event.pk).update(actor=None)


def take_out():
    AuditEvent.objects.filter(verb="client.met").earliest("pk").delete()


def replace():
    take_out()
    write(day_ago(3), verb="client.changed")


def move_to_today():
    event = AuditEvent.objects.filter(verb="client.met").earliest("pk")
    AuditEvent.objects.filter(pk=event.pk).update(at=timezone.now())


def change_a_seal():
    AuditSeal.objects.filter(day=day_ago(1)).update(digest="1" * 64)


def take_out_a_seal():
    AuditSeal.objects.filter(day=day_ago(1)).delete()


def take_out_the_first_seal():
    AuditSeal.objects.filter(day=day_ago(3)).delete()


@pytest.mark.parametrize(
    ("tamper", "days", "words"),
    [
        (change, 3, "3 sealed, 3 there, but not the same"),
        (take_out, 3, "3 sealed, 2 there, 1 missing"),
        (replace, 3, "3 sealed, 3 there, but not the same"),
        (move_to_today, 3, "3 sealed, 2 there, 1 missing"),
        (lambda: write(day_ago(3)), 3, "3 sealed, 4 there, 1 added afterwards"),
        (lambda: write(day_ago(2)), 2, "0 sealed, 1 there, 1 added afterwards"),
        (change_a_seal, 1, "2 sealed, 2 there, but not the same"),
        (take_out_a_seal, 0, "no seal between"),
        (take_out_the_first_seal, 2, "does not follow that of the beginning"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.parametrize("options", [[], ["--check"]])
def test_what_was_changed_without_triggers_is_told_with_its_day(
    sealed, tamper, days, words, options
):
    drop_triggers()
    tamper()
    said, failed = verify(*options)
    assert failed
    assert any(
        line.startswith(f"{day_ago(days)}:") and words in line for line in said.splitlines()
    ), said


def test_what_is_added_before_the_first_day_needs_no_trigger_gone_and_is_told(sealed):
    write(day_ago(4))
    said, failed = verify()
    assert failed
    assert f"before {day_ago(3)}, the first day sealed: 1 added afterwards" in said


def test_one_changed_day_is_told_once_and_the_later_ones_are_not_blamed(sealed):
    drop_triggers()
    change()
    said, _failed = verify()
    assert "One thing does not match" in said
    assert str(day_ago(1)) not in said


def test_a_trail_sealed_anew_after_a_change_is_caught_by_a_seal_kept_elsewhere(sealed):
    kept = str(AuditSeal.objects.latest("day"))
    drop_triggers()
    change()
    AuditSeal.objects.all().delete()
    assert not verify()[1]  # By itself the new chain is whole.
    said, failed = verify("--expect", kept)
    assert failed
    assert "not the one kept elsewhere" in said


def test_a_seal_taken_out_at_the_end_is_caught_by_one_kept_elsewhere(sealed):
    kept = str(AuditSeal.objects.latest("day"))
    drop_triggers()
    AuditSeal.objects.latest("day").delete()
    said, failed = verify("--check", "--expect", kept)
    assert failed
    assert "there is no seal" in said


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-01-31:abc", f"2026-02-30:{FIRST}", f"yesterday:{FIRST}"]
)
def test_a_seal_that_cannot_be_read_is_refused(db, text):
    said, failed = verify("--expect", text)
    assert failed
    assert "2026-01-31" in said


def test_the_seals_cannot_be_emptied_at_one_stroke(sealed):
    connection.check_constraints()
    deed = "TRUNCATE" if connection.vendor == "postgresql" else "DELETE FROM"
    with pytest.raises(IntegrityError, match="seal_is_never_deleted"), transaction.atomic():
        connection.cursor().execute(f"{deed} sessions_app_auditseal")
    assert AuditSeal.objects.exists()
