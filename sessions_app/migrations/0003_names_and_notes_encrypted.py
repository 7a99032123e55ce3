"""Names, e-mail addresses, phone numbers and notes are encrypted, those there are included.

Each column is a plain text in between, which holds either. What was written
before lies in free pages of the file, and in backups, until they are cleared:
see docs/operations.md.
"""

import django.core.validators
from django.db import migrations, models

from sessions_app.access.fields import (
    EncryptedTextField,
    IsEncrypted,
    decrypt_rows,
    encrypt_rows,
)

FIELDS = [
    ("clientidentity", "name", "identity_name_is_encrypted"),
    ("clientidentity", "email", "identity_email_is_encrypted"),
    ("clientidentity", "phone", "identity_phone_is_encrypted"),
    ("session", "note", "session_note_is_encrypted"),
]
ENCRYPTED = {
    "name": EncryptedTextField(blank=True, max_length=120, verbose_name="name"),
    "email": EncryptedTextField(
        blank=True,
        max_length=254,
        validators=[django.core.validators.EmailValidator()],
        verbose_name="e-mail",
    ),
    "phone": EncryptedTextField(blank=True, max_length=32, verbose_name="phone"),
    "note": EncryptedTextField(blank=True, max_length=280, verbose_name="one line about it"),
}


def encrypt_all(apps, schema_editor):
    for model, name, _constraint in FIELDS:
        table = apps.get_model("sessions_app", model)
        encrypt_rows(table, name, using=schema_editor.connection.alias)


def decrypt_all(apps, schema_editor):
    for model, name, _constraint in FIELDS:
        table = apps.get_model("sessions_app", model)
        decrypt_rows(table, name, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_promises_kept_by_triggers")]
    operations = [
        *(
            migrations.AlterField(model, name, models.TextField(blank=True))
            for model, name, _constraint in FIELDS
        ),
        migrations.RunPython(encrypt_all, decrypt_all),
        *(
            migrations.AlterField(model, name, ENCRYPTED[name])
            for model, name, _constraint in FIELDS
        ),
        *(
            migrations.AddConstraint(
                model,
                IsEncrypted(
                    condition=models.Q(
                        (name, ""), (f"{name}__stored_as", "aes1."), _connector="OR"
                    ),
                    name=constraint,
                ),
            )
            for model, name, constraint in FIELDS
        ),
    ]
