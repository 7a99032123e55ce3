"""The register: every table of this app, gathered from its rooms."""

from sessions_app.access.models import AuditEvent, Membership, Practice, Supervision, User
from sessions_app.clients.models import Client, ClientIdentity, Episode
from sessions_app.sessions.models import Session

__all__ = [
    "AuditEvent",
    "Client",
    "ClientIdentity",
    "Episode",
    "Membership",
    "Practice",
    "Session",
    "Supervision",
    "User",
]
