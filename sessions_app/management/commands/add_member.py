from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from sessions_app.access.actions import join_practice, start_supervision
from sessions_app.access.models import Membership, Practice
from sessions_app.people.pages import password_link


class Command(BaseCommand):
    help = "Give a person a place in a practice. Prints a one-time link to set a password."

    def add_arguments(self, parser):
        parser.add_argument("--practice", type=int, help="its number; may be left out if only one")
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--clinician", action="store_true", help="sees clients or supervises")
        parser.add_argument("--manager", action="store_true")
        parser.add_argument("--reception", action="store_true")
        parser.add_argument("--supervisor", help="e-mail of who supervises this person")

    @transaction.atomic
    def handle(self, *args, **options):
        try:
            practice = self._practice(options["practice"])
            member = join_practice(
                practice=practice,
                email=options["email"],
                name=options["name"],
                is_clinician=options["clinician"],
                is_manager=options["manager"],
                is_reception=options["reception"],
            )
            if options["supervisor"]:
                start_supervision(
                    supervisor=Membership.objects.today().get(
                        practice=practice, user__email=options["supervisor"].lower()
                    ),
                    therapist=member,
                )
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from refusal
        except Practice.DoesNotExist as error:
            raise CommandError("There is no such practice.") from error
        except Practice.MultipleObjectsReturned as error:
            raise CommandError("There are several practices: say which by --practice.") from error
        except Membership.DoesNotExist as error:
            raise CommandError("The supervisor does not belong to this practice.") from error
        if member.user.has_usable_password():
            self.stdout.write(f"{member.user.email} joins {practice.name} with their own password.")
        else:
            self.stdout.write(
                f"{member.user.email} sets a password at {password_link(member.user)}"
            )

    def _practice(self, number):
        return Practice.objects.get(pk=number) if number else Practice.objects.get()
