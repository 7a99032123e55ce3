"""The register: every table of this app, gathered from its rooms."""

from sessions_app.access.models import (
    AuditEvent,
    AuditSeal,
    Deputy,
    Membership,
    Practice,
    Supervision,
    User,
)
from sessions_app.calendars.models import CalendarFeed
from sessions_app.clients.models import Client, ClientIdentity, Episode
from sessions_app.meetings.models import Circle, CircleMember, Meeting
from sessions_app.openings.models import Consent, EmergencyAccess
from sessions_app.places.models import Invitation
from sessions_app.sessions.models import Session
from sessions_app.tablets.models import Tablet

__all__ = [
    "AuditEvent",
    "AuditSeal",
    "CalendarFeed",
    "Circle",
    "CircleMember",
    "Client",
    "ClientIdentity",
    "Consent",
    "Deputy",
    "EmergencyAccess",
    "Episode",
    "Invitation",
    "Meeting",
    "Membership",
    "Practice",
    "Session",
    "Supervision",
    "Tablet",
    "User",
]
