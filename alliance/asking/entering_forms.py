"""Typing in what a client marked on paper or said aloud."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.asking.entering_pages import marks_of
from alliance.ratings.models import Rating
from sessions_app.places.forms import day_field

LINE = 100  # Millimetres, as the sheet is printed where nothing scales it.
# Statements have names of their own: a practice chooses their keys.
MARK = "mark-"


class EnteredForm(forms.Form):
    """One field for each statement, each may be empty, and the comment with its readers."""

    comment = forms.CharField(
        label=_("What is written on it"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    audience = forms.ChoiceField(
        label=_("For whom it was written"),
        required=False,
        choices=Rating.Audience,
        initial=Rating.Audience.THERAPIST,
        widget=forms.RadioSelect,
        help_text=_("Where nothing is chosen: for the therapist, now."),
    )
    nothing_said = _("Type in at least one mark, or what is written.")

    def __init__(self, *args, version, **kwargs):
        super().__init__(*args, **kwargs)
        self.version = version
        self.items = list(version.items.all())
        for item in self.items:
            self.fields[f"{MARK}{item.key}"] = self.mark_field(item)
        if not version.comment_prompt:
            del self.fields["comment"], self.fields["audience"]

    def mark_field(self, item):
        """Return the field in which the mark of a statement is chosen: one of its steps."""
        return forms.TypedChoiceField(
            label=item.text,
            choices=[(mark, mark) for mark in marks_of(self.version)],
            coerce=float,
            empty_value=None,
            required=False,
            error_messages={"invalid_choice": _("Please choose one of the marks shown.")},
        )

    def clean(self):
        super().clean()
        typed = self.cleaned_data
        said = any(typed.get(f"{MARK}{item.key}") is not None for item in self.items)
        if not (said or typed.get("comment") or self.errors):
            raise forms.ValidationError(self.nothing_said)
        return typed

    def statements(self):
        """Yield each statement with its field, and what is chosen there."""
        for item in self.items:
            field = self[f"{MARK}{item.key}"]
            yield {
                "item": item,
                "field": field,
                "marks": marks_of(self.version),
                "chosen": field.value() if self.is_bound else None,
            }

    def said(self):
        """Return what the actions take."""
        return {
            "answers": {item.key: self.cleaned_data[f"{MARK}{item.key}"] for item in self.items},
            "comment": self.cleaned_data.get("comment", ""),
            "audience": self.cleaned_data.get("audience") or Rating.Audience.THERAPIST,
        }

    def count(self):
        """Return how many statements have a mark."""
        return sum(mark is not None for mark in self.said()["answers"].values())


class SpokenForm(EnteredForm):
    """What a client said while somebody read to them."""

    nothing_said = _("Nothing has been chosen yet.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "comment" in self.fields:
            self.fields["comment"].label = _("What they want to say besides")
            self.fields["audience"].label = _("Who may read it")


class SheetForm(EnteredForm):
    """What is marked on a sheet: in millimetres from the beginning of each line."""

    line = forms.IntegerField(
        label=_("How long are the lines on it, in millimetres?"),
        min_value=50,
        max_value=200,
        initial=LINE,
        help_text=_("100, unless the printer made the page smaller or larger."),
    )
    filled_in_on = day_field(
        _("Filled in on"), required=False, help_text=_("Empty where no day is written on it.")
    )

    def __init__(self, *args, session, **kwargs):
        super().__init__(*args, **kwargs)
        self.session = session
        self.is_a_line = self.version.is_a_line
        if self.is_a_line:
            self.order_fields(["line"])
        else:
            del self.fields["line"]

    def mark_field(self, item):
        if not self.version.is_a_line:
            return super().mark_field(item)
        return forms.IntegerField(
            label=item.text,
            required=False,
            min_value=0,
            widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        )

    def clean_filled_in_on(self):
        day = self.cleaned_data["filled_in_on"]
        if day and not self.session.held_on <= day <= timezone.localdate():
            raise forms.ValidationError(_("That is before the session, or still to come."))
        return day

    def clean(self):
        cleaned = super().clean()
        line = cleaned.get("line")
        for item in self.items if line else ():
            if (cleaned.get(f"{MARK}{item.key}") or 0) > line:
                self.add_error(f"{MARK}{item.key}", _("The line is not that long."))
        return cleaned

    def said(self):
        said = super().said() | {"filled_in_on": self.cleaned_data["filled_in_on"]}
        if self.is_a_line:
            said["answers"] = {
                key: None if place is None else self._points(place)
                for key, place in said["answers"].items()
            }
        return said

    def _points(self, place):
        """Return millimetres as points of the measure."""
        version, line = self.version, self.cleaned_data["line"]
        return round(version.minimum + place / line * (version.maximum - version.minimum), 4)
