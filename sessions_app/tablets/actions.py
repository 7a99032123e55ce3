"""Inviting, pairing and revoking tablets, and what they show."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from sessions_app.access.actions import record
from sessions_app.access.models import Practice
from sessions_app.tablets.models import Tablet, digest

PAIRS_WITHIN = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)


class NotToBePaired(Exception):
    """Another device was faster, or the time is over."""


class TabletRevoked(Exception):
    """It shows nothing any more."""


@transaction.atomic
def invite_tablet(*, practice, name, by):
    """Prepare a tablet of this name; return it and the secret that pairs a device with it.

    The secret (256 bits) is known only to the caller: the row keeps a digest.
    One of the same name that still waits is replaced.
    """
    Practice.objects.select_for_update().get(pk=practice.pk)  # One at a time.
    for waiting in Tablet.objects.waiting().filter(practice=practice, name__iexact=name):
        revoke_tablet(tablet=waiting, by=by)
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    tablet = Tablet(
        practice=practice,
        name=name,
        pairing_digest=digest(secret),
        invited_at=now,
        invited_by=by,
        expires_at=now + PAIRS_WITHIN,
    )
    tablet.full_clean()
    tablet.save()
    record("tablet.invited", tablet, by=by)
    return tablet, secret


@transaction.atomic
def pair_tablet(*, secret):
    """Pair a device with the tablet that this secret is for, once; return it and the key.

    The key (256 bits) is for the device alone. Of two devices at once the
    second finds nothing: NotToBePaired.
    """
    tablet = Tablet.objects.with_secret(secret).first()
    key = secrets.token_urlsafe(32)
    if tablet is None or not Tablet.objects.with_secret(secret).update(
        pairing_digest="", key_digest=digest(key), paired_at=timezone.now()
    ):
        raise NotToBePaired
    record("tablet.paired", tablet, by=None)
    return tablet, key


@transaction.atomic
def revoke_tablet(*, tablet, by):
    """Let a tablet show nothing any more, from its next request on, or pair with nothing."""
    still = Tablet.objects.filter(pk=tablet.pk, revoked_at=None)
    if still.update(revoked_at=timezone.now(), form_digest="", form_until=None):
        record("tablet.revoked", tablet, by=by)


def note_seen(*, tablet):
    """Keep when a tablet was last heard of, to the minute."""
    now = timezone.now()
    if tablet.last_seen_at is None or now - tablet.last_seen_at >= SEEN_EVERY:
        Tablet.objects.filter(pk=tablet.pk).update(last_seen_at=now)


def show_form(*, tablet, form_digest, until):
    """Let a tablet show this form until a moment, instead of what it showed before."""
    standing = Tablet.objects.standing().filter(pk=tablet.pk)
    if not standing.update(form_digest=form_digest, form_until=until):
        raise TabletRevoked


def show_no_longer(*, tablet, form_digest, until=None):
    """Let a tablet be blank again, at once or at a moment, if it is this form that it shows."""
    Tablet.objects.filter(pk=tablet.pk, form_digest=form_digest).exclude(form_digest="").update(
        form_digest=form_digest if until else "", form_until=until
    )
