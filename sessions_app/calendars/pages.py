"""What a calendar program is given: moments and codes, in the format of RFC 5545."""

import hashlib
from datetime import timedelta

from django.utils import timezone
from icalendar import Calendar, Event

from sessions_app.sessions.models import Session

LOOKS_BACK = timedelta(days=7)
ASK_AGAIN = timedelta(hours=1)


def planned_of(user):
    """Return what `user` has planned in their own therapies, and what came up last week."""
    sessions = Session.objects.held_by(user).planned()
    return list(
        sessions.filter(starts_at__gte=timezone.now() - LOOKS_BACK)
        .defer("note")
        .select_related("episode__client")
        .order_by("starts_at", "pk")
    )


def fingerprint(sessions):
    """Return what changes when, and only when, a calendar program should fetch it again."""
    told = [
        (
            session.pk.hex,
            session.starts_at.isoformat(),
            session.minutes,
            session.episode.client.code,
        )
        for session in sessions
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def write_calendar(sessions):
    """Write sessions as a calendar: when, how long, and a code. Nothing says what for."""
    calendar = Calendar()
    calendar.add("prodid", "-//Planned//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"VALUE": "DURATION"})
    for session in sessions:
        event = Event()
        event.add("uid", str(session.pk))
        event.add("dtstamp", timezone.now())
        event.add("dtstart", session.starts_at)
        event.add("dtend", session.starts_at + timedelta(minutes=session.minutes))
        event.add("summary", session.episode.client.code)
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    return calendar.to_ical()
