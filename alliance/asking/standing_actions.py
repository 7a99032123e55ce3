"""Making a client's bookmark, ending it, and trying its PIN."""

import secrets
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone

from alliance.asking.actions import digest
from alliance.asking.standing_models import MOST_WRONG, StandingLink
from sessions_app.access.actions import record
from sessions_app.clients.models import Episode

LOCKS_AFTER = 5  # Wrong PINs in a row, and after as many again.
LOCKED_FOR = timedelta(minutes=15)


@transaction.atomic
def make_standing_link(*, episode, by):
    """Make a client's bookmark; return it and its secret, which only the caller knows.

    One that they had before opens nothing from now on.
    """
    Episode.objects.lock(episode)
    StandingLink.objects.in_use().filter(episode=episode).update(revoked_at=timezone.now())
    secret = secrets.token_urlsafe(32)
    link = StandingLink.objects.create(episode=episode, token_digest=digest(secret), made_by=by)
    record("standing.made", link, by=by)
    return link, secret


@transaction.atomic
def end_standing_link(*, episode, by):
    """Let a client's bookmark open nothing any more, if they have one."""
    for link in StandingLink.objects.in_use().select_for_update().filter(episode=episode):
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        record("standing.ended", link, by=by)


@transaction.atomic
def choose_pin(*, link, pin):
    """Store the PIN that the client has chosen, once; say whether it was this one."""
    without = StandingLink.objects.in_use().filter(pk=link.pk, pin="")
    is_chosen = bool(without.update(pin=make_password(pin)))
    if is_chosen:
        record("standing.pin_chosen", link, by=None)
    return is_chosen


@transaction.atomic
def try_pin(*, link, pin):
    """Return the link as it is after this try; its `wrong_pins` is 0 where the PIN was right.

    While it is locked nothing is tried. Whoever asks must let the transaction
    end well, or the try is not counted.
    """
    link = (
        StandingLink.objects.select_for_update(of=("self",))
        .select_related("episode")
        .get(pk=link.pk)
    )
    if link.revoked_at or link.is_locked:
        return link
    if check_password(pin, link.pin):
        link.wrong_pins, link.locked_until = 0, None
    else:
        link.wrong_pins += 1
        if link.wrong_pins % LOCKS_AFTER == 0:
            link.locked_until = timezone.now() + LOCKED_FOR
        if link.wrong_pins >= MOST_WRONG:
            link.revoked_at = timezone.now()
            record("standing.ended_by_wrong_pins", link, by=None)
    link.save(update_fields=["wrong_pins", "locked_until", "revoked_at"])
    return link
