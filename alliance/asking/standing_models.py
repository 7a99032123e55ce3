"""The one link that a client keeps as a bookmark, behind a PIN of their own choice."""

import uuid
from math import ceil

from django.db import models
from django.db.models import Q
from django.utils import timezone

from sessions_app.access.models import Membership, User
from sessions_app.clients.models import Episode

MOST_WRONG = 15  # Wrong PINs in a row; then the link has ended.


class StandingLinkQuerySet(models.QuerySet):
    def in_use(self):
        """Keep the links that nobody has ended."""
        return self.filter(revoked_at=None)

    def admitting(self):
        """Keep those in use whose client still comes to a therapist who has a place today."""
        return self.in_use().filter(
            ~Q(episode__ending=Episode.Ending.TRANSFERRED),
            episode__therapist__in=Membership.objects.today(),
        )


class StandingLink(models.Model):
    """One episode's bookmark. The row keeps digests only: of the secret and of the PIN."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="standing_links")
    token_digest = models.CharField(max_length=64)
    pin = models.CharField(
        max_length=128, blank=True, help_text="Hashed; empty until its client has chosen one."
    )
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    wrong_pins = models.PositiveSmallIntegerField(default=0, help_text="How many in a row.")
    locked_until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = StandingLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_digest"], name="standing_secret_is_its_own"),
            models.UniqueConstraint(
                fields=["episode"],
                condition=Q(revoked_at=None),
                name="standing_link_once_for_an_episode",
            ),
            models.CheckConstraint(
                condition=Q(pin="") | Q(pin__contains="$"), name="standing_pin_is_hashed"
            ),
            models.CheckConstraint(
                condition=Q(wrong_pins__lt=MOST_WRONG)
                | Q(wrong_pins=MOST_WRONG, revoked_at__isnull=False),
                name="standing_link_ends_after_too_many_wrong_pins",
            ),
            models.CheckConstraint(
                condition=Q(wrong_pins=0, locked_until=None) | ~Q(pin=""),
                name="standing_link_counts_wrong_pins_once_it_has_one",
            ),
        ]

    def __str__(self):
        return f"{self.episode_id}"

    @property
    def was_guessed_at(self):
        """Whether too many wrong PINs have ended it."""
        return self.wrong_pins >= MOST_WRONG

    @property
    def is_locked(self):
        """Whether no PIN is taken just now."""
        return self.locked_until is not None and self.locked_until > timezone.now()

    def minutes_locked(self):
        """Return in how many minutes, begun ones counted, a PIN is taken again."""
        if self.locked_until is None:
            return 0
        return max(0, ceil((self.locked_until - timezone.now()).total_seconds() / 60))

    def audit_scope(self):
        return self.episode.audit_scope()
