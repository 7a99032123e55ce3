"""What came of a rating and of a flag: whether it was spoken about, and what was agreed."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.ratings.models import Rating
from alliance.trends.models import Flag
from sessions_app.access.fields import EncryptedTextField, OfEncrypted, is_encrypted
from sessions_app.access.models import Membership


class FollowUpQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Keep what came of ratings in the episodes of those whose work `user` may read."""
        return self.filter(
            rating__session__episode__therapist__in=Membership.objects.reach(user),
        )

    def for_the_client(self):
        """Keep what its therapist chose to tell the client of on the next form."""
        return self.filter(is_told=True)


class FollowUp(models.Model):
    """What became of a client's rating: one line on what was discussed, one on what was agreed.

    A rating goes from received to read (a `Reading`) to discussed to agreed. Each
    line has the moment at which it was first written; an empty line has none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rating = models.OneToOneField(Rating, models.PROTECT, related_name="follow_up")
    by = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    discussed = EncryptedTextField(_("what you spoke about"), max_length=280, blank=True)
    discussed_at = models.DateTimeField(null=True, blank=True)
    agreed = EncryptedTextField(_("what you agreed"), max_length=280, blank=True)
    agreed_at = models.DateTimeField(null=True, blank=True)
    is_told = models.BooleanField(
        _("tell the client on the next form"),
        default=False,
        help_text="Whether the client is shown that it was read, and what was agreed.",
    )

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        constraints = [
            is_encrypted("discussed", "follow_up_discussed_is_encrypted"),
            is_encrypted("agreed", "follow_up_agreed_is_encrypted"),
            OfEncrypted(
                condition=Q(discussed="") | Q(discussed_at__isnull=False),
                name="follow_up_discussed_says_when",
            ),
            OfEncrypted(
                condition=Q(agreed="") | Q(agreed_at__isnull=False),
                name="follow_up_agreed_says_when",
            ),
        ]

    def __str__(self):
        return str(self.rating_id)

    def audit_scope(self):
        return self.rating.audit_scope()


class AcknowledgementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Keep what was said of flags in the episodes of those whose work `user` may read."""
        return self.filter(flag__episode__therapist__in=Membership.objects.reach(user))


class Acknowledgement(models.Model):
    """What a therapist says became of a flag, and when. The last word of each flag stands."""

    class Outcome(models.TextChoices):
        MENDED = "mended", _("Spoken about, and mended")
        NOT_YET = "not_yet", _("Spoken about, not mended yet")
        NOTHING = "nothing", _("Looked into, nothing amiss")
        UNSPOKEN = "unspoken", _("Not spoken about, because …")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    flag = models.OneToOneField(Flag, models.CASCADE, related_name="acknowledgement")
    by = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(_("what came of it"), max_length=16, choices=Outcome)
    remark = EncryptedTextField(_("remark"), max_length=280, blank=True)

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        constraints = [
            is_encrypted("remark", "acknowledgement_remark_is_encrypted"),
            models.CheckConstraint(
                condition=Q(outcome__in=["mended", "not_yet", "nothing", "unspoken"]),
                name="acknowledgement_outcome_is_known",
            ),
        ]

    def __str__(self):
        return f"{self.flag_id} · {self.outcome}"

    def audit_scope(self):
        return self.flag.audit_scope()
