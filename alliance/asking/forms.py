"""The form that a client fills in: statements as they are in the measure, nothing pre-set."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class RatingForm(forms.Form):
    """One field for each statement of a measure version, and a comment.

    Each may be left out. What the form does not know is refused, so that
    nothing is stored that was not asked.
    """

    # What shows that a form was sent at all, when every statement was skipped.
    sent = forms.CharField(
        error_messages={"required": _("Your answers did not arrive. Please send them again.")}
    )
    comment = forms.CharField(
        required=False,
        max_length=2000,
        strip=True,
        error_messages={
            "max_length": ngettext_lazy(
                "This is longer than we can keep. Please shorten it to %(limit_value)d character.",
                "This is longer than we can keep. Please shorten it to %(limit_value)d characters.",
                "limit_value",
            ),
            "null_characters_not_allowed": _("There is a character in it that cannot be stored."),
        },
    )

    data: QueryDict

    def __init__(self, *args, version, **kwargs):
        super().__init__(*args, **kwargs)
        self.version = version
        self.items = list(version.items.all())
        steps = round((version.maximum - version.minimum) / version.step)
        self.marks = [f"{version.minimum + place * version.step:g}" for place in range(steps + 1)]
        for item in self.items:
            self.fields[item.key] = forms.TypedChoiceField(
                choices=[(mark, mark) for mark in self.marks],
                coerce=float,
                empty_value=None,
                required=False,
                error_messages={"invalid_choice": _("Please choose one of the marks shown.")},
            )
        if not version.comment_prompt:
            del self.fields["comment"]
        else:
            self.order_fields(["sent", *(item.key for item in self.items), "comment"])

    def clean(self):
        cleaned = super().clean()
        is_repeated = any(len(values) > 1 for _key, values in self.data.lists())
        if set(self.data) - set(self.fields) or is_repeated or self.files:
            raise forms.ValidationError(
                _("Something came with your answers that we did not ask. Please send them again.")
            )
        return cleaned

    def answers(self):
        """Return the marks by item key, None where a statement was skipped."""
        return {item.key: self.cleaned_data[item.key] for item in self.items}

    def statements(self):
        """Yield each statement with its field, its marks, and the one that is chosen, if any."""
        for item in self.items:
            field = self[item.key]
            yield {
                "item": item,
                "field": field,
                "marks": self.marks,
                "chosen": field.value() if self.is_bound else None,
            }
