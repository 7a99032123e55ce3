"""What came of a rating and of a flag, behind the wall like the rating itself."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import sessions_app.access.fields

# Whoever may read the ratings because of a consent, in an emergency or to count them reads
# nothing of what the two spoke about.
_READ = (
    "(s.episode_id IN (SELECT lent_episodes()) OR EXISTS (SELECT 1 FROM sessions_app_episode e"
    " WHERE e.id = s.episode_id AND e.therapist_id IN (SELECT reached_places())))"
)
_WRITE = "s.episode_id IN (SELECT writable_episodes())"
_OF_RATING = (
    "EXISTS (SELECT 1 FROM alliance_rating r JOIN sessions_app_session s ON s.id = r.session_id"
    " WHERE r.id = rating_id AND {})"
)
_OF_FLAG = "EXISTS (SELECT 1 FROM alliance_flag s WHERE s.id = flag_id AND {})"
POLICIES = {"alliance_followup": _OF_RATING, "alliance_acknowledgement": _OF_FLAG}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, of in POLICIES.items():
        read, write = of.format(_READ), of.format(_WRITE)
        for command, rule in (
            ("read", f"FOR SELECT USING ({read})"),
            ("add", f"FOR INSERT WITH CHECK ({write})"),
            ("change", f"FOR UPDATE USING ({write}) WITH CHECK ({write})"),
        ):
            schema_editor.execute(f"CREATE POLICY may_{command} ON {table} {rule}", params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in POLICIES:
        for command in ("read", "add", "change"):
            schema_editor.execute(f"DROP POLICY may_{command} ON {table}", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0013_standing_links_and_what_is_typed_in"),
        ("sessions_app", "0009_names_can_be_seen"),
    ]

    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("mended", "Spoken about, and mended"),
                            ("not_yet", "Spoken about, not mended yet"),
                            ("nothing", "Looked into, nothing amiss"),
                            ("unspoken", "Not spoken about, because …"),
                        ],
                        max_length=16,
                        verbose_name="what came of it",
                    ),
                ),
                (
                    "remark",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=280, verbose_name="remark"
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
                    "flag",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="acknowledgement",
                        to="alliance.flag",
                    ),
                ),
            ],
            options={
                "constraints": [
                    sessions_app.access.fields.IsEncrypted(
                        condition=models.Q(
                            ("remark", ""), ("remark__stored_as", "aes1."), _connector="OR"
                        ),
                        name="acknowledgement_remark_is_encrypted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["mended", "not_yet", "nothing", "unspoken"])
                        ),
                        name="acknowledgement_outcome_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "discussed",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=280, verbose_name="what you spoke about"
                    ),
                ),
                ("discussed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agreed",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=280, verbose_name="what you agreed"
                    ),
                ),
                ("agreed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "is_told",
                    models.BooleanField(
                        default=False,
                        help_text="Whether the client is shown that it was read, and what was agreed.",
                        verbose_name="tell the client on the next form",
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
                    "rating",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_up",
                        to="alliance.rating",
                    ),
                ),
            ],
            options={
                "constraints": [
                    sessions_app.access.fields.IsEncrypted(
                        condition=models.Q(
                            ("discussed", ""), ("discussed__stored_as", "aes1."), _connector="OR"
                        ),
                        name="follow_up_discussed_is_encrypted",
                    ),
                    sessions_app.access.fields.IsEncrypted(
                        condition=models.Q(
                            ("agreed", ""), ("agreed__stored_as", "aes1."), _connector="OR"
                        ),
                        name="follow_up_agreed_is_encrypted",
                    ),
                    sessions_app.access.fields.OfEncrypted(
                        condition=models.Q(
                            ("discussed", ""), ("discussed_at__isnull", False), _connector="OR"
                        ),
                        name="follow_up_discussed_says_when",
                    ),
                    sessions_app.access.fields.OfEncrypted(
                        condition=models.Q(
                            ("agreed", ""), ("agreed_at__isnull", False), _connector="OR"
                        ),
                        name="follow_up_agreed_says_when",
                    ),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
