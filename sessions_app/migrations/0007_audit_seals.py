"""Seals over the days of the trail, which are only ever added, like the trail itself.

SQLite drops a table's triggers when a later migration rebuilds it; see
migration 0002.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

NAMES = {
    "sessions_app_auditseal": [
        "seal_is_never_changed",
        "seal_is_never_deleted",
        "seal_is_never_replaced",
    ],
}

SQLITE = """
CREATE TRIGGER seal_is_never_changed BEFORE UPDATE ON sessions_app_auditseal
BEGIN SELECT RAISE(ABORT, 'seal_is_never_changed'); END;
CREATE TRIGGER seal_is_never_deleted BEFORE DELETE ON sessions_app_auditseal
BEGIN SELECT RAISE(ABORT, 'seal_is_never_deleted'); END;
CREATE TRIGGER seal_is_never_replaced BEFORE INSERT ON sessions_app_auditseal
WHEN EXISTS (SELECT 1 FROM sessions_app_auditseal WHERE day = NEW.day)
BEGIN SELECT RAISE(ABORT, 'seal_is_never_replaced'); END;
"""

POSTGRESQL = """
CREATE FUNCTION seal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE integrity_constraint_violation USING MESSAGE = TG_NAME; END $$;
CREATE TRIGGER seal_is_never_changed BEFORE UPDATE ON sessions_app_auditseal
FOR EACH STATEMENT EXECUTE FUNCTION seal_is_append_only();
CREATE TRIGGER seal_is_never_deleted BEFORE DELETE OR TRUNCATE ON sessions_app_auditseal
FOR EACH STATEMENT EXECUTE FUNCTION seal_is_append_only();
"""


def create(apps, schema_editor):
    drop(apps, schema_editor)
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return
        for statement in SQLITE.split("END;")[:-1]:
            cursor.execute(f"{statement}END;")


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION IF EXISTS seal_is_append_only CASCADE")
            return
        for name in (name for names in NAMES.values() for name in names):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0006_tablets"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("events", models.PositiveIntegerField()),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
                (
                    "sealed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["at"], name="audit_by_moment"),
        ),
        migrations.RunPython(create, drop),
    ]
