"""What a practice's ratings amount to as a whole: sums over many, and no row of anybody."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.measures.models import MeasureVersion
from alliance.psychometrics.patterns import FEWEST_CLIENTS, FEWEST_THERAPISTS
from sessions_app.access.models import Membership, Practice


class PracticeFiguresQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Keep those of practices in which `user` does clinical work today.

        Not for managers or reception as such: they read no ratings, summed or not.
        """
        places = Membership.objects.filter(pk__in=Membership.objects.own(user))
        return self.filter(practice__in=places.values("practice"))


class PracticeFigures(models.Model):
    """The practice's average of one component in one wording, over the last twelve months.

    Of at least five therapists with five clients each; kept back where somebody
    could take their own clients off and be left with one or two colleagues.
    Written by the worker, who sees all rows, once a day.
    """

    class Component(models.TextChoices):
        TRUST = "trust", _("Trust and respect")
        GOALS = "goals", _("Agreeing on goals")
        COLLABORATION = "collaboration", _("Working together")

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="+")
    measure_version = models.ForeignKey(MeasureVersion, models.PROTECT, related_name="+")
    component = models.CharField(max_length=16, choices=Component)
    worked_out_on = models.DateField()
    therapists = models.PositiveIntegerField()
    clients = models.PositiveIntegerField()
    mu = models.FloatField(help_text="The mean over therapists, 0 to 10.")
    mu_se = models.FloatField(help_text="Its standard error.")
    tau2 = models.FloatField(help_text="Variance between therapists beyond chance.")
    variance = models.FloatField(help_text="Of one client's mean around the therapist's.")

    objects = PracticeFiguresQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "measure_version", "component"],
                name="figures_once_for_a_practice_version_and_component",
            ),
            models.CheckConstraint(
                condition=Q(component__in=["trust", "goals", "collaboration"]),
                name="figures_component_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    therapists__gte=FEWEST_THERAPISTS,
                    clients__gte=FEWEST_THERAPISTS * FEWEST_CLIENTS,
                ),
                name="figures_are_of_five_therapists_with_five_clients",
            ),
            models.CheckConstraint(
                condition=Q(mu__gte=0, mu__lte=10, mu_se__gte=0, tau2__gte=0, variance__gt=0),
                name="figures_can_be_reckoned_with",
            ),
        ]

    def __str__(self):
        return f"{self.practice} · {self.component}"

    def audit_scope(self):
        return self.practice_id, None
