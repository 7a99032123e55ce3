"""Couples, families and groups: who comes together, and the meetings that they share."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership
from sessions_app.clients.models import Client, Episode, validate_code
from sessions_app.sessions.models import Session


class CircleQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Keep the circles of therapists whose work `user` may read.

        That a circle can be read opens no episode in it: of two therapists, each
        reads the ratings of their own episodes.
        """
        return self._of(Membership.objects.reach(user))

    def held_by(self, user):
        """Keep the circles that `user` leads, alone or with somebody; here they may log."""
        return self._of(Membership.objects.own(user))

    def led_by(self, user):
        """Keep the circles that `user` made: who belongs to them is for `user` to say."""
        return self.filter(therapist__in=Membership.objects.own(user))

    def _of(self, members):
        return self.filter(Q(therapist__in=members) | Q(co_therapist__in=members))


class Circle(models.Model):
    """Clients who come together: a couple, a family or a group, with one therapist or two.

    Each client has an episode with each therapist; the circle says which belong
    together, and no more. Its code is a pseudonym, like a client's.
    """

    class Kind(models.TextChoices):
        COUPLE = "couple", _("Couple")
        FAMILY = "family", _("Family")
        GROUP = "group", _("Group")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    therapist = models.ForeignKey(Membership, models.PROTECT, related_name="circles")
    co_therapist = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="circles_beside"
    )
    kind = models.CharField(_("who comes"), max_length=16, choices=Kind)
    code = models.CharField(_("code"), max_length=24, validators=[validate_code])

    objects = CircleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "therapist",
                Lower("code"),
                name="circle_code_is_used_once_by_a_therapist",
                violation_error_message=_("You already use this code."),
            ),
            models.CheckConstraint(condition=~Q(code=""), name="circle_has_a_code"),
            models.CheckConstraint(
                condition=Q(kind__in=["couple", "family", "group"]), name="circle_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(co_therapist=None) | ~Q(co_therapist=F("therapist")),
                name="circle_is_led_by_two_different_therapists",
            ),
        ]

    def __str__(self):
        return self.code

    def audit_scope(self):
        return self.therapist.practice_id, None


class CircleMemberQuerySet(models.QuerySet):
    def present(self):
        """Keep those who have not left."""
        return self.filter(left_on=None)


class CircleMember(models.Model):
    """A client in a circle, from a day to a day, with their episode with each therapist."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    circle = models.ForeignKey(Circle, models.PROTECT, related_name="members")
    client = models.ForeignKey(Client, models.PROTECT, related_name="+")
    episode = models.ForeignKey(Episode, models.PROTECT, related_name="in_circles")
    co_episode = models.ForeignKey(
        Episode, models.PROTECT, null=True, blank=True, related_name="in_circles_beside"
    )
    joined_on = models.DateField()
    left_on = models.DateField(null=True, blank=True)

    objects = CircleMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(left_on=None) | Q(left_on__gte=F("joined_on")),
                name="circle_member_leaves_after_joining",
            ),
            models.CheckConstraint(
                condition=Q(co_episode=None) | ~Q(co_episode=F("episode")),
                name="circle_member_has_an_episode_with_each_therapist",
            ),
            models.UniqueConstraint(
                fields=["episode"],
                condition=Q(left_on=None),
                name="circle_member_is_in_one_circle_at_a_time",
                violation_error_message=_("This client is in another circle."),
            ),
        ]

    def __str__(self):
        return f"{self.circle} · {self.client}"

    def audit_scope(self):
        return self.client.practice_id, self.client_id

    def episodes(self):
        """Return the ids of this client's episodes in the circle, one for each therapist."""
        return [pk for pk in (self.episode_id, self.co_episode_id) if pk]


class MeetingQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep the meetings of circles that `user` leads, alone or with somebody."""
        return self.filter(circle__in=Circle.objects.held_by(user))


class Meeting(models.Model):
    """One meeting of a circle: each member has a session of their own in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    circle = models.ForeignKey(Circle, models.PROTECT, related_name="meetings")
    starts_at = models.DateTimeField(_("date and time"))
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=50, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    setting = models.CharField(
        _("where"),
        max_length=16,
        choices=Session.Setting,
        default=Session.Setting.IN_PERSON,
    )

    objects = MeetingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["circle", "starts_at"],
                name="meeting_once_at_a_time_in_a_circle",
                violation_error_message=_("A meeting at this moment is already logged."),
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=600), name="meeting_minutes_are_plausible"
            ),
            models.CheckConstraint(
                condition=Q(setting__in=["in_person", "video", "phone"]),
                name="meeting_setting_is_known",
            ),
        ]
        ordering = [F("starts_at").asc()]

    def __str__(self):
        return f"{self.circle} · {self.starts_at:%Y-%m-%d}"

    def audit_scope(self):
        return self.circle.audit_scope()
