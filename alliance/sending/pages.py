"""How far the asking is: of one episode step by step, and whether messages go out at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.asking.arranging import has_bookmark, plans_of, ways_to_send
from alliance.asking.models import Way
from alliance.measures.models import Perspective
from alliance.ratings.models import RatingRequest
from alliance.sending.links import BY_MESSAGE
from alliance.sending.models import Message
from alliance.sending.rounds import LAST_ROUND, not_asked
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

LATEST = 5  # Of an episode's askings; the others are folded away.
OVERDUE_AFTER = timedelta(minutes=5)
Closing = RatingRequest.Closing


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a request, and when."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """One session that was asked about: how, and how far it has come."""

    session: Session
    request: RatingRequest
    steps: list[Step]
    trouble: str
    may_have_bounced: bool


@dataclass(frozen=True, slots=True)
class Funnel:
    """An episode's asked sessions, the latest first."""

    episode: Episode
    rows: list[Asked]
    bounced: bool

    @property
    def latest(self):
        return self.rows[:LATEST]

    @property
    def earlier(self):
        return self.rows[LATEST:]


def present_funnel(episode):
    """List what became of each asking in an episode, the latest first; nothing that was said."""
    requests: dict = {}
    for request in (
        RatingRequest.objects.filter(session__episode=episode, respondent=Perspective.CLIENT)
        .select_related("session")
        .prefetch_related("messages")
        .order_by("session__starts_at", "asked_at")
    ):
        requests[request.session_id] = request
    rows = [_asked(request) for request in reversed(requests.values())]
    return Funnel(
        episode=episode,
        rows=rows,
        bounced=bool(rows) and _came_back(rows[0].request),
    )


def _came_back(request):
    """Whether the address seems to be wrong: the latest message came back, or was refused."""
    failed = Message.Closing.FAILED
    return bool(request.bounced_at) or any(
        message.closing == failed for message in request.messages.all()
    )


def _asked(request):
    happened = [
        (request.get_channel_display(), request.asked_at),
        (_("Sent"), request.sent_at),
        (_("Opened"), request.opened_at),
        (_("Reminded"), request.reminded_at),
        (_("Came back"), request.bounced_at),
    ]
    if request.closing:
        happened.append((request.get_closing_display(), request.closed_at))
    elif request.expires_at <= timezone.now():
        happened.append((str(Closing.EXPIRED.label), request.expires_at))
    steps = [Step(what, at) for what, at in happened if at]
    return Asked(
        session=request.session,
        request=request,
        steps=sorted(steps, key=lambda step: step.at),
        trouble=_trouble(request),
        may_have_bounced=bool(request.sent_at) and not request.bounced_at and not request.closing,
    )


def _trouble(request):
    """Say what is the matter with a message, if something is."""
    for message in request.messages.all():
        if message.closing == Message.Closing.FAILED:
            return _("It could not be delivered. Please check the address.")
        if message.closing == "" and message.last_error:
            return _("It could not be sent yet. It will be tried again.")
        if message.closing == "" and message.due_at <= timezone.now():
            return _("It is waiting to be sent.")
    if request.bounced_at:
        return _("It came back. Please check the address.")
    return ""


@dataclass(frozen=True, slots=True)
class MailState:
    """Whether messages of a practice go out: how many wait, since when, and who looked last."""

    waiting: int
    waiting_since: datetime | None
    last_round: datetime | None
    is_working: bool
    failed: int


def present_mail(practice):
    """Say whether messages go out; nothing of whom they go to."""
    now = timezone.now()
    of_practice = Message.objects.filter(request__session__episode__therapist__practice=practice)
    overdue = of_practice.waiting().filter(due_at__lt=now - OVERDUE_AFTER)
    first = overdue.order_by("due_at").first()
    last_round = cache.get(LAST_ROUND)
    return MailState(
        waiting=overdue.count(),
        waiting_since=first.due_at if first else None,
        last_round=last_round,
        is_working=last_round is not None and last_round > now - OVERDUE_AFTER,
        failed=of_practice.filter(
            closing=Message.Closing.FAILED, closed_at__gt=now - timedelta(days=7)
        ).count(),
    )


@dataclass(frozen=True, slots=True)
class ToAsk:
    """One session of today that nobody has asked about."""

    session: Session
    way: str
    needs_hand: str

    @property
    def is_asked_by_itself(self):
        return not self.needs_hand


def present_today(sessions, *, knows_addresses):
    """List today's sessions among these that have not been asked about, by the practice's clock.

    What needs somebody's hand is told apart: no button does it for all of
    them. Only to whoever may know addresses is it told that there is none.
    """
    recent = timezone.now() - timedelta(days=2)
    found = list(not_asked().filter(pk__in=sessions, starts_at__gte=recent))
    plans = plans_of([session.episode for session in found])
    rows = []
    for session in found:
        if session.held_on == session.episode.therapist.practice.day():
            plan = plans[session.episode_id]
            needs = _needs_hand(session.episode, plan, knows_addresses=knows_addresses)
            rows.append(ToAsk(session, str(Way(plan.way).label), needs))
    return rows


def _needs_hand(episode, plan, *, knows_addresses):
    """Say why a client is asked in the room, if so."""
    if plan.stopped_at:
        return _("Wants no messages: ask in the room.")
    if plan.way == Way.BY_HAND:
        return _("Needs your hand: ask in the room.")
    if knows_addresses and lacks_address(episode, plan):
        return _("There is no address: ask in the room.")
    if knows_addresses and lacks_bookmark(episode, plan):
        return _("There is no bookmark: ask in the room.")
    return ""


def lacks_address(episode, plan):
    """Whether a message was agreed, and there is nowhere to send it."""
    return plan.way in BY_MESSAGE and plan.way not in ways_to_send(episode)


def lacks_bookmark(episode, plan):
    """Whether the client's own bookmark was agreed, and they have none that opens."""
    return plan.way == Way.STANDING and not has_bookmark(episode)
