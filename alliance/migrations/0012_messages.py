"""The queue of messages. What is asked and when is clinical, so the rows are behind the wall."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

_OF_REQUEST = (
    "EXISTS (SELECT 1 FROM alliance_ratingrequest r JOIN sessions_app_session s"
    " ON s.id = r.session_id WHERE r.id = request_id AND ({}))"
)
_READ = _OF_REQUEST.format(
    "s.episode_id IN (SELECT readable_episodes()) OR s.episode_id IN (SELECT office_episodes())"
)
_WRITE = _OF_REQUEST.format("s.episode_id IN (SELECT writable_episodes())")
POLICIES = {
    "read": f"FOR SELECT USING ({_READ})",
    "add": f"FOR INSERT WITH CHECK ({_WRITE})",
    "change": f"FOR UPDATE USING ({_WRITE}) WITH CHECK ({_WRITE})",
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for command, rule in POLICIES.items():
            schema_editor.execute(
                f"CREATE POLICY may_{command} ON alliance_message {rule}", params=None
            )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for command in POLICIES:
            schema_editor.execute(f"DROP POLICY may_{command} ON alliance_message", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0011_licensed_measures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("invitation", "The link"), ("reminder", "A reminder")],
                        max_length=16,
                    ),
                ),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField()),
                (
                    "claimed_until",
                    models.DateTimeField(
                        help_text="Until when nobody else sends it, while somebody does.", null=True
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "last_error",
                    models.CharField(
                        blank=True,
                        help_text="The name of the error; never what it said.",
                        max_length=64,
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closing",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sent", "Sent"),
                            ("needless", "No longer needed"),
                            ("failed", "Could not be delivered"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="alliance.ratingrequest",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at", None)),
                        fields=["due_at"],
                        name="message_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "kind"), name="message_once_of_a_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["invitation", "reminder"])),
                        name="message_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("closing", "")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("closing__in", ["sent", "needless", "failed"]),
                            ),
                            _connector="OR",
                        ),
                        name="message_that_closed_says_how",
                    ),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
