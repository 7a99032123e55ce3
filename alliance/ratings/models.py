"""What was asked and what was said: requests for a rating, and ratings."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
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
            Q(closed_at=None) | Q(closing__in=SETTLED),
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
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("Text message")
        STANDING = "standing", _("The client’s own bookmark")
        PAPER = "paper", _("Printed sheet")
        ALOUD = "aloud", _("Read aloud")

    class Closing(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        REPLACED = "replaced", _("Replaced by a newer one")
        ENDED = "ended", _("Ended on the device before it was answered")
        DECLINED = "declined", _("Skipped by the client")
        WITHDRAWN = "withdrawn", _("Answered, and taken back")
        ERASED = "erased", _("Answered, and erased by staff as the client wished")
        EXPIRED = "expired", _("Not answered in time")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="requests")
    respondent = models.CharField(max_length=16, choices=Perspective)
    measure_version = models.ForeignKey(MeasureVersion, models.PROTECT, related_name="+")
    extra_version = models.ForeignKey(
        MeasureVersion,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="What is offered besides, once the form was sent.",
    )
    channel = models.CharField(max_length=16, choices=Channel)
    token_digest = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="When a message with it left us.")
    opened_at = models.DateTimeField(null=True, help_text="When a person first touched the form.")
    reminded_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True, help_text="When a message came back.")
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
                condition=Q(
                    channel__in=[
                        "device",
                        "link",
                        "tablet",
                        "email",
                        "sms",
                        "standing",
                        "paper",
                        "aloud",
                    ]
                ),
                name="request_channel_is_known",
            ),
            models.CheckConstraint(
                condition=Q(reminded_at=None, bounced_at=None) | Q(sent_at__isnull=False),
                name="request_reminded_or_bounced_was_sent",
            ),
        ]

    def __str__(self):
        return f"{self.respondent} · {self.asked_at:%Y-%m-%d}"

    @property
    def was_answered(self):
        return self.closing == self.Closing.ANSWERED

    @property
    def is_settled(self):
        """Whether its client has sent it, skipped it, or taken it back: the page says so."""
        return self.closing in SETTLED

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

    def is_within_time(self):
        """Whether its time is not over, whatever has become of it."""
        return self.expires_at > timezone.now()

    def is_open(self, *, grace=False):
        """Whether the form may still be shown, or with `grace` still be sent.

        Not when the therapist has left, or is locked out, nor once the client was
        handed over: nobody would read it. Nor when the licence of its wording is over.
        """
        at = timezone.now() - (GRACE if grace else timedelta())
        day = timezone.localdate(at, timezone=timezone.get_default_timezone())
        handed_over = Q(session__episode__ending=Episode.Ending.TRANSFERRED)
        still = RatingRequest.objects.open(grace=grace).exclude(handed_over)
        return still.filter(
            pk=self.pk,
            session__status=Session.Status.HELD,
            session__episode__therapist__in=Membership.objects.today(),
            measure_version__in=MeasureVersion.objects.licensed(on=day),
        ).exists()

    def admits(self, *, grace=False):
        """Whether its page has something to show: the form, or what became of it.

        Whether it was answered is read last: it can be answered while we look.
        """
        if self.is_open(grace=grace):
            return True
        self.refresh_from_db(fields=["closing"])
        return self.is_settled

    def audit_scope(self):
        return self.session.audit_scope()


def next_session(*, episode, starts_at):
    """Ask for a held session of the same episode after the one that starts at `starts_at`."""
    return Session.objects.held().filter(
        episode=OuterRef(episode), starts_at__gt=OuterRef(starts_at)
    )


# What the client has done with a form, and may be told on its page.
SETTLED = [
    RatingRequest.Closing.ANSWERED,
    RatingRequest.Closing.DECLINED,
    RatingRequest.Closing.WITHDRAWN,
    RatingRequest.Closing.ERASED,
]


class RatingQuerySet(models.QuerySet):
    def standing(self):
        """Keep the ratings that are neither corrected nor withdrawn."""
        return self.filter(superseded_by=None, withdrawn_at=None)

    def of_alliance(self):
        """Keep those that say how the relationship is; what is asked beside it is drawn apart."""
        return self.filter(measure__purpose=Measure.Purpose.ALLIANCE)

    def with_comment_waiting(self):
        """Keep the client's ratings below which there is something for the therapist to read."""
        now = [Rating.Audience.THERAPIST, Rating.Audience.SUPERVISOR]
        by_now = Q(comment_audience=Rating.Audience.LATER) & Exists(
            next_session(episode="session__episode", starts_at="session__starts_at")
        )
        return (
            self.standing()
            .filter(respondent=Perspective.CLIENT, comment_read_at=None)
            .filter(Q(comment_audience__in=now) | by_now)
        )


def zero_to_ten(field):
    """Constrain a score: missing, or from 0 to 10."""
    return models.CheckConstraint(
        condition=Q(**{field: None}) | Q(**{f"{field}__gte": 0, f"{field}__lte": 10}),
        name=f"rating_{field}_is_0_to_10_or_missing",
    )


class Rating(models.Model):
    """What one person said of one session: answers as given, and the scores of that day.

    Once it is taken back, nothing of it is left but that there was one.
    """

    class InputMode(models.TextChoices):
        LINE = "line", _("Line")
        BUTTONS = "buttons", _("Buttons")
        PAPER = "paper", _("Paper, typed in")
        ALOUD = "aloud", _("Read aloud")

    class Tension(models.TextChoices):
        NONE = "no", _("No")
        SPOKEN = "spoken", _("Yes, and we spoke about it")
        UNSPOKEN = "unspoken", _("Yes, and we did not speak about it")
        UNSAID = "unsaid", _("I would rather not say")

    class Audience(models.TextChoices):
        THERAPIST = "therapist", _("My therapist, now")
        LATER = "later", _("My therapist, only after our next session")
        SUPERVISOR = "supervisor", _("My therapist now, and whoever supervises them")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="ratings")
    respondent = models.CharField(max_length=16, choices=Perspective)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+")
    measure_version = models.ForeignKey(MeasureVersion, models.PROTECT, related_name="ratings")
    request = models.ForeignKey(RatingRequest, models.PROTECT, null=True, related_name="ratings")
    submission = models.UUIDField(
        null=True, help_text="Made with the form: whatever is sent twice is known by it."
    )
    answers = models.JSONField(help_text="By item key, in the item's own points; null = skipped.")
    unsaid = models.JSONField(
        default=list, blank=True, help_text="Keys of what the client would rather not say."
    )
    tension = models.CharField(max_length=16, choices=Tension, blank=True)
    trust = models.FloatField(null=True)
    goals = models.FloatField(null=True)
    collaboration = models.FloatField(null=True)
    total = models.FloatField(null=True)
    guess = models.FloatField(
        null=True, help_text="Of the therapist: where the client's own total lies, 0 to 10."
    )
    input_mode = models.CharField(max_length=16, choices=InputMode, default=InputMode.BUTTONS)
    line_px = models.PositiveSmallIntegerField(null=True, help_text="How long the line was.")
    seconds = models.PositiveIntegerField(null=True, help_text="From opening to sending.")
    comment_audience = models.CharField(
        max_length=16, choices=Audience, blank=True, help_text="Empty where nothing was written."
    )
    comment_read_at = models.DateTimeField(
        null=True, help_text="When its therapist first had the comment before them."
    )
    submitted_at = models.DateTimeField()
    filled_in_on = models.DateField(null=True, help_text="The day that stands on a paper sheet.")
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
            *(
                zero_to_ten(field)
                for field in ("trust", "goals", "collaboration", "total", "guess")
            ),
            models.CheckConstraint(
                condition=Q(guess=None) | Q(respondent="therapist"),
                name="rating_guess_is_the_therapists",
            ),
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
            models.UniqueConstraint(
                fields=["request", "measure"],
                condition=Q(superseded_by=None, withdrawn_at=None),
                name="rating_answers_a_request_once",
            ),
            models.UniqueConstraint(
                fields=["submission", "measure"],
                condition=Q(superseded_by=None),
                name="rating_is_sent_once",
            ),
            models.CheckConstraint(
                condition=Q(input_mode__in=["line", "buttons", "paper", "aloud"]),
                name="rating_input_mode_is_known",
            ),
            models.CheckConstraint(
                condition=Q(tension__in=["", "no", "spoken", "unspoken", "unsaid"]),
                name="rating_tension_is_known",
            ),
            models.CheckConstraint(
                condition=Q(comment_audience__in=["", "therapist", "later", "supervisor"]),
                name="rating_comment_audience_is_known",
            ),
            models.CheckConstraint(
                condition=Q(comment_read_at=None) | ~Q(comment_audience=""),
                name="rating_comment_that_was_read_is_there",
            ),
            models.CheckConstraint(
                condition=Q(filled_in_on=None) | Q(input_mode="paper"),
                name="rating_filled_in_on_is_of_paper",
            ),
            models.CheckConstraint(
                condition=~Q(input_mode__in=["paper", "aloud"]) | Q(entered_by__isnull=False),
                name="rating_typed_in_says_by_whom",
            ),
        ]

    def __str__(self):
        return f"{self.respondent} · {self.submitted_at:%Y-%m-%d}"

    @property
    def has_marks(self):
        """Whether it says anything by its marks; a sheet left blank does not."""
        return any(getattr(self, component) is not None for component in COMPONENTS)

    def audit_scope(self):
        return self.session.audit_scope()


class CommentQuerySet(models.QuerySet):
    def readable_by(self, user):
        """Keep the comments that their writers let `user` read today.

        The therapist reads them now, or once the next session was held, as the
        client chose; a supervisor only those that were written to both.
        Nobody else: no later therapist, no deputy, no manager.
        """
        after = next_session(
            episode="rating__session__episode", starts_at="rating__session__starts_at"
        )
        now = [Rating.Audience.THERAPIST, Rating.Audience.SUPERVISOR]
        may_now = Q(rating__comment_audience__in=now)
        may_by_now = Q(rating__comment_audience=Rating.Audience.LATER) & Exists(after)
        is_own = Q(rating__session__episode__therapist__in=Membership.objects.own(user))
        is_supervised = Q(
            rating__session__episode__therapist__in=Membership.objects.supervised_by(user),
            rating__comment_audience=Rating.Audience.SUPERVISOR,
        )
        return self.filter((is_own & (may_now | may_by_now)) | is_supervised)


class Comment(models.Model):
    """What somebody wrote below their marks, in a row of its own that opens to whom they chose."""

    rating = models.OneToOneField(Rating, models.PROTECT, primary_key=True, related_name="written")
    text = EncryptedTextField(blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        constraints = [is_encrypted("text", "comment_is_encrypted")]

    def __str__(self):
        return f"{self.rating_id}"
