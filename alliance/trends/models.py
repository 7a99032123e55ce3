"""What the ratings of an episode amount to, and who has read them."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode


class StandingQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep the standing of the episodes that `user` holds."""
        return self.filter(episode__therapist__in=Membership.objects.own(user))

    def supervised_by(self, user):
        """Keep the standing of the episodes of those whom `user` supervises today.

        Not of `user`'s own, nor of colleagues whom someone else supervises.
        """
        return self.filter(episode__therapist__in=Membership.objects.supervised_by(user))

    def by_need_for_attention(self, *, with_comments):
        """Order by where a conversation may help most, then by who was here last.

        A comment that waits counts only for the one to whom it was written.
        """
        return self.order_by(
            F("attention").desc(),
            *([F("comment_waiting").desc()] if with_comments else []),
            F("below_usual").desc(),
            F("last_session_at").desc(nulls_last=True),
            "pk",
        )


class Standing(models.Model):
    """One row an episode: all that a list needs to know, kept up with every change.

    It can always be made anew from the sessions and ratings; nothing is told
    here that they do not tell.
    """

    class Signal(models.TextChoices):
        UNRATED = "unrated", _("No rating for three sessions")
        LOWEST = "lowest", _("Lowest so far")
        EARLY = "early", _("Too early to say")
        NONE = "none", _("Nothing stands out")

    episode = models.OneToOneField(
        Episode, models.CASCADE, primary_key=True, related_name="standing"
    )
    sessions_held = models.PositiveIntegerField(default=0)
    sessions_rated = models.PositiveIntegerField(default=0)
    unrated_run = models.PositiveIntegerField(default=0)
    last_session_at = models.DateTimeField(null=True)
    last_rated_at = models.DateTimeField(null=True)
    trust = models.FloatField(null=True)
    goals = models.FloatField(null=True)
    collaboration = models.FloatField(null=True)
    total = models.FloatField(null=True)
    usual = models.FloatField(null=True)
    below_usual = models.FloatField(default=0)
    compared = models.PositiveIntegerField(
        default=0, help_text="Totals in the wording of the latest rating, itself included."
    )
    lowest = models.FloatField(null=True, help_text="The lowest component of any rating.")
    highest = models.FloatField(null=True, help_text="The highest total in that wording.")
    signal = models.CharField(max_length=16, choices=Signal, default=Signal.EARLY)
    attention = models.PositiveSmallIntegerField(default=0)
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
            models.CheckConstraint(
                condition=Q(below_usual__gte=0), name="standing_below_usual_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(signal__in=["unrated", "lowest", "early", "none"]),
                name="standing_signal_is_known",
            ),
        ]
        indexes = [
            models.Index(F("attention").desc(), name="standing_by_attention"),
        ]

    def __str__(self):
        return f"{self.episode_id}: {self.signal}"

    def scores(self):
        """Return the components of the latest rating, by name."""
        return {component: getattr(self, component) for component in COMPONENTS}


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
