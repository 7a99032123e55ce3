"""The meetings of an episode: planned, held, called off or missed."""

import uuid
from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.fields import EncryptedTextField, is_encrypted
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode

# People sit down a little early.
EARLY = timedelta(minutes=10)


class SessionQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep the sessions of episodes that `user` holds; only these may they change."""
        return self.filter(episode__therapist__in=Membership.objects.own(user))

    def held(self):
        """Keep the sessions that took place: the only ones a rating is asked for."""
        return self.filter(status=Session.Status.HELD)

    def planned(self):
        """Keep the sessions that are to come, and those of which nobody has said yet."""
        return self.filter(status=Session.Status.PLANNED)

    def known(self):
        """Keep the sessions of which it is known what became of them."""
        return self.filter(
            status__in=[Session.Status.HELD, Session.Status.CANCELLED, Session.Status.MISSED]
        )


class Session(models.Model):
    """One meeting of a client and a therapist, or one that did not come about.

    Sessions that were held are numbered in the order of their dates; the
    others have no number. Those planned together carry the same `series`.
    """

    class Setting(models.TextChoices):
        IN_PERSON = "in_person", _("In person")
        VIDEO = "video", _("Video")
        PHONE = "phone", _("Phone")

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", _("Cancelled")
        MISSED = "missed", _("Missed")
        DROPPED = "dropped", _("No longer planned")

    class CalledOffBy(models.TextChoices):
        CLIENT = "client", _("The client")
        THERAPIST = "therapist", _("The therapist")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="sessions")
    number = models.PositiveIntegerField(null=True, blank=True)
    starts_at = models.DateTimeField(_("date and time"))
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=50, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    setting = models.CharField(
        _("where"), max_length=16, choices=Setting, default=Setting.IN_PERSON
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.HELD)
    called_off_by = models.CharField(
        _("called off by"), max_length=16, choices=CalledOffBy, blank=True
    )
    note = EncryptedTextField(_("one line about it"), max_length=280, blank=True)
    series = models.UUIDField(null=True, blank=True, editable=False)
    meeting = models.ForeignKey(
        "sessions_app.Meeting", models.PROTECT, null=True, blank=True, related_name="sessions"
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "starts_at"],
                condition=~Q(status="dropped"),
                name="session_once_at_a_time_in_an_episode",
                violation_error_message=_("A session at this moment is already logged."),
            ),
            models.UniqueConstraint(
                fields=["episode", "number"], name="session_number_is_used_once_in_an_episode"
            ),
            models.CheckConstraint(
                condition=Q(status="held", number__isnull=False, number__gte=1)
                | (~Q(status="held") & Q(number__isnull=True)),
                name="session_is_numbered_when_held",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=600), name="session_minutes_are_plausible"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["planned", "held", "cancelled", "missed", "dropped"]),
                name="session_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(setting__in=["in_person", "video", "phone"]),
                name="session_setting_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", called_off_by__in=["client", "therapist"])
                | (~Q(status="cancelled") & Q(called_off_by="")),
                name="session_cancelled_says_by_whom",
            ),
            is_encrypted("note", "session_note_is_encrypted"),
            models.UniqueConstraint(
                fields=["meeting", "episode"], name="session_once_of_a_meeting_in_an_episode"
            ),
        ]
        indexes = [
            # Homes and calendars ask only for what is planned.
            models.Index(
                fields=["episode", "starts_at"],
                condition=Q(status="planned"),
                name="session_planned",
            ),
        ]
        ordering = [F("starts_at").asc()]

    def __str__(self):
        return f"{self.number or self.get_status_display()}"

    @property
    def has_come(self):
        """Whether its time has come, or nearly: only then is it known what became of it."""
        return self.starts_at <= timezone.now() + EARLY

    @property
    def held_on(self):
        """The day on which it began, by the practice's own clock."""
        with self.episode.therapist.practice.clock():
            return timezone.localdate(self.starts_at)

    def audit_scope(self):
        return self.episode.audit_scope()
