"""To which session a rating is moved, and why; and why one is taken back."""

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from sessions_app.places.forms import helper, narrow
from sessions_app.sessions.models import Session


def reason_field(label):
    return forms.CharField(
        label=label,
        max_length=280,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("It stays on the record, so write no name and nothing of what was said."),
    )


class SessionChoiceField(forms.ModelChoiceField):
    """Sessions by code, number and day."""

    def label_from_instance(self, session):
        day = date_format(timezone.localtime(session.starts_at), "j M Y")
        return f"{session.episode.client.code} · {session.number} · {day}"


class MoveForm(forms.Form):
    """The right session, among those of one's own clients that nobody rated, and the reason."""

    session = SessionChoiceField(
        Session.objects.none(),
        label=_("The session that it is of"),
        help_text=_("Sessions of your own clients that have no such rating yet."),
    )
    reason = reason_field(_("Why it is moved"))

    def __init__(self, *args, sessions, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "session", sessions)
        self.helper = helper("session", "reason", submit=_("See what will change"))


class TakeBackForm(forms.Form):
    """Why a rating is taken back."""

    reason = reason_field(_("Why it is taken back"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("reason", submit=_("Take it back for good"))
