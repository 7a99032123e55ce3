"""Comments move into rows of their own, which PostgreSQL opens to whom they were written.

What was written before was promised to the therapist alone. The triggers of
0002 look into the table that SQLite makes anew here, so they are out of the
way meanwhile.
"""

import importlib

from django.db import migrations
from django.db.models import F

from sessions_app.access.fields import EncryptedTextField

wording = importlib.import_module("alliance.migrations.0002_wording_stands_once_rated")

_SESSION = (
    "FROM alliance_rating r JOIN sessions_app_session s ON s.id = r.session_id"
    " JOIN sessions_app_episode e ON e.id = s.episode_id WHERE r.id = rating_id"
)
_LATER = (
    "EXISTS (SELECT 1 FROM sessions_app_session n WHERE n.episode_id = s.episode_id"
    " AND n.status = 'held' AND n.starts_at > s.starts_at)"
)
# Whoever sent it by its form can take it back; who opened the episode on purpose, as well.
_BACK = (
    "s.episode_id = bound_episode() OR EXISTS (SELECT 1 FROM alliance_ratingrequest q"
    " WHERE q.id = r.request_id AND q.token_digest = bound_form())"
)
_READ = (
    f"EXISTS (SELECT 1 {_SESSION} AND (e.therapist_id IN (SELECT own_places())"
    f" AND (r.comment_audience IN ('therapist', 'supervisor')"
    f" OR r.comment_audience = 'later' AND {_LATER})"
    " OR r.comment_audience = 'supervisor' AND e.therapist_id IN (SELECT reached_places())"
    f" OR {_BACK}))"
)
_ADD = f"EXISTS (SELECT 1 {_SESSION} AND s.episode_id IN (SELECT writable_episodes()))"
_CHANGE = f"EXISTS (SELECT 1 {_SESSION} AND ({_BACK}))"
_ARRANGED = "episode_id IN (SELECT writable_episodes())"
_ARRANGED_SEEN = (
    "episode_id IN (SELECT readable_episodes()) OR episode_id IN (SELECT office_episodes())"
)
POLICIES = {
    "alliance_comment": (_READ, _ADD, _CHANGE),
    "alliance_arrangement": (_ARRANGED_SEEN, _ARRANGED, _ARRANGED),
}


def move_out(apps, schema_editor):
    alias = schema_editor.connection.alias
    comments = apps.get_model("alliance", "comment").objects.using(alias)
    ratings = apps.get_model("alliance", "rating").objects.using(alias)
    readings = apps.get_model("alliance", "reading").objects.using(alias)
    for rating in ratings.exclude(comment="").iterator():
        comments.create(rating_id=rating.pk, text=rating.comment)
    ratings.exclude(comment="").update(comment_audience="therapist")
    ratings.filter(comment="").update(comment_audience="")
    read = readings.filter(reader=F("rating__session__episode__therapist"))
    for rating_id, read_at in read.values_list("rating", "read_at"):
        ratings.filter(pk=rating_id).exclude(comment="").update(comment_read_at=read_at)


def move_back(apps, schema_editor):
    alias = schema_editor.connection.alias
    comments = apps.get_model("alliance", "comment").objects.using(alias)
    ratings = apps.get_model("alliance", "rating").objects.using(alias)
    ratings.update(comment_read_at=None)
    for comment in comments.iterator():
        rating = ratings.get(pk=comment.rating_id)
        rating.comment = comment.text
        rating.save()
    comments.all().delete()


def settle(apps, schema_editor):
    """Let PostgreSQL look at once at what it would look at in the end, before a table changes."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, (read, add, change) in POLICIES.items():
        for command, rule in (
            ("read", f"FOR SELECT USING ({read})"),
            ("add", f"FOR INSERT WITH CHECK ({add})"),
            ("change", f"FOR UPDATE USING ({change}) WITH CHECK ({change})"),
        ):
            schema_editor.execute(f"CREATE POLICY may_{command} ON {table} {rule}", params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in POLICIES:
        for command in ("read", "add", "change"):
            schema_editor.execute(f"DROP POLICY may_{command} ON {table}", params=None)


class Migration(migrations.Migration):
    dependencies = [("alliance", "0008_ways_to_ask_and_comments_apart")]
    operations = [
        migrations.RunPython(wording.drop, wording.create),
        migrations.RunPython(move_out, settle),
        migrations.RunPython(settle, move_back),
        migrations.RemoveConstraint("rating", "rating_comment_is_encrypted"),
        # So that it can come back: a field that is there again begins empty.
        migrations.AlterField("rating", "comment", EncryptedTextField(blank=True, default="")),
        migrations.RemoveField("rating", "comment"),
        migrations.RunPython(create, drop),
        migrations.RunPython(wording.create, wording.drop),
    ]
