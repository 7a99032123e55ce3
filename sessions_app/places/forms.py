"""Inviting, accepting, changing what somebody does, supervising, leaving."""

from datetime import date

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.conf import settings
from django.contrib.auth.forms import SetPasswordMixin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership, User, today
from sessions_app.access.signs import validate_name

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
DUTIES = {
    "is_clinician": _("Sees clients or supervises"),
    "is_manager": _("Manages people and settings; is shown no ratings"),
    "is_reception": _("Works at reception: asks for ratings; is shown none"),
}


def helper(*fields, submit):
    """Lay a form out as all forms of staff are: these fields, and one button."""
    laid_out = FormHelper()
    laid_out.attrs = {"novalidate": ""}
    laid_out.layout = Layout(*fields, Submit("save", submit))
    return laid_out


def day_field(label, **options):
    """A day, typed as the browser offers it; further away it is a slip of the pen.

    Near the ends of what a date can be, neither the next day nor another time
    zone can be reckoned.
    """
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    limits = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    return forms.DateField(label=label, widget=widget, validators=limits, **options)


def narrow(form, name, queryset):
    """Let a choice be made among these rows only."""
    form.fields[name].queryset = queryset


def duties_field():
    return forms.MultipleChoiceField(
        label=_("What does this person do here?"),
        choices=list(DUTIES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Say what this person does here.")},
    )


def flags(duties):
    """Return what was ticked as the flags of a membership."""
    return {name: name in duties for name in DUTIES}


class CrisisForm(forms.Form):
    """Where clients turn in a crisis, once for each language that they are asked in."""

    def __init__(self, *args, practice, **kwargs):
        super().__init__(*args, **kwargs)
        known = dict(settings.FORM_LANGUAGES)
        languages = [practice.language, *(known.keys() - {practice.language})]
        for language in sorted(languages, key=lambda code: (code != practice.language, code)):
            note, written_in = practice.crisis_note_in(language)
            self.fields[language] = forms.CharField(
                label=get_language_info(language)["name_local"],
                required=False,
                max_length=600,
                initial=note if written_in == language else "",
                widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "lang": language}),
            )
        self.helper = helper(*self.fields, submit=_("Store it"))


class InvitationForm(forms.Form):
    """To whom a place is offered, for what, and who will supervise them."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    duties = duties_field()
    supervisors = forms.ModelMultipleChoiceField(
        Membership.objects.none(),
        label=_("Who supervises this person?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A supervisor reads the marks and notes of those they supervise."),
    )

    def __init__(self, *args, practice, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "supervisors", clinicians_of(practice))
        self.helper = helper(*self.fields, submit=_("Send the invitation"))

    def values(self):
        """Return what the action takes."""
        told = self.cleaned_data
        return {
            "email": told["email"],
            "supervisors": told["supervisors"],
            **flags(told["duties"]),
        }


class JoinForm(SetPasswordMixin, forms.Form):
    """The name and the password of whoever accepts an invitation and has no account."""

    name = forms.CharField(label=_("Your name"), max_length=120, validators=[validate_name])
    password1, password2 = SetPasswordMixin.create_password_fields(
        label1=_("Choose a password"), label2=_("The same password once more")
    )

    def __init__(self, *args, email, **kwargs):
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["password1"].help_text = _("At least twelve characters.")
        self.fields["password2"].help_text = ""
        self.helper = helper("name", "password1", "password2", submit=_("Set up my account"))

    def clean(self):
        self.validate_passwords()
        person = User(email=self.email, name=self.cleaned_data.get("name", ""))
        self.validate_password_for_user(person, "password1")
        return super().clean()

    def values(self):
        """Return what the action takes."""
        return {"name": self.cleaned_data["name"], "password": self.cleaned_data["password1"]}


class DutiesForm(forms.Form):
    """What a member does here."""

    duties = duties_field()

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["duties"] = [name for name in DUTIES if getattr(member, name)]
        self.helper = helper("duties", submit=_("Store what they do"))

    def values(self):
        """Return what the action takes."""
        return flags(self.cleaned_data["duties"])


class SupervisionForm(forms.Form):
    """Who supervises this member, and from which day on."""

    supervisor = forms.ModelChoiceField(
        Membership.objects.none(),
        label=_("Who supervises this person?"),
        help_text=_("They will read this person’s marks and notes."),
    )
    started_on = day_field(_("From"), initial=today)

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "supervisor", clinicians_of(member.practice).exclude(pk=member.pk))
        self.helper = helper("supervisor", "started_on", submit=_("Begin this supervision"))


def last_day():
    """Return the day that is offered as the last: it is not over by either clock.

    Places end by the server's clock, and episodes by the practice's; near midnight
    these differ, and nobody's place may end before their clients' time with them.
    """
    return max(today(), timezone.localdate())


class EndForm(forms.Form):
    """The last day of a supervision."""

    ended_on = day_field(_("Last day"), initial=last_day, help_text=_("It holds to its end."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("ended_on", submit=_("End this supervision"))


class LeavingForm(forms.Form):
    """The last day of a member, and whether they are kept out at once."""

    ended_on = day_field(
        _("Last day"), initial=last_day, help_text=_("It holds to its end, unless you tick below.")
    )
    at_once = forms.BooleanField(
        label=_("Sign this person out now and keep them out"), required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("ended_on", "at_once", submit=_("End this place"))


def clinicians_of(practice):
    """Return the clinicians who have a place in `practice` today, by name."""
    places = Membership.objects.today().filter(practice=practice, is_clinician=True)
    return places.select_related("user").order_by("user__name", "pk")


def explain(refusal, form):
    """Say why an action refused, next to the field that it is about."""
    for name, messages in getattr(refusal, "message_dict", {None: refusal.messages}).items():
        field = "duties" if name in DUTIES else name
        form.add_error(field if field in form.fields else None, messages)
