"""What the ratings of an episode amount to, what was flagged, and who has read them."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.detection.models import ParameterVersion
from alliance.psychometrics import course
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

# A therapist who does not look has had the chance to by then.
HEAD_START = timedelta(hours=24)
# A rating that its therapist has not looked at may say anything: early in the list.
WAITING_RANK = 66


class StandingQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep the standing of the episodes that `user` holds."""
        return self.filter(episode__therapist__in=Membership.objects.own(user))

    def supervised_by(self, user):
        """Keep the standing of the episodes of those whom `user` supervises today.

        Not of `user`'s own, nor of colleagues whom someone else supervises.
        """
        return self.filter(episode__therapist__in=Membership.objects.supervised_by(user))

    def by_need_for_attention(self, *, for_holder, waiting=()):
        """Order by where a conversation may help most, then by who was here last.

        A supervisor's order knows only the flags that the therapist could have
        seen, and no comments: those are written to the therapist. Episodes in
        which a rating is `waiting` to be shown all stand at one place, whatever it says.
        """
        flags = Flag.objects.standing().filter(episode=OuterRef("pk"))
        if not for_holder:
            flags = flags.shareable()
        rank = Subquery(flags.order_by("-rank").values("rank")[:1])
        attention = Case(
            When(pk__in=waiting, then=Value(WAITING_RANK)),
            default=Coalesce(rank, 0),
            output_field=models.IntegerField(),
        )
        return self.annotate(attention=attention).order_by(
            "-attention",
            *(["-comment_waiting"] if for_holder else []),
            F("last_session_at").desc(nulls_last=True),
            "pk",
        )

    def by_last_session(self):
        """Order by who was here last."""
        return self.order_by(F("last_session_at").desc(nulls_last=True), "pk")


class Standing(models.Model):
    """One row an episode: all that a list needs to know, kept up with every change.

    It can always be made anew from the sessions and ratings; nothing is told
    here that they do not tell. `course` is where the recursion stands before
    the last held session, so that this one can be taken again in one step.
    """

    episode = models.OneToOneField(
        Episode, models.CASCADE, primary_key=True, related_name="standing"
    )
    sessions_held = models.PositiveIntegerField(default=0)
    sessions_rated = models.PositiveIntegerField(default=0)
    unrated_run = models.PositiveIntegerField(default=0)
    last_session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    last_session_at = models.DateTimeField(null=True)
    last_rated_at = models.DateTimeField(null=True)
    trust = models.FloatField(null=True)
    goals = models.FloatField(null=True)
    collaboration = models.FloatField(null=True)
    total = models.FloatField(null=True)
    compared = models.PositiveIntegerField(
        default=0, help_text="Totals in the wording of the latest rating, itself included."
    )
    highest = models.FloatField(null=True, help_text="The highest total in that wording.")
    finding = models.JSONField(
        null=True, help_text="The numbers behind what is said of the latest total."
    )
    parameters = models.ForeignKey(ParameterVersion, models.PROTECT, null=True, related_name="+")
    course = models.JSONField(null=True, help_text="The recursion before the last held session.")
    comment_waiting = models.BooleanField(default=False)
    spark = models.JSONField(
        default=list, help_text="Totals of the last twelve held sessions; null = not rated."
    )

    objects = StandingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sessions_rated__lte=F("sessions_held")),
                name="standing_rates_no_more_than_was_held",
            ),
            models.CheckConstraint(
                condition=Q(unrated_run__lte=F("sessions_held")),
                name="standing_misses_no_more_than_was_held",
            ),
        ]

    def __str__(self):
        return str(self.episode_id)

    def scores(self):
        """Return the components of the latest rating, by name."""
        return {component: getattr(self, component) for component in COMPONENTS}


class FlagQuerySet(models.QuerySet):
    def standing(self):
        """Keep the flags that still hold: neither settled since, nor undone by a correction."""
        return self.filter(settled_by=None, withdrawn_at=None)

    def shareable(self, *, at=None):
        """Keep the flags that their therapist has seen, or has had a day to see."""
        head_start = (at or timezone.now()) - HEAD_START
        return self.filter(Q(seen_at__isnull=False) | Q(raised_at__lte=head_start))

    def for_reader(self, *, is_holder):
        """Keep what may be shown to the therapist, or to the one who supervises them."""
        return self if is_holder else self.shareable()


class Flag(models.Model):
    """Something in an episode's ratings that deserves a conversation, raised by one session."""

    class Kind(models.TextChoices):
        LOWER = course.LOWER, _("Lower than usual for this client")
        SLIDING = course.SLIDING, _("Gradually lower")
        LOW = course.LOW, _("Low from the start")
        UNRATED = course.UNRATED, _("No rating for three sessions")
        TOLD = "told", _("The client told of tension that was not spoken about")
        RULE = "rule", _("Marked by a rule that the practice switched on")
        TOP = course.TOP, _("Almost always at the top")
        BACK = course.BACK, _("Back to usual")

    RANKS = {
        Kind.LOWER: 70,
        Kind.TOLD: 65,
        Kind.SLIDING: 60,
        Kind.LOW: 50,
        Kind.UNRATED: 40,
        Kind.RULE: 30,
        Kind.TOP: 10,
        Kind.BACK: 5,
    }

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.CASCADE, related_name="flags")
    session = models.ForeignKey(Session, models.CASCADE, related_name="flags")
    kind = models.CharField(max_length=16, choices=Kind)
    rank = models.PositiveSmallIntegerField(help_text="How early it comes in a list.")
    facts = models.JSONField(help_text="The numbers it rests on, as they were on the day.")
    parameters = models.ForeignKey(ParameterVersion, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="When its therapist opened the trend.")
    settled_by = models.ForeignKey(Session, models.RESTRICT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(
        null=True, help_text="Since when it no longer holds, because the ratings were corrected."
    )

    objects = FlagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind"], name="flag_once_for_a_session_and_kind"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "lower",
                        "told",
                        "sliding",
                        "low",
                        "unrated",
                        "rule",
                        "top",
                        "back",
                    ]
                ),
                name="flag_kind_is_known",
            ),
        ]
        indexes = [
            # Lists ask only for flags that still hold.
            models.Index(
                fields=["episode", "rank"],
                condition=Q(settled_by=None, withdrawn_at=None),
                name="flag_standing",
            ),
        ]

    def __str__(self):
        return f"{self.kind} · {self.episode_id}"

    def audit_scope(self):
        return self.episode.client.practice_id, self.episode.client_id


class Reading(models.Model):
    """Someone has opened a rating, comment and all, and when that was first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rating = models.ForeignKey(Rating, models.CASCADE, related_name="readings")
    reader = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rating", "reader"], name="reading_is_first_once"),
        ]

    def __str__(self):
        return f"{self.rating_id} · {self.read_at:%Y-%m-%d}"
