"""Couples, families and groups: who comes together, and the meetings that they share."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import sessions_app.clients.models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0010_sessions_planned_and_calendars"),
    ]

    operations = [
        migrations.CreateModel(
            name="Circle",
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
                        choices=[("couple", "Couple"), ("family", "Family"), ("group", "Group")],
                        max_length=16,
                        verbose_name="who comes",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        max_length=24,
                        validators=[sessions_app.clients.models.validate_code],
                        verbose_name="code",
                    ),
                ),
                (
                    "co_therapist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="circles_beside",
                        to="sessions_app.membership",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="circles",
                        to="sessions_app.membership",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CircleMember",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("joined_on", models.DateField()),
                ("left_on", models.DateField(blank=True, null=True)),
                (
                    "circle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="sessions_app.circle",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.client",
                    ),
                ),
                (
                    "co_episode",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="in_circles_beside",
                        to="sessions_app.episode",
                    ),
                ),
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="in_circles",
                        to="sessions_app.episode",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Meeting",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="date and time")),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(
                        default=50,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(600),
                        ],
                        verbose_name="minutes",
                    ),
                ),
                (
                    "setting",
                    models.CharField(
                        choices=[
                            ("in_person", "In person"),
                            ("video", "Video"),
                            ("phone", "Phone"),
                        ],
                        default="in_person",
                        max_length=16,
                        verbose_name="where",
                    ),
                ),
                (
                    "circle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="meetings",
                        to="sessions_app.circle",
                    ),
                ),
            ],
            options={
                "ordering": [models.OrderBy(models.F("starts_at"))],
            },
        ),
        migrations.AddField(
            model_name="session",
            name="meeting",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sessions",
                to="sessions_app.meeting",
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.UniqueConstraint(
                fields=("meeting", "episode"), name="session_once_of_a_meeting_in_an_episode"
            ),
        ),
        migrations.AddConstraint(
            model_name="circle",
            constraint=models.UniqueConstraint(
                models.F("therapist"),
                django.db.models.functions.text.Lower("code"),
                name="circle_code_is_used_once_by_a_therapist",
                violation_error_message="You already use this code.",
            ),
        ),
        migrations.AddConstraint(
            model_name="circle",
            constraint=models.CheckConstraint(
                condition=models.Q(("code", ""), _negated=True), name="circle_has_a_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="circle",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["couple", "family", "group"])),
                name="circle_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="circle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("co_therapist", None),
                    models.Q(("co_therapist", models.F("therapist")), _negated=True),
                    _connector="OR",
                ),
                name="circle_is_led_by_two_different_therapists",
            ),
        ),
        migrations.AddConstraint(
            model_name="circlemember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("left_on", None), ("left_on__gte", models.F("joined_on")), _connector="OR"
                ),
                name="circle_member_leaves_after_joining",
            ),
        ),
        migrations.AddConstraint(
            model_name="circlemember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("co_episode", None),
                    models.Q(("co_episode", models.F("episode")), _negated=True),
                    _connector="OR",
                ),
                name="circle_member_has_an_episode_with_each_therapist",
            ),
        ),
        migrations.AddConstraint(
            model_name="circlemember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("left_on", None)),
                fields=("episode",),
                name="circle_member_is_in_one_circle_at_a_time",
                violation_error_message="This client is in another circle.",
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.UniqueConstraint(
                fields=("circle", "starts_at"),
                name="meeting_once_at_a_time_in_a_circle",
                violation_error_message="A meeting at this moment is already logged.",
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gte", 1), ("minutes__lte", 600)),
                name="meeting_minutes_are_plausible",
            ),
        ),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.CheckConstraint(
                condition=models.Q(("setting__in", ["in_person", "video", "phone"])),
                name="meeting_setting_is_known",
            ),
        ),
    ]
