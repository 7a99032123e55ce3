"""Where to turn in a crisis, in each language that clients are asked in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0011_couples_families_and_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name="practice",
            name="crisis_notes",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="The same for clients who read another language, by that language’s code.",
            ),
        ),
    ]
