"""What reception sees: which sessions were held, and whether a rating was asked and has come."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from alliance.asking.actions import EXPIRES_AFTER
from alliance.measures.models import Perspective
from alliance.ratings.models import RatingRequest
from sessions_app.access.models import Membership, Practice
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

LOOKS_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ReceptionRow:
    """One held session: no marks, no comment, no name. `asked_at` is of the latest asking."""

    session: Session
    has_arrived: bool
    asked_at: datetime | None
    open_until: datetime | None
    replaces: str
    way: str


@dataclass(frozen=True, slots=True)
class ReceptionDay:
    day: date
    rows: list[ReceptionRow]


@dataclass(frozen=True, slots=True)
class ReceptionPage:
    practice: Practice
    days: list[ReceptionDay]


def reception_sessions(user):
    """Keep the held sessions for which `user`, at reception, may ask for a rating.

    Of their practices, with therapists who are there today. Not those of
    episodes that were handed over.
    """
    places = Membership.objects.of(user).today().filter(is_reception=True)
    return (
        Session.objects.held()
        .filter(
            episode__therapist__in=Membership.objects.today().filter(
                practice__in=places.values("practice")
            )
        )
        .exclude(episode__ending=Episode.Ending.TRANSFERRED)
    )


def sessions_to_type_in(user):
    """Keep those whose sheets `user`, at reception, may type in: recent ones, or with one printed.

    Recent is what a sheet that was printed on its day would still be valid for.
    """
    since = timezone.now() - EXPIRES_AFTER[RatingRequest.Channel.PAPER]
    printed = RatingRequest.objects.filter(
        respondent=Perspective.CLIENT, channel=RatingRequest.Channel.PAPER
    )
    return reception_sessions(user).filter(
        Q(starts_at__gte=since) | Q(pk__in=printed.values("session"))
    )


def present_reception(user, practice):
    """List today's and last week's held sessions of `practice`, the latest day first.

    One flat query on what was asked and whether it was answered; nothing that
    was said is even looked for.
    """
    begins = timezone.make_aware(datetime.combine(timezone.localdate() - LOOKS_BACK, time()))
    sessions = list(
        reception_sessions(user)
        .filter(episode__therapist__practice=practice, starts_at__gte=begins)
        .defer("note")
        .select_related("episode__client", "episode__therapist__user")
        .order_by("-starts_at", "pk")
    )
    asked = {
        request.session_id: request
        for request in RatingRequest.objects.filter(
            session__in=sessions, respondent=Perspective.CLIENT
        ).order_by("asked_at")
    }
    days: dict[date, list[ReceptionRow]] = {}
    for session in sessions:
        row = _row(session, asked.get(session.pk))
        days.setdefault(timezone.localdate(session.starts_at), []).append(row)
    return ReceptionPage(
        practice=practice, days=[ReceptionDay(day, rows) for day, rows in days.items()]
    )


def _row(session, request):
    is_open = request is not None and request.closed_at is None
    is_open = is_open and request.expires_at > timezone.now()
    return ReceptionRow(
        session=session,
        has_arrived=request is not None and request.was_answered,
        asked_at=request.asked_at if request else None,
        open_until=request.expires_at if is_open else None,
        replaces=str(request.pk) if is_open else "",
        way=request.get_channel_display() if request else "",
    )
