from django.core.management.base import BaseCommand, CommandError

from alliance.measures.actions import load_instruments
from alliance.measures.values import InstrumentError


class Command(BaseCommand):
    help = "Load the questionnaires of alliance/measures/instruments that are not loaded yet."

    def handle(self, *args, **options):
        try:
            loaded = load_instruments()
        except InstrumentError as error:
            raise CommandError(error) from error
        for version in loaded:
            self.stdout.write(f"loaded {version}")
        if not loaded:
            self.stdout.write("all instruments are loaded already")
