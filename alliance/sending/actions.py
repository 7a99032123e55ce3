"""Asking by a message: at the press of a button, and as it was agreed; and what comes back."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from alliance.asking.actions import AlreadyAsked, request_rating
from alliance.asking.arranging import by_day, has_bookmark, plan_of, ways_to_send
from alliance.asking.models import Way
from alliance.measures.models import Perspective
from alliance.ratings.models import GRACE, RatingRequest
from alliance.sending.links import BY_MESSAGE, secret_of
from alliance.sending.models import Message
from alliance.sending.tasks import send_one
from sessions_app.access.actions import record
from sessions_app.clients.models import Episode

AFTER_A_REMINDER = timedelta(days=3)  # So long at least a link still works.
MOST_AT_ONCE = 200


class Unreachable(Exception):
    """There is no address for this way, or no provider, or the client wants no messages."""


@transaction.atomic
def ask_by_message(*, session, way, by, replaces="", not_before=None):
    """Ask the client for a rating by e-mail or text message; it goes out in a moment.

    Where nobody pressed a button (`by` is None), it goes out by day; and not
    before a moment that was agreed.

    `replaces` is the id of the request that whoever asks saw open, as text, or
    nothing: raises AlreadyAsked where that is another one by now, so that a
    double click sends one message. Raises Unreachable where none can be sent.
    """
    episode = Episode.objects.lock(session.episode)
    of_client = RatingRequest.objects.filter(session=session, respondent=Perspective.CLIENT)
    still_open = of_client.open().first()
    if str(still_open.pk if still_open else "") != replaces:
        raise AlreadyAsked
    plan = plan_of(episode)
    if way not in ways_to_send(episode):
        raise Unreachable
    request, _secret = request_rating(
        session=session,
        respondent=Perspective.CLIENT,
        channel=way,
        by=by,
        make_secret=secret_of,
    )
    due_at = max(request.asked_at, not_before or request.asked_at)
    if by is None:
        with episode.client.practice.clock():
            due_at = by_day(due_at)
    if plan.remind_after_days:
        reminded_at = due_at + timedelta(days=plan.remind_after_days)
        request.expires_at = max(request.expires_at, reminded_at + AFTER_A_REMINDER)
        request.save(update_fields=["expires_at"])
    message = Message.objects.create(request=request, kind=Message.Kind.INVITATION, due_at=due_at)
    # The message is the promise, and this only a nudge: it may get lost.
    send_one.enqueue(message.pk)
    return request


@transaction.atomic
def ask_as_agreed(*, session, by=None):
    """Ask for a rating in the way that was agreed with this client, once for a session.

    `by` is None where nobody needs to press a button; who does, asks no earlier
    than was agreed. Raises AlreadyAsked, and Unreachable where the way needs
    somebody's hand or the client wants no messages.
    """
    episode = Episode.objects.lock(session.episode)
    if RatingRequest.objects.filter(session=session, respondent=Perspective.CLIENT).exists():
        raise AlreadyAsked
    plan = plan_of(episode)
    if plan.way in BY_MESSAGE:
        with episode.client.practice.clock():
            due_at = plan.due_at(session)
        return ask_by_message(session=session, way=plan.way, by=by, not_before=due_at)
    if plan.way == Way.BY_HAND or plan.stopped_at or not has_bookmark(episode):
        raise Unreachable
    request, _secret = request_rating(
        session=session,
        respondent=Perspective.CLIENT,
        channel=RatingRequest.Channel.STANDING,
        by=by,
    )
    return request


@transaction.atomic
def note_bounce(*, request, by):
    """Note that a message came back: nothing more goes to this address about this request."""
    sent = RatingRequest.objects.filter(pk=request.pk, bounced_at=None, sent_at__isnull=False)
    if not sent.update(bounced_at=timezone.now()):
        return
    Message.objects.waiting().filter(request=request).update(
        closed_at=timezone.now(), closing=Message.Closing.NEEDLESS
    )
    record("rating.bounced", request, by=by)


@transaction.atomic
def close_expired():
    """Close requests that were not answered in time; return how many."""
    over = RatingRequest.objects.filter(
        closed_at=None, expires_at__lte=timezone.now() - GRACE
    ).select_related("session__episode__therapist")
    closed = 0
    for request in over.order_by("expires_at")[:MOST_AT_ONCE]:
        still_open = RatingRequest.objects.filter(pk=request.pk, closed_at=None)
        if still_open.update(closed_at=timezone.now(), closing=RatingRequest.Closing.EXPIRED):
            record("rating.expired", request, by=None)
            closed += 1
    needless = Message.objects.waiting().filter(~Q(request__closed_at=None))
    needless.update(closed_at=timezone.now(), closing=Message.Closing.NEEDLESS)
    return closed
