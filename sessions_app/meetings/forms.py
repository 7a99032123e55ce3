"""Couples, families and groups: making one, and logging a meeting of theirs once."""

import unicodedata
from datetime import timedelta

from crispy_forms.bootstrap import InlineRadios
from crispy_forms.layout import Column, Row
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership
from sessions_app.clients.forms import EpisodesField
from sessions_app.clients.models import Episode, validate_code
from sessions_app.meetings.models import Circle
from sessions_app.places.forms import clinicians_of, helper, narrow
from sessions_app.sessions.forms import LONG_BEFORE
from sessions_app.sessions.models import Session

CAME = {
    "held": _("Came"),
    "missed": _("Did not come"),
    "cancelled": _("Cancelled"),
}
NOT_EXPECTED = {"": _("Not expected")}
FEWEST = 2


class CircleForm(forms.Form):
    """Who comes together, as what, and under which code."""

    kind = forms.ChoiceField(label=_("Who comes?"), choices=Circle.Kind)
    code = forms.CharField(
        label=_("Code"),
        max_length=24,
        error_messages={"required": _("Give them a code.")},
        help_text=_("Any short code that tells you who they are and nobody else. No name."),
    )
    episodes = EpisodesField(
        Episode.objects.none(),
        label=_("Who belongs to it?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least two of your clients.")},
        help_text=_("Each keeps a form, a secret and answers of their own."),
    )

    def __init__(self, *args, episodes, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "episodes", episodes)
        self.helper = helper("kind", "code", "episodes", submit=_("Let them come together"))

    def clean_code(self):
        code = unicodedata.normalize("NFC", self.cleaned_data["code"]).strip()
        validate_code(code)
        return code

    def clean_episodes(self):
        chosen = list(self.cleaned_data["episodes"])
        if len(chosen) < FEWEST:
            raise forms.ValidationError(_("Choose at least two of your clients."))
        if len({episode.therapist_id for episode in chosen}) > 1:
            raise forms.ValidationError(_("These clients are in different practices."))
        return chosen


class JoinCircleForm(forms.Form):
    """Who else comes from now on."""

    episodes = EpisodesField(
        Episode.objects.none(),
        label=_("Who else comes from now on?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose somebody.")},
    )

    def __init__(self, *args, episodes, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "episodes", episodes)
        self.helper = helper("episodes", submit=_("Add"))


class LeadTogetherForm(forms.Form):
    """Who leads it, too."""

    co_therapist = forms.ModelChoiceField(
        Membership.objects.none(), label=_("Who leads it with you?")
    )

    def __init__(self, *args, circle, **kwargs):
        super().__init__(*args, **kwargs)
        colleagues = clinicians_of(circle.therapist.practice).exclude(pk=circle.therapist_id)
        narrow(self, "co_therapist", colleagues)
        self.helper = helper("co_therapist", submit=_("Lead it together"))


class MeetingForm(forms.Form):
    """When and where they met, and who came: asked once for all."""

    starts_at = forms.DateTimeField(
        label=_("When did it start?"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=600, initial=50)
    setting = forms.ChoiceField(label=_("Where"), choices=Session.Setting)

    def __init__(self, *args, members, before=None, meeting=None, became=None, **kwargs):
        """Ask about `members`; `before` is the last meeting, whose length and place are likely."""
        known = meeting or before
        kwargs["initial"] = {
            "starts_at": meeting.starts_at if meeting else _just_now(known),
            "minutes": known.minutes if known else 50,
            "setting": known.setting if known else Session.Setting.IN_PERSON,
        }
        super().__init__(*args, **kwargs)
        self.asked = {f"came_{member.pk}": member for member in members}
        choices = CAME if meeting else CAME | NOT_EXPECTED
        for name, member in self.asked.items():
            self.fields[name] = forms.ChoiceField(
                label=member.client.code,
                choices=list(choices.items()),
                widget=forms.RadioSelect,
                required=bool(meeting),
                initial=(became or {}).get(member.pk, "held"),
            )
        self.helper = helper(
            Row(
                Column("starts_at", css_class="col-sm-6"),
                Column("minutes", css_class="col-6 col-sm-3"),
                Column("setting", css_class="col-6 col-sm-3"),
            ),
            *(InlineRadios(name) for name in self.asked),
            submit=_("Save the change") if meeting else _("Log this meeting"),
        )

    def clean_starts_at(self):
        """Refuse what has not happened yet."""
        starts_at = self.cleaned_data["starts_at"]
        if starts_at > timezone.now() + timedelta(minutes=10):
            raise forms.ValidationError(_("This lies in the future. When did it start?"))
        began = [member.joined_on for member in self.asked.values()]
        if began and timezone.localdate(starts_at) < min(began) - LONG_BEFORE:
            raise forms.ValidationError(
                _("This lies long before they came together. Which year was it?")
            )
        return starts_at

    def values(self):
        """Return what the action takes."""
        told = {name: self.cleaned_data[name] for name in ("starts_at", "minutes", "setting")}
        became = {member.pk: self.cleaned_data[name] for name, member in self.asked.items()}
        return {**told, "became": {pk: what for pk, what in became.items() if what}}


def _just_now(before):
    began = timezone.localtime() - timedelta(minutes=before.minutes if before else 50)
    return began.replace(minute=began.minute - began.minute % 5, second=0, microsecond=0)
