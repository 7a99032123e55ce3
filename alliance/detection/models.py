"""What a practice reckons with: how its ratings vary, and what it has chosen to have marked."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.measures.models import MeasureVersion
from alliance.psychometrics.detector import PRESETS, Parameters
from sessions_app.access.models import Practice, User


class ParameterVersion(models.Model):
    """How ratings of one wording vary in one practice: what the detector reckons with.

    Never changed once made. A course keeps the version that it began with, so
    that an old flag can be worked out again.
    """

    class Origin(models.TextChoices):
        START = "start", _("Cautious start values")
        FITTED = "fitted", _("Fitted to this practice's own ratings")

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="+")
    measure_version = models.ForeignKey(MeasureVersion, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    mean = models.FloatField()
    between = models.FloatField(help_text="Variance between clients.")
    state = models.FloatField(help_text="Variance of a client's state around their own level.")
    error = models.FloatField(help_text="Variance of the error of measurement.")
    persistence = models.FloatField(help_text="Correlation of the state between two sessions.")
    ceiling = models.FloatField(
        null=True, blank=True, help_text="From here on a total is read as at least."
    )
    low_cutoff = models.FloatField(
        null=True, blank=True, help_text="Low from the start lies below."
    )
    origin = models.CharField(max_length=16, choices=Origin)
    clients = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "measure_version", "number"], name="parameters_are_numbered"
            ),
            models.CheckConstraint(
                condition=Q(between__gte=0, state__gte=0, error__gt=0),
                name="parameters_variances_are_possible",
            ),
            models.CheckConstraint(
                condition=Q(persistence__gt=-1, persistence__lt=1),
                name="parameters_persistence_is_a_correlation",
            ),
            models.CheckConstraint(
                condition=Q(origin__in=["start", "fitted"]), name="parameters_origin_is_known"
            ),
        ]

    def __str__(self):
        return f"{self.measure_version} · {self.number}"

    def audit_scope(self):
        return self.practice_id, None

    def for_detector(self):
        """Return them as the detector takes them."""
        return Parameters(
            m=self.mean,
            sb2=self.between,
            ss2=self.state,
            se2=self.error,
            phi=self.persistence,
            ceiling=self.ceiling,
        )


class SensitivityQuerySet(models.QuerySet):
    def now(self, practice):
        """Return what `practice` has chosen last; the standard, if it has chosen nothing."""
        chosen = self.filter(practice=practice).order_by("-chosen_at").first()
        return chosen or self.model(practice=practice)


class Sensitivity(models.Model):
    """What a practice chose to have marked, from a moment on: a preset, and rules beside it.

    Sessions are judged by what was chosen at the time, so that a choice does
    not rewrite what was shown before.
    """

    class Preset(models.TextChoices):
        QUIET = "quiet", _("Quiet")
        STANDARD = "standard", _("Standard")
        SENSITIVE = "sensitive", _("Sensitive")

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="+")
    preset = models.CharField(max_length=16, choices=Preset, default=Preset.STANDARD)
    comparators = models.JSONField(
        default=list, blank=True, help_text="Keys of the rules that are on."
    )
    chosen_at = models.DateTimeField()
    chosen_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = SensitivityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(preset__in=["quiet", "standard", "sensitive"]),
                name="sensitivity_preset_is_known",
            ),
            models.UniqueConstraint(
                fields=["practice", "chosen_at"], name="sensitivity_is_chosen_one_at_a_time"
            ),
        ]

    def __str__(self):
        return f"{self.preset} · {self.chosen_at:%Y-%m-%d}"

    def audit_scope(self):
        return self.practice_id, None

    def rules(self):
        """Return the preset as the detector takes it."""
        return PRESETS[self.preset]
