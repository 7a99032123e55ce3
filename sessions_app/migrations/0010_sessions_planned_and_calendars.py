"""Sessions are planned ahead, and a calendar program can fetch what is planned."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0009_names_can_be_seen"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("token_digest", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "fetched_on",
                    models.DateField(help_text="The last day on which it was fetched.", null=True),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="session",
            name="session_once_at_a_time_in_an_episode",
        ),
        migrations.RemoveConstraint(
            model_name="session",
            name="session_status_is_known",
        ),
        migrations.AddField(
            model_name="session",
            name="series",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="session",
            name="status",
            field=models.CharField(
                choices=[
                    ("planned", "Planned"),
                    ("held", "Held"),
                    ("cancelled", "Cancelled"),
                    ("missed", "Missed"),
                    ("dropped", "No longer planned"),
                ],
                default="held",
                max_length=16,
                verbose_name="status",
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("status", "planned")),
                fields=["episode", "starts_at"],
                name="session_planned",
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "dropped"), _negated=True),
                fields=("episode", "starts_at"),
                name="session_once_at_a_time_in_an_episode",
                violation_error_message="A session at this moment is already logged.",
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["planned", "held", "cancelled", "missed", "dropped"])
                ),
                name="session_status_is_known",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(
                fields=("token_digest",), name="calendar_secret_is_its_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("owner",),
                name="calendar_in_use_once_for_a_person",
            ),
        ),
    ]
