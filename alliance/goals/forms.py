"""What is asked about goals: small forms, each for one thing."""

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.goals.models import Goal
from sessions_app.places.forms import day_field, helper

NOT_ASKED, UNSAID = "", "unsaid"
MARKS = [(str(mark), str(mark)) for mark in range(11)]


def words_field():
    return forms.CharField(
        label=_("What does your client want to change?"),
        max_length=280,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In the client’s own words. Your supervisor can read it."),
    )


class GoalForm(forms.Form):
    """A goal, and the day on which it was agreed."""

    words = words_field()
    agreed_on = day_field(_("Agreed on"))

    def __init__(self, *args, episode, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {"agreed_on": episode.therapist.practice.day()}
        self.helper = helper("words", "agreed_on", submit=_("Write this goal down"))


class WordsForm(forms.Form):
    """The words of a goal, to be changed."""

    words = words_field()

    def __init__(self, *args, goal, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {"words": goal.words}
        self.helper = helper("words", submit=_("Change the words"))


class EndForm(forms.Form):
    """How a goal ended, and why."""

    ending = forms.ChoiceField(
        label=_("How did it end?"), choices=Goal.Ending, widget=forms.RadioSelect
    )
    remark = forms.CharField(label=_("Why? (optional)"), max_length=280, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("ending", "remark", submit=_("End this goal"))


class NearForm(forms.Form):
    """How near a goal is, as each of the two sees it; who was not asked is left out."""

    client = forms.ChoiceField(
        label=_("Your client, as they say it"),
        required=False,
        choices=[(NOT_ASKED, _("not asked")), (UNSAID, _("would rather not say")), *MARKS],
    )
    therapist = forms.ChoiceField(
        label=_("You"), required=False, choices=[(NOT_ASKED, "–"), *MARKS]
    )

    def marks(self):
        """Return what was said, by who said it."""
        return {
            name: None if value == UNSAID else int(value)
            for name, value in self.cleaned_data.items()
            if value != NOT_ASKED
        }
