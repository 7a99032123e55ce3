"""Texts that say nothing to whoever has the database and not the keys.

What is stored reads `aes1.<id of the key>.<base64>`: a sign for the way it was
made, which key, then a nonce and AES-256-GCM. The text is bound to its
context, such as table, field and row, and opens nowhere else. It is filled up
to a multiple of 64 bytes, so that its length gives no name away.

The keys are those of `settings.FIELD_KEYS`, by id: the first encrypts, all
decrypt. The settings read them with `read_keys`, so nothing here may need a
table.
"""

import base64
import os
import re
import secrets
from datetime import date

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SIGN = "aes1."
BLOCK = 64
NONCE = 12
KEY = 32
ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
STORED = re.compile(rf"{re.escape(SIGN)}({ID.pattern})\.([A-Za-z0-9_=-]+)")


class EncryptionError(Exception):
    """A text that cannot be encrypted or decrypted. It is never shown, nor taken for empty."""


def encrypt(text: str, *, context: str) -> str:
    """Return `text` as it may be stored; it will open in the same `context` only."""
    if not settings.FIELD_KEYS:
        raise EncryptionError("There is no key to encrypt with: FIELD_KEYS is empty.")
    key_id = current_key()
    nonce = os.urandom(NONCE)
    cipher = AESGCM(settings.FIELD_KEYS[key_id])
    sealed = cipher.encrypt(nonce, _fill_up(text.encode()), _bind(key_id, context))
    return f"{SIGN}{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(token: str, *, context: str) -> str:
    """Return the text that `encrypt` made `token` of, in the same `context`.

    Raises EncryptionError for everything else: another context or key, a
    changed sign, or a text that was never encrypted.
    """
    found = STORED.fullmatch(token)
    if not found:
        raise EncryptionError(f"What is stored for {context} was not encrypted.")
    key_id, told = found.groups()
    if key_id not in settings.FIELD_KEYS:
        raise EncryptionError(f"The key “{key_id}” of {context} is not among FIELD_KEYS.")
    try:
        sealed = base64.urlsafe_b64decode(told)
        if base64.urlsafe_b64encode(sealed).decode() != told:
            raise ValueError
        cipher = AESGCM(settings.FIELD_KEYS[key_id])
        filled = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bind(key_id, context))
    except (InvalidTag, ValueError):
        raise EncryptionError(
            f"What is stored for {context} does not decrypt: it was changed, "
            f"moved here from elsewhere, or made with another key than “{key_id}”."
        ) from None
    return filled.rstrip(b"\0")[:-1].decode()


def current_key() -> str:
    """Return the id of the key that encrypts."""
    return next(iter(settings.FIELD_KEYS))


def key_of(token: str) -> str:
    """Return the id of the key that `token` was made with, empty if it is not encrypted."""
    found = STORED.fullmatch(token)
    return found[1] if found else ""


def _bind(key_id, context):
    return f"{SIGN}{key_id}.{context}".encode()


def _fill_up(text):
    """Close `text` with a mark, and fill it up with zeros."""
    marked = text + b"\x80"
    return marked + bytes(-len(marked) % BLOCK)


# --- Keys ------------------------------------------------------------------------------


def make_key() -> str:
    """Return a fresh key as it is written in FIELD_KEYS, with an id that says its day."""
    key = base64.b64encode(secrets.token_bytes(KEY)).decode()
    return f"k{date.today():%Y%m%d}-{secrets.token_hex(2)}:{key}"


def read_keys(told: str) -> dict[str, bytes]:
    """Read `id:base64` of 32 bytes, separated by commas or new lines, in their order.

    Raises ImproperlyConfigured, in a sentence that tells nothing of the key.
    """
    keys: dict[str, bytes] = {}
    for place, part in enumerate(re.split(r"[,\s]+", told.strip(", \r\n\t")), 1):
        key_id, _colon, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not ID.fullmatch(key_id) or len(key) != KEY:
            raise ImproperlyConfigured(
                f"FIELD_KEYS: key {place} is not written as `manage.py make_field_key` prints one."
            )
        if key_id in keys:
            raise ImproperlyConfigured(f"FIELD_KEYS: the id “{key_id}” stands there twice.")
        if len(set(key)) < KEY // 2:
            raise ImproperlyConfigured(
                f"FIELD_KEYS: the key “{key_id}” is too easy to guess: make one with "
                "`manage.py make_field_key`."
            )
        keys[key_id] = key
    return keys
