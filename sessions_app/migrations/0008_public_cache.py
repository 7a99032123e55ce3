"""A cache of its own for the clients' pages served alone: what is kept in one is unpickled."""

from django.core.management import call_command
from django.db import migrations

CACHE = "public_cache"


def create_cache(apps, schema_editor):
    call_command("createcachetable", CACHE, database=schema_editor.connection.alias, verbosity=0)


def drop_cache(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE IF EXISTS {CACHE}")


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0007_audit_seals")]
    operations = [migrations.RunPython(create_cache, drop_cache)]
