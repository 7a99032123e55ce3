"""Messages that carry a form's link: what is to go out, and what became of it."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.asking.models import Arrangement
from alliance.ratings.models import RatingRequest


class MessageQuerySet(models.QuerySet):
    def waiting(self):
        """Keep what has neither gone out nor become needless."""
        return self.filter(closed_at=None)

    def due(self, *, at=None):
        """Keep what should go out by now and nobody is sending at this moment."""
        at = at or timezone.now()
        return self.waiting().filter(
            Q(claimed_until=None) | Q(claimed_until__lte=at), due_at__lte=at
        )

    def not_stopped(self):
        """Keep what goes to clients who have said in no episode that they want no messages."""
        stopped = Arrangement.objects.filter(
            episode__client=OuterRef("request__session__episode__client"), stopped_at__isnull=False
        )
        return self.exclude(Exists(stopped))


class Message(models.Model):
    """One message about one request: a line of the queue, kept afterwards.

    It holds no address and no link. The address is looked up when it goes out,
    and the link's secret is made anew of the request's id and the server's key.
    Whoever sends it first claims it for some minutes; if they are killed, the
    claim runs out and somebody else takes it up.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("The link")
        REMINDER = "reminder", _("A reminder")

    class Closing(models.TextChoices):
        SENT = "sent", _("Sent")
        NEEDLESS = "needless", _("No longer needed")
        FAILED = "failed", _("Could not be delivered")

    request = models.ForeignKey(RatingRequest, models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=16, choices=Kind)
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(
        null=True, help_text="Until when nobody else sends it, while somebody does."
    )
    tries = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(
        max_length=64, blank=True, help_text="The name of the error; never what it said."
    )
    closed_at = models.DateTimeField(null=True)
    closing = models.CharField(max_length=16, choices=Closing, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "kind"], name="message_once_of_a_kind"),
            models.CheckConstraint(
                condition=Q(kind__in=["invitation", "reminder"]), name="message_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closing="")
                | Q(closed_at__isnull=False, closing__in=["sent", "needless", "failed"]),
                name="message_that_closed_says_how",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="message_waiting"),
        ]

    def __str__(self):
        return f"{self.kind} · {self.made_at:%Y-%m-%d}"

    def audit_scope(self):
        return self.request.audit_scope()
