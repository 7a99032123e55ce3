"""The people of a practice, and one of them: what a manager sees. Counts and codes, no ratings."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Prefetch, Q
from django.utils import timezone

from sessions_app.access.models import Deputy, Membership, Practice, Supervision
from sessions_app.access.rows import is_alone_with_one_wall
from sessions_app.places.forms import DUTIES
from sessions_app.places.models import Invitation

LOOKS_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Person:
    """A place in the practice, in words; `clients` counts those who are with them now."""

    member: Membership
    does: list[str]
    supervisors: list[str]
    clients: int


@dataclass(frozen=True, slots=True)
class PeoplePage:
    practice: Practice
    here: list[Person]
    left: list[Person]
    waiting: list[Invitation]
    was_opened: bool
    has_one_wall: bool


def present_people(practice):
    """List who has a place in `practice`, who had one, and who is invited; in five flat queries."""
    supervised = Supervision.objects.not_over().select_related("supervisor__user")
    members = (
        Membership.objects.filter(practice=practice)
        .select_related("user")
        .annotate(clients=Count("episodes", filter=Q(episodes__ended_on=None)))
        .prefetch_related(Prefetch("supervised", supervised, to_attr="supervisions_now"))
        .order_by("user__name", "started_on", "pk")
    )
    people = [
        Person(
            member=member,
            does=does(member),
            supervisors=[str(held.supervisor) for held in member.supervisions_now],
            clients=member.clients,
        )
        for member in members
    ]
    return PeoplePage(
        practice=practice,
        here=[person for person in people if not person.member.is_over],
        left=[person for person in people if person.member.is_over],
        waiting=list(
            Invitation.objects.waiting().filter(practice=practice).order_by("-invited_at")
        ),
        was_opened=practice.memberships.filter(
            emergencies__opened_at__gte=timezone.now() - LOOKS_BACK
        ).exists(),
        has_one_wall=is_alone_with_one_wall(),
    )


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One place; `codes` are those of the clients who are with this person now."""

    member: Membership
    does: list[str]
    supervised_by: list[Supervision]
    supervises: list[Supervision]
    codes: list[str]
    ended: int
    is_deputy: bool


def present_member(member):
    """Gather what a manager sees of one person."""
    relations = {
        name: list(
            getattr(member, name)
            .select_related("supervisor__user", "therapist__user")
            .order_by("-started_on", "-pk")
        )
        for name in ("supervised", "supervises")
    }
    episodes = member.episodes.all()
    return MemberPage(
        member=member,
        does=does(member),
        supervised_by=relations["supervised"],
        supervises=relations["supervises"],
        codes=sorted(episodes.filter(ended_on=None).values_list("client__code", flat=True)),
        ended=episodes.exclude(ended_on=None).count(),
        is_deputy=Deputy.objects.filter(member=member, dismissed_at=None).exists(),
    )


def does(member):
    """Say in words what a member, or whoever is invited, does in the practice."""
    return [str(words) for name, words in DUTIES.items() if getattr(member, name)]
