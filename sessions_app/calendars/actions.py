"""Making the address of a calendar, ending it, and noting that it was fetched."""

import secrets

from django.db import transaction
from django.utils import timezone

from sessions_app.access.actions import record
from sessions_app.access.models import User, today
from sessions_app.calendars.models import CalendarFeed, digest


@transaction.atomic
def make_feed(*, owner):
    """Make the address of a calendar; return it and its secret, which only the caller knows.

    One that there was before shows nothing from now on.
    """
    end_feed(owner=owner)
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(owner=owner, token_digest=digest(secret))
    record("calendar.made", feed, by=owner)
    return feed, secret


@transaction.atomic
def end_feed(*, owner):
    """Let the address of a calendar show nothing any more, if there is one."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    for feed in CalendarFeed.objects.in_use().of(owner):
        feed.ended_at = timezone.now()
        feed.save(update_fields=["ended_at"])
        record("calendar.ended", feed, by=owner)


@transaction.atomic
def note_fetched(*, feed):
    """Write down that a calendar program fetched it, once a day: most ask every few minutes."""
    day = today()
    if CalendarFeed.objects.filter(pk=feed.pk).exclude(fetched_on=day).update(fetched_on=day):
        record("calendar.fetched", feed, by=None)
