"""What could help in a practice's own words, a therapist's own reflection, and news by e-mail.

A reflection opens to whoever wrote it: not to who supervises them, not in an
emergency, not by a consent.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import sessions_app.access.fields

TABLE = "alliance_reflection"
_OWN = "by_id IN (SELECT own_places())"
_WRITE = f"{_OWN} AND episode_id IN (SELECT writable_episodes())"
POLICIES = {
    "read": f"FOR SELECT USING ({_OWN})",
    "add": f"FOR INSERT WITH CHECK ({_WRITE})",
    "change": f"FOR UPDATE USING ({_OWN}) WITH CHECK ({_OWN})",
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for command, rule in POLICIES.items():
        schema_editor.execute(f"CREATE POLICY may_{command} ON {TABLE} {rule}", params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for command in POLICIES:
        schema_editor.execute(f"DROP POLICY may_{command} ON {TABLE}", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0014_what_came_of_it"),
        ("sessions_app", "0009_names_can_be_seen"),
    ]

    operations = [
        migrations.CreateModel(
            name="Digest",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="digest",
                        serialize=False,
                        to="sessions_app.membership",
                    ),
                ),
                (
                    "every",
                    models.CharField(
                        choices=[
                            ("never", "Never"),
                            ("day", "Every day, if there is something"),
                            ("week", "Every Monday, if there is something"),
                        ],
                        default="never",
                        max_length=16,
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("told_until", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "sent_at",
                    models.DateTimeField(
                        blank=True, help_text="When a letter went out last.", null=True
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at", None), _negated=True),
                        fields=["due_at"],
                        name="digest_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at", None), ("every", "never")),
                            models.Q(("due_at__isnull", False), ("every__in", ["day", "week"])),
                            _connector="OR",
                        ),
                        name="digest_is_due_unless_never",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PracticePrompt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Which list, as in “goals.openings”.", max_length=48
                    ),
                ),
                ("text", models.TextField(blank=True, max_length=2000, verbose_name="a line each")),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sessions_app.practice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("practice", "key"), name="practice_prompt_once_for_a_list"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reflection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "text",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, help_text="What was said of each quality, as JSON."
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.membership",
                    ),
                ),
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.episode",
                    ),
                ),
            ],
            options={
                "constraints": [
                    sessions_app.access.fields.IsEncrypted(
                        condition=models.Q(
                            ("text", ""), ("text__stored_as", "aes1."), _connector="OR"
                        ),
                        name="reflection_is_encrypted",
                    )
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
