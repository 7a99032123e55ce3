"""Versions for young people and easy to read, who translated them, and a guess."""

import importlib

from django.db import migrations, models

stands = importlib.import_module("alliance.migrations.0002_wording_stands_once_rated")


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0009_comments_open_to_whom_they_were_written"),
    ]

    operations = [
        migrations.RunPython(stands.drop, stands.create),
        migrations.RemoveConstraint(
            model_name="item",
            name="item_component_is_known",
        ),
        migrations.AddField(
            model_name="item",
            name="picture",
            field=models.CharField(
                blank=True, help_text="The name of a drawing in static/pictures.", max_length=32
            ),
        ),
        migrations.AddField(
            model_name="measureversion",
            name="audience",
            field=models.CharField(
                choices=[
                    ("adult", "Adults"),
                    ("young", "Young people"),
                    ("easy", "Easy to read, with pictures"),
                ],
                default="adult",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="measureversion",
            name="guess",
            field=models.CharField(
                blank=True,
                help_text="Asked of the therapist besides: where the client's own marks will lie.",
                max_length=280,
            ),
        ),
        migrations.AddField(
            model_name="measureversion",
            name="method",
            field=models.CharField(
                choices=[("mean", "Mean of the answers"), ("sum", "Sum of the answers")],
                default="mean",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="measureversion",
            name="norms",
            field=models.JSONField(
                blank=True, default=list, help_text="As in the file, with sources."
            ),
        ),
        migrations.AddField(
            model_name="measureversion",
            name="translation",
            field=models.CharField(blank=True, help_text="Who translated it.", max_length=200),
        ),
        migrations.AlterField(
            model_name="item",
            name="component",
            field=models.CharField(
                blank=True,
                choices=[
                    ("trust", "Trust"),
                    ("goals", "Goals"),
                    ("collaboration", "Collaboration"),
                ],
                help_text="Empty where it belongs to none.",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.CheckConstraint(
                condition=models.Q(("component__in", ["trust", "goals", "collaboration", ""])),
                name="item_component_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="measureversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("audience__in", ["adult", "young", "easy"])),
                name="version_audience_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="measureversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("method__in", ["mean", "sum"])), name="version_method_is_known"
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="guess",
            field=models.FloatField(
                help_text="Of the therapist: where the client's own total lies, 0 to 10.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("guess", None),
                    models.Q(("guess__gte", 0), ("guess__lte", 10)),
                    _connector="OR",
                ),
                name="rating_guess_is_0_to_10_or_missing",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(("guess", None), ("respondent", "therapist"), _connector="OR"),
                name="rating_guess_is_the_therapists",
            ),
        ),
        migrations.RunPython(stands.create, stands.drop),
    ]
