"""How the clients of a practice are asked, and where one of them is asked otherwise."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.measures.models import Measure
from sessions_app.access.models import Practice
from sessions_app.clients.models import Episode

WAYS = ["by_hand", "email", "sms", "standing"]
WHENS = ["at_once", "hour", "morning"]


class Way(models.TextChoices):
    """Who sets the asking off: the therapist each time, or what was agreed."""

    BY_HAND = "by_hand", _("The therapist asks, each time")
    EMAIL = "email", _("A link by e-mail")
    SMS = "sms", _("A link by text message")
    STANDING = "standing", _("The client’s own bookmark")


class When(models.TextChoices):
    """How long after a session that was held a message goes out."""

    AT_ONCE = "at_once", _("At once")
    HOUR = "hour", _("An hour later")
    MORNING = "morning", _("The next morning")


def days_or_none(field, name):
    """Constrain a reminder: none, or after 1 to 14 days."""
    return models.CheckConstraint(
        condition=Q(**{field: None}) | Q(**{f"{field}__range": (1, 14)}), name=name
    )


class AskingRulesQuerySet(models.QuerySet):
    def of(self, practice):
        """Return what `practice` has chosen, or the defaults where it has chosen nothing."""
        rules = self.select_related("measure").filter(practice=practice).first()
        return rules or self.model(practice=practice)


class AskingRules(models.Model):
    """What a practice has chosen for all its clients; where there is no row, these defaults."""

    practice = models.OneToOneField(
        Practice, models.PROTECT, primary_key=True, related_name="asking_rules"
    )
    measure = models.ForeignKey(
        Measure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("statements that clients are asked"),
    )
    asks_about_tension = models.BooleanField(
        _("ask whether there was tension or a misunderstanding"), default=False
    )
    qualities_every = models.PositiveSmallIntegerField(
        _("offer the questions about how you work every so many sessions"),
        default=4,
        validators=[MaxValueValidator(20)],
        help_text=_("0 offers them only when you ask for them."),
    )
    offers_quick_exit = models.BooleanField(_("a link to leave the form quickly"), default=False)
    quick_exit_to = models.URLField(
        _("where that link leads"), default="https://www.wikipedia.org/", max_length=200
    )
    way = models.CharField(_("way"), max_length=16, choices=Way, default=Way.BY_HAND)
    when = models.CharField(_("when"), max_length=16, choices=When, default=When.AT_ONCE)
    remind_after_days = models.PositiveSmallIntegerField(
        _("remind once after so many days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(14)],
        help_text=_("Empty for no reminder."),
    )

    objects = AskingRulesQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(way__in=WAYS), name="asking_way_is_known"),
            models.CheckConstraint(condition=Q(when__in=WHENS), name="asking_when_is_known"),
            models.CheckConstraint(
                condition=Q(qualities_every__range=(0, 20)), name="asking_qualities_are_rare"
            ),
            days_or_none("remind_after_days", "asking_reminds_within_two_weeks"),
        ]

    def __str__(self):
        return str(self.practice)

    def audit_scope(self):
        return self.practice_id, None


class Arrangement(models.Model):
    """What was agreed with one client; what is empty is as the practice has it."""

    class StoppedBy(models.TextChoices):
        CLIENT = "client", _("The client")
        STAFF = "staff", _("A member of staff, as the client wished")

    episode = models.OneToOneField(
        Episode, models.PROTECT, primary_key=True, related_name="arrangement"
    )
    measure = models.ForeignKey(
        Measure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("statements"),
    )
    way = models.CharField(_("way"), max_length=16, choices=Way, blank=True)
    when = models.CharField(_("when"), max_length=16, choices=When, blank=True)
    remind_after_days = models.PositiveSmallIntegerField(
        _("remind once after so many days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(14)],
        help_text=_("0 for no reminder; empty for what the practice does."),
    )
    stopped_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when no message goes out to this client."
    )
    stopped_by = models.CharField(max_length=16, choices=StoppedBy, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(way__in=["", *WAYS]), name="arranged_way_is_known"),
            models.CheckConstraint(
                condition=Q(when__in=["", *WHENS]), name="arranged_when_is_known"
            ),
            models.CheckConstraint(
                condition=Q(remind_after_days=None) | Q(remind_after_days__range=(0, 14)),
                name="arranged_reminder_is_within_two_weeks",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_by="")
                | Q(stopped_at__isnull=False, stopped_by__in=["client", "staff"]),
                name="arrangement_that_stopped_says_by_whom",
            ),
        ]

    def __str__(self):
        return str(self.episode_id)

    def audit_scope(self):
        return self.episode.audit_scope()
