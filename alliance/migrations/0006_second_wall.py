"""The second wall: what a forgotten filter in the application would let through, PostgreSQL holds.

The functions state the rule of `MembershipQuerySet.reach` and of
`EpisodeQuerySet.visible_to`, for the person whom `sessions_app.access.rows`
has bound; a test compares the two on invented worlds. They run as their owner,
who sees all rows, or they would ask themselves, and in PL/pgSQL, which keeps
their plans. The policies sleep until `manage.py database_roles` switches
row-level security on and gives the tables to a role that the web server does
not have.
"""

from django.db import migrations

FUNCTIONS = """
-- Whether who asks serves members of staff. Where only clients' pages are served, whoever got
-- in could bind what they like: there nobody is a person, and nothing is opened but by a secret.
CREATE FUNCTION serves_staff() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT has_table_privilege(session_user, 'sessions_app_user', 'SELECT') $$;
CREATE FUNCTION bound_person() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('alliance.person', true), '')::bigint WHERE serves_staff() $$;
CREATE FUNCTION bound_day() RETURNS date LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('alliance.day', true), '')::date $$;
CREATE FUNCTION bound_episode() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('alliance.episode', true), '')::uuid WHERE serves_staff() $$;
CREATE FUNCTION bound_form() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('alliance.form', true), '') $$;
CREATE FUNCTION bound_practice() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('alliance.practice', true), '')::bigint WHERE serves_staff() $$;

-- Places that the bound person has today, and is not kept out of.
CREATE FUNCTION places_today() RETURNS SETOF sessions_app_membership
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT m.* FROM sessions_app_membership m
  JOIN sessions_app_user u ON u.id = m.user_id
  WHERE u.id = bound_person() AND u.is_active AND m.locked_at IS NULL
    AND m.started_on <= bound_day() AND (m.ended_on IS NULL OR m.ended_on >= bound_day());
END $$;
CREATE FUNCTION own_places() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT id FROM places_today() WHERE is_clinician;
END $$;
CREATE FUNCTION reached_places() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT own_places()
  UNION
  SELECT s.therapist_id FROM sessions_app_supervision s
  WHERE s.supervisor_id IN (SELECT own_places())
    AND s.started_on <= bound_day() AND (s.ended_on IS NULL OR s.ended_on >= bound_day());
END $$;
-- Places in practices whose people the bound person manages.
CREATE FUNCTION managed_places() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT t.id FROM sessions_app_membership t
  WHERE t.practice_id IN (SELECT practice_id FROM places_today() WHERE is_manager);
END $$;
-- The same, and those in practices at whose reception they work.
CREATE FUNCTION office_places() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT t.id FROM sessions_app_membership t
  WHERE t.practice_id IN (
    SELECT practice_id FROM places_today() WHERE is_manager OR is_reception);
END $$;
CREATE FUNCTION practices_today() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT practice_id FROM places_today();
END $$;

-- Episodes that somebody's work was opened for on purpose: to read and to change.
CREATE FUNCTION lent_episodes() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT bound_episode() WHERE bound_episode() IS NOT NULL
  UNION
  SELECT s.episode_id FROM alliance_ratingrequest r
  JOIN sessions_app_session s ON s.id = r.session_id
  WHERE r.token_digest = bound_form();
END $$;
-- Episodes that a consent, an emergency or a count opens: to read only.
CREATE FUNCTION opened_episodes() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT c.episode_id FROM sessions_app_consent c
  JOIN sessions_app_episode f ON f.follows_id = c.episode_id
  WHERE c.kind = 'earlier_therapy' AND c.withdrawn_at IS NULL
    AND f.ended_on IS NULL AND f.therapist_id IN (SELECT own_places())
  UNION
  SELECT e.id FROM sessions_app_emergencyaccess a
  JOIN sessions_app_episode e ON e.client_id = a.client_id
  WHERE a.closed_at IS NULL AND a.expires_at > statement_timestamp()
    AND a.member_id IN (SELECT own_places())
    AND EXISTS (SELECT 1 FROM sessions_app_deputy d
                WHERE d.member_id = a.member_id AND d.dismissed_at IS NULL
                  AND d.appointed_at <= a.opened_at)
  UNION
  SELECT e.id FROM sessions_app_episode e
  JOIN sessions_app_membership t ON t.id = e.therapist_id
  WHERE t.practice_id = bound_practice()
    AND t.practice_id IN (SELECT practice_id FROM places_today() WHERE is_manager);
END $$;
CREATE FUNCTION readable_episodes() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT id FROM sessions_app_episode WHERE therapist_id IN (SELECT reached_places())
  UNION SELECT lent_episodes()
  UNION SELECT opened_episodes();
END $$;
CREATE FUNCTION writable_episodes() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT id FROM sessions_app_episode WHERE therapist_id IN (SELECT own_places())
  UNION SELECT lent_episodes();
END $$;
-- Clients whom the bound person may take on: their own, and those who are with nobody yet.
CREATE FUNCTION may_take_on(taken uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT NOT EXISTS (SELECT 1 FROM sessions_app_episode e WHERE e.client_id = taken
                     AND e.therapist_id NOT IN (SELECT own_places()))
$$;
CREATE FUNCTION office_episodes() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT id FROM sessions_app_episode WHERE therapist_id IN (SELECT office_places());
END $$;
"""
NAMES = (
    "office_episodes",
    "may_take_on",
    "writable_episodes",
    "readable_episodes",
    "opened_episodes",
    "lent_episodes",
    "practices_today",
    "office_places",
    "managed_places",
    "reached_places",
    "own_places",
    "places_today",
    "bound_practice",
    "bound_form",
    "bound_episode",
    "bound_day",
    "bound_person",
    "serves_staff",
)

_OF_SESSION = "EXISTS (SELECT 1 FROM sessions_app_session s WHERE s.id = session_id AND {})"
_READ_SESSION = _OF_SESSION.format("s.episode_id IN (SELECT readable_episodes())")
_WRITE_SESSION = _OF_SESSION.format("s.episode_id IN (SELECT writable_episodes())")
_READ = "episode_id IN (SELECT readable_episodes())"
_WRITE = "episode_id IN (SELECT writable_episodes())"
_OF_CLIENT = "{} IN (SELECT e.client_id FROM sessions_app_episode e WHERE e.id IN (SELECT {}()))"
_OF_RATING = (
    "EXISTS (SELECT 1 FROM alliance_rating r JOIN sessions_app_session s ON s.id = r.session_id"
    " WHERE r.id = rating_id AND s.episode_id IN (SELECT {}()))"
)
_OWN = "therapist_id IN (SELECT own_places())"
_MANAGED = "therapist_id IN (SELECT managed_places())"

# Of each table: what may be read, what may be added, what may be changed. Nothing is deleted.
POLICIES = {
    # A code says nothing by itself, and no two clients of a practice may share one.
    "sessions_app_client": (
        "practice_id IN (SELECT practices_today()) OR " + _OF_CLIENT.format("id", "lent_episodes"),
        "practice_id IN (SELECT practices_today())",
        _OF_CLIENT.format("id", "writable_episodes"),
    ),
    # The name is for whoever holds the episode: no supervisor, no deputy reads it.
    "sessions_app_clientidentity": (
        _OF_CLIENT.format("client_id", "writable_episodes"),
        _OF_CLIENT.format("client_id", "writable_episodes"),
        _OF_CLIENT.format("client_id", "writable_episodes"),
    ),
    # By its own columns: a row that is just being added is not in the table yet.
    "sessions_app_episode": (
        "therapist_id IN (SELECT reached_places()) OR therapist_id IN (SELECT office_places())"
        " OR id IN (SELECT lent_episodes()) OR id IN (SELECT opened_episodes())",
        f"({_OWN} AND may_take_on(client_id)) OR {_MANAGED}",
        f"{_OWN} OR {_MANAGED} OR id IN (SELECT lent_episodes())",
    ),
    "sessions_app_session": (
        f"{_READ} OR episode_id IN (SELECT office_episodes())",
        _WRITE,
        _WRITE,
    ),
    "alliance_ratingrequest": (
        "token_digest = bound_form() OR "
        + _OF_SESSION.format(
            "(s.episode_id IN (SELECT readable_episodes())"
            " OR s.episode_id IN (SELECT office_episodes()))"
        ),
        _WRITE_SESSION,
        _WRITE_SESSION,
    ),
    "alliance_rating": (_READ_SESSION, _WRITE_SESSION, _WRITE_SESSION),
    "alliance_standing": (_READ, _WRITE, _WRITE),
    "alliance_flag": (_READ, _WRITE, _WRITE),
    "alliance_reading": (
        _OF_RATING.format("readable_episodes"),
        _OF_RATING.format("writable_episodes"),
        _OF_RATING.format("writable_episodes"),
    ),
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(FUNCTIONS, params=None)
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
    for name in NAMES:
        schema_editor.execute(f"DROP FUNCTION {name}", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0005_handing_over"),
        ("sessions_app", "0005_invitations_consents_and_breaking_glass"),
    ]
    operations = [migrations.RunPython(create, drop)]
