"""What a therapist has planned: what waits for a word, what comes today, and the week ahead."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from sessions_app.sessions.models import Session

LOOKS_AHEAD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Agenda:
    """`come` waits to be called held or missed, `later` is still to come today."""

    come: list[Session]
    later: list[Session]
    ahead: list[Session]


def present_agenda(user):
    """Sort what `user` has planned until a week from now, in one query."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    midnight = timezone.make_aware(datetime.combine(tomorrow, time()))
    planned = list(
        Session.objects.held_by(user)
        .planned()
        .filter(starts_at__lt=midnight + LOOKS_AHEAD)
        .defer("note")
        .select_related("episode__client", "episode__therapist__practice")
        .order_by("starts_at", "pk")
    )
    return Agenda(
        come=[session for session in planned if session.has_come],
        later=[one for one in planned if not one.has_come and one.starts_at < midnight],
        ahead=[one for one in planned if not one.has_come and one.starts_at >= midnight],
    )
