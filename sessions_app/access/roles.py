"""The database roles of a practice on PostgreSQL, and what each of them may do.

`owner`   has the tables, and migrates; never the web server's
`app`     the web server: what the policies let through, and no deletion of clinical rows
`form`    the clients' pages served alone: the one form that a secret opens
`jobs`    commands that look at all rows, such as check_standing and rotate_keys
`backup`  reads everything, writes nothing

Everything is done again each time: what a migration has added since is taken in.
"""

import secrets

from django.db import connection
from psycopg2 import sql

ROLES = {"owner": True, "app": False, "form": False, "jobs": True, "backup": True}  # sees all rows
PATIENCE = {
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
# With its policies a query of ours looks dear to PostgreSQL, which would then compile it: that
# takes seconds, where the query itself takes milliseconds.
PLANNING = {"jit": "off"}
ADDED_TO_ONLY = ("sessions_app_auditevent", "sessions_app_auditseal")
MIGRATIONS = "django_migrations"
MAY_GO = ("sessions_app_invitation_supervisors",)  # Which of several it names.
OURS = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND (relname LIKE 'sessions_app_%' OR relname LIKE 'alliance_%')
"""
CAN_MAKE_ROLES = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = %s"
WALLED = "SELECT DISTINCT polrelid::regclass::text FROM pg_policy ORDER BY 1"


class RolesRefused(Exception):
    """Who asks may not make roles, or there is nothing yet to give to them."""


def set_up_roles(*, prefix, form_may, tell):
    """Make the roles, give the tables to `owner`, and switch row-level security on.

    `form_may` says by table what the clients' pages need. `tell` is called with
    each thing that was done, in words. A role that is new gets a password,
    which is told once. Raises RolesRefused.
    """
    with connection.cursor() as cursor:
        cursor.execute(CAN_MAKE_ROLES)
        if not cursor.fetchone()[0]:
            raise RolesRefused("Only a superuser of PostgreSQL can give roles what they need.")
        cursor.execute(WALLED)
        walled = [table for (table,) in cursor.fetchall()]
        if not walled:
            raise RolesRefused("There are no clinical tables here yet: run `manage.py migrate`.")
        names = {role: f"{prefix}_{role}" for role in ROLES}
        for role, sees_all in ROLES.items():
            _make(cursor, names[role], sees_all=sees_all, tell=tell)
        _give(cursor, names["owner"], tell)
        _grant(cursor, names, form_may, tell)
        for table in walled:
            _run(cursor, "ALTER TABLE {} ENABLE ROW LEVEL SECURITY", table)
            _run(cursor, "ALTER TABLE {} FORCE ROW LEVEL SECURITY", table)
        tell(f"Row-level security holds on {len(walled)} tables: {', '.join(walled)}.")


def _make(cursor, name, *, sees_all, tell):
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if cursor.fetchone() is None:
        password = secrets.token_urlsafe(24)
        query = sql.SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(name))
        cursor.execute(query, [password])
        tell(f"Made {name}. Its password, which is not shown again: {password}")
    _run(
        cursor,
        "ALTER ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
        + ("BYPASSRLS" if sees_all else "NOBYPASSRLS"),
        name,
    )
    # Nobody who serves people waits for ever, or makes others wait.
    for setting, value in (PLANNING if sees_all else PLANNING | PATIENCE).items():
        _run(cursor, f"ALTER ROLE {{}} SET {setting} = '{value}'", name)
    tell(f"{name} {'sees all rows' if sees_all else 'sees what the policies let through'}.")


def _give(cursor, owner, tell):
    """Make `owner` the owner of all tables and functions, and let nobody else make any."""
    for kind, word in (("r", "TABLE"), ("S", "SEQUENCE")):
        cursor.execute(TABLES, [kind])
        for (table,) in cursor.fetchall():
            # A sequence that belongs to a column goes with its table.
            cursor.execute(
                "SELECT 1 FROM pg_depend WHERE objid = %s::regclass AND deptype IN ('a', 'i')",
                [f"public.{table}"],
            )
            if word == "TABLE" or cursor.fetchone() is None:
                _run(cursor, f"ALTER {word} {{}} OWNER TO {{}}", table, owner)
    cursor.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS"
        " (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    for (function,) in cursor.fetchall():
        query = sql.SQL("ALTER FUNCTION {} OWNER TO {}")
        cursor.execute(query.format(sql.SQL(function), sql.Identifier(owner)))
    _run(cursor, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    _run(cursor, "GRANT USAGE, CREATE ON SCHEMA public TO {}", owner)
    tell(f"{owner} has all tables; nobody else can make one.")


def _grant(cursor, names, form_may, tell):
    """Take everything back, and give each role what it is for."""
    app, form, jobs, backup = (names[role] for role in ("app", "form", "jobs", "backup"))
    everything = "ALL TABLES IN SCHEMA public"
    for name in (app, form, jobs, backup):
        _run(cursor, f"REVOKE ALL ON {everything} FROM {{}}", name)
        _run(cursor, "GRANT USAGE ON SCHEMA public TO {}", name)
    for name in (app, jobs):
        _run(cursor, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {everything} TO {{}}", name)
        _run(cursor, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}", name)
        for table in ADDED_TO_ONLY:
            _run(cursor, "REVOKE UPDATE, DELETE ON {} FROM {}", table, name)
        _run(cursor, "REVOKE INSERT, UPDATE, DELETE ON {} FROM {}", MIGRATIONS, name)
    cursor.execute(OURS)
    for (table,) in cursor.fetchall():
        if table not in MAY_GO:
            _run(cursor, "REVOKE DELETE ON {} FROM {}", table, app)
    tell(f"{app} reads and writes, deletes nothing of ours, and only adds to the trail.")
    for table, rights in form_may.items():
        _run(cursor, f"GRANT {rights} ON {{}} TO {{}}", table, form)
    _run(cursor, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}", form)
    tell(f"{form} reaches {len(form_may)} tables, for the clients' pages served alone.")
    tell(f"{jobs} does the same as {app}, on all rows.")
    _run(cursor, f"GRANT SELECT ON {everything} TO {{}}", backup)
    _run(cursor, "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {}", backup)
    # What is in a function is run as their owner, who sees all rows.
    _run(cursor, "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
    for name in (app, form, jobs, backup):
        _run(cursor, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}", name)
    tell(f"{backup} reads everything and writes nothing.")


def _run(cursor, statement, *names):
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
