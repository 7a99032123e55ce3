"""Comments are encrypted, those there are included.

As in `sessions_app` 0003. The triggers of 0002 look into the table that SQLite
makes anew here, so they are out of the way meanwhile.
"""

import importlib

from django.db import migrations, models

from sessions_app.access.fields import (
    EncryptedTextField,
    IsEncrypted,
    decrypt_rows,
    encrypt_rows,
)

wording = importlib.import_module("alliance.migrations.0002_wording_stands_once_rated")


def encrypt_all(apps, schema_editor):
    rating = apps.get_model("alliance", "rating")
    encrypt_rows(rating, "comment", using=schema_editor.connection.alias)


def decrypt_all(apps, schema_editor):
    rating = apps.get_model("alliance", "rating")
    decrypt_rows(rating, "comment", using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("alliance", "0003_what_stands_out")]
    operations = [
        migrations.RunPython(wording.drop, wording.create),
        migrations.AlterField("rating", "comment", models.TextField(blank=True)),
        migrations.RunPython(encrypt_all, decrypt_all),
        migrations.AlterField("rating", "comment", EncryptedTextField(blank=True)),
        migrations.AddConstraint(
            "rating",
            IsEncrypted(
                condition=models.Q(
                    ("comment", ""), ("comment__stored_as", "aes1."), _connector="OR"
                ),
                name="rating_comment_is_encrypted",
            ),
        ),
        migrations.RunPython(wording.create, wording.drop),
    ]
