"""What opens a client's record beyond one's own work and supervision: a consent, an emergency."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.fields import EncryptedTextField, OfEncrypted, is_encrypted
from sessions_app.access.models import Deputy, Membership, Practice

OPEN_FOR = timedelta(minutes=60)
TOLD_FOR = timedelta(days=7)


class ConsentQuerySet(models.QuerySet):
    def standing(self):
        """Keep the consents that were not withdrawn."""
        return self.filter(withdrawn_at=None)

    def opens_to(self, user):
        """Return the ids of the episodes that clients let `user` read by their consent.

        Those are the ones directly before an episode that `user` holds, for as
        long as that one is open. Not the ones before those, not for a
        supervisor, and not for whoever comes after `user`.
        """
        followed = self.standing().filter(
            kind=Consent.Kind.EARLIER_THERAPY,
            episode__followed_by__therapist__in=Membership.objects.own(user),
            episode__followed_by__ended_on=None,
        )
        return set(followed.values_list("episode", flat=True))


class Consent(models.Model):
    """A client has agreed to something, in a wording that we know, until they withdraw it.

    That the episode is the client's own is held by a trigger (migration 0005).
    """

    class Kind(models.TextChoices):
        EARLIER_THERAPY = "earlier_therapy", _("The next therapist reads what was said before")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey("sessions_app.Client", models.PROTECT, related_name="consents")
    # The one whose record it opens.
    episode = models.ForeignKey("sessions_app.Episode", models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=24, choices=Kind)
    wording = models.PositiveSmallIntegerField(help_text="Its number in openings/wordings.py.")
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    recorded_by = models.ForeignKey(Membership, models.PROTECT, related_name="+")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "kind"],
                condition=Q(withdrawn_at=None),
                name="consent_stands_once",
                violation_error_message=_("The client has agreed already."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["earlier_therapy"]), name="consent_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(wording__gte=1), name="consent_names_its_wording"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")),
                name="consent_is_withdrawn_after_it_was_given",
            ),
        ]

    def __str__(self):
        return f"consent {self.pk}"

    def audit_scope(self):
        return self.recorded_by.practice_id, self.client_id


class EmergencyAccessQuerySet(models.QuerySet):
    def open(self):
        """Keep those that still open a record: not yet over, and nobody has ended them."""
        return self.filter(closed_at=None, expires_at__gt=timezone.now())

    def opened_by(self, user):
        """Keep those that `user` opened, in a place that they still have and are deputy in.

        As the deputy that they were when they opened it: being appointed once
        more opens nothing that was closed.
        """
        since = Deputy.objects.filter(
            member=OuterRef("member"), dismissed_at=None, appointed_at__lte=OuterRef("opened_at")
        )
        return self.filter(Exists(since), member__in=Membership.objects.deputies(user))

    def opens_to(self, user):
        """Return the ids of the clients whose record an emergency opens to `user` now."""
        return set(self.open().opened_by(user).values_list("client", flat=True))

    def lately(self):
        """Keep those of the last seven days, of which people are told on their first page."""
        return self.filter(opened_at__gte=timezone.now() - TOLD_FOR)

    def among_clients_of(self, user):
        """Keep those of clients of whom `user` holds an episode; not for the supervisor."""
        own = Membership.objects.filter(pk__in=Membership.objects.own(user))
        return self.filter(client__in=own.values("episodes__client"))

    def endable_by(self, user):
        """Keep those that `user` may end: their own, those among their clients, a manager's."""
        own = Membership.objects.filter(pk__in=Membership.objects.own(user))
        return self.open().filter(
            Q(member__in=own)
            | Q(client__in=own.values("episodes__client"))
            | Q(member__practice__in=Practice.objects.managed_by(user))
        )


class EmergencyAccess(models.Model):
    """A deputy opened a client's record, for a reason and for an hour.

    That both belong to one practice is held by a trigger (migration 0005).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey("sessions_app.Client", models.PROTECT, related_name="emergencies")
    member = models.ForeignKey(Membership, models.PROTECT, related_name="emergencies")
    reason = EncryptedTextField(max_length=1000)
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = EmergencyAccessQuerySet.as_manager()

    class Meta:
        constraints = [
            OfEncrypted(condition=~Q(reason=""), name="emergency_has_a_reason"),
            is_encrypted("reason", "emergency_reason_is_encrypted"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")),
                name="emergency_is_over_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
                name="emergency_is_ended_after_it_began",
            ),
        ]
        indexes = [models.Index(fields=["client", "opened_at"], name="emergency_by_client")]

    def __str__(self):
        return f"emergency {self.pk}"

    @property
    def is_open(self):
        return self.closed_at is None and self.expires_at > timezone.now()

    def audit_scope(self):
        return self.member.practice_id, self.client_id


def opening_of(episode, user):
    """Return the consent or the emergency by which `user` reads `episode`.

    None where it is their own work, or that of somebody they supervise: what
    lies within reach needs no opening.
    """
    if episode.therapist_id in Membership.objects.reach(user):
        return None
    if episode.pk in Consent.objects.opens_to(user):
        return Consent.objects.standing().get(episode=episode.pk, kind=Consent.Kind.EARLIER_THERAPY)
    return (
        EmergencyAccess.objects.open()
        .opened_by(user)
        .filter(client=episode.client_id)
        .order_by("opened_at")
        .first()
    )
