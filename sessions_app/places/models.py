"""Invitations: how people come to have a place in a practice."""

import uuid

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership, Practice, User


def digest(secret):
    """Return what is stored of a secret: useless to whoever reads the table."""
    return salted_hmac("sessions_app.places", secret, algorithm="sha256").hexdigest()


class InvitationQuerySet(models.QuerySet):
    def waiting(self):
        """Keep what was neither accepted nor revoked, expired or not."""
        return self.filter(accepted_at=None, revoked_at=None)

    def open(self):
        """Keep what can be accepted now.

        Who made it must still manage the practice, unless the server's own
        command did: whoever is gone leaves no way in behind.
        """
        managers = Membership.objects.today().filter(
            is_manager=True,
            practice=OuterRef("practice"),
            user=OuterRef("invited_by"),
            user__is_active=True,
        )
        return self.waiting().filter(
            Q(invited_by=None) | Exists(managers), expires_at__gt=timezone.now()
        )

    def with_secret(self, secret):
        """Keep the one with this secret, if it is still open; all others look alike."""
        return self.open().filter(token_digest=digest(secret))

    def addressed_to(self, user):
        """Keep those to the address with which `user` signs in, while they are open."""
        return self.open().filter(email=user.email)

    def managed_by(self, user):
        """Keep those of the practices that `user` manages today."""
        return self.filter(practice__in=Practice.objects.managed_by(user))

    def lock(self, invitation):
        """Return `invitation` if it is still open; who else wants it waits for our commit."""
        return self.open().select_for_update(of=("self",)).filter(pk=invitation.pk).first()


class Invitation(models.Model):
    """A place in a practice offered to an e-mail address, once, for a few days.

    The row keeps the secret's digest only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, models.PROTECT, related_name="invitations")
    email = models.EmailField(_("e-mail"), max_length=254)
    is_clinician = models.BooleanField(default=False)
    is_manager = models.BooleanField(default=False)
    is_reception = models.BooleanField(default=False)
    supervisors = models.ManyToManyField(Membership, related_name="+")
    token_digest = models.CharField(max_length=64)
    invited_at = models.DateTimeField(default=timezone.now)
    # Nobody: from the command line.
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    mailed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the mail server took the letter."
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_digest"], name="invitation_secret_is_its_own"),
            models.UniqueConstraint(
                fields=["practice", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_waits_once_for_an_address",
            ),
            models.CheckConstraint(
                condition=~Q(email="") & Q(email=Lower("email")),
                name="invitation_email_is_in_lower_case",
            ),
            models.CheckConstraint(
                condition=Q(is_clinician=True) | Q(is_manager=True) | Q(is_reception=True),
                name="invitation_is_for_something",
                violation_error_message=_("Say what this person does here."),
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None),
                name="invitation_revoked_was_not_accepted",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("invited_at")),
                name="invitation_expires_after_it_was_made",
            ),
        ]

    def __str__(self):
        return self.email

    @property
    def is_expired(self):
        return self.expires_at <= timezone.now()

    @property
    def flags(self):
        """What the place is for, as the membership will have it."""
        names = ("is_clinician", "is_manager", "is_reception")
        return {name: getattr(self, name) for name in names}

    def account(self):
        """Return the account that signs in with this address, if anyone can sign in to it."""
        user = User.objects.filter(email=self.email, is_active=True).first()
        return user if user and user.has_usable_password() else None

    def audit_scope(self):
        return self.practice_id, None
