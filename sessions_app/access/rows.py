"""The second wall: on PostgreSQL the database itself shows a person only their own rows.

What is bound here holds for one transaction. The policies (migration 0006 of
`alliance`) read it, and where nothing is bound there are no clinical rows. The
rule that they state is that of `visible_to`. On SQLite nothing of this exists.
"""

from contextlib import contextmanager, nullcontext, suppress
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db.backends.signals import connection_created
from psycopg2 import sql
from psycopg2.errorcodes import INSUFFICIENT_PRIVILEGE

from sessions_app.access.models import Membership, today

# Whether we see all rows, or could in a role that we may take on; and whether we read accounts.
SEES = """
SELECT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),
       (SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')),
       coalesce(has_table_privilege(to_regclass('sessions_app_user'), 'SELECT'), false)
"""
# Of the tables that have policies: whether they hold, for the owner too, and whether we own one.
WALL = """
SELECT coalesce(bool_and(t.relrowsecurity AND t.relforcerowsecurity), false),
       coalesce(bool_or(t.relrowsecurity), false),
       coalesce(bool_or(pg_has_role(t.relowner, 'MEMBER')), false)
FROM pg_class t WHERE t.oid IN (SELECT polrelid FROM pg_policy)
"""


def rows_of(user):
    """Open, until the end of the block, the rows that `user` may see or change today."""
    return _bound(person=str(user.pk or ""), day=today().isoformat())


def rows_of_episode(episode_id):
    """Open one episode on purpose, beside what is open: for work on it that anybody sets off.

    A client's answer, say, or a manager's handing over, changes what its
    ratings amount to, though neither may read them.
    """
    return _bound(episode=str(episode_id))


def rows_of_form(token_digest):
    """Open the one episode for which a form was asked, to whoever has the form's secret."""
    return _bound(form=token_digest) if token_digest else nullcontext()


def rows_counted(practice):
    """Open what is counted in `practice`, to who manages it: of rows, none is shown."""
    return _bound(practice=str(practice.pk))


@contextmanager
def _bound(**values):
    """Bind settings for the block, in a transaction; afterwards they are what they were.

    `set_config(…, true)` ends with the transaction, so that a connection that
    is pooled never carries one person's rows to the next.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        yield
        return
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        before = _set(connection, values)
        yield
        if not is_outermost:
            _set(connection, before)


def _set(connection, values):
    """Bind `values`, and return what was bound before."""
    names = list(values)
    settings_of_ours = [sql.Literal(f"alliance.{name}") for name in names]
    query = sql.SQL(
        "WITH before AS MATERIALIZED (SELECT {old}) SELECT before.*, {new} FROM before"
    ).format(
        old=sql.SQL(", ").join(
            sql.SQL("current_setting({}, true) AS {}").format(setting, sql.Identifier(name))
            for setting, name in zip(settings_of_ours, names, strict=True)
        ),
        new=sql.SQL(", ").join(
            sql.SQL("set_config({}, %s, true)").format(setting) for setting in settings_of_ours
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, list(values.values()))
        return dict(zip(names, (value or "" for value in cursor.fetchone()), strict=False))


def is_alone_with_one_wall():
    """Say whether only the application keeps several clinicians' rows apart."""
    return (
        connections[DEFAULT_DB_ALIAS].vendor != "postgresql"
        and Membership.objects.today().filter(is_clinician=True).count() > 1
    )


def was_held_back(error):
    """Say whether it was the wall that refused: a change of a row, or to lock one."""
    if isinstance(error, ObjectDoesNotExist):
        return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"
    return getattr(error.__cause__, "pgcode", "") == INSUFFICIENT_PRIVILEGE


def sees_all_rows():
    """Say whether the wall holds nothing back from us: jobs and migrations need that."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        return True
    found = _look(connection)
    return found.sees_all or not found.some_are_walled


def holes_in_the_wall():
    """Return, in sentences, why the database would not hold back what a filter forgot."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        return []
    found = _look(connection)
    holes = [
        (
            found.could_see_all,
            "The server's database role sees all rows, or may take on one that does.",
        ),
        (
            found.owns and not found.could_see_all,
            "The server's database role owns clinical tables.",
        ),
        (not found.all_are_walled, "Row-level security is not on for all clinical tables."),
        (
            settings.PUBLIC_ONLY and found.reads_accounts and not found.could_see_all,
            "The clients' pages are served in a role that reads accounts.",
        ),
    ]
    return [sentence for is_so, sentence in holes if is_so]


def refuse_holes():
    """Let this process, which serves people, have no connection before which there is no wall.

    On one's own machine it may. A database that cannot be reached just now is
    looked at when it can be.
    """
    if settings.IS_LOCAL:
        return
    connection_created.connect(_refuse_holes, dispatch_uid="the second wall")
    with suppress(OperationalError):
        connections[DEFAULT_DB_ALIAS].ensure_connection()


def _refuse_holes(*, connection, **kwargs):
    holes = holes_in_the_wall()
    if holes:
        connection.close()
        raise ImproperlyConfigured(
            " ".join([*holes, "`manage.py database_roles` sets it up: see docs/operations.md."])
        )


class _Found(NamedTuple):
    sees_all: bool
    could_see_all: bool
    reads_accounts: bool
    all_are_walled: bool
    some_are_walled: bool
    owns: bool


def _look(connection):
    with connection.cursor() as cursor:
        cursor.execute(SEES)
        sees = cursor.fetchone()
        cursor.execute(WALL)
        return _Found(*sees, *cursor.fetchone())
