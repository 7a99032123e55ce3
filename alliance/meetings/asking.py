"""What the page after a meeting shows: whom to ask, each apart, and how far the asking is."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.measures.models import Perspective
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.meetings.models import Meeting
from sessions_app.sessions.models import Session
from sessions_app.tablets.models import Tablet


@dataclass(frozen=True, slots=True)
class Asked:
    """One member's own session in a meeting: how far the asking is, and nothing of the answer.

    `replaces` is the id of the request that is open, as text, or nothing.
    """

    session: Session
    state: str
    replaces: str
    can_be_asked: bool


@dataclass(frozen=True, slots=True)
class AskingPage:
    meeting: Meeting
    rows: list[Asked]
    tablets: list[Tablet]
    is_everybody_asked: bool


def present_meeting(meeting, user):
    """Gather the sessions of `meeting` that `user` holds, and what became of asking for each."""
    sessions = list(
        Session.objects.held_by(user)
        .filter(meeting=meeting)
        .select_related("episode__client", "episode__therapist")
        .order_by("episode__client__code")
    )
    rated = set(
        Rating.objects.standing()
        .of_alliance()
        .filter(session__in=sessions, respondent=Perspective.CLIENT)
        .values_list("session", flat=True)
    )
    requests = RatingRequest.objects.filter(session__in=sessions, respondent=Perspective.CLIENT)
    last = {request.session_id: request for request in requests.order_by("asked_at")}
    rows = [_asked(session, last.get(session.pk), session.pk in rated) for session in sessions]
    therapist = sessions[0].episode.therapist if sessions else None
    tablets = Tablet.objects.at_hand_of(therapist) if therapist else Tablet.objects.none()
    return AskingPage(
        meeting=meeting,
        rows=rows,
        tablets=list(tablets.order_by("name", "pk")),
        is_everybody_asked=not any(row.can_be_asked for row in rows),
    )


def _asked(session, request, is_rated):
    is_open = bool(request and request.closed_at is None and request.expires_at > timezone.now())
    return Asked(
        session=session,
        state=_state(session, request, is_rated=is_rated, is_open=is_open),
        replaces=str(request.pk) if is_open else "",
        can_be_asked=session.status == Session.Status.HELD and not is_rated,
    )


def _state(session, request, *, is_rated, is_open):
    if session.status != Session.Status.HELD:
        return _("Did not come") if session.status == Session.Status.MISSED else _("Cancelled")
    if is_rated:
        return _("Answered")
    if request is None:
        return _("Not asked yet")
    if is_open:
        return _("Asked, not answered yet")
    if request.closing == RatingRequest.Closing.DECLINED:
        return _("Skipped")
    return _("Asked, and not answered in time")
