from django.core.management.base import CommandError

from sessions_app.access.encryption import current_key
from sessions_app.access.rotation import places, rotate, survey
from sessions_app.management.all_rows import AllRowsCommand


class Command(AllRowsCommand):
    help = (
        "Encrypt every text under the first of FIELD_KEYS, while people go on working, "
        "and then decrypt all of them to see that nothing is left under another key."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="only decrypt everything; write nothing"
        )

    def handle(self, *args, check, **options):
        first = current_key()
        texts = elsewhere = 0
        failures = []
        for place in places():
            renewed = 0 if check else rotate(place)
            found = survey(place)
            by_key = ", ".join(f"{key or 'no key'}: {n}" for key, n in sorted(found.keys.items()))
            told = f"{place.name}: {found.keys.total()} texts"
            told += f" ({by_key})" if by_key else ""
            self.stdout.write(told if check else f"{told}, {renewed} encrypted anew")
            texts += found.keys.total()
            elsewhere += found.keys.total() - found.keys[first]
            failures += found.failures
        for failure in failures[:10]:
            self.stderr.write(failure)
        if failures:
            raise CommandError(f"{len(failures)} of {texts} texts do not decrypt.")
        if elsewhere and not check:
            raise CommandError(f"{elsewhere} of {texts} texts are under another key: run it again.")
        self.stdout.write(f"All {texts} texts decrypt; {texts - elsewhere} are under “{first}”.")
