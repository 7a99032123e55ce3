"""Every way of asking, what is asked besides, and what a practice and a client have agreed.

The triggers of 0002 look into the table that SQLite makes anew here, so they
are out of the way meanwhile.
"""

import importlib

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import sessions_app.access.fields

wording = importlib.import_module("alliance.migrations.0002_wording_stands_once_rated")


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0007_tablet_channel"),
        ("sessions_app", "0009_names_can_be_seen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(wording.drop, wording.create),
        migrations.CreateModel(
            name="Arrangement",
            fields=[
                (
                    "episode",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="arrangement",
                        serialize=False,
                        to="sessions_app.episode",
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("by_hand", "The therapist asks, each time"),
                            ("email", "A link by e-mail"),
                            ("sms", "A link by text message"),
                            ("standing", "The client’s own bookmark"),
                        ],
                        max_length=16,
                        verbose_name="way",
                    ),
                ),
                (
                    "when",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("at_once", "At once"),
                            ("hour", "An hour later"),
                            ("morning", "The next morning"),
                        ],
                        max_length=16,
                        verbose_name="when",
                    ),
                ),
                (
                    "remind_after_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="0 for no reminder; empty for what the practice does.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(14),
                        ],
                        verbose_name="remind once after so many days",
                    ),
                ),
                (
                    "stopped_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since when no message goes out to this client.",
                        null=True,
                    ),
                ),
                (
                    "stopped_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("client", "The client"),
                            ("staff", "A member of staff, as the client wished"),
                        ],
                        max_length=16,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AskingRules",
            fields=[
                (
                    "practice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="asking_rules",
                        serialize=False,
                        to="sessions_app.practice",
                    ),
                ),
                (
                    "asks_about_tension",
                    models.BooleanField(
                        default=False,
                        verbose_name="ask whether there was tension or a misunderstanding",
                    ),
                ),
                (
                    "qualities_every",
                    models.PositiveSmallIntegerField(
                        default=4,
                        help_text="0 offers them only when you ask for them.",
                        validators=[django.core.validators.MaxValueValidator(20)],
                        verbose_name="offer the questions about how you work every so many sessions",
                    ),
                ),
                (
                    "offers_quick_exit",
                    models.BooleanField(
                        default=False, verbose_name="a link to leave the form quickly"
                    ),
                ),
                (
                    "quick_exit_to",
                    models.URLField(
                        default="https://www.wikipedia.org/", verbose_name="where that link leads"
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("by_hand", "The therapist asks, each time"),
                            ("email", "A link by e-mail"),
                            ("sms", "A link by text message"),
                            ("standing", "The client’s own bookmark"),
                        ],
                        default="by_hand",
                        max_length=16,
                        verbose_name="way",
                    ),
                ),
                (
                    "when",
                    models.CharField(
                        choices=[
                            ("at_once", "At once"),
                            ("hour", "An hour later"),
                            ("morning", "The next morning"),
                        ],
                        default="at_once",
                        max_length=16,
                        verbose_name="when",
                    ),
                ),
                (
                    "remind_after_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Empty for no reminder.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(14),
                        ],
                        verbose_name="remind once after so many days",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "rating",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="written",
                        serialize=False,
                        to="alliance.rating",
                    ),
                ),
                ("text", sessions_app.access.fields.EncryptedTextField(blank=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="ratingrequest",
            name="request_channel_is_known",
        ),
        migrations.AddField(
            model_name="measure",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("alliance", "How the relationship develops"),
                    ("qualities", "How it is to work with this therapist"),
                ],
                default="alliance",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="comment_read_at",
            field=models.DateTimeField(
                help_text="When its therapist first had the comment before them.", null=True
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="line_px",
            field=models.PositiveSmallIntegerField(help_text="How long the line was.", null=True),
        ),
        migrations.AddField(
            model_name="rating",
            name="seconds",
            field=models.PositiveIntegerField(help_text="From opening to sending.", null=True),
        ),
        migrations.AddField(
            model_name="rating",
            name="submission",
            field=models.UUIDField(
                help_text="Made with the form: whatever is sent twice is known by it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="tension",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no", "No"),
                    ("spoken", "Yes, and we spoke about it"),
                    ("unspoken", "Yes, and we did not speak about it"),
                    ("unsaid", "I would rather not say"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="unsaid",
            field=models.JSONField(
                blank=True, default=list, help_text="Keys of what the client would rather not say."
            ),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="bounced_at",
            field=models.DateTimeField(help_text="When a message came back.", null=True),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="extra_version",
            field=models.ForeignKey(
                help_text="What is offered besides, once the form was sent.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance.measureversion",
            ),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="opened_at",
            field=models.DateTimeField(
                help_text="When a person first touched the form.", null=True
            ),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="reminded_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="sent_at",
            field=models.DateTimeField(help_text="When a message with it left us.", null=True),
        ),
        migrations.AlterField(
            model_name="rating",
            name="comment_audience",
            field=models.CharField(
                blank=True,
                choices=[
                    ("therapist", "My therapist, now"),
                    ("later", "My therapist, only after our next session"),
                    ("supervisor", "My therapist now, and whoever supervises them"),
                ],
                help_text="Empty where nothing was written.",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="rating",
            name="input_mode",
            field=models.CharField(
                choices=[
                    ("line", "Line"),
                    ("buttons", "Buttons"),
                    ("paper", "Paper, typed in"),
                    ("aloud", "Read aloud"),
                ],
                default="buttons",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="rating",
            name="request",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ratings",
                to="alliance.ratingrequest",
            ),
        ),
        migrations.AlterField(
            model_name="ratingrequest",
            name="channel",
            field=models.CharField(
                choices=[
                    ("device", "This device, handed over"),
                    ("link", "QR code or link"),
                    ("tablet", "A tablet of the practice"),
                    ("email", "E-mail"),
                    ("sms", "Text message"),
                    ("standing", "The client’s own bookmark"),
                    ("paper", "Printed sheet"),
                    ("aloud", "Read aloud"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="ratingrequest",
            name="closing",
            field=models.CharField(
                blank=True,
                choices=[
                    ("answered", "Answered"),
                    ("replaced", "Replaced by a newer one"),
                    ("ended", "Ended on the device before it was answered"),
                    ("declined", "Skipped by the client"),
                    ("withdrawn", "Answered, and taken back"),
                    ("erased", "Answered, and erased by staff as the client wished"),
                    ("expired", "Not answered in time"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="measure",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["alliance", "qualities"])),
                name="measure_purpose_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_by", None), ("withdrawn_at", None)),
                fields=("request", "measure"),
                name="rating_answers_a_request_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_by", None)),
                fields=("submission", "measure"),
                name="rating_is_sent_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(("input_mode__in", ["line", "buttons", "paper", "aloud"])),
                name="rating_input_mode_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(("tension__in", ["", "no", "spoken", "unspoken", "unsaid"])),
                name="rating_tension_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("comment_audience__in", ["", "therapist", "later", "supervisor"])
                ),
                name="rating_comment_audience_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("comment_read_at", None),
                    models.Q(("comment_audience", ""), _negated=True),
                    _connector="OR",
                ),
                name="rating_comment_that_was_read_is_there",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratingrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "channel__in",
                        ["device", "link", "tablet", "email", "sms", "standing", "paper", "aloud"],
                    )
                ),
                name="request_channel_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratingrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("bounced_at", None), ("reminded_at", None)),
                    ("sent_at__isnull", False),
                    _connector="OR",
                ),
                name="request_reminded_or_bounced_was_sent",
            ),
        ),
        migrations.AddField(
            model_name="arrangement",
            name="measure",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance.measure",
                verbose_name="statements",
            ),
        ),
        migrations.AddField(
            model_name="askingrules",
            name="measure",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance.measure",
                verbose_name="statements that clients are asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("text", ""), ("text__stored_as", "aes1."), _connector="OR"),
                name="comment_is_encrypted",
            ),
        ),
        migrations.AddConstraint(
            model_name="arrangement",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["", "by_hand", "email", "sms", "standing"])),
                name="arranged_way_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="arrangement",
            constraint=models.CheckConstraint(
                condition=models.Q(("when__in", ["", "at_once", "hour", "morning"])),
                name="arranged_when_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="arrangement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("remind_after_days", None),
                    ("remind_after_days__range", (0, 14)),
                    _connector="OR",
                ),
                name="arranged_reminder_is_within_two_weeks",
            ),
        ),
        migrations.AddConstraint(
            model_name="arrangement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stopped_at", None), ("stopped_by", "")),
                    models.Q(
                        ("stopped_at__isnull", False), ("stopped_by__in", ["client", "staff"])
                    ),
                    _connector="OR",
                ),
                name="arrangement_that_stopped_says_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="askingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["by_hand", "email", "sms", "standing"])),
                name="asking_way_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="askingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("when__in", ["at_once", "hour", "morning"])),
                name="asking_when_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="askingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("qualities_every__range", (0, 20))),
                name="asking_qualities_are_rare",
            ),
        ),
        migrations.AddConstraint(
            model_name="askingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("remind_after_days", None),
                    ("remind_after_days__range", (1, 14)),
                    _connector="OR",
                ),
                name="asking_reminds_within_two_weeks",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="flag",
            name="flag_kind_is_known",
        ),
        migrations.AlterField(
            model_name="flag",
            name="kind",
            field=models.CharField(
                choices=[
                    ("lower", "Lower than usual for this client"),
                    ("sliding", "Gradually lower"),
                    ("low", "Low from the start"),
                    ("unrated", "No rating for three sessions"),
                    ("told", "The client told of tension that was not spoken about"),
                    ("rule", "Marked by a rule that the practice switched on"),
                    ("top", "Almost always at the top"),
                    ("back", "Back to usual"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["lower", "told", "sliding", "low", "unrated", "rule", "top", "back"],
                    )
                ),
                name="flag_kind_is_known",
            ),
        ),
        migrations.RunPython(wording.create, wording.drop),
    ]
