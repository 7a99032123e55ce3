"""What a client wants to change, in their own words: agreed on, worked on, and how near it is."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.measures.models import Perspective
from sessions_app.access.encryption import SIGN
from sessions_app.access.fields import EncryptedTextField, IsEncrypted, is_encrypted
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


class GoalQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep the goals of episodes that `user` holds; only these may they change."""
        return self.filter(episode__therapist__in=Membership.objects.own(user))

    def open(self):
        return self.filter(ended_on=None)


class Goal(models.Model):
    """Something that a client wants to change, as they put it.

    Those who may read the episode read its goals, as they read what was noted
    of a session.
    """

    class Ending(models.TextChoices):
        REACHED = "reached", _("Reached")
        CHANGED = "changed", _("Changed: another goal took its place")
        SET_ASIDE = "set_aside", _("Set aside")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="goals")
    words = EncryptedTextField(_("the goal, in your client’s words"), max_length=280)
    agreed_on = models.DateField(_("agreed on"))
    reworded_on = models.DateField(
        null=True, blank=True, help_text="When the words were last changed."
    )
    ended_on = models.DateField(null=True, blank=True)
    ending = models.CharField(_("how it ended"), max_length=16, choices=Ending, blank=True)
    remark = EncryptedTextField(_("why"), max_length=280, blank=True)

    objects = GoalQuerySet.as_manager()

    class Meta:
        constraints = [
            # Never empty; and not asked in the database, which would show it the words.
            IsEncrypted(condition=Q(words__stored_as=SIGN), name="goal_words_are_encrypted"),
            is_encrypted("remark", "goal_remark_is_encrypted"),
            models.CheckConstraint(
                condition=Q(ended_on=None, ending="") | (Q(ended_on__isnull=False) & ~Q(ending="")),
                name="goal_that_ended_says_how",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("agreed_on")),
                name="goal_ends_after_it_was_agreed",
            ),
            models.CheckConstraint(
                condition=Q(ending__in=["", "reached", "changed", "set_aside"]),
                name="goal_ending_is_known",
            ),
        ]
        ordering = ["agreed_on", "pk"]

    def __str__(self):
        return str(self.pk)

    def audit_scope(self):
        return self.episode.audit_scope()


class GoalTick(models.Model):
    """Whether a goal was worked on in a session. Without a row, nobody has said."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="ticks")
    session = models.ForeignKey(Session, models.PROTECT, related_name="+")
    is_worked_on = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["goal", "session"], name="goal_tick_once_for_a_goal_and_session"
            ),
        ]

    def __str__(self):
        return f"{self.goal_id} · {self.session_id}"


class GoalMark(models.Model):
    """How near a goal was on a day, 0 to 10, as one of the two saw it.

    The client's is what they said in the room, noted by the therapist; null
    is that they would rather not say. Of one day the last word stands.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="marks")
    respondent = models.CharField(max_length=16, choices=Perspective)
    marked_on = models.DateField()
    mark = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["goal", "respondent", "marked_on"], name="goal_mark_once_a_day_for_each"
            ),
            models.CheckConstraint(
                condition=Q(mark=None) | Q(mark__lte=10),
                name="goal_mark_is_0_to_10_or_not_said",
            ),
            models.CheckConstraint(
                condition=Q(respondent__in=["client", "therapist"]),
                name="goal_mark_respondent_is_known",
            ),
            models.CheckConstraint(
                condition=Q(respondent="client") | Q(mark__isnull=False),
                name="goal_mark_of_a_therapist_says_something",
            ),
        ]
        ordering = ["marked_on"]

    def __str__(self):
        return f"{self.goal_id} · {self.marked_on:%Y-%m-%d}"
