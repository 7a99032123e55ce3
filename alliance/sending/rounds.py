"""What the worker does every half minute: ask as agreed, send what is due, close what is over."""

import logging
from datetime import timedelta

from django.core.cache import cache
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from alliance.asking.actions import AlreadyAsked, NothingToRate
from alliance.asking.arranging import carry_stops_along, plans_of
from alliance.asking.models import Way
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating, RatingRequest
from alliance.sending.actions import Unreachable, ask_as_agreed, close_expired
from alliance.sending.delivery import deliver
from alliance.sending.models import Message
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

logger = logging.getLogger(__name__)

LAST_ROUND = "worker:last-round"
NUDGES_LAST = timedelta(days=1)
MOST_FAILURES = 3  # One after the other: then the mail server rests until the next round.


def make_round(*, is_over=lambda: False):
    """Do all that is due, and note that somebody has looked after it.

    Nobody is asked anew by a round that ends early; it goes on where it was.
    """
    cache.set(LAST_ROUND, timezone.now(), timeout=None)
    carry_stops_along()
    for session in due_to_be_asked():
        if is_over():
            return
        try:
            ask_as_agreed(session=session)
        except (AlreadyAsked, NothingToRate, Unreachable):
            continue
    failures = 0
    for message_id in Message.objects.due().order_by("due_at", "pk").values_list("pk", flat=True):
        if is_over() or failures == MOST_FAILURES:
            break
        failures = 0 if deliver(message_id) else failures + 1
    close_expired()
    DBTaskResult.objects.filter(enqueued_at__lt=timezone.now() - NUDGES_LAST).delete()


def not_asked():
    """Keep held sessions that may be rated and about which the client has never been asked."""
    of_client = {"session": OuterRef("pk"), "respondent": Perspective.CLIENT}
    return (
        Session.objects.held()
        .exclude(episode__ending=Episode.Ending.TRANSFERRED)
        .filter(episode__therapist__in=Membership.objects.today())
        .exclude(Exists(RatingRequest.objects.filter(**of_client)))
        .exclude(Exists(Rating.objects.standing().of_alliance().filter(**of_client)))
        .defer("note")
        .select_related("episode__client__practice", "episode__therapist__user")
        .order_by("starts_at", "pk")
    )


def due_to_be_asked():
    """Return sessions of today and yesterday that are to be asked about by now, as agreed.

    Never older ones: what a worker missed for days is asked by hand, or not.
    """
    return [session for session, due_at in due_sessions() if due_at <= timezone.now()]


def due_sessions():
    """Return each session of today and yesterday that is asked about as agreed, and when."""
    recent = timezone.now() - timedelta(days=3)
    sessions = list(not_asked().filter(starts_at__gte=recent, starts_at__lte=timezone.now()))
    plans = plans_of([session.episode for session in sessions])
    found = []
    for session in sessions:
        plan = plans[session.episode_id]
        if plan.way == Way.BY_HAND or plan.stopped_at:
            continue
        practice = session.episode.client.practice
        with practice.clock():
            yesterday = timezone.localdate() - timedelta(days=1)
            if timezone.localdate(session.starts_at) >= yesterday:
                found.append((session, plan.due_at(session)))
    return found
