"""What was opened in an emergency: for those who opened it, whose clients it was, and managers."""

from dataclasses import dataclass
from typing import Any

from sessions_app.access.models import Deputy, Practice
from sessions_app.openings.models import EmergencyAccess

LOOKS_BACK = 100


@dataclass(frozen=True, slots=True)
class EmergenciesPage:
    """`told` concern one's own clients; `opened` one opened oneself."""

    told: list[EmergencyAccess]
    opened: list[EmergencyAccess]


@dataclass(frozen=True, slots=True)
class PracticeEmergenciesPage:
    practice: Practice
    deputies: list[Deputy]
    told: list[EmergencyAccess]


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record that is open to a deputy: its courses of therapy, the latest first."""

    access: EmergencyAccess
    episodes: list[Any]


def present_emergencies(user):
    """Gather what a clinician is told of emergencies, and what they opened themselves."""
    return EmergenciesPage(
        told=_latest(EmergencyAccess.objects.among_clients_of(user)),
        opened=_latest(EmergencyAccess.objects.filter(member__user=user.pk)),
    )


def present_practice_emergencies(practice):
    """Gather who may open a record in an emergency, and what they opened."""
    deputies = Deputy.objects.filter(member__practice=practice, dismissed_at=None)
    return PracticeEmergenciesPage(
        practice=practice,
        deputies=list(deputies.select_related("member__user").order_by("appointed_at")),
        told=_latest(EmergencyAccess.objects.filter(member__practice=practice)),
    )


def present_opened_record(access):
    """Gather the courses of therapy that an emergency opens."""
    episodes = access.client.episodes.select_related("therapist__user")
    return OpenedRecord(access=access, episodes=list(episodes.order_by("-started_on", "-pk")))


def _latest(accesses):
    accesses = accesses.select_related("client", "member__user", "member__practice")
    return list(accesses.order_by("-opened_at")[:LOOKS_BACK])
