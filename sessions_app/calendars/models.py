"""The secret address at which a calendar program fetches what somebody has planned."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from sessions_app.access.models import User


def digest(secret):
    """Return what is stored of a secret: useless to whoever reads the table."""
    return salted_hmac("sessions_app.calendars", secret, algorithm="sha256").hexdigest()


class CalendarFeedQuerySet(models.QuerySet):
    def in_use(self):
        """Keep the addresses that have not been ended."""
        return self.filter(ended_at=None)

    def of(self, user):
        """Keep those of `user`."""
        return self.filter(owner=user.pk)

    def with_secret(self, secret):
        """Keep the one that has this secret, while its owner may sign in."""
        return self.in_use().filter(token_digest=digest(secret), owner__is_active=True)


class CalendarFeed(models.Model):
    """An address that shows, to whoever has it, when its owner is to meet which code.

    The row keeps the secret's digest only. A person has one at most in use.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    token_digest = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    fetched_on = models.DateField(null=True, help_text="The last day on which it was fetched.")

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_digest"], name="calendar_secret_is_its_own"),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(ended_at=None),
                name="calendar_in_use_once_for_a_person",
            ),
        ]

    def __str__(self):
        return str(self.owner_id)

    def audit_scope(self):
        return None, None
