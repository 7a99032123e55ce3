"""One line on what was spoken about, one on what was agreed; and what became of a flag."""

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.follow_up.models import Acknowledgement
from alliance.follow_up.words import qualities_to_reflect_on
from sessions_app.places.forms import helper

LONGEST = 280
LONGEST_LIST = 2000


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


class PromptsForm(forms.Form):
    """Three short lists, a line each; one that is empty, or as ours, is ours again."""

    def __init__(self, sent=None, *, prompts):
        super().__init__(sent)
        for part in prompts.parts:
            self.fields[_name(part)] = forms.CharField(
                label=part.title,
                initial="\n".join(part.lines),
                max_length=LONGEST_LIST,
                required=False,
                widget=forms.Textarea(attrs={"rows": 6}),
                help_text=_("Changed by your practice. Empty it to have ours again.")
                if part.is_changed
                else "",
            )
        self.helper = helper(*self.fields, submit=_("Store"))

    def clean(self):
        """Keep the lines that say something, without what stands around them."""
        cleaned = super().clean() or self.cleaned_data
        return {
            name: "\n".join(filter(None, map(str.strip, text.splitlines())))
            for name, text in cleaned.items()
        }


def _name(part):
    return part.key.rpartition(".")[2]


class ReflectionForm(forms.Form):
    """A few words on each of six qualities, all of them optional."""

    def __init__(self, sent=None):
        super().__init__(sent)
        for key, (name, question) in qualities_to_reflect_on().items():
            self.fields[key] = forms.CharField(
                label=name,
                help_text=question,
                max_length=LONGEST,
                required=False,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
        self.helper = helper(*self.fields, submit=_("Keep it for myself"))

    def clean(self):
        """Ask for one word at least: nothing at all need not be kept."""
        cleaned = super().clean() or self.cleaned_data
        said = {key: text for key, text in cleaned.items() if text}
        if not said and not self.errors:
            raise forms.ValidationError(_("Write a word on one of them at least."))
        return said
