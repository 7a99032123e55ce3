"""Meetings of a therapist and the one who supervises them: agenda, notes, and what was agreed."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.trends.models import Flag
from sessions_app.access.fields import EncryptedTextField, OfEncrypted, is_encrypted
from sessions_app.access.models import Membership, Supervision, today
from sessions_app.clients.models import Episode


def _read_by(user, path=""):
    """Return the condition under which `user` reads what belongs to a supervision.

    Its therapist always, its supervisor for as long as it holds. Not those who
    manage the practice, not a later supervisor, not a superuser.
    """
    own = Membership.objects.own(user)
    held = Supervision.objects.today().filter(supervisor__in=own)
    own_ones = Supervision.objects.filter(therapist__in=own)
    return Q(**{f"{path}in": held}) | Q(**{f"{path}in": own_ones})


def _written_by(user, path=""):
    """Return the condition under which `user` may write there: one of the two, while it holds."""
    own = Membership.objects.own(user)
    held = Supervision.objects.today().filter(Q(supervisor__in=own) | Q(therapist__in=own))
    return Q(**{f"{path}in": held})


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Keep the meetings that `user` may read: their own, on either side of the table."""
        return self.filter(_read_by(user, "supervision__"))

    def held_by(self, user):
        """Keep the meetings in which `user` may write."""
        return self.filter(_written_by(user, "supervision__"))


class SupervisionMeeting(models.Model):
    """One meeting of the two. It is open until it was held; its notes are for both, and for them.

    Once the supervision has ended, the supervisor opens it no more; the
    therapist, whose clients it is about, goes on reading it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    supervision = models.ForeignKey(Supervision, models.PROTECT, related_name="meetings")
    planned_on = models.DateField(_("day of the meeting"))
    held_on = models.DateField(null=True, blank=True)
    notes = EncryptedTextField(_("notes for both of you"), max_length=8000, blank=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        constraints = [is_encrypted("notes", "supervision_meeting_notes_are_encrypted")]
        indexes = [
            models.Index(fields=["supervision", "planned_on"], name="meeting_by_supervision")
        ]

    def __str__(self):
        return str(self.planned_on)

    @property
    def day(self):
        """The day it was held on, or else is planned for."""
        return self.held_on or self.planned_on

    def audit_scope(self):
        return self.supervision.audit_scope()


class PrivateNoteQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep what `user` wrote for themselves. Nobody else reads it, the other one neither."""
        return self.filter(
            _read_by(user, "meeting__supervision__"), writer__in=Membership.objects.own(user)
        )


class PrivateNote(models.Model):
    """What one of the two noted for themselves at a meeting."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(SupervisionMeeting, models.PROTECT, related_name="private_notes")
    writer = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    text = EncryptedTextField(_("notes for yourself"), max_length=8000, blank=True)

    objects = PrivateNoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "writer"], name="private_note_once_for_a_meeting_and_writer"
            ),
            is_encrypted("text", "private_note_is_encrypted"),
        ]

    def __str__(self):
        return str(self.meeting_id)

    def audit_scope(self):
        return self.meeting.audit_scope()


class AgreedActionQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep what was agreed in supervisions in which `user` may write."""
        return self.filter(_written_by(user, "supervision__"))

    def open(self):
        """Keep what is not done yet."""
        return self.filter(done_at=None)


class AgreedAction(models.Model):
    """What the two agreed to do. It comes back at each meeting until it is done."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    supervision = models.ForeignKey(Supervision, models.PROTECT, related_name="agreed_actions")
    meeting = models.ForeignKey(SupervisionMeeting, models.PROTECT, related_name="agreed_actions")
    episode = models.ForeignKey(Episode, models.PROTECT, null=True, blank=True, related_name="+")
    text = EncryptedTextField(_("what will be done"), max_length=500)
    due_on = models.DateField(_("until"), null=True, blank=True)
    agreed_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = AgreedActionQuerySet.as_manager()

    class Meta:
        constraints = [
            is_encrypted("text", "agreed_action_is_encrypted"),
            OfEncrypted(condition=~Q(text=""), name="agreed_action_says_what"),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(done_at__gte=models.F("agreed_at")),
                name="agreed_action_is_done_after_it_was_agreed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["supervision"], condition=Q(done_at=None), name="agreed_action_open"
            )
        ]

    def __str__(self):
        return str(self.pk)

    @property
    def is_late(self):
        """Whether its day has passed and it is not done."""
        return self.done_at is None and self.due_on is not None and self.due_on < today()

    def audit_scope(self):
        return self.supervision.audit_scope()


class AgendaItemQuerySet(models.QuerySet):
    def held_by(self, user):
        """Keep the lines of agendas in which `user` may write."""
        return self.filter(_written_by(user, "meeting__supervision__"))


class AgendaItem(models.Model):
    """One thing to speak about at a meeting: found by itself, or added by one of the two."""

    class Kind(models.TextChoices):
        FLAG = "flag", _("Marked")
        UNRATED = "unrated", _("No rating for three sessions")
        ENDING = "ending", _("Ended unplanned since the last meeting")
        ACTION = "action", _("Agreed, and not done yet")
        LINE = "line", _("Added by one of you")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(SupervisionMeeting, models.PROTECT, related_name="agenda")
    kind = models.CharField(max_length=16, choices=Kind)
    place = models.PositiveIntegerField(help_text="Which one of its kind it is, from 1.")
    episode = models.ForeignKey(Episode, models.PROTECT, null=True, blank=True, related_name="+")
    flag = models.ForeignKey(Flag, models.PROTECT, null=True, blank=True, related_name="+")
    action = models.ForeignKey(
        AgreedAction, models.PROTECT, null=True, blank=True, related_name="+"
    )
    text = EncryptedTextField(_("what to speak about"), max_length=280, blank=True)
    added_by = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    is_discussed = models.BooleanField(default=False)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "kind", "place"], name="agenda_item_has_a_place_of_its_own"
            ),
            models.UniqueConstraint(fields=["meeting", "flag"], name="agenda_item_once_for_a_flag"),
            models.UniqueConstraint(
                fields=["meeting", "action"], name="agenda_item_once_for_an_action"
            ),
            OfEncrypted(
                condition=Q(kind__in=["flag", "unrated"], flag__isnull=False, action=None, text="")
                | Q(kind="ending", episode__isnull=False, flag=None, action=None, text="")
                | Q(kind="action", action__isnull=False, flag=None, text="")
                | (Q(kind="line", flag=None, action=None) & ~Q(text="")),
                name="agenda_item_is_about_what_its_kind_says",
            ),
            is_encrypted("text", "agenda_item_is_encrypted"),
        ]

    def __str__(self):
        return f"{self.kind} · {self.meeting_id}"

    def audit_scope(self):
        return self.meeting.audit_scope()
