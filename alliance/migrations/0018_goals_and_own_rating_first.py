"""Goals in clients' words, and own ratings first: behind the wall what belongs to an episode."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import sessions_app.access.fields

_OF_GOAL = (
    "EXISTS (SELECT 1 FROM alliance_goal g WHERE g.id = goal_id AND g.episode_id IN (SELECT {}()))"
)
_OF_SESSION = (
    "EXISTS (SELECT 1 FROM sessions_app_session s"
    " WHERE s.id = session_id AND s.episode_id IN (SELECT {}()))"
)
POLICIES = {
    "alliance_goal": "episode_id IN (SELECT {}())",
    "alliance_goaltick": f"{_OF_GOAL} AND {_OF_SESSION}",
    "alliance_goalmark": _OF_GOAL,
    "alliance_shownunrated": _OF_SESSION,
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, of in POLICIES.items():
        read = of.replace("{}", "readable_episodes")
        write = of.replace("{}", "writable_episodes")
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
        ("alliance", "0017_couples_and_groups_behind_the_wall"),
        ("sessions_app", "0009_names_can_be_seen"),
    ]

    operations = [
        migrations.CreateModel(
            name="Goal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "words",
                    sessions_app.access.fields.EncryptedTextField(
                        max_length=280, verbose_name="the goal, in your client’s words"
                    ),
                ),
                ("agreed_on", models.DateField(verbose_name="agreed on")),
                (
                    "reworded_on",
                    models.DateField(
                        blank=True, help_text="When the words were last changed.", null=True
                    ),
                ),
                ("ended_on", models.DateField(blank=True, null=True)),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reached", "Reached"),
                            ("changed", "Changed: another goal took its place"),
                            ("set_aside", "Set aside"),
                        ],
                        max_length=16,
                        verbose_name="how it ended",
                    ),
                ),
                (
                    "remark",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=280, verbose_name="why"
                    ),
                ),
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="goals",
                        to="sessions_app.episode",
                    ),
                ),
            ],
            options={
                "ordering": ["agreed_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="GoalMark",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "respondent",
                    models.CharField(
                        choices=[("client", "Client"), ("therapist", "Therapist")], max_length=16
                    ),
                ),
                ("marked_on", models.DateField()),
                ("mark", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "goal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="marks",
                        to="alliance.goal",
                    ),
                ),
            ],
            options={
                "ordering": ["marked_on"],
            },
        ),
        migrations.CreateModel(
            name="GoalTick",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("is_worked_on", models.BooleanField()),
                (
                    "goal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ticks",
                        to="alliance.goal",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.session",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OwnFirst",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_on", models.BooleanField(null=True)),
                (
                    "member",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.membership",
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.practice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ShownUnrated",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("shown_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shown_unrated",
                        to="sessions_app.session",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("words__stored_as", "aes1.")),
                name="goal_words_are_encrypted",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("remark", ""), ("remark__stored_as", "aes1."), _connector="OR"),
                name="goal_remark_is_encrypted",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_on", None), ("ending", "")),
                    models.Q(("ended_on__isnull", False), models.Q(("ending", ""), _negated=True)),
                    _connector="OR",
                ),
                name="goal_that_ended_says_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_on", None), ("ended_on__gte", models.F("agreed_on")), _connector="OR"
                ),
                name="goal_ends_after_it_was_agreed",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(("ending__in", ["", "reached", "changed", "set_aside"])),
                name="goal_ending_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="goalmark",
            constraint=models.UniqueConstraint(
                fields=("goal", "respondent", "marked_on"), name="goal_mark_once_a_day_for_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="goalmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("mark", None), ("mark__lte", 10), _connector="OR"),
                name="goal_mark_is_0_to_10_or_not_said",
            ),
        ),
        migrations.AddConstraint(
            model_name="goalmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("respondent__in", ["client", "therapist"])),
                name="goal_mark_respondent_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="goalmark",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("respondent", "client"), ("mark__isnull", False), _connector="OR"
                ),
                name="goal_mark_of_a_therapist_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="goaltick",
            constraint=models.UniqueConstraint(
                fields=("goal", "session"), name="goal_tick_once_for_a_goal_and_session"
            ),
        ),
        migrations.AddConstraint(
            model_name="ownfirst",
            constraint=models.UniqueConstraint(
                condition=models.Q(("member", None)),
                fields=("practice",),
                name="own_first_once_for_a_practice",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownfirst",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_on__isnull", False), ("member__isnull", False), _connector="OR"
                ),
                name="own_first_of_a_practice_is_yes_or_no",
            ),
        ),
        migrations.RunPython(create, drop),
    ]
