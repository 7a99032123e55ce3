from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from alliance.asking.second_thoughts import EMPTIED
from sessions_app.access.roles import RolesRefused, set_up_roles

READ = "SELECT"
ADD = "SELECT, INSERT"
CHANGE = "SELECT, INSERT, UPDATE"
# What the clients' pages need, where they are served alone. No account, no name, no session.
FORM_MAY = {
    "sessions_app.Practice": READ,
    "sessions_app.Membership": READ,
    "sessions_app.Supervision": READ,
    "sessions_app.Deputy": READ,
    "sessions_app.Client": READ,
    "sessions_app.Episode": "SELECT, UPDATE (id)",  # To lock it; its row stays as it is.
    "sessions_app.Session": READ,
    "sessions_app.AuditEvent": ADD,
    "alliance.Measure": READ,
    "alliance.MeasureVersion": READ,
    "alliance.Item": READ,
    # Whether one holds, and what it wants said on the form; not what its number is.
    "alliance.Licence": "SELECT (id, version_id, attested_on, valid_until, notice)",
    "alliance.ParameterVersion": ADD,
    "alliance.Sensitivity": READ,
    "alliance.RatingRequest": "SELECT, UPDATE (closed_at, closing, strays, opened_at)",
    "alliance.Rating": f"{ADD}, UPDATE ({', '.join(EMPTIED)})",
    "alliance.Comment": CHANGE,
    "alliance.AskingRules": READ,
    "alliance.Arrangement": f"{ADD}, UPDATE (stopped_at, stopped_by)",
    "alliance.Standing": CHANGE,
    "alliance.StandingLink": "SELECT, UPDATE (pin, wrong_pins, locked_until, revoked_at)",
    "alliance.Flag": CHANGE,
    "alliance.Reading": READ,
    "alliance.FollowUp": READ,
}


def form_may():
    """Return what the clients' pages need, by table; the cache is where guesses are counted.

    It is not the one that the server of staff reads: see CACHES in the settings.
    """
    tables = {apps.get_model(name)._meta.db_table: rights for name, rights in FORM_MAY.items()}
    return tables | {"public_cache": "SELECT, INSERT, UPDATE, DELETE"}


class Command(BaseCommand):
    help = (
        "On PostgreSQL: make the roles that a practice needs, give each what it is for, and "
        "switch row-level security on. Run it as a superuser, and again after every migrate."
    )

    def add_arguments(self, parser):
        parser.add_argument("--prefix", default="alliance", help="what the roles' names begin with")

    def handle(self, *args, prefix, **options):
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles; with SQLite there is nothing to do.")
        try:
            set_up_roles(prefix=prefix, form_may=form_may(), tell=self.stdout.write)
        except RolesRefused as refusal:
            raise CommandError(str(refusal)) from refusal
