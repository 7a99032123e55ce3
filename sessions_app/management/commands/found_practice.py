from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from sessions_app.access.actions import found_practice
from sessions_app.management.addresses import absolute
from sessions_app.places.actions import invite


class Command(BaseCommand):
    help = "Open a practice, and invite its first member. Prints a one-time link."

    def add_arguments(self, parser):
        parser.add_argument("--name", required=True, help="what the practice is called")
        parser.add_argument("--time-zone", default="UTC", help="for example Europe/Vienna")
        parser.add_argument("--language", default="en")
        parser.add_argument("--crisis-note", default="", help="shown to clients, always in place")
        parser.add_argument("--email", required=True, help="the first member, who manages it")
        parser.add_argument("--clinician", action="store_true", help="who also sees clients")

    @transaction.atomic
    def handle(self, *args, **options):
        try:
            practice = found_practice(
                name=options["name"],
                time_zone=options["time_zone"],
                language=options["language"],
                crisis_note=options["crisis_note"],
            )
            invitation, secret = invite(
                practice=practice,
                email=options["email"],
                is_manager=True,
                is_clinician=options["clinician"],
                by=None,
            )
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from refusal
        self.stdout.write(f"Practice {practice.pk}, {practice.name}, is open.")
        self.stdout.write(f"{invitation.email} joins at {absolute(reverse('join', args=[secret]))}")
