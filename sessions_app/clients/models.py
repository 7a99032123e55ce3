"""Who comes, and the course of therapy that a client and a therapist share."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.fields import EncryptedTextField, is_encrypted
from sessions_app.access.models import Membership, Practice, ends_after_it_starts
from sessions_app.access.signs import is_made_of
from sessions_app.openings.models import Consent, EmergencyAccess


def validate_code(code):
    """Refuse signs that nobody sees: two codes that look alike must be alike."""
    if not is_made_of(code, kinds=("L", "N", "P", "S"), signs=" "):
        raise ValidationError(_("There is a sign in this code that cannot be seen."))


class Client(models.Model):
    """A person in therapy, known to the whole of the clinical work by a code alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, models.PROTECT, related_name="clients")
    code = models.CharField(_("code"), max_length=24, validators=[validate_code])
    opened_on = models.DateField(default=timezone.localdate)
    closed_on = models.DateField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "practice",
                Lower("code"),
                name="client_code_is_used_once_in_a_practice",
                violation_error_message=_("Your practice already uses this code."),
            ),
            models.CheckConstraint(condition=~Q(code=""), name="client_has_a_code"),
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")),
                name="client_closes_after_opening",
            ),
        ]

    def __str__(self):
        return self.code

    def audit_scope(self):
        return self.practice_id, self.pk


class ClientIdentity(models.Model):
    """The one table that says who a client is. It is gone after erasure."""

    client = models.OneToOneField(Client, models.CASCADE, primary_key=True, related_name="identity")
    name = EncryptedTextField(_("name"), max_length=120, blank=True)
    email = EncryptedTextField(_("e-mail"), max_length=254, blank=True, validators=[validate_email])
    phone = EncryptedTextField(_("phone"), max_length=32, blank=True)
    language = models.CharField(_("language of the form"), max_length=16, blank=True)
    birth_year = models.PositiveSmallIntegerField(
        _("year of birth"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1900), MaxValueValidator(2100)],
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(birth_year=None) | Q(birth_year__gte=1900, birth_year__lte=2100),
                name="identity_birth_year_is_plausible",
            ),
            is_encrypted("name", "identity_name_is_encrypted"),
            is_encrypted("email", "identity_email_is_encrypted"),
            is_encrypted("phone", "identity_phone_is_encrypted"),
        ]

    def __str__(self):
        return self.name


class EpisodeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Keep the episodes that `user` may read.

        Those held by someone whose work they may read; the one before their
        own, while the client consents; and those of a client whose record they
        opened in an emergency, for as long as that lasts. Not those of
        colleagues, of other practices, or of an earlier therapist otherwise; nor
        for managers, reception or superusers as such.
        """
        return self.filter(
            Q(therapist__in=Membership.objects.reach(user))
            | Q(pk__in=Consent.objects.opens_to(user))
            | Q(client__in=EmergencyAccess.objects.opens_to(user))
        )

    def held_by(self, user):
        """Keep the episodes that `user` holds; only in these may they write."""
        return self.filter(therapist__in=Membership.objects.own(user))

    def managed_by(self, user):
        """Keep the episodes of practices that `user` manages: to count, and to hand over.

        With the client's code, and nothing of what was said.
        """
        return self.filter(therapist__in=Membership.objects.managed_by(user))

    def open(self):
        return self.filter(ended_on=None)

    def lock(self, episode):
        """Return `episode` as it is now; who else wants to change it waits for our commit."""
        return self.select_for_update(of=("self",), no_key=True).get(pk=episode.pk)


class Episode(models.Model):
    """One client, one therapist, one course of therapy.

    Client and therapist belong to one practice: a trigger holds it (migration 0002).
    """

    class Modality(models.TextChoices):
        INDIVIDUAL = "individual", _("Individual")
        COUPLE = "couple", _("Couple")
        FAMILY = "family", _("Family")
        GROUP = "group", _("Group")

    class Ending(models.TextChoices):
        PLANNED = "planned", _("Ended as planned")
        UNPLANNED = "unplanned", _("Ended unplanned")
        TRANSFERRED = "transferred", _("Handed over to another therapist")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, models.PROTECT, related_name="episodes")
    therapist = models.ForeignKey(Membership, models.PROTECT, related_name="episodes")
    modality = models.CharField(
        _("setting of therapy"), max_length=16, choices=Modality, default=Modality.INDIVIDUAL
    )
    started_on = models.DateField(_("started on"), default=timezone.localdate)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    ending = models.CharField(_("ending"), max_length=16, choices=Ending, blank=True)
    follows = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by"
    )

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        constraints = [
            ends_after_it_starts("episode_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(ended_on=None, ending="") | (Q(ended_on__isnull=False) & ~Q(ending="")),
                name="episode_that_ended_says_how",
            ),
            models.CheckConstraint(
                condition=Q(modality__in=["individual", "couple", "family", "group"]),
                name="episode_modality_is_known",
            ),
            models.CheckConstraint(
                condition=Q(ending__in=["", "planned", "unplanned", "transferred"]),
                name="episode_ending_is_known",
            ),
            models.CheckConstraint(
                condition=Q(follows=None) | ~Q(follows=F("id")),
                name="episode_does_not_follow_itself",
            ),
            models.UniqueConstraint(
                fields=["client", "therapist"],
                condition=Q(ended_on=None),
                name="episode_open_once_for_a_pair",
                violation_error_message=_("These two have an open episode already."),
            ),
        ]
        indexes = [models.Index(fields=["therapist", "ended_on"], name="episode_by_therapist")]

    def __str__(self):
        return f"{self.client} · {self.therapist}"

    def audit_scope(self):
        return self.therapist.practice_id, self.client_id
