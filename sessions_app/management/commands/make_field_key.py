from django.core.management.base import BaseCommand

from sessions_app.access.encryption import make_key


class Command(BaseCommand):
    help = "Print a fresh key for FIELD_KEYS. It is kept nowhere: keep it yourself."
    requires_system_checks = ()

    def handle(self, *args, **options):
        self.stdout.write(make_key())
