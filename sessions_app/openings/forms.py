"""Appointing a deputy; opening a record in an emergency."""

from crispy_forms.layout import Hidden
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sessions_app.access.models import Membership
from sessions_app.places.forms import clinicians_of, helper, narrow


class DeputyForm(forms.Form):
    """Which clinician of the practice may open a record in an emergency."""

    member = forms.ModelChoiceField(Membership.objects.none(), label=_("Who may do this?"))

    def __init__(self, *args, practice, **kwargs):
        super().__init__(*args, **kwargs)
        appointed = practice.memberships.filter(deputyships__dismissed_at=None)
        appointed = appointed.exclude(deputyships=None)
        narrow(self, "member", clinicians_of(practice).exclude(pk__in=appointed))
        self.helper = helper("member", submit=_("Appoint"))
        self.helper.form_action = reverse("deputy-appoint", args=[practice.pk])
        # Where to go on from, if this must be confirmed first.
        self.helper.layout.append(
            Hidden("back", reverse("practice-emergencies", args=[practice.pk]))
        )


class PracticeField(forms.ModelChoiceField):
    """A choice among one's own places, each shown as the practice it is in."""

    def label_from_instance(self, member):
        return member.practice.name


class EmergencyForm(forms.Form):
    """Whose record, and why. The code is typed: nobody is offered the codes of others' clients."""

    member = PracticeField(Membership.objects.none(), label=_("Practice"))
    code = forms.CharField(label=_("The client’s code"), max_length=24)
    reason = forms.CharField(
        label=_("Why?"),
        min_length=10,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The therapist and the managers read it. Say no more than is needed."),
        error_messages={"min_length": _("Say why, in a sentence.")},
    )

    def __init__(self, *args, members, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "member", members)
        if len(members) == 1:
            self.fields["member"].widget = forms.HiddenInput()
            self.fields["member"].initial = members[0].pk
        self.helper = helper("member", "code", "reason", submit=_("Open this record for an hour"))

    def clean(self):
        """Find the client by the code, within the practice only."""
        cleaned = super().clean() or self.cleaned_data
        member, code = cleaned.get("member"), cleaned.pop("code", None)
        if member and code:
            cleaned["client"] = member.practice.clients.filter(code__iexact=code.strip()).first()
            if cleaned["client"] is None:
                self.add_error("code", _("Nobody here has this code."))
        return cleaned
