"""Adding a client: a code is enough. Handing clients over to another therapist."""

import unicodedata

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout, Submit
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership
from sessions_app.clients.models import Client, Episode, validate_code
from sessions_app.places.forms import clinicians_of, day_field, helper, narrow


class PracticeField(forms.ModelChoiceField):
    """A choice among one's own places, each shown as the practice it is in."""

    def label_from_instance(self, member):
        return member.practice.name


class ClientForm(forms.Form):
    """A new client and the kind of therapy that begins."""

    code = forms.CharField(
        label=_("Code"),
        max_length=24,
        error_messages={"required": _("Give this client a code.")},
        help_text=_("Any short code that tells you who it is and nobody else. No name."),
    )
    modality = forms.ChoiceField(
        label=_("Therapy"), choices=Episode.Modality, initial=Episode.Modality.INDIVIDUAL
    )
    language = forms.ChoiceField(
        label=_("Language of the client’s form"), choices=settings.FORM_LANGUAGES
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Kept apart from everything clinical; only the client’s therapist sees it."),
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)

    def __init__(self, *args, memberships, **kwargs):
        super().__init__(*args, **kwargs)
        places = Membership.objects.filter(pk__in=[member.pk for member in memberships])
        self.fields["therapist"] = PracticeField(
            places.select_related("practice"), label=_("Practice"), initial=memberships[0].pk
        )
        if len(memberships) == 1:
            self.fields["therapist"].widget = forms.HiddenInput()
        self.fields["language"].initial = memberships[0].practice.language
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.layout = Layout(
            "therapist",
            "code",
            "modality",
            "language",
            HTML(_("<h2 class='h5 mt-4'>If you want to keep it here</h2>")),
            "name",
            "email",
            Submit("save", _("Add this client")),
        )

    def clean_code(self):
        code = unicodedata.normalize("NFC", self.cleaned_data["code"]).strip()
        validate_code(code)
        return code

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        therapist, code = cleaned.get("therapist"), cleaned.get("code")
        used = therapist and Client.objects.filter(practice=therapist.practice)
        if used and code and used.filter(code__iexact=code).exists():
            self.add_error("code", _("Your practice already uses this code. Choose another."))
        return cleaned


class EpisodesField(forms.ModelMultipleChoiceField):
    """A choice among episodes, each shown as its client's code."""

    def label_from_instance(self, episode):
        return episode.client.code


class HandOverForm(forms.Form):
    """Which clients of a member go to whom, and on which day; all of them, unless unticked."""

    episodes = EpisodesField(
        Episode.objects.none(), label=_("Clients"), widget=forms.CheckboxSelectMultiple
    )
    to = forms.ModelChoiceField(Membership.objects.none(), label=_("Who takes over?"))
    on = day_field(_("Day of the change"))

    def __init__(self, *args, member, episodes, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "episodes", episodes)
        narrow(self, "to", clinicians_of(member.practice).exclude(pk=member.pk))
        self.initial = {
            "episodes": [episode.pk for episode in episodes],
            "on": member.practice.day(),
        }
        self.helper = helper("episodes", "to", "on", submit=_("Hand over"))
