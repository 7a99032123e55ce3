"""Who belongs to which practice, who supervises whom, and the trail of what was done."""

from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinLengthValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.signs import validate_name


def today():
    """Return the day by which places begin and end: that of the server's own clock.

    One clock for all, whoever asks: a practice's own zone is for what is shown.
    """
    return timezone.localdate(timezone=timezone.get_default_timezone())


def validate_time_zone(name):
    """Refuse a time zone that this machine does not know."""
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is not a known time zone."), params={"name": name})


class PracticeQuerySet(models.QuerySet):
    def managed_by(self, user):
        """Keep the practices that `user` manages today: people and settings, no clinical rows."""
        places = Membership.objects.of(user).today().filter(is_manager=True)
        return self.filter(pk__in=places.values("practice"))


class Practice(models.Model):
    """One person or two hundred who work under one roof and share the rules."""

    name = models.CharField(
        _("name"), max_length=120, validators=[MinLengthValidator(1), validate_name]
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    language = models.CharField(_("language"), max_length=16, default="en")
    crisis_note = models.TextField(
        _("where to turn in a crisis"),
        blank=True,
        max_length=600,
        help_text=_("Shown to clients on the form and after it, always in the same place."),
    )
    crisis_notes = models.JSONField(
        default=dict,
        blank=True,
        help_text="The same for clients who read another language, by that language’s code.",
    )
    idle_minutes = models.PositiveSmallIntegerField(
        _("minutes until sign-out"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(120)],
        help_text=_("Whoever does nothing for so long is signed out."),
    )

    objects = PracticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="practice_has_a_name"),
            models.CheckConstraint(
                condition=Q(idle_minutes__range=(5, 120)),
                name="practice_signs_out_after_5_to_120_minutes",
            ),
        ]

    def __str__(self):
        return self.name

    def audit_scope(self):
        return self.pk, None

    def day(self):
        """Return the day it is by this practice's own clock."""
        with self.clock():
            return timezone.localdate()

    def crisis_note_in(self, language):
        """Return where to turn in a crisis, and the language that it is written in.

        In the practice's own where nobody has written it in `language`.
        """
        if language in self.crisis_notes:
            return self.crisis_notes[language], language
        return self.crisis_note, self.language

    def clock(self):
        """Return a context in which moments are shown and typed in this practice's zone."""
        return timezone.override(ZoneInfo(self.time_zone))


class UserManager(BaseUserManager["User"]):
    """People found by their e-mail address, whatever the case it was typed in."""

    def create_user(self, email, password=None, **fields):
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email=email.lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A member of staff, known by e-mail. Being a superuser opens no clinical row."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, validators=[validate_name])
    language = models.CharField(_("language"), max_length=16, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    # Set at the first sign-in without the second factor that this person needs: from the
    # next one on, nothing opens but setting it up.
    second_factor_asked_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(email="") & Q(email=Lower("email")),
                name="user_email_is_in_lower_case",
            ),
        ]

    def __str__(self):
        return self.name or self.email

    def audit_scope(self):
        return None, None


def ends_after_it_starts(name):
    """Constrain a period: open, or ended on the day it started or later."""
    return models.CheckConstraint(
        condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")), name=name
    )


class PeriodQuerySet(models.QuerySet):
    """Rows that hold from a day to a day."""

    def today(self):
        """Keep what holds today; the last day still counts."""
        day = today()
        return self.filter(Q(ended_on=None) | Q(ended_on__gte=day), started_on__lte=day)

    def not_over(self):
        """Keep what holds today or will hold."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gte=today()))


class Period(models.Model):
    """What holds from a day to a day."""

    started_on = models.DateField(default=today)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_over(self):
        """Whether its last day has passed."""
        return self.ended_on is not None and self.ended_on < today()

    def holds_on(self, day):
        """Whether `day` lies between its first and its last day."""
        return self.started_on <= day and (self.ended_on is None or day <= self.ended_on)


class MembershipQuerySet(PeriodQuerySet):
    def today(self):
        """Keep the places that hold today and are not locked."""
        return super().today().filter(locked_at=None)

    def managed_by(self, user):
        """Keep the places in practices that `user` manages today, past and locked ones too."""
        return self.filter(practice__in=Practice.objects.managed_by(user))

    def of(self, user):
        """Keep the places that `user` has in practices."""
        return self.filter(user=user.pk, user__is_active=True)

    def own(self, user):
        """Return the ids of the memberships as which `user` may do clinical work today."""
        return set(self.of(user).today().filter(is_clinician=True).values_list("pk", flat=True))

    def supervised_by(self, user):
        """Return the ids of the memberships whose work `user` supervises today."""
        supervisors = self.of(user).today().filter(is_clinician=True)
        return set(
            Supervision.objects.today()
            .filter(supervisor__in=supervisors)
            .values_list("therapist", flat=True)
        )

    def deputies(self, user):
        """Return the ids of the places as which `user` may open a record in an emergency today."""
        appointed = Deputy.objects.filter(dismissed_at=None, member__in=self.own(user))
        return set(appointed.values_list("member", flat=True))

    def reach(self, user):
        """Return the ids of the memberships whose clinical work `user` may read today.

        Their own and those they supervise, and nothing else: colleagues of the
        same practice, its managers, its reception and superusers reach nothing.
        """
        return self.own(user) | self.supervised_by(user)


class Membership(Period):
    """A person's place in one practice, from a day to a day."""

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    is_clinician = models.BooleanField(_("sees clients or supervises"), default=False)
    is_manager = models.BooleanField(_("manages people and settings"), default=False)
    is_reception = models.BooleanField(_("works at reception"), default=False)
    locked_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when this person is kept out, whatever the dates."
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            ends_after_it_starts("membership_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(is_clinician=True) | Q(is_manager=True) | Q(is_reception=True),
                name="membership_is_for_something",
                violation_error_message=_("Say what this person does here."),
            ),
            models.UniqueConstraint(
                fields=["practice", "user"],
                condition=Q(ended_on=None),
                name="membership_open_once_in_a_practice",
                violation_error_message=_("This person already has a place in this practice."),
            ),
        ]

    def __str__(self):
        return str(self.user)

    def audit_scope(self):
        return self.practice_id, None


class SupervisionQuerySet(PeriodQuerySet):
    def managed_by(self, user):
        """Keep the supervisions in practices that `user` manages today."""
        return self.filter(supervisor__practice__in=Practice.objects.managed_by(user))


class Supervision(Period):
    """One member supervises another of the same practice, from a day to a day.

    That both belong to the same practice is held by a trigger (migration 0002).
    """

    supervisor = models.ForeignKey(Membership, models.PROTECT, related_name="supervises")
    therapist = models.ForeignKey(Membership, models.PROTECT, related_name="supervised")

    objects = SupervisionQuerySet.as_manager()

    class Meta:
        constraints = [
            ends_after_it_starts("supervision_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(supervisor=F("therapist")),
                name="supervision_is_not_of_oneself",
                violation_error_message=_("Nobody supervises themselves."),
            ),
            models.UniqueConstraint(
                fields=["supervisor", "therapist"],
                condition=Q(ended_on=None),
                name="supervision_open_once_for_a_pair",
                violation_error_message=_("This person supervises the other already."),
            ),
        ]

    def __str__(self):
        return f"{self.supervisor} → {self.therapist}"

    def audit_scope(self):
        return self.supervisor.practice_id, None


class Deputy(models.Model):
    """A clinician whom the practice appointed to open a client's record in an emergency.

    From a moment to a moment: who is dismissed is so at once. Being appointed
    opens nothing yet.
    """

    member = models.ForeignKey(Membership, models.PROTECT, related_name="deputyships")
    appointed_at = models.DateTimeField(default=timezone.now)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(dismissed_at=None) | Q(dismissed_at__gte=F("appointed_at")),
                name="deputy_is_dismissed_after_being_appointed",
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(dismissed_at=None),
                name="deputy_is_appointed_once",
                violation_error_message=_("This person is appointed already."),
            ),
        ]

    def __str__(self):
        return str(self.member)

    def audit_scope(self):
        return self.member.practice_id, None


class AuditEvent(models.Model):
    """Who did or read what, and when: identifiers and field names, never contents.

    Rows are only ever added: triggers on both engines refuse to change or
    delete one (migration 0002).
    """

    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    practice = models.ForeignKey(Practice, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=48)
    target_model = models.CharField(max_length=48)
    target_id = models.CharField(max_length=36)
    # Not a foreign key: the trail outlives an erased client.
    client_id = models.UUIDField(null=True)
    fields = models.JSONField(default=list)
    reason = models.CharField(max_length=280, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(verb=""), name="audit_event_says_what_was_done"),
        ]
        indexes = [
            models.Index(fields=["practice", "at"], name="audit_by_practice"),
            models.Index(fields=["client_id", "at"], name="audit_by_client"),
            models.Index(fields=["at"], name="audit_by_moment"),
        ]

    def __str__(self):
        return f"{self.verb} {self.target_model} {self.target_id}"


class AuditSeal(models.Model):
    """What one day of the trail amounted to: how many events, and a digest of all of them.

    Each digest begins with that of the day before, so the newest one stands for
    the whole trail. Days are those of UTC. Rows are only ever added: triggers on
    both engines refuse to change or delete one (migration 0007).
    """

    day = models.DateField(primary_key=True)
    events = models.PositiveIntegerField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.day}:{self.digest}"
