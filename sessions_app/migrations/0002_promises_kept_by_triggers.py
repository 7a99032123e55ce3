"""What a constraint cannot say, said by triggers on both engines.

The audit trail is only ever added to. Supervisor and therapist, and client and
therapist, belong to one practice. SQLite drops a table's triggers when a later
migration rebuilds the table: such a migration must call `create` again, and
the tests that break each promise notice if it does not.
"""

from django.db import migrations

NAMES = {
    "sessions_app_auditevent": [
        "audit_is_never_changed",
        "audit_is_never_deleted",
        "audit_is_never_replaced",
    ],
    "sessions_app_supervision": ["supervision_within_one_practice", "supervision_stays_within"],
    "sessions_app_episode": ["episode_within_one_practice", "episode_stays_within"],
}

SQLITE = """
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON sessions_app_auditevent
BEGIN SELECT RAISE(ABORT, 'audit_is_never_changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON sessions_app_auditevent
BEGIN SELECT RAISE(ABORT, 'audit_is_never_deleted'); END;
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON sessions_app_auditevent
WHEN EXISTS (SELECT 1 FROM sessions_app_auditevent WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit_is_never_replaced'); END;

CREATE TRIGGER supervision_within_one_practice BEFORE INSERT ON sessions_app_supervision
WHEN (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.supervisor_id)
  IS NOT (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.therapist_id)
BEGIN SELECT RAISE(ABORT, 'supervision_within_one_practice'); END;
CREATE TRIGGER supervision_stays_within BEFORE UPDATE ON sessions_app_supervision
WHEN (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.supervisor_id)
  IS NOT (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.therapist_id)
BEGIN SELECT RAISE(ABORT, 'supervision_within_one_practice'); END;

CREATE TRIGGER episode_within_one_practice BEFORE INSERT ON sessions_app_episode
WHEN (SELECT practice_id FROM sessions_app_client WHERE id = NEW.client_id)
  IS NOT (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.therapist_id)
BEGIN SELECT RAISE(ABORT, 'episode_within_one_practice'); END;
CREATE TRIGGER episode_stays_within BEFORE UPDATE ON sessions_app_episode
WHEN (SELECT practice_id FROM sessions_app_client WHERE id = NEW.client_id)
  IS NOT (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.therapist_id)
BEGIN SELECT RAISE(ABORT, 'episode_within_one_practice'); END;
"""

POSTGRESQL = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE integrity_constraint_violation USING MESSAGE = TG_NAME; END $$;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON sessions_app_auditevent
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE OR TRUNCATE ON sessions_app_auditevent
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE FUNCTION supervision_is_within_one_practice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.supervisor_id)
     IS DISTINCT FROM
     (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.therapist_id)
  THEN RAISE integrity_constraint_violation USING MESSAGE = 'supervision_within_one_practice';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER supervision_within_one_practice BEFORE INSERT OR UPDATE ON sessions_app_supervision
FOR EACH ROW EXECUTE FUNCTION supervision_is_within_one_practice();

CREATE FUNCTION episode_is_within_one_practice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT practice_id FROM sessions_app_client WHERE id = NEW.client_id)
     IS DISTINCT FROM
     (SELECT practice_id FROM sessions_app_membership WHERE id = NEW.therapist_id)
  THEN RAISE integrity_constraint_violation USING MESSAGE = 'episode_within_one_practice';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER episode_within_one_practice BEFORE INSERT OR UPDATE ON sessions_app_episode
FOR EACH ROW EXECUTE FUNCTION episode_is_within_one_practice();
"""

POSTGRESQL_DROP = """
DROP FUNCTION IF EXISTS audit_is_append_only CASCADE;
DROP FUNCTION IF EXISTS supervision_is_within_one_practice CASCADE;
DROP FUNCTION IF EXISTS episode_is_within_one_practice CASCADE;
"""


def create(apps, schema_editor):
    drop(apps, schema_editor)
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)
            return
        for statement in SQLITE.split("END;")[:-1]:
            cursor.execute(f"{statement}END;")


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_DROP)
            return
        for name in (name for names in NAMES.values() for name in names):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_first_tables")]
    operations = [migrations.RunPython(create, drop)]
