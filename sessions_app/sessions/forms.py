"""Logging a session: everything has a default, so that often nothing needs a touch."""

from datetime import timedelta

from crispy_forms.bootstrap import InlineRadios
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row, Submit
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.sessions.models import EARLY, Session

# A session further back than this is a slip of the pen.
LONG_BEFORE = timedelta(days=366)
# One question instead of two: what happened says the status and who called off.
HAPPENED = {
    "held": (_("It took place"), Session.Status.HELD, ""),
    "missed": (_("The client did not come"), Session.Status.MISSED, ""),
    "cancelled_client": (_("The client cancelled"), Session.Status.CANCELLED, "client"),
    "cancelled_therapist": (_("I cancelled"), Session.Status.CANCELLED, "therapist"),
}


class SessionForm(forms.Form):
    """What happened, when, for how long, where, and one line for oneself."""

    happened = forms.ChoiceField(
        label=_("What happened?"),
        choices=[(key, label) for key, (label, _status, _by) in HAPPENED.items()],
        widget=forms.RadioSelect,
        initial="held",
    )
    starts_at = forms.DateTimeField(
        label=_("When did it start?"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=600, initial=50)
    setting = forms.ChoiceField(label=_("Where"), choices=Session.Setting)
    note = forms.CharField(
        label=_("One line about it"),
        max_length=280,
        required=False,
        help_text=_("Optional. Your supervisor can read it; the client cannot."),
    )

    def __init__(self, *args, episode, session=None, **kwargs):
        self.episode = episode
        self.session = session
        kwargs["initial"] = self._defaults()
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.layout = Layout(
            InlineRadios("happened"),
            Row(
                Column("starts_at", css_class="col-sm-6"),
                Column("minutes", css_class="col-6 col-sm-3"),
                Column("setting", css_class="col-6 col-sm-3"),
            ),
            "note",
            Submit("save", _("Save the change") if session else _("Log this session")),
        )

    def _defaults(self):
        """Return what is most likely true: just now, as long as and where it was last time."""
        if self.session:
            return {
                "happened": next(
                    (
                        key
                        for key, (_label, status, by) in HAPPENED.items()
                        if (status, by) == (self.session.status, self.session.called_off_by)
                    ),
                    "held",
                ),
                "starts_at": self.session.starts_at,
                "minutes": self.session.minutes,
                "setting": self.session.setting,
                "note": self.session.note,
            }
        last = self.episode.sessions.order_by("-starts_at").first()
        minutes = last.minutes if last else 50
        began = timezone.localtime() - timedelta(minutes=minutes)
        return {
            "starts_at": began.replace(
                minute=began.minute - began.minute % 5, second=0, microsecond=0
            ),
            "minutes": minutes,
            "setting": last.setting if last else Session.Setting.IN_PERSON,
        }

    def clean_starts_at(self):
        """Refuse what has not happened yet, or a second session at the same moment."""
        starts_at = self.cleaned_data["starts_at"]
        if starts_at > timezone.now() + EARLY:
            raise forms.ValidationError(_("This lies in the future. When did it start?"))
        if timezone.localdate(starts_at) < self.episode.started_on - LONG_BEFORE:
            raise forms.ValidationError(
                _("This lies long before the episode began. Which year was it?")
            )
        return starts_at

    def clean(self):
        """Turn what happened into the status and who called off."""
        cleaned = super().clean() or self.cleaned_data
        if "happened" in cleaned:
            _label, cleaned["status"], cleaned["called_off_by"] = HAPPENED[cleaned.pop("happened")]
        return cleaned
