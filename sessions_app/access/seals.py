"""The daily chain over the trail, which shows whether somebody has changed it.

Every event of a day is one line, and the day's seal the SHA-256 over all of
them, begun with the seal of the day before. Whoever changes, takes out or adds
an event afterwards must change the seals of that day and of each later one;
that cannot be hidden from whoever kept one of them elsewhere.
"""

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from sessions_app.access.models import AuditEvent, AuditSeal

FIRST = "0" * 64  # What stands before the first day.
SETTLED_AFTER = timedelta(hours=1)  # Whatever was begun before midnight is stored by then.


def line_of(event):
    """Write an event as one line: its columns in this order, as a JSON list.

    The moment is that of UTC with microseconds; signs beyond ASCII are
    escaped, so a line has the same bytes on every engine.
    """
    return json.dumps(
        [
            event.pk,
            event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            event.actor_id,
            event.practice_id,
            event.verb,
            event.target_model,
            event.target_id,
            event.client_id and str(event.client_id),
            event.fields,
            event.reason,
        ],
        separators=(",", ":"),
        sort_keys=True,
    )


def seal_of(day, events, *, previous):
    """Return how many `events` there are, and the digest of `day`, as 64 hexadecimal digits.

    SHA-256 over the digest of the day before, the day, and each event's line in
    the order of their ids, each of these ended by a line feed.
    """
    seal = hashlib.sha256(f"{previous}\n{day.isoformat()}\n".encode())
    count = 0
    for event in events:
        seal.update(f"{line_of(event)}\n".encode())
        count += 1
    return count, seal.hexdigest()


def begin_of(day: date):
    """Return the moment at which `day` begins in UTC."""
    return datetime.combine(day, time(), UTC)


def events_of(day):
    """Return the events of a day of UTC, in the order of their ids."""
    ends = begin_of(day + timedelta(days=1))
    return AuditEvent.objects.filter(at__gte=begin_of(day), at__lt=ends).order_by("pk").iterator()


def last_complete_day():
    """Return the last day of UTC that ended more than an hour ago."""
    return (timezone.now() - SETTLED_AFTER).astimezone(UTC).date() - timedelta(days=1)


def find_faults():
    """Work every seal out again; yield a sentence for each thing that does not match."""
    before = None
    for seal in AuditSeal.objects.order_by("day"):
        if before is None:
            earlier = AuditEvent.objects.filter(at__lt=begin_of(seal.day)).count()
            if earlier:
                yield f"before {seal.day}, the first day sealed: {earlier} added afterwards"
        yield from _faults_between(before, seal)
        count, digest = seal_of(seal.day, events_of(seal.day), previous=seal.previous)
        told = f"{seal.day}: {seal.events} sealed, {count} there"
        if count < seal.events:
            yield f"{told}, {seal.events - count} missing"
        elif count > seal.events:
            yield f"{told}, {count - seal.events} added afterwards"
        elif digest != seal.digest:
            yield f"{told}, but not the same: changed, or replaced by others"
        before = seal


def _faults_between(before, seal):
    """Yield what is wrong with the chain where `seal` should follow `before`."""
    if before and seal.day != before.day + timedelta(days=1):
        yield f"{seal.day}: no seal between {before.day} and this day: taken out"
    if seal.previous != (before.digest if before else FIRST):
        follows = before.day if before else "the beginning"
        yield f"{seal.day}: its seal does not follow that of {follows}: changed, or taken out"


def differs_from_kept(day, digest):
    """Return a sentence if the seal of `day` is not the one that was kept elsewhere, else None."""
    seal = AuditSeal.objects.filter(day=day).first()
    if seal is None:
        return f"{day}: there is no seal, but one was kept elsewhere: taken out"
    if seal.digest != digest:
        return f"{day}: its seal is not the one kept elsewhere: the trail was sealed anew"
    return None
