"""What a practice holds for a questionnaire that is not ours: without it nobody is asked."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import User


class LicenceQuerySet(models.QuerySet):
    def holding(self, day):
        """Keep the licences that hold on a day."""
        return self.filter(attested_on__lte=day, valid_until__gte=day)


class Licence(models.Model):
    """What a practice holds for one wording, as somebody there has attested it.

    Never changed: what comes after it is another.
    """

    class Kind(models.TextChoices):
        GROUP = "group", _("For a practice or a group")
        ELECTRONIC = "electronic", _("For electronic use")
        PERMISSION = "permission", _("Written permission")
        INDIVIDUAL = "individual", _("For one practitioner")

    version = models.ForeignKey("alliance.MeasureVersion", models.PROTECT, related_name="licences")
    holder = models.CharField(_("holder"), max_length=160)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    number = models.CharField(_("number"), max_length=80)
    notice = models.CharField(_("notice"), max_length=280, blank=True)
    attested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    attested_on = models.DateField()
    valid_until = models.DateField(_("valid until"))

    objects = LicenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(holder="") & ~Q(number=""), name="licence_says_whose_and_which"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["group", "electronic", "permission", "individual"]),
                name="licence_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("attested_on")),
                name="licence_holds_when_it_is_attested",
            ),
        ]

    def __str__(self):
        return f"{self.holder} · {self.number}"

    def audit_scope(self):
        return self.version.audit_scope()
