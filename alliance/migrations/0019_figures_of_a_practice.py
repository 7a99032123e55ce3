"""A practice's figures: read by its clinicians, and written where all rows are seen."""

import django.db.models.deletion
from django.db import migrations, models

# Nobody adds or changes one but whoever sees all rows: the worker.
READ = """
FOR SELECT USING (practice_id IN (SELECT practice_id FROM places_today() WHERE is_clinician))
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE POLICY may_read ON alliance_practicefigures {READ}", params=None
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP POLICY may_read ON alliance_practicefigures", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0018_goals_and_own_rating_first"),
        ("sessions_app", "0009_names_can_be_seen"),
    ]

    operations = [
        migrations.CreateModel(
            name="PracticeFigures",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "component",
                    models.CharField(
                        choices=[
                            ("trust", "Trust and respect"),
                            ("goals", "Agreeing on goals"),
                            ("collaboration", "Working together"),
                        ],
                        max_length=16,
                    ),
                ),
                ("worked_out_on", models.DateField()),
                ("therapists", models.PositiveIntegerField()),
                ("clients", models.PositiveIntegerField()),
                ("mu", models.FloatField(help_text="The mean over therapists, 0 to 10.")),
                ("mu_se", models.FloatField(help_text="Its standard error.")),
                ("tau2", models.FloatField(help_text="Variance between therapists beyond chance.")),
                (
                    "variance",
                    models.FloatField(help_text="Of one client's mean around the therapist's."),
                ),
                (
                    "measure_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.measureversion",
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.practice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("practice", "measure_version", "component"),
                        name="figures_once_for_a_practice_version_and_component",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("component__in", ["trust", "goals", "collaboration"])),
                        name="figures_component_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("clients__gte", 25), ("therapists__gte", 5)),
                        name="figures_are_of_five_therapists_with_five_clients",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mu__gte", 0),
                            ("mu__lte", 10),
                            ("mu_se__gte", 0),
                            ("tau2__gte", 0),
                            ("variance__gt", 0),
                        ),
                        name="figures_can_be_reckoned_with",
                    ),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
