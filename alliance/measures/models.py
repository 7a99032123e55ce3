"""Questionnaires: what is asked, in which words, and how it is scored."""

from collections import Counter

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.measures.querysets import MeasureQuerySet, MeasureVersionQuerySet
from alliance.psychometrics.scoring import ScoredItem
from sessions_app.access.models import Practice, today


class Perspective(models.TextChoices):
    """From whose seat a session is rated."""

    CLIENT = "client", _("Client")
    THERAPIST = "therapist", _("Therapist")


class Measure(models.Model):
    """A questionnaire, whatever its wording: its versions are never joined in one line.

    Without a practice it is ours, for everybody; else it is that practice's own.
    """

    class Purpose(models.TextChoices):
        """What its answers are for: the course of the alliance, or a talk beside it."""

        ALLIANCE = "alliance", _("How the relationship develops")
        QUALITIES = "qualities", _("How it is to work with this therapist")

    practice = models.ForeignKey(Practice, models.PROTECT, null=True, blank=True, related_name="+")
    key = models.SlugField(max_length=48)
    perspective = models.CharField(max_length=16, choices=Perspective)
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.ALLIANCE)
    name = models.CharField(max_length=120)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(practice=None), name="measure_key_is_used_once"
            ),
            models.UniqueConstraint(
                fields=["practice", "key"], name="measure_key_is_used_once_in_a_practice"
            ),
            models.CheckConstraint(
                condition=Q(perspective__in=["client", "therapist"]),
                name="measure_perspective_is_known",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=["alliance", "qualities"]), name="measure_purpose_is_known"
            ),
        ]

    def __str__(self):
        return self.name


class MeasureVersion(models.Model):
    """One wording in one language, for one audience. Nobody changes it once it has been rated.

    A trigger holds that (migration 0002); a new wording is a new number. Another
    (migration 0011) holds that what a practice added is active under a licence only.
    """

    class Audience(models.TextChoices):
        ADULT = "adult", _("Adults")
        YOUNG = "young", _("Young people")
        EASY = "easy", _("Easy to read, with pictures")

    class Method(models.TextChoices):
        MEAN = "mean", _("Mean of the answers")
        SUM = "sum", _("Sum of the answers")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Stopped")

    measure = models.ForeignKey(Measure, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=16)
    title = models.CharField(max_length=160)
    intro = models.CharField(max_length=400)
    comment_prompt = models.CharField(max_length=280, blank=True)
    audience = models.CharField(max_length=16, choices=Audience, default=Audience.ADULT)
    guess = models.CharField(
        max_length=280,
        blank=True,
        help_text="Asked of the therapist besides: where the client's own marks will lie.",
    )
    minimum = models.FloatField()
    maximum = models.FloatField()
    step = models.FloatField()
    least_answered = models.FloatField()
    method = models.CharField(max_length=16, choices=Method, default=Method.MEAN)
    norms = models.JSONField(default=list, blank=True, help_text="As in the file, with sources.")
    is_validated = models.BooleanField(default=False)
    licence = models.CharField(max_length=160)
    source = models.CharField(max_length=400)
    translation = models.CharField(max_length=200, blank=True, help_text="Who translated it.")
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)

    objects = MeasureVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "number", "language"], name="version_is_unique_in_a_language"
            ),
            models.CheckConstraint(
                condition=Q(minimum__lt=F("maximum")), name="version_range_is_not_empty"
            ),
            models.CheckConstraint(condition=Q(step__gt=0), name="version_step_is_positive"),
            models.CheckConstraint(
                condition=Q(least_answered__gte=0, least_answered__lte=1),
                name="version_missing_rule_is_a_share",
            ),
            models.CheckConstraint(condition=~Q(licence=""), name="version_has_a_licence"),
            models.CheckConstraint(
                condition=Q(audience__in=["adult", "young", "easy"]),
                name="version_audience_is_known",
            ),
            models.CheckConstraint(
                condition=Q(method__in=["mean", "sum"]), name="version_method_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "active", "retired"]),
                name="version_state_is_known",
            ),
        ]

    def __str__(self):
        return f"{self.measure} {self.number} ({self.language})"

    def audit_scope(self):
        return self.measure.practice_id, None

    def notice(self):
        """Return what the holder of its licence wants to be said on the form, if anything."""
        if self.measure.practice_id is None:
            return ""
        holding = self.licences.holding(today()).order_by("-attested_on", "-pk")
        return holding.values_list("notice", flat=True).first() or ""

    @property
    def is_a_line(self):
        """Whether it may be answered on a line: only scales without words between the ends."""
        return (self.minimum, self.maximum) == (0, 10)

    def scored_items(self):
        """Return the statements as scoring needs to know them."""
        return [
            ScoredItem(item.key, item.component, self.minimum, self.maximum, item.is_reverse)
            for item in self.items.all()
        ]

    def smallest_step_of_total(self):
        """Return by how much a total (0 to 10) changes at least, when one mark does."""
        items = Counter(item.component for item in self.items.all() if item.component)
        step = 10 * self.step / (self.maximum - self.minimum)
        return step / max(items.values()) / len(items)


class Item(models.Model):
    """One statement, with the words at both ends of its scale."""

    class Component(models.TextChoices):
        TRUST = "trust", _("Trust")
        GOALS = "goals", _("Goals")
        COLLABORATION = "collaboration", _("Collaboration")

    version = models.ForeignKey(MeasureVersion, models.CASCADE, related_name="items")
    key = models.SlugField(max_length=32)
    position = models.PositiveSmallIntegerField()
    component = models.CharField(
        max_length=16, choices=Component, blank=True, help_text="Empty where it belongs to none."
    )
    text = models.CharField(max_length=280)
    low_anchor = models.CharField(max_length=80)
    high_anchor = models.CharField(max_length=80)
    is_reverse = models.BooleanField(default=False)
    picture = models.CharField(
        max_length=32, blank=True, help_text="The name of a drawing in static/pictures."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "key"], name="item_key_is_used_once_in_a_version"
            ),
            models.UniqueConstraint(
                fields=["version", "position"], name="item_has_a_place_of_its_own"
            ),
            models.CheckConstraint(
                condition=Q(component__in=["trust", "goals", "collaboration", ""]),
                name="item_component_is_known",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="item_has_words"),
        ]
        ordering = [F("position").asc()]

    def __str__(self):
        return self.key

    @property
    def picture_path(self):
        """Where the drawing beside its words lies among the static files."""
        return f"pictures/{self.picture}.svg"
