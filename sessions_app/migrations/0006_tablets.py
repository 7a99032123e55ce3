"""Tablets of a practice: paired once, and showing one form at a time."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0005_invitations_consents_and_breaking_glass"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tablet",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=40,
                        validators=[django.core.validators.MinLengthValidator(1)],
                        verbose_name="name",
                    ),
                ),
                ("pairing_digest", models.CharField(blank=True, max_length=64)),
                ("invited_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(help_text="Until when it can be paired.")),
                ("key_digest", models.CharField(blank=True, max_length=64)),
                ("paired_at", models.DateTimeField(blank=True, null=True)),
                ("last_seen_at", models.DateTimeField(blank=True, null=True)),
                ("form_digest", models.CharField(blank=True, max_length=64)),
                ("form_until", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tablets",
                        to="sessions_app.practice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="tablet_has_a_name"
                    ),
                    models.UniqueConstraint(
                        models.F("practice"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("revoked_at", None)),
                        name="tablet_name_is_used_once_in_a_practice",
                        violation_error_message="Your practice already has a tablet of this name.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("pairing_digest", ""), _negated=True),
                        fields=("pairing_digest",),
                        name="tablet_secret_is_its_own",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("key_digest", ""), _negated=True),
                        fields=("key_digest",),
                        name="tablet_key_is_its_own",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("key_digest", ""),
                                ("paired_at", None),
                                models.Q(("pairing_digest", ""), _negated=True),
                            ),
                            models.Q(
                                ("paired_at__isnull", False),
                                ("pairing_digest", ""),
                                models.Q(("key_digest", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="tablet_has_a_secret_or_a_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("invited_at"))),
                        name="tablet_secret_expires_after_it_was_made",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("form_digest", ""), ("form_until", None)),
                            models.Q(
                                ("form_until__isnull", False),
                                ("paired_at__isnull", False),
                                ("revoked_at", None),
                                models.Q(("form_digest", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="tablet_shows_a_form_while_it_is_paired",
                    ),
                ],
            },
        ),
    ]
