"""Looking for episodes in the list; planning a meeting, and writing in it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.supervision.models import SupervisionMeeting
from alliance.trends import words
from alliance.trends.models import Flag
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode
from sessions_app.places.forms import day_field, narrow


class EpisodeFilter(forms.Form):
    """Whose clients, marked with what, and lower in which part; all where nothing is chosen."""

    therapist = forms.ModelChoiceField(
        Membership.objects.none(), label=_("Therapist"), required=False, empty_label=_("Everybody")
    )
    signal = forms.ChoiceField(
        label=_("What stands out"),
        required=False,
        choices=lambda: [("", _("Anything")), *Flag.Kind.choices],
    )
    component = forms.ChoiceField(
        label=_("Lowest part"),
        required=False,
        choices=lambda: [("", _("Any")), *words.component_names().items()],
    )

    def __init__(self, *args, therapists, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "therapist", therapists)


class CodeField(forms.ModelChoiceField):
    """A choice among episodes, each shown by its client's code alone."""

    def label_from_instance(self, episode):
        return episode.client.code


def about_field():
    return CodeField(
        Episode.objects.none(),
        label=_("About"),
        required=False,
        empty_label=_("Nobody in particular"),
    )


def narrow_to(form, supervision):
    """Let one of the therapist's open episodes be chosen, and no other."""
    episodes = Episode.objects.open().filter(therapist=supervision.therapist_id)
    narrow(form, "episode", episodes.select_related("client").order_by("client__code"))


class PlanForm(forms.Form):
    """The day of a meeting."""

    planned_on = day_field(_("Day"))


class LineForm(forms.Form):
    """A line of one's own for the agenda."""

    text = forms.CharField(label=_("What do you want to speak about?"), max_length=280)
    episode = about_field()

    def __init__(self, *args, supervision, **kwargs):
        super().__init__(*args, **{"auto_id": "line-%s"} | kwargs)
        narrow_to(self, supervision)


class ActionForm(forms.Form):
    """What was agreed, and until when."""

    text = forms.CharField(label=_("What will be done?"), max_length=500)
    episode = about_field()
    due_on = day_field(_("Until"), required=False)

    def __init__(self, *args, supervision, **kwargs):
        super().__init__(*args, **{"auto_id": "action-%s"} | kwargs)
        narrow_to(self, supervision)


class DoneForm(forms.Form):
    """Whether something agreed is done, and at which meeting that is said."""

    is_done = forms.BooleanField(required=False)
    meeting = forms.ModelChoiceField(SupervisionMeeting.objects.none(), required=False)

    def __init__(self, *args, supervision, **kwargs):
        super().__init__(*args, **kwargs)
        narrow(self, "meeting", SupervisionMeeting.objects.filter(supervision=supervision))


class NotesForm(forms.Form):
    """A page of notes: for both, or for oneself."""

    notes = forms.CharField(
        max_length=8000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )

    def __init__(self, *args, is_private, **kwargs):
        auto_id = "own-%s" if is_private else "both-%s"
        super().__init__(*args, **{"auto_id": auto_id} | kwargs)
        both = _("Notes that both of you read and write")
        self.fields["notes"].label = _("Notes that only you read") if is_private else both
