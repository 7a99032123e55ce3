"""Encrypting anew under the key that comes first, while people go on working.

Each place is a set of rows with one encrypted text each: a column, or a slot
of the JSON in which django-allauth keeps second factors.
"""

from collections import Counter
from dataclasses import dataclass, field
from time import sleep

from allauth.mfa import utils as factors
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import transaction
from django.db.models.fields.json import KT

from sessions_app.access.encryption import EncryptionError, current_key, decrypt, key_of
from sessions_app.access.fields import EncryptedTextField, as_stored

BATCH = 100
# A row that somebody is writing just then is left to them, and tried again a little later.
ROUNDS = 20
PAUSE = 0.25


class Column:
    """An encrypted field of a table."""

    def __init__(self, encrypted):
        self.field = encrypted
        self.name = str(encrypted)
        self.rows = encrypted.model._base_manager.exclude(**{encrypted.name: ""})
        self.stored = as_stored(encrypted.name)

    def open(self, pk, token):
        return decrypt(token, context=self.field.context(pk))

    def write(self, pk, text):
        self.rows.filter(pk=pk).update(**{self.field.name: self.field.seal(text, pk)})


class Factor:
    """What one kind of second factor rests on."""

    def __init__(self, kind, slot):
        self.slot = slot
        self.name = f"{Authenticator._meta.label}.{slot}"
        self.rows = Authenticator.objects.filter(type=kind, data__has_key=slot)
        self.stored = KT(f"data__{slot}")

    def open(self, pk, token):
        return factors.decrypt(token)

    def write(self, pk, text):
        row = self.rows.get(pk=pk)
        row.data[self.slot] = factors.encrypt(text)
        row.save(update_fields=["data"])


def places():
    """Return every place in which an encrypted text is kept."""
    columns = [
        Column(encrypted)
        for model in apps.get_models()
        for encrypted in model._meta.local_concrete_fields
        if isinstance(encrypted, EncryptedTextField)
    ]
    return [
        *columns,
        Factor(Authenticator.Type.TOTP, "secret"),
        Factor(Authenticator.Type.RECOVERY_CODES, "seed"),
    ]


@dataclass
class Survey:
    """How many texts lie under which key, and what does not decrypt."""

    keys: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def survey(place):
    """Decrypt every text of a place, and count them by key."""
    found = Survey()
    for pk, token in place.rows.order_by("pk").values_list("pk", place.stored).iterator():
        found.keys[key_of(token)] += 1
        try:
            place.open(pk, token)
        except EncryptionError as error:
            found.failures.append(str(error))
    return found


def rotate(place):
    """Encrypt what lies under an earlier key under the first; return how many texts that were.

    It can be broken off and begun again at any time. What does not decrypt
    stays as it is, and is for `survey` to tell.
    """
    renewed: set = set()
    failed: set = set()
    for attempt in range(ROUNDS):
        stored = place.rows.order_by("pk").values_list("pk", place.stored)
        waiting = [
            pk
            for pk, token in stored.iterator()
            if key_of(token) != current_key() and pk not in failed
        ]
        if not waiting:
            break
        if attempt:
            sleep(PAUSE)
        for start in range(0, len(waiting), BATCH):
            _renew(place, waiting[start : start + BATCH], renewed, failed)
    return len(renewed)


@transaction.atomic
def _renew(place, pks, renewed, failed):
    """Encrypt these rows anew, but for those that somebody is writing: nobody waits for us long.

    And we never wait for others, so there is no deadlock.
    """
    rows = place.rows.filter(pk__in=pks).select_for_update(skip_locked=True, no_key=True)
    for pk, token in list(rows.values_list("pk", place.stored)):
        try:
            place.write(pk, place.open(pk, token))
            renewed.add(pk)
        except EncryptionError:
            failed.add(pk)
