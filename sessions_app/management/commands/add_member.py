from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from sessions_app.access.models import Membership, Practice
from sessions_app.management.addresses import absolute
from sessions_app.places.actions import invite


class Command(BaseCommand):
    help = "Invite a person to a practice. Prints a one-time link; no letter is sent."

    def add_arguments(self, parser):
        parser.add_argument("--practice", type=int, help="its number; may be left out if only one")
        parser.add_argument("--email", required=True)
        parser.add_argument("--clinician", action="store_true", help="sees clients or supervises")
        parser.add_argument("--manager", action="store_true")
        parser.add_argument("--reception", action="store_true")
        parser.add_argument("--supervisor", help="e-mail of who supervises this person")

    @transaction.atomic
    def handle(self, *args, **options):
        try:
            practice = self._practice(options["practice"])
            invitation, secret = invite(
                practice=practice,
                email=options["email"],
                is_clinician=options["clinician"],
                is_manager=options["manager"],
                is_reception=options["reception"],
                supervisors=self._supervisors(practice, options["supervisor"]),
                by=None,
            )
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from refusal
        except Practice.DoesNotExist as error:
            raise CommandError("There is no such practice.") from error
        except Practice.MultipleObjectsReturned as error:
            raise CommandError("There are several practices: say which by --practice.") from error
        except Membership.DoesNotExist as error:
            raise CommandError("The supervisor does not belong to this practice.") from error
        self.stdout.write(f"{invitation.email} joins at {absolute(reverse('join', args=[secret]))}")

    def _practice(self, number):
        return Practice.objects.get(pk=number) if number else Practice.objects.get()

    def _supervisors(self, practice, email):
        if not email:
            return []
        return [Membership.objects.today().get(practice=practice, user__email=email.lower())]
