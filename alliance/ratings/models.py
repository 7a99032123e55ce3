"""What was asked and what was said: requests for a rating, and ratings."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.measures.models import Measure, MeasureVersion, Perspective
from alliance.psychometrics.scoring import COMPONENTS
from sessions_app.access.fields import EncryptedTextField, is_encrypted
from sessions_app.access.models import Membership, User
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

# Who opened the form in time may send it a little later.
GRACE = timedelta(hours=1)


class RatingRequestQuerySet(models.QuerySet):
    def open(self, *, at=None, grace=False):
        """Keep the requests that can be answered at a moment, `grace` for forms opened before."""
        at = (at or timezone.now()) - (GRACE if grace else timedelta())
        return self.filter(closed_at=None, expires_at__gt=at)

    def with_address(self):
        """Keep the requests that have an address of their own, with the secret in it."""
        return self.exclude(self._by_cookie())

    def before_the_client(self):
        """Keep the forms that are on a device in the client's hand, or on a tablet, right now."""
        return self.open().filter(self._by_cookie())

    def _by_cookie(self):
        by_cookie = [RatingRequest.Channel.DEVICE, RatingRequest.Channel.TABLET]
        return Q(channel__in=by_cookie, respondent=Perspective.CLIENT)

    def handed_over(self):
        """Keep those for which a device was handed over, while it still admits to the form."""
        return self._admitting(RatingRequest.Channel.DEVICE)

    def on_tablet(self):
        """Keep those that were sent to a tablet of the practice, while it may show them."""
        return self._admitting(RatingRequest.Channel.TABLET)

    def _admitting(self, channel):
        """Keep what a device shows: a form, or the thanks for it.

        There is no grace: nothing is left for whoever comes to the device next.
        """
        return self.filter(
            Q(closed_at=None) | Q(closing=RatingRequest.Closing.ANSWERED),
            channel=channel,
            respondent=Perspective.CLIENT,
            expires_at__gt=timezone.now(),
        )


class RatingRequest(models.Model):
    """One person asked, once, to rate one session. The row keeps the secret's digest only."""

    class Channel(models.TextChoices):
        DEVICE = "device", _("This device, handed over")
        LINK = "link", _("QR code or link")
        TABLET = "tablet", _("A tablet of the practice")

    class Closing(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        REPLACED = "replaced", _("Replaced by a newer one")
        ENDED = "ended", _("Ended on the device before it was answered")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="requests")
    respondent = models.CharField(max_length=16, choices=Perspective)
    measure_version = models.ForeignKey(MeasureVersion, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=16, choices=Channel)
    token_digest = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closing = models.CharField(max_length=16, choices=Closing, blank=True)
    strays = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="How often another address was tried on the device handed over.",
    )

    objects = RatingRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_digest"], name="request_secret_is_its_own"),
            models.UniqueConstraint(
                fields=["session", "respondent"],
                condition=Q(closed_at=None),
                name="request_open_once_for_a_respondent",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closing="")
                | (Q(closed_at__isnull=False) & ~Q(closing="")),
                name="request_that_closed_says_how",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("asked_at")), name="request_expires_after_asking"
            ),
            models.CheckConstraint(
                condition=Q(respondent__in=["client", "therapist"]),
                name="request_respondent_is_known",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["device", "link", "tablet"]),
                name="request_channel_is_known",
            ),
        ]

    def __str__(self):
        return f"{self.respondent} · {self.asked_at:%Y-%m-%d}"

    @property
    def was_answered(self):
        return self.closing == self.Closing.ANSWERED

    @property
    def is_handed_over(self):
        """Whether it is answered on the therapist's own device, which was handed over."""
        return self.channel == self.Channel.DEVICE and self.respondent == Perspective.CLIENT

    @property
    def is_on_tablet(self):
        """Whether it is answered on a tablet of the practice."""
        return self.channel == self.Channel.TABLET

    def seconds_left(self):
        """Return for how many seconds the form still opens."""
        return max(0, round((self.expires_at - timezone.now()).total_seconds()))

    def is_open(self, *, grace=False):
        """Whether the form may still be shown, or with `grace` still be sent.

        Not when the therapist has left, or is locked out, nor once the client was
        handed over: nobody would read it.
        """
        handed_over = Q(session__episode__ending=Episode.Ending.TRANSFERRED)
        still = RatingRequest.objects.open(grace=grace).exclude(handed_over)
        return still.filter(
            pk=self.pk,
            session__status=Session.Status.HELD,
            session__episode__therapist__in=Membership.objects.today(),
        ).exists()

    def admits(self, *, grace=False):
        """Whether its page has something to show: the form, or thanks for an answer.

        Whether it was answered is read last: it can be answered while we look.
        """
        if self.is_open(grace=grace):
            return True
        self.refresh_from_db(fields=["closing"])
        return self.was_answered

    def audit_scope(self):
        return self.session.audit_scope()


class RatingQuerySet(models.QuerySet):
    def standing(self):
        """Keep the ratings that are neither corrected nor withdrawn."""
        return self.filter(superseded_by=None, withdrawn_at=None)


def zero_to_ten(field):
    """Constrain a score: missing, or from 0 to 10."""
    return models.CheckConstraint(
        condition=Q(**{field: None}) | Q(**{f"{field}__gte": 0, f"{field}__lte": 10}),
        name=f"rating_{field}_is_0_to_10_or_missing",
    )


class Rating(models.Model):
    """What one person said of one session: answers as given, and the scores of that day."""

    class InputMode(models.TextChoices):
        BUTTONS = "buttons", _("Buttons")

    class Audience(models.TextChoices):
        THERAPIST = "therapist", _("The therapist only")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="ratings")
    respondent = models.CharField(max_length=16, choices=Perspective)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+")
    measure_version = models.ForeignKey(MeasureVersion, models.PROTECT, related_name="ratings")
    request = models.OneToOneField(RatingRequest, models.PROTECT, null=True, related_name="rating")
    answers = models.JSONField(help_text="By item key, in the item's own points; null = skipped.")
    trust = models.FloatField(null=True)
    goals = models.FloatField(null=True)
    collaboration = models.FloatField(null=True)
    total = models.FloatField(null=True)
    input_mode = models.CharField(max_length=16, choices=InputMode, default=InputMode.BUTTONS)
    comment = EncryptedTextField(blank=True)
    comment_audience = models.CharField(max_length=16, choices=Audience, default=Audience.THERAPIST)
    submitted_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    superseded_by = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="supersedes"
    )
    withdrawn_at = models.DateTimeField(null=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "respondent", "measure"],
                condition=Q(superseded_by=None, withdrawn_at=None),
                name="rating_stands_once_for_a_respondent_and_measure",
            ),
            *(zero_to_ten(field) for field in ("trust", "goals", "collaboration", "total")),
            models.CheckConstraint(
                condition=Q(total=None)
                | Q(trust__isnull=False, goals__isnull=False, collaboration__isnull=False),
                name="rating_total_needs_all_components",
            ),
            models.CheckConstraint(
                condition=Q(respondent__in=["client", "therapist"]),
                name="rating_respondent_is_known",
            ),
            models.CheckConstraint(
                condition=Q(superseded_by=None) | ~Q(superseded_by=F("id")),
                name="rating_does_not_supersede_itself",
            ),
            is_encrypted("comment", "rating_comment_is_encrypted"),
        ]

    def __str__(self):
        return f"{self.respondent} · {self.submitted_at:%Y-%m-%d}"

    @property
    def has_marks(self):
        """Whether it says anything by its marks; a sheet left blank does not."""
        return any(getattr(self, component) is not None for component in COMPONENTS)

    def audit_scope(self):
        return self.session.audit_scope()
