"""That the keys are there, work, and are nobody else's to read: looked at before the start."""

import os
import stat
from pathlib import Path

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import DatabaseError

from sessions_app.access.encryption import KEY, EncryptionError, decrypt, encrypt
from sessions_app.access.rows import holes_in_the_wall, is_alone_with_one_wall


@register(Tags.security)
def keys_work(app_configs, **kwargs):
    """Refuse keys that do not encrypt and decrypt."""
    try:
        if any(len(key) != KEY for key in settings.FIELD_KEYS.values()):
            raise EncryptionError(f"Each key of FIELD_KEYS is {KEY} bytes long.")
        decrypt(encrypt("", context="check"), context="check")
    except EncryptionError as error:
        hint = "Make a key with `manage.py make_field_key`."
        return [Error(str(error), hint=hint, id="access.E001")]
    return []


@register(Tags.security, deploy=True)
def key_file_is_private(app_configs, **kwargs):
    """Warn of a file with keys that others on the machine can read."""
    file = os.environ.get("FIELD_KEYS_FILE")
    if not file or not Path(file).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return []
    return [
        Warning(
            "The file that FIELD_KEYS_FILE names can be read by others than its owner.",
            hint="chmod 600",
            id="access.W001",
        )
    ]


@register(Tags.security, deploy=True)
def rows_are_walled(app_configs, **kwargs):
    """Warn where nothing but our own filters keeps several therapists' clients apart."""
    hint = "See “The database’s own wall” in docs/operations.md."
    try:
        holes = holes_in_the_wall()
        if is_alone_with_one_wall():
            said = "On SQLite only the application keeps the clients of several clinicians apart."
            return [Warning(said, hint=hint, id="access.W002")]
    except DatabaseError:  # There is none yet, or it has no tables.
        return []
    return [Warning(hole, hint=hint, id="access.W003") for hole in holes]
