"""The second wall: on PostgreSQL the database itself shows a person only their own rows.

What is bound here holds for one transaction. The policies (migration 0006 of
`alliance`) read it, and where nothing is bound there are no clinical rows. The
rule that they state is that of `visible_to`. On SQLite nothing of this exists.
"""

from contextlib import contextmanager, nullcontext, suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db.backends.signals import connection_created
from psycopg2 import sql
from psycopg2.errorcodes import INSUFFICIENT_PRIVILEGE

from sessions_app.access.models import Membership, today

# What the web server works as may be none of these, or there is no wall.
SEES_ALL = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
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
    sees_all, (_all, some, _owns) = _look(connection)
    return sees_all or not some


def holes_in_the_wall():
    """Return, in sentences, why the database would not hold back what a filter forgot."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        return []
    sees_all, (stands, _some, owns) = _look(connection)
    return [
        sentence
        for is_so, sentence in (
            (sees_all, "The server's database role is a superuser, or sees all rows."),
            (owns and not sees_all, "The server's database role owns clinical tables."),
            (not stands, "Row-level security is not switched on for all clinical tables."),
        )
        if is_so
    ]


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


def _look(connection):
    with connection.cursor() as cursor:
        cursor.execute(SEES_ALL)
        (sees_all,) = cursor.fetchone()
        cursor.execute(WALL)
        return sees_all, cursor.fetchone()
