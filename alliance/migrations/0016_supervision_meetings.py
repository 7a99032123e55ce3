"""Meetings of a therapist and their supervisor, behind a wall of their own.

They belong to the two, not to an episode: who manages the practice reads none,
and neither does who supervises the therapist later.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import sessions_app.access.fields

FUNCTIONS = """
-- Supervisions of which the bound person reads the meetings: as the therapist always, as the
-- supervisor while it holds.
CREATE FUNCTION readable_supervisions() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT s.id FROM sessions_app_supervision s
  WHERE s.therapist_id IN (SELECT own_places())
     OR (s.supervisor_id IN (SELECT own_places())
         AND s.started_on <= bound_day() AND (s.ended_on IS NULL OR s.ended_on >= bound_day()));
END $$;
-- Those in whose meetings they may write: as one of the two, while it holds.
CREATE FUNCTION writable_supervisions() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT s.id FROM sessions_app_supervision s
  WHERE (s.therapist_id IN (SELECT own_places()) OR s.supervisor_id IN (SELECT own_places()))
    AND s.started_on <= bound_day() AND (s.ended_on IS NULL OR s.ended_on >= bound_day());
END $$;
"""
NAMES = ("writable_supervisions", "readable_supervisions")

_OWN = "supervision_id IN (SELECT {}())"
_OF_MEETING = (
    "EXISTS (SELECT 1 FROM alliance_supervisionmeeting m WHERE m.id = meeting_id"
    " AND m.supervision_id IN (SELECT {}()))"
)
_OF_WRITER = _OF_MEETING + " AND writer_id IN (SELECT own_places())"
POLICIES = {
    "alliance_supervisionmeeting": _OWN,
    "alliance_privatenote": _OF_WRITER,
    "alliance_agreedaction": _OWN,
    "alliance_agendaitem": _OF_MEETING,
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(FUNCTIONS, params=None)
    for table, of in POLICIES.items():
        read, write = of.format("readable_supervisions"), of.format("writable_supervisions")
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
    for name in NAMES:
        schema_editor.execute(f"DROP FUNCTION {name}", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0015_what_could_help_and_news"),
        ("sessions_app", "0009_names_can_be_seen"),
    ]

    operations = [
        migrations.CreateModel(
            name="SupervisionMeeting",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("planned_on", models.DateField(verbose_name="day of the meeting")),
                ("held_on", models.DateField(blank=True, null=True)),
                (
                    "notes",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=8000, verbose_name="notes for both of you"
                    ),
                ),
                (
                    "supervision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="meetings",
                        to="sessions_app.supervision",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PrivateNote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "text",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=8000, verbose_name="notes for yourself"
                    ),
                ),
                (
                    "writer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.membership",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="private_notes",
                        to="alliance.supervisionmeeting",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AgreedAction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "text",
                    sessions_app.access.fields.EncryptedTextField(
                        max_length=500, verbose_name="what will be done"
                    ),
                ),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="until")),
                ("agreed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "episode",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.episode",
                    ),
                ),
                (
                    "supervision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreed_actions",
                        to="sessions_app.supervision",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreed_actions",
                        to="alliance.supervisionmeeting",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AgendaItem",
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
                            ("flag", "Marked"),
                            ("unrated", "No rating for three sessions"),
                            ("ending", "Ended unplanned since the last meeting"),
                            ("action", "Agreed, and not done yet"),
                            ("line", "Added by one of you"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "place",
                    models.PositiveIntegerField(help_text="Which one of its kind it is, from 1."),
                ),
                (
                    "text",
                    sessions_app.access.fields.EncryptedTextField(
                        blank=True, max_length=280, verbose_name="what to speak about"
                    ),
                ),
                ("is_discussed", models.BooleanField(default=False)),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.membership",
                    ),
                ),
                (
                    "episode",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.episode",
                    ),
                ),
                (
                    "flag",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.flag",
                    ),
                ),
                (
                    "action",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.agreedaction",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agenda",
                        to="alliance.supervisionmeeting",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="supervisionmeeting",
            index=models.Index(fields=["supervision", "planned_on"], name="meeting_by_supervision"),
        ),
        migrations.AddConstraint(
            model_name="supervisionmeeting",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("notes", ""), ("notes__stored_as", "aes1."), _connector="OR"),
                name="supervision_meeting_notes_are_encrypted",
            ),
        ),
        migrations.AddConstraint(
            model_name="privatenote",
            constraint=models.UniqueConstraint(
                fields=("meeting", "writer"), name="private_note_once_for_a_meeting_and_writer"
            ),
        ),
        migrations.AddConstraint(
            model_name="privatenote",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("text", ""), ("text__stored_as", "aes1."), _connector="OR"),
                name="private_note_is_encrypted",
            ),
        ),
        migrations.AddIndex(
            model_name="agreedaction",
            index=models.Index(
                condition=models.Q(("done_at", None)),
                fields=["supervision"],
                name="agreed_action_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreedaction",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("text", ""), ("text__stored_as", "aes1."), _connector="OR"),
                name="agreed_action_is_encrypted",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreedaction",
            constraint=sessions_app.access.fields.OfEncrypted(
                condition=models.Q(("text", ""), _negated=True), name="agreed_action_says_what"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreedaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("done_at", None), ("done_at__gte", models.F("agreed_at")), _connector="OR"
                ),
                name="agreed_action_is_done_after_it_was_agreed",
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=models.UniqueConstraint(
                fields=("meeting", "kind", "place"), name="agenda_item_has_a_place_of_its_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=models.UniqueConstraint(
                fields=("meeting", "flag"), name="agenda_item_once_for_a_flag"
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=models.UniqueConstraint(
                fields=("meeting", "action"), name="agenda_item_once_for_an_action"
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=sessions_app.access.fields.OfEncrypted(
                condition=models.Q(
                    models.Q(
                        ("action", None),
                        ("flag__isnull", False),
                        ("kind__in", ["flag", "unrated"]),
                        ("text", ""),
                    ),
                    models.Q(
                        ("action", None),
                        ("episode__isnull", False),
                        ("flag", None),
                        ("kind", "ending"),
                        ("text", ""),
                    ),
                    models.Q(
                        ("action__isnull", False), ("flag", None), ("kind", "action"), ("text", "")
                    ),
                    models.Q(
                        ("action", None),
                        ("flag", None),
                        ("kind", "line"),
                        models.Q(("text", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="agenda_item_is_about_what_its_kind_says",
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=sessions_app.access.fields.IsEncrypted(
                condition=models.Q(("text", ""), ("text__stored_as", "aes1."), _connector="OR"),
                name="agenda_item_is_encrypted",
            ),
        ),
        migrations.RunPython(create, drop),
    ]
