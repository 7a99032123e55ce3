"""Signing in: when it ends, when a second factor was asked for, and what all processes share."""

import django.core.validators
from django.core.management import call_command
from django.db import migrations, models

CACHE = "shared_cache"


def create_cache(apps, schema_editor):
    call_command("createcachetable", CACHE, database=schema_editor.connection.alias, verbosity=0)


def drop_cache(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE IF EXISTS {CACHE}")


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_names_and_notes_encrypted")]
    operations = [
        migrations.AddField(
            model_name="practice",
            name="idle_minutes",
            field=models.PositiveSmallIntegerField(
                default=30,
                help_text="Whoever does nothing for so long is signed out.",
                validators=[
                    django.core.validators.MinValueValidator(5),
                    django.core.validators.MaxValueValidator(120),
                ],
                verbose_name="minutes until sign-out",
            ),
        ),
        migrations.AddConstraint(
            model_name="practice",
            constraint=models.CheckConstraint(
                condition=models.Q(idle_minutes__range=(5, 120)),
                name="practice_signs_out_after_5_to_120_minutes",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="second_factor_asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(create_cache, drop_cache),
    ]
