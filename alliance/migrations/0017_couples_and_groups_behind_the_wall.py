"""Couples, families and groups behind the wall: for whoever leads them, and who supervises these.

A circle opens no episode. Only its second therapist's episodes may be begun by
the first, and only with clients of the first's own: `shares_client` says so.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION shares_client(shared uuid, colleague bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM sessions_app_circlemember m
    JOIN sessions_app_circle c ON c.id = m.circle_id
    JOIN sessions_app_episode e ON e.id = m.episode_id
    WHERE m.client_id = shared AND e.client_id = shared AND m.left_on IS NULL AND e.ended_on IS NULL
      AND c.co_therapist_id = colleague
      AND c.therapist_id = e.therapist_id AND c.therapist_id IN (SELECT own_places()))
$$;
"""
_BY = "({0}therapist_id IN (SELECT {1}()) OR {0}co_therapist_id IN (SELECT {1}()))"
_OF_CIRCLE = "circle_id IN (SELECT c.id FROM sessions_app_circle c WHERE {})"
_READ = _OF_CIRCLE.format("true")
_WRITE = _OF_CIRCLE.format(_BY.format("c.", "own_places"))
_OWN_CLIENT = (
    " AND episode_id IN (SELECT e.id FROM sessions_app_episode e"
    " WHERE e.client_id = sessions_app_circlemember.client_id"
    " AND e.therapist_id IN (SELECT own_places()))"
)
POLICIES = {
    "sessions_app_circle": (
        _BY.format("", "reached_places"),
        "therapist_id IN (SELECT own_places())",
        _BY.format("", "own_places"),  # Whoever logs a meeting locks it.
    ),
    "sessions_app_circlemember": (_READ, _WRITE + _OWN_CLIENT, _WRITE),
    "sessions_app_meeting": (_READ, _WRITE, _WRITE),
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(FUNCTION, params=None)
    for table, (read, add, change) in POLICIES.items():
        for command, rule in (
            ("read", f"FOR SELECT USING ({read})"),
            ("add", f"FOR INSERT WITH CHECK ({add})"),
            ("change", f"FOR UPDATE USING ({change}) WITH CHECK ({change})"),
        ):
            schema_editor.execute(f"CREATE POLICY may_{command} ON {table} {rule}", params=None)
    schema_editor.execute(
        "CREATE POLICY may_share ON sessions_app_episode FOR INSERT"
        " WITH CHECK (shares_client(client_id, therapist_id))",
        params=None,
    )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("DROP POLICY may_share ON sessions_app_episode", params=None)
    for table in POLICIES:
        for command in ("read", "add", "change"):
            schema_editor.execute(f"DROP POLICY may_{command} ON {table}", params=None)
    schema_editor.execute("DROP FUNCTION shares_client", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0016_supervision_meetings"),
        ("sessions_app", "0011_couples_families_and_groups"),
    ]
    operations = [migrations.RunPython(create, drop)]
