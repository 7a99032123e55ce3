"""Whether a member of staff wants news by e-mail, how often, and when it is due."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership


class DigestQuerySet(models.QuerySet):
    def due(self, *, at=None):
        """Keep what is to be looked at by now, of those who do clinical work here today."""
        members = Membership.objects.today().filter(is_clinician=True, user__is_active=True)
        return self.filter(due_at__lte=at or timezone.now(), member__in=members)


class Digest(models.Model):
    """How often a member hears by e-mail how many answers came; never, unless they chose so.

    `due_at` is when it is looked at next; it moves on before anything is sent.
    What is told of are those since `told_until`.
    """

    class Every(models.TextChoices):
        NEVER = "never", _("Never")
        DAY = "day", _("Every day, if there is something")
        WEEK = "week", _("Every Monday, if there is something")

    member = models.OneToOneField(
        Membership, models.CASCADE, primary_key=True, related_name="digest"
    )
    every = models.CharField(max_length=16, choices=Every, default=Every.NEVER)
    due_at = models.DateTimeField(null=True, blank=True)
    told_until = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When a letter went out last.")

    objects = DigestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(every="never", due_at=None)
                | Q(every__in=["day", "week"], due_at__isnull=False),
                name="digest_is_due_unless_never",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=~Q(due_at=None), name="digest_due"),
        ]

    def __str__(self):
        return f"{self.member_id} · {self.every}"

    def audit_scope(self):
        return self.member.practice_id, None
