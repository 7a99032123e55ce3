"""Commands that look at everybody's rows refuse to look at some of them."""

from django.core.management.base import BaseCommand, CommandError

from sessions_app.access.rows import sees_all_rows

REFUSAL = (
    "This database role is held back by row-level security, so the command would see only some "
    "rows, or none. Run it in a role that sees all rows: DATABASE_URL with alliance_jobs, or with "
    "alliance_owner for migrate."
)


class AllRowsCommand(BaseCommand):
    """A command that is refused in a database role that is shown only some rows."""

    def execute(self, *args, **options):
        refuse_to_see_some()
        return super().execute(*args, **options)


def refuse_to_see_some(**kwargs):
    """Raise CommandError where row-level security would hold rows back from us."""
    if not sees_all_rows():
        raise CommandError(REFUSAL)
