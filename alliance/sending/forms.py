"""What was agreed with one client, and what a practice does where nothing was."""

from crispy_forms.layout import HTML, Layout, Submit
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from alliance.asking.models import Arrangement, AskingRules, Way, When
from alliance.measures.models import Measure
from alliance.sending.messengers import has_messenger
from sessions_app.places.forms import helper, narrow


def measures_of(practice):
    """Return what clients of `practice` can be asked, for the course of the relationship."""
    return Measure.objects.offered_to(practice).order_by("name", "pk")


def _ways():
    return [(way, label) for way, label in Way.choices if way != Way.SMS or has_messenger()]


def _offer(form, name, choices):
    form.fields[name].choices = choices


def _call_empty(form, name, label):
    form.fields[name].empty_label = label


class ArrangementForm(forms.ModelForm):
    """Way, time, reminder and statements for one client; what is empty is as the practice has it.

    With where messages go: whoever writes here is the client's therapist.
    """

    language = forms.ChoiceField(
        label=_("Language of the form"), choices=settings.FORM_LANGUAGES, required=False
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.RegexField(
        r"^\+?[0-9 ()/-]{5,31}$",
        label=_("Mobile phone"),
        max_length=32,
        required=False,
        error_messages={"invalid": _("A number looks like +43 660 1234567.")},
    )

    class Meta:
        model = Arrangement
        fields = ["way", "when", "remind_after_days", "measure"]

    def __init__(self, *args, identity, rules, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "measure", measures_of(rules.practice))
        as_usual = _("As the practice has it: %(usual)s")
        _offer(self, "way", [("", as_usual % {"usual": Way(rules.way).label}), *_ways()])
        _offer(self, "when", [("", as_usual % {"usual": When(rules.when).label}), *When.choices])
        _call_empty(self, "measure", _("As the practice has it"))
        for name in ("language", "email", "phone"):
            self.initial[name] = getattr(identity, name, "")
        if not has_messenger():
            del self.fields["phone"]
        self.helper = helper(submit="")
        self.helper.layout = Layout(
            *("way", "when", "remind_after_days", "measure", "language"),
            HTML(_("<h2 class='h5 mt-4'>Where messages go</h2>")),
            *(name for name in ("email", "phone") if name in self.fields),
            Submit("save", _("Store this")),
        )

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        for way, name, said in (
            (Way.EMAIL, "email", _("Without an e-mail address no link can be sent.")),
            (Way.SMS, "phone", _("Without a number no link can be sent.")),
        ):
            if cleaned.get("way") == way and not cleaned.get(name) and name not in self.errors:
                self.add_error(name if name in self.fields else "way", said)
        return cleaned

    def clean_language(self):
        return self.cleaned_data["language"] or self.initial["language"]


class RulesForm(forms.ModelForm):
    """How a practice asks its clients."""

    quick_exit_to = forms.URLField(
        label=_("Where that link leads"), max_length=200, assume_scheme="https"
    )

    class Meta:
        model = AskingRules
        fields = [
            *("way", "when", "remind_after_days", "measure", "asks_about_tension"),
            *("qualities_every", "offers_quick_exit", "quick_exit_to"),
        ]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "measure", measures_of(self.instance.practice))
        _call_empty(self, "measure", _("Our own six statements"))
        _offer(self, "way", _ways())
        self.helper = helper(*self.fields, submit=_("Store this"))
