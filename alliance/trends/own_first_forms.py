"""Choosing to rate before the client's rating is shown."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_app.places.forms import helper

CHOICES = {"on": True, "off": False, "practice": None}
ON = _("I rate first: the client’s rating waits for mine")
OFF = _("The client’s rating is shown as it comes")


def offer(form, name, choices):
    form.fields[name].choices = choices


class OwnChoiceForm(forms.Form):
    """A therapist's own choice, in one practice."""

    is_on = forms.ChoiceField(label=_("Which comes first?"), widget=forms.RadioSelect)
    member = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, sent, *, member, chosen, usual):
        super().__init__(sent, auto_id=f"{member.pk}-%s")
        self.of = member
        as_usual = _("As the practice has it: %(usual)s")
        usually = as_usual % {"usual": _("I rate first") if usual else _("it is shown as it comes")}
        offer(self, "is_on", [("practice", usually), ("on", ON), ("off", OFF)])
        now = next(key for key, value in CHOICES.items() if value == chosen)
        self.initial = {"is_on": now, "member": member.pk}
        self.helper = helper("is_on", "member", submit=_("Store this"))

    def clean_is_on(self):
        return CHOICES[self.cleaned_data["is_on"]]


class PracticeChoiceForm(forms.Form):
    """A practice's choice for those who have not chosen."""

    is_on = forms.BooleanField(
        label=_("Therapists rate a session before they are shown their client’s rating of it"),
        required=False,
    )

    def __init__(self, *args, is_on, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {"is_on": is_on}
        self.helper = helper("is_on", submit=_("Store this"))
