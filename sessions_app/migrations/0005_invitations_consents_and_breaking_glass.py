"""Places offered and locked, consents, and what opens a record in an emergency.

With triggers for what constraints cannot say: a consent is about an episode of
the client's own, and an emergency stays within one practice. SQLite drops a
table's triggers when a later migration rebuilds it; see migration 0002.
"""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import sessions_app.access.fields

NAMES = {
    "sessions_app_consent": ["consent_is_about_this_client", "consent_stays_about_this_client"],
    "sessions_app_emergencyaccess": [
        "emergency_within_one_practice",
        "emergency_stays_within",
    ],
}

_CONSENT = """
  (SELECT client_id FROM sessions_app_episode WHERE id = NEW.episode_id) {differs} NEW.client_id
"""
_EMERGENCY = """
  (SELECT practice_id FROM sessions_app_client WHERE id = NEW.client_id) {differs}
  (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.member_id)
"""
# What is said, of which table, when it is broken.
PROMISES = [
    ("consent_is_about_this_client", "sessions_app_consent", _CONSENT),
    ("emergency_within_one_practice", "sessions_app_emergencyaccess", _EMERGENCY),
]


def create(apps, schema_editor):
    drop(apps, schema_editor)
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for name, table, broken in PROMISES:
            if is_postgresql:
                cursor.execute(_for_postgresql(name, table, broken))
                continue
            for trigger, deed in zip(NAMES[table], ("INSERT", "UPDATE"), strict=True):
                cursor.execute(
                    f"CREATE TRIGGER {trigger} BEFORE {deed} ON {table} "
                    f"WHEN {broken.format(differs='IS NOT')} "
                    f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
                )


def _for_postgresql(name, table, broken):
    return f"""
CREATE FUNCTION check_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {broken.format(differs="IS DISTINCT FROM")}
  THEN RAISE integrity_constraint_violation USING MESSAGE = '{name}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table}
FOR EACH ROW EXECUTE FUNCTION check_{name}();
"""


def drop(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        for name, table, _broken in PROMISES:
            if is_postgresql:
                cursor.execute(f"DROP FUNCTION IF EXISTS check_{name} CASCADE")
                continue
            for trigger in NAMES[table]:
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0004_idle_sign_out_and_second_factor"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="locked_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Since when this person is kept out, whatever the dates.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("earlier_therapy", "The next therapist reads what was said before")
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "wording",
                    models.PositiveSmallIntegerField(
                        help_text="Its number in openings/wordings.py."
                    ),
                ),
                ("given_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="sessions_app.client",
                    ),
                ),
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="sessions_app.episode",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.membership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("episode", "kind"),
                        name="consent_stands_once",
                        violation_error_message="The client has agreed already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["earlier_therapy"])),
                        name="consent_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("wording__gte", 1)), name="consent_names_its_wording"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withdrawn_at", None),
                            ("withdrawn_at__gte", models.F("given_at")),
                            _connector="OR",
                        ),
                        name="consent_is_withdrawn_after_it_was_given",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deputy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("appointed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deputyships",
                        to="sessions_app.membership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dismissed_at", None),
                            ("dismissed_at__gte", models.F("appointed_at")),
                            _connector="OR",
                        ),
                        name="deputy_is_dismissed_after_being_appointed",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("dismissed_at", None)),
                        fields=("member",),
                        name="deputy_is_appointed_once",
                        violation_error_message="This person is appointed already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmergencyAccess",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reason", sessions_app.access.fields.EncryptedTextField(max_length=1000)),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="emergencies",
                        to="sessions_app.client",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="emergencies",
                        to="sessions_app.membership",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["client", "opened_at"], name="emergency_by_client")
                ],
                "constraints": [
                    sessions_app.access.fields.OfEncrypted(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="emergency_has_a_reason",
                    ),
                    sessions_app.access.fields.IsEncrypted(
                        condition=models.Q(
                            ("reason", ""), ("reason__stored_as", "aes1."), _connector="OR"
                        ),
                        name="emergency_reason_is_encrypted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("opened_at"))),
                        name="emergency_is_over_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_at", None),
                            ("closed_at__gte", models.F("opened_at")),
                            _connector="OR",
                        ),
                        name="emergency_is_ended_after_it_began",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("is_clinician", models.BooleanField(default=False)),
                ("is_manager", models.BooleanField(default=False)),
                ("is_reception", models.BooleanField(default=False)),
                ("token_digest", models.CharField(max_length=64)),
                ("invited_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "mailed_at",
                    models.DateTimeField(
                        blank=True, help_text="When the mail server took the letter.", null=True
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="sessions_app.practice",
                    ),
                ),
                (
                    "supervisors",
                    models.ManyToManyField(related_name="+", to="sessions_app.membership"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("token_digest",), name="invitation_secret_is_its_own"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                        fields=("practice", "email"),
                        name="invitation_waits_once_for_an_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), _negated=True),
                            ("email", django.db.models.functions.text.Lower("email")),
                        ),
                        name="invitation_email_is_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_clinician", True),
                            ("is_manager", True),
                            ("is_reception", True),
                            _connector="OR",
                        ),
                        name="invitation_is_for_something",
                        violation_error_message="Say what this person does here.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at", None), ("accepted_by", None)),
                            models.Q(
                                ("accepted_at__isnull", False), ("accepted_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="invitation_accepted_says_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at", None), ("revoked_at", None), _connector="OR"
                        ),
                        name="invitation_revoked_was_not_accepted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("invited_at"))),
                        name="invitation_expires_after_it_was_made",
                    ),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
