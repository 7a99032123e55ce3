from django.core.management.base import CommandError

from alliance.trends.actions import differences, review
from sessions_app.clients.models import Episode
from sessions_app.management.all_rows import AllRowsCommand


class Command(AllRowsCommand):
    help = (
        "Work out every episode's standing and flags anew from its sessions and ratings, "
        "and fail if what is stored differs in anything."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--mend", action="store_true", help="store what was worked out where it differs"
        )

    def handle(self, *args, mend, **options):
        checked, different = 0, 0
        episodes = Episode.objects.select_related("therapist__practice").order_by("pk")
        for episode in episodes.iterator():
            checked += 1
            found = differences(episode)
            if not found:
                continue
            different += 1
            self.stdout.write(f"{episode.pk}: {', '.join(found)}")
            if mend:
                review(episode)
        told = f"{checked} checked, {different} different"
        if different and not mend:
            raise CommandError(f"{told}. --mend stores what was worked out.")
        self.stdout.write(f"{told}{', mended' if different else ''}")
