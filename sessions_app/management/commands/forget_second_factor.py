from django.core.management.base import BaseCommand, CommandError

from sessions_app.access.models import User
from sessions_app.people.actions import forget_second_factors


class Command(BaseCommand):
    help = (
        "Take away the second factors of a person who has lost them all. Be sure that it is "
        "them who ask: by voice or in person, not by mail."
    )

    def add_arguments(self, parser):
        parser.add_argument("--email", required=True)
        parser.add_argument("--reason", required=True, help="kept in the trail")

    def handle(self, *args, **options):
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError("Nobody has this address.")
        forget_second_factors(user=user, reason=options["reason"])
        self.stdout.write(f"{user.email} signs in with the password and sets up another now.")
