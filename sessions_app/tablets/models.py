"""Tablets: devices of a practice that show one form at a time, and are nobody's."""

import uuid
from datetime import timedelta

from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership, Practice, User
from sessions_app.access.signs import validate_name

QUIET_AFTER = timedelta(minutes=3)  # It asks every few seconds; once a minute that is stored.


def digest(secret):
    """Return what is stored of a secret: useless to whoever reads the table."""
    return salted_hmac("sessions_app.tablets", secret, algorithm="sha256").hexdigest()


class TabletQuerySet(models.QuerySet):
    def standing(self):
        """Keep the tablets that are paired, and not revoked."""
        return self.filter(revoked_at=None).exclude(paired_at=None)

    def waiting(self):
        """Keep those that no device has been paired with yet, whether in time or not."""
        return self.filter(revoked_at=None, paired_at=None)

    def with_secret(self, secret):
        """Keep the one that this secret pairs, in time; all others look alike.

        Who invited it must still manage the practice: whoever is locked out
        leaves no way in behind.
        """
        managers = Membership.objects.today().filter(
            is_manager=True,
            practice=OuterRef("practice"),
            user=OuterRef("invited_by"),
            user__is_active=True,
        )
        return self.waiting().filter(
            Exists(managers), pairing_digest=digest(secret), expires_at__gt=timezone.now()
        )

    def with_key(self, key):
        """Keep the one whose device has this key."""
        return self.standing().filter(key_digest=digest(key))

    def managed_by(self, user):
        """Keep those of the practices that `user` manages today."""
        return self.filter(practice__in=Practice.objects.managed_by(user))

    def at_hand_of(self, member):
        """Keep those that `member` may send a form to: of their own practice, no other."""
        return self.standing().filter(practice=member.practice_id)


class Tablet(models.Model):
    """A device of the practice's own, paired once, that shows forms and nothing else.

    Of the secret that pairs it and of its key the row keeps digests only. Which
    form it shows, and until when, is written here too: this room knows no more
    of it than a digest.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, models.PROTECT, related_name="tablets")
    name = models.CharField(
        _("name"), max_length=40, validators=[MinLengthValidator(1), validate_name]
    )
    pairing_digest = models.CharField(max_length=64, blank=True)
    invited_at = models.DateTimeField(default=timezone.now)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(help_text="Until when it can be paired.")
    key_digest = models.CharField(max_length=64, blank=True)
    paired_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    form_digest = models.CharField(max_length=64, blank=True)
    form_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TabletQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="tablet_has_a_name"),
            models.UniqueConstraint(
                "practice",
                Lower("name"),
                condition=Q(revoked_at=None),
                name="tablet_name_is_used_once_in_a_practice",
                violation_error_message=_("Your practice already has a tablet of this name."),
            ),
            models.UniqueConstraint(
                fields=["pairing_digest"],
                condition=~Q(pairing_digest=""),
                name="tablet_secret_is_its_own",
            ),
            models.UniqueConstraint(
                fields=["key_digest"], condition=~Q(key_digest=""), name="tablet_key_is_its_own"
            ),
            models.CheckConstraint(
                condition=(Q(paired_at=None, key_digest="") & ~Q(pairing_digest=""))
                | (Q(paired_at__isnull=False, pairing_digest="") & ~Q(key_digest="")),
                name="tablet_has_a_secret_or_a_key",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("invited_at")),
                name="tablet_secret_expires_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=Q(form_digest="", form_until=None)
                | (
                    Q(form_until__isnull=False, paired_at__isnull=False, revoked_at=None)
                    & ~Q(form_digest="")
                ),
                name="tablet_shows_a_form_while_it_is_paired",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_late(self):
        """Whether it can no longer be paired in time."""
        return self.expires_at <= timezone.now()

    @property
    def is_quiet(self):
        """Whether it has not asked for a form for a while: switched off, it may be."""
        return self.last_seen_at is None or timezone.now() - self.last_seen_at > QUIET_AFTER

    @property
    def is_showing(self):
        """Whether a form, or the thanks for one, is on it now."""
        return self.form_until is not None and self.form_until > timezone.now()

    @property
    def form_now(self):
        """Return the digest of the secret of the form that is on it now, or nothing."""
        return self.form_digest if self.is_showing else ""

    def audit_scope(self):
        return self.practice_id, None
