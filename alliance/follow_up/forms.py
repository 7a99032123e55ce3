"""One line on what was spoken about, one on what was agreed; and what became of a flag."""

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.follow_up.models import Acknowledgement

LONGEST = 280


class FollowUpForm(forms.Form):
    """What came of a client's rating. Every part may stay empty."""

    discussed = forms.CharField(label=_("What you spoke about"), max_length=LONGEST, required=False)
    agreed = forms.CharField(label=_("What you agreed"), max_length=LONGEST, required=False)
    is_told = forms.BooleanField(
        label=_("Show the client on the next form when you read it, and what you agreed"),
        required=False,
    )

    def __init__(self, sent=None, *, kept=None):
        super().__init__(sent, auto_id="follow-up-%s")
        for name in self.fields if kept else ():
            self.initial[name] = getattr(kept, name)


class LastTimeForm(forms.Form):
    """The one line that is asked for when the next session was logged."""

    discussed = forms.CharField(label=_("What you spoke about"), max_length=LONGEST, required=False)

    def __init__(self, sent=None):
        super().__init__(sent, auto_id="last-time-%s")


class AcknowledgementForm(forms.Form):
    """What became of a flag, and a remark."""

    outcome = forms.ChoiceField(
        label=_("What came of it?"),
        choices=Acknowledgement.Outcome,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what came of it.")},
    )
    remark = forms.CharField(label=_("In a few words"), max_length=LONGEST, required=False)

    def __init__(self, sent=None, *, flag, kept=None):
        super().__init__(sent, auto_id=f"flag-{flag.pk.hex[:8]}-%s")
        for name in self.fields if kept else ():
            self.initial[name] = getattr(kept, name)
