"""Measures of a practice's own, under a licence; a wording that was rated may still be stopped.

The triggers of 0002 are made anew: what stands is all of a wording but its
state. Two more hold that a wording of a practice's own is active under a
licence only. A later migration that rebuilds these tables on SQLite, or gives
a wording another column, must call `create` again.
"""

import importlib

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

wording = importlib.import_module("alliance.migrations.0002_wording_stands_once_rated")

STANDS = "version_stands_once_rated"
LICENSED = {
    "version_is_active_under_a_licence": "UPDATE OF state, measure_id",
    "version_begins_under_a_licence": "INSERT",
}
NAMES = [name for name, *_rest in wording.TRIGGERS] + list(LICENSED)
# A day of grace: the clock of the database may be on another day than that of the practice.
YESTERDAY = {"sqlite": "date('now', '-1 day')", "postgresql": "CURRENT_DATE - 1"}
UNLICENSED = (
    "NEW.state = 'active'"
    " AND (SELECT practice_id FROM alliance_measure WHERE id = NEW.measure_id) IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM alliance_licence"
    " WHERE version_id = NEW.id AND valid_until >= {yesterday})"
)


def create(apps, schema_editor):
    wording.create(apps, schema_editor)
    _drop(schema_editor, [STANDS, *LICENSED])
    vendor = schema_editor.connection.vendor
    unlicensed = UNLICENSED.format(yesterday=YESTERDAY[vendor])
    with schema_editor.connection.cursor() as cursor:
        columns = [
            column.name
            for column in schema_editor.connection.introspection.get_table_description(
                cursor, "alliance_measureversion"
            )
            if column.name != "state"
        ]
        rated = "EXISTS (SELECT 1 FROM alliance_rating WHERE measure_version_id = OLD.id)"
        promises = {STANDS: (f"UPDATE OF {', '.join(columns)}", rated)}
        promises |= {name: (deed, unlicensed) for name, deed in LICENSED.items()}
        for name, (deed, is_broken) in promises.items():
            if vendor == "postgresql":
                cursor.execute(
                    f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    f"IF {is_broken} THEN RAISE integrity_constraint_violation "
                    f"USING MESSAGE = '{name}'; END IF; RETURN NEW; END $$"
                )
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {deed} ON alliance_measureversion "
                    f"FOR EACH ROW EXECUTE FUNCTION {name}()"
                )
            else:
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {deed} ON alliance_measureversion "
                    f"WHEN {is_broken} BEGIN SELECT RAISE(ABORT, '{name}'); END;"
                )


def drop(apps, schema_editor):
    _drop(schema_editor, NAMES)


def drop_ours(apps, schema_editor):
    """Go back to the triggers of 0002, once the state and the licences are gone."""
    wording.create(apps, schema_editor)


def _drop(schema_editor, names):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for name in names:
            cursor.execute(
                f"DROP FUNCTION IF EXISTS {name} CASCADE"
                if is_postgresql
                else f"DROP TRIGGER IF EXISTS {name}"
            )


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0010_versions_for_different_people"),
        ("sessions_app", "0009_names_can_be_seen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(drop, drop_ours),
        migrations.AddField(
            model_name="measure",
            name="practice",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="sessions_app.practice",
            ),
        ),
        migrations.RemoveConstraint(model_name="measure", name="measure_key_is_used_once"),
        migrations.AddConstraint(
            model_name="measure",
            constraint=models.UniqueConstraint(
                fields=["key"], condition=Q(practice=None), name="measure_key_is_used_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="measure",
            constraint=models.UniqueConstraint(
                fields=["practice", "key"], name="measure_key_is_used_once_in_a_practice"
            ),
        ),
        # What is there already has been asked all along.
        migrations.AddField(
            model_name="measureversion",
            name="state",
            field=models.CharField(
                choices=[("draft", "Draft"), ("active", "Active"), ("retired", "Stopped")],
                default="active",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="measureversion",
            name="state",
            field=models.CharField(
                choices=[("draft", "Draft"), ("active", "Active"), ("retired", "Stopped")],
                default="draft",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="measureversion",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["draft", "active", "retired"]),
                name="version_state_is_known",
            ),
        ),
        migrations.CreateModel(
            name="Licence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holder", models.CharField(max_length=160, verbose_name="holder")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("group", "For a practice or a group"),
                            ("electronic", "For electronic use"),
                            ("permission", "Written permission"),
                            ("individual", "For one practitioner"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("number", models.CharField(max_length=80, verbose_name="number")),
                ("notice", models.CharField(blank=True, max_length=280, verbose_name="notice")),
                ("attested_on", models.DateField()),
                ("valid_until", models.DateField(verbose_name="valid until")),
                (
                    "attested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="licences",
                        to="alliance.measureversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=~Q(holder="") & ~Q(number=""),
                        name="licence_says_whose_and_which",
                    ),
                    models.CheckConstraint(
                        condition=Q(kind__in=["group", "electronic", "permission", "individual"]),
                        name="licence_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(valid_until__gte=F("attested_on")),
                        name="licence_holds_when_it_is_attested",
                    ),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
