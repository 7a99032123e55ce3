import re
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from sessions_app.access.actions import seal_trail
from sessions_app.access.models import AuditSeal
from sessions_app.access.seals import differs_from_kept, find_faults


def _kept(text):
    """Read DAY:DIGEST as this command printed it."""
    day, _colon, digest = text.strip().partition(":")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise CommandError("--expect takes what was printed: 2026-01-31: and 64 digits.")
    try:
        return date.fromisoformat(day), digest
    except ValueError as error:
        raise CommandError(f"“{day}” is no day like 2026-01-31.") from error


class Command(BaseCommand):
    help = (
        "Work the seals of the trail out again and fail if anything was changed, taken out or "
        "added afterwards; seal the days that are complete; print the newest seal, to be kept "
        "elsewhere."
    )

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="only look; seal nothing")
        parser.add_argument(
            "--expect",
            metavar="DAY:DIGEST",
            action="append",
            default=[],
            help="a seal that was printed earlier and kept elsewhere; may be given several times",
        )

    def handle(self, *args, check, expect, **options):
        kept = [_kept(text) for text in expect]
        faults = list(find_faults())
        faults += filter(None, (differs_from_kept(*told) for told in kept))
        made = [] if check else seal_trail()
        for fault in faults:
            self.stderr.write(fault)
        looked_over = AuditSeal.objects.count() - len(made)
        self.stdout.write(f"{looked_over} days looked over, {len(made)} sealed now")
        newest = AuditSeal.objects.order_by("day").last()
        if newest:
            self.stdout.write(f"Newest seal: {newest}")
        if faults:
            count = "One thing does" if len(faults) == 1 else f"{len(faults)} things do"
            raise CommandError(f"{count} not match what was sealed.")
