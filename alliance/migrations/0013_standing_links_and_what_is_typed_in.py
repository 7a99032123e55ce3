"""A client's bookmark, and what is typed in for somebody else.

A bookmark's secret opens its episode as the secret of a form does: to nobody
else, and no longer than it is in use. The triggers of 0011 look into the table
that SQLite makes anew here, so they are out of the way meanwhile.
"""

import importlib
import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

wording = importlib.import_module("alliance.migrations.0011_licensed_measures")

LENT = """
CREATE OR REPLACE FUNCTION lent_episodes() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT bound_episode() WHERE bound_episode() IS NOT NULL
  UNION
  SELECT s.episode_id FROM alliance_ratingrequest r
  JOIN sessions_app_session s ON s.id = r.session_id
  WHERE r.token_digest = bound_form(){};
END $$;
"""
BY_BOOKMARK = """
  UNION
  SELECT l.episode_id FROM alliance_standinglink l
  WHERE l.token_digest = bound_form() AND l.revoked_at IS NULL"""
TABLE = "alliance_standinglink"
_WRITE = "episode_id IN (SELECT writable_episodes())"
POLICIES = {
    "read": "FOR SELECT USING (token_digest = bound_form()"
    " OR episode_id IN (SELECT readable_episodes()))",
    "add": f"FOR INSERT WITH CHECK ({_WRITE})",
    "change": f"FOR UPDATE USING ({_WRITE}) WITH CHECK ({_WRITE})",
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(LENT.format(BY_BOOKMARK), params=None)
    for command, rule in POLICIES.items():
        schema_editor.execute(f"CREATE POLICY may_{command} ON {TABLE} {rule}", params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for command in POLICIES:
        schema_editor.execute(f"DROP POLICY may_{command} ON {TABLE}", params=None)
    schema_editor.execute(LENT.format(""), params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0012_messages"),
        ("sessions_app", "0009_names_can_be_seen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(wording.drop, wording.create),
        migrations.CreateModel(
            name="StandingLink",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("token_digest", models.CharField(max_length=64)),
                (
                    "pin",
                    models.CharField(
                        blank=True,
                        help_text="Hashed; empty until its client has chosen one.",
                        max_length=128,
                    ),
                ),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "wrong_pins",
                    models.PositiveSmallIntegerField(default=0, help_text="How many in a row."),
                ),
                ("locked_until", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="rating",
            name="filled_in_on",
            field=models.DateField(help_text="The day that stands on a paper sheet.", null=True),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("filled_in_on", None), ("input_mode", "paper"), _connector="OR"
                ),
                name="rating_filled_in_on_is_of_paper",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("input_mode__in", ["paper", "aloud"]), _negated=True),
                    ("entered_by__isnull", False),
                    _connector="OR",
                ),
                name="rating_typed_in_says_by_whom",
            ),
        ),
        migrations.AddField(
            model_name="standinglink",
            name="episode",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="standing_links",
                to="sessions_app.episode",
            ),
        ),
        migrations.AddField(
            model_name="standinglink",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="standinglink",
            constraint=models.UniqueConstraint(
                fields=("token_digest",), name="standing_secret_is_its_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="standinglink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None)),
                fields=("episode",),
                name="standing_link_once_for_an_episode",
            ),
        ),
        migrations.AddConstraint(
            model_name="standinglink",
            constraint=models.CheckConstraint(
                condition=models.Q(("pin", ""), ("pin__contains", "$"), _connector="OR"),
                name="standing_pin_is_hashed",
            ),
        ),
        migrations.AddConstraint(
            model_name="standinglink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wrong_pins__lt", 15),
                    models.Q(("revoked_at__isnull", False), ("wrong_pins", 15)),
                    _connector="OR",
                ),
                name="standing_link_ends_after_too_many_wrong_pins",
            ),
        ),
        migrations.AddConstraint(
            model_name="standinglink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("locked_until", None), ("wrong_pins", 0)),
                    models.Q(("pin", ""), _negated=True),
                    _connector="OR",
                ),
                name="standing_link_counts_wrong_pins_once_it_has_one",
            ),
        ),
        migrations.RunPython(create, drop),
        migrations.RunPython(wording.create, wording.drop),
    ]
