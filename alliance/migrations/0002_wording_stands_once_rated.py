"""A wording that somebody has rated is never changed: held by triggers on both engines.

As in `sessions_app` 0002: a later migration that rebuilds these tables on
SQLite must call `create` again.
"""

from django.db import migrations

TRIGGERS = [
    ("version_stands_once_rated", "alliance_measureversion", "UPDATE", "OLD.id"),
    ("version_stays_once_rated", "alliance_measureversion", "INSERT", "NEW.id"),
    ("item_stands_once_rated", "alliance_item", "UPDATE", "OLD.version_id, NEW.version_id"),
    ("item_stays_once_rated", "alliance_item", "DELETE", "OLD.version_id"),
    ("item_joins_before_rating", "alliance_item", "INSERT", "NEW.version_id"),
]


def create(apps, schema_editor):
    drop(apps, schema_editor)
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for name, table, deed, version in TRIGGERS:
            rated = (
                f"EXISTS (SELECT 1 FROM alliance_rating WHERE measure_version_id IN ({version}))"
            )
            if not is_postgresql:
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {deed} ON {table} WHEN {rated} "
                    f"BEGIN SELECT RAISE(ABORT, '{name}'); END;"
                )
                continue
            row = "OLD" if deed == "DELETE" else "NEW"
            cursor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {rated} THEN RAISE integrity_constraint_violation USING MESSAGE = '{name}'; "
                f"END IF; RETURN {row}; END $$"
            )
            cursor.execute(
                f"CREATE TRIGGER {name} BEFORE {deed} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def drop(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for name, *_rest in TRIGGERS:
            cursor.execute(
                f"DROP FUNCTION IF EXISTS {name} CASCADE"
                if is_postgresql
                else f"DROP TRIGGER IF EXISTS {name}"
            )


class Migration(migrations.Migration):
    dependencies = [("alliance", "0001_first_tables")]
    operations = [migrations.RunPython(create, drop)]
