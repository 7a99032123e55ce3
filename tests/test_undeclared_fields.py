"""Nobody changes by a form what the form does not ask.

Every form address is sent what is valid, and once more with the name of every
column of every table beside it. What happens to the rows must be the same.
"""

from collections import Counter
from datetime import datetime

import pytest
from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from sessions_app.access.models import AuditEvent
from sessions_app.clients.models import Client
from tests.fuzz.every_address import ask, cookies_of
from tests.fuzz.mutations import Case, as_form
from tests.fuzz.targets import ALONE, SEALED, STAFF, TABLET, addresses, targets

OURS = ("sessions_app", "alliance", "mfa")
# New each time, whatever was sent.
NEVER_ALIKE = {"token_digest", "pairing_digest", "key_digest", "password", "data"}
# When a tablet was last heard of is kept of every request, whatever it says.
OF_ANY_REQUEST = {"last_seen_at"}
MOST_AT_ONCE = 150  # Django takes 200 fields in one form.
# These refuse a form in which anything stands that they did not ask.
REFUSING = {"rate", "handed-over", "tablet"}


def tables():
    return [model for app in OURS for model in apps.get_app_config(app).get_models()]


def snapshot():
    """Return every row of every table, by table and id."""
    return {
        (model, row.pk): {
            field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields
        }
        for model in tables()
        for row in model.objects.all()
    }


def comparable(field, row, known, now):
    """Return a value without what differs from one time to the next: ids made anew, and moments."""
    value = row[field.attname]
    if field.attname in NEVER_ALIKE:
        return "never alike"
    if isinstance(value, datetime):
        return round((value - now).total_seconds() / 600)
    pointed_at = field.related_model or (field.model if field.primary_key else None)
    if field.model is AuditEvent and field.attname in {"target_id", "client_id"}:
        is_target = field.attname == "target_id"
        pointed_at = apps.get_model(row["target_model"]) if is_target else Client
    if pointed_at and value is not None and (pointed_at, str(value)) not in known:
        return "new"
    return str(value)


def differences(before, after, now):
    """Return what was added, changed and taken away, in a form that can be compared."""
    known = {(model, str(pk)) for model, pk in before}
    found = Counter()
    for (model, pk), row in after.items():
        is_new = (model, pk) not in before
        changed = tuple(
            (field.attname, comparable(field, row, known, now))
            for field in model._meta.concrete_fields
            if field.attname not in OF_ANY_REQUEST
            if is_new or before[model, pk][field.attname] != row[field.attname]
        )
        if changed:
            found[model.__name__, "new" if is_new else str(pk), changed] += 1
    for model, pk in set(before) - set(after):
        found[model.__name__, str(pk), "taken away"] += 1
    return found


def odd(field):
    """Return a value that this column would take, and that stands nowhere by itself."""
    if field.remote_field:
        row = field.related_model.objects.order_by("pk").last()
        return str(row.pk) if row else "1"
    if field.choices:
        return str(list(field.choices)[-1][0])
    kinds = {
        models.BooleanField: "on",
        models.IntegerField: "99",
        models.FloatField: "9.5",
        models.DateTimeField: "2020-02-02T20:20",
        models.DateField: "2020-02-02",
        models.UUIDField: "12345678-1234-4234-8234-123456789012",
        models.EmailField: "undeclared@example.org",
        models.JSONField: '{"undeclared": 1}',
    }
    return next((value for kind, value in kinds.items() if isinstance(field, kind)), "undeclared")


def undeclared(declared):
    """Return the name of every column, with a value, but those that the form asks."""
    found = {
        name: odd(field)
        for model in tables()
        for field in model._meta.concrete_fields
        for name in (field.name, field.attname)
    }
    return [pair for pair in sorted(found.items()) if pair[0] not in declared]


def declared_by(target, jar):
    """Return the names that this address asks: of its form, and of what is valid there."""
    with transaction.atomic():
        answer = ask(target, Case("GET", target.path, []), jar)
        transaction.set_rollback(True)
    forms = [
        value
        for context in answer.context or []
        for layer in context.dicts
        for value in layer.values()
        if hasattr(value, "fields") and hasattr(value, "is_bound")
    ]
    return {name for form in forms for name in form.fields} | {
        name for name, _value in target.pairs()
    }


def changes(target, jar, extra):
    """Send what is valid and `extra`; return the answer's status and what became of the rows."""
    with transaction.atomic():
        before, now = snapshot(), timezone.now()
        case = Case("POST", target.path, [], as_form([*target.pairs(), *extra]))
        status = ask(target, case, jar).status_code
        found = differences(before, snapshot(), now)
        transaction.set_rollback(True)
    return status, found


@pytest.fixture
def forms(cast, settings):
    """Every address that takes a form, with the cookies of somebody whom it admits."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    everything = list(targets(cast))
    return [
        (target, cookies_of(target.browser))
        for target in everything
        if target.valid is not None and not target.is_json and target.urls != ALONE
    ]


def test_only_what_a_form_declares_changes_anything(forms):
    changing, names = 0, set()
    for target, jar in forms:
        status, plain = changes(target, jar, [])
        assert status == target.accepted, target.name
        extra = undeclared(declared_by(target, jar))
        assert len(extra) > 100
        for start in range(0, len(extra), MOST_AT_ONCE):
            told = extra[start : start + MOST_AT_ONCE]
            _status, found = changes(target, jar, told)
            expected = Counter() if target.name in REFUSING else plain
            assert found == expected, target.name
        changing += bool(plain)
        names.add(target.name)
    assert {"client-create", "session-edit", "member-duties", "invite", "rate", "tablet"} <= names
    assert changing >= 60


def test_every_address_is_among_those_that_are_bent(cast):
    known = {(target.urls, target.name) for target in targets(cast)}
    for urls in (STAFF, SEALED, TABLET, ALONE):
        assert {(urls, name) for name in addresses(urls)} <= known


def test_a_change_that_no_form_declares_would_be_noticed(cast):
    """The comparison itself: it sees one column of one row."""
    before, now = snapshot(), timezone.now()
    assert differences(before, snapshot(), now) == {}
    member = cast.members["rita"]
    member.is_manager = True
    member.save()
    expected = ("Membership", str(member.pk), (("is_manager", "True"),))
    assert differences(before, snapshot(), now) == {expected: 1}
