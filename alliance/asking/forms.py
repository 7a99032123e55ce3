"""The form that a client fills in: statements as they are in the measure, nothing pre-set."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from alliance.measures.models import Item
from alliance.psychometrics.scoring import ScoredItem, rescale
from alliance.ratings.models import Rating

UNSAID = "unsaid"  # In place of a mark: I would rather not say.
LINE_STEPS = 100
# What is offered besides has names of its own: two measures may have the same key.
BESIDES = "besides-"
GUESS = "guess"


class MarkField(forms.CharField):
    """A mark on the line or on a button, nothing for a statement that is skipped, or UNSAID.

    A line sends from 0 to 100 of its length, whatever the points of the measure.
    """

    refusal = _("Please choose one of the marks shown.")

    def __init__(self, *, version):
        super().__init__(
            required=False,
            strip=False,
            error_messages={"null_characters_not_allowed": self.refusal},
        )
        self.version = version
        steps = round((version.maximum - version.minimum) / version.step)
        self.marks = [f"{version.minimum + place * version.step:g}" for place in range(steps + 1)]
        self.places = {str(place): place for place in range(LINE_STEPS + 1)}

    def read(self, sent, mode):
        """Return the mark in the measure's points, None, or UNSAID."""
        if sent in ("", UNSAID):
            return sent or None
        if mode == Rating.InputMode.LINE and self.version.is_a_line and sent in self.places:
            share = self.places[sent] / LINE_STEPS
            span = self.version.maximum - self.version.minimum
            return round(self.version.minimum + share * span, 4)
        if mode == Rating.InputMode.BUTTONS and sent in self.marks:
            return float(sent)
        raise ValidationError(self.refusal)


class RatingForm(forms.Form):
    """One field for each statement of a measure version, and what a practice asks besides.

    Each may be left out. What the form does not know is refused, so that
    nothing is stored that was not asked. `besides` is a second measure version,
    or None; `may_open_to_supervisor` says whether there is one today.
    """

    # What shows that a form was sent at all, when every statement was skipped.
    sent = forms.CharField(
        error_messages={"required": _("Your answers did not arrive. Please send them again.")}
    )
    mode = forms.ChoiceField(
        required=False,
        choices=[(mode, mode) for mode in (Rating.InputMode.LINE, Rating.InputMode.BUTTONS)],
    )
    submission = forms.UUIDField(required=False)
    # How the line looked and how long it took: never a reason to refuse what somebody said.
    line_px = forms.CharField(required=False)
    seconds = forms.CharField(required=False)
    tension = forms.ChoiceField(
        required=False,
        choices=Rating.Tension,
        error_messages={"invalid_choice": MarkField.refusal},
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
    audience = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": MarkField.refusal}
    )

    data: QueryDict

    def __init__(
        self,
        *args,
        version,
        besides=None,
        asks_about_tension=False,
        may_open_to_supervisor=False,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.version = version
        self.besides = besides
        self.items = list(version.items.all())
        self.items_besides = list(besides.items.all()) if besides else []
        self.guesses = _guess_in(version)
        asked = {item.key: version for item in [*self.items, *self.guesses]}
        asked |= {f"{BESIDES}{item.key}": besides for item in self.items_besides}
        for name, of in asked.items():
            self.fields[name] = MarkField(version=of)
        if not asks_about_tension:
            del self.fields["tension"]
        if not version.comment_prompt:
            del self.fields["comment"], self.fields["audience"]
        else:
            audiences = [Rating.Audience.THERAPIST, Rating.Audience.LATER]
            audiences += [Rating.Audience.SUPERVISOR] if may_open_to_supervisor else []
            chosen = cast(forms.ChoiceField, self.fields["audience"])
            chosen.choices = [(value.value, value.label) for value in audiences]
        first = ["sent", *asked, "tension", "comment", "audience"]
        self.order_fields(first)

    def clean(self):
        cleaned = super().clean() or {}
        is_repeated = any(len(values) > 1 for _key, values in self.data.lists())
        if set(self.data) - set(self.fields) or is_repeated or self.files:
            raise ValidationError(
                _("Something came with your answers that we did not ask. Please send them again.")
            )
        mode = cleaned.get("mode") or Rating.InputMode.BUTTONS
        for name, field in self.fields.items():
            if isinstance(field, MarkField) and name in cleaned:
                try:
                    cleaned[name] = field.read(cleaned[name], mode)
                except ValidationError as error:
                    self.add_error(name, error)
        return cleaned

    def sheet(self):
        """Return what was said, as `submit_rating` takes it."""
        said: dict[str, Any] = self.cleaned_data or {}
        marks = self._marks(self.items)
        besides = self._marks(self.items_besides, BESIDES)
        return {
            "answers": _answers(marks),
            "unsaid": _unsaid(marks),
            "guess": self._guess(),
            "besides": _answers(besides),
            "unsaid_besides": _unsaid(besides),
            "tension": said.get("tension", ""),
            "comment": said.get("comment", ""),
            "audience": said.get("audience") or Rating.Audience.THERAPIST,
            "input_mode": said["mode"] or Rating.InputMode.BUTTONS,
            "submission": said["submission"],
            "line_px": _whole(said["line_px"], most=10_000),
            "seconds": _whole(said["seconds"], most=24 * 60 * 60),
        }

    def _guess(self):
        """Return where the therapist thinks that the client's total lies, from 0 to 10, or None."""
        mark = self.cleaned_data.get(GUESS)
        if mark in (None, UNSAID):
            return None
        version = self.version
        return rescale(mark, ScoredItem(GUESS, "", version.minimum, version.maximum))

    def _marks(self, items, prefix=""):
        return {item.key: self.cleaned_data[f"{prefix}{item.key}"] for item in items}

    def statements(self):
        """Return each statement with its field, its marks, and the one that is chosen, if any."""
        return self._statements([*self.items, *self.guesses])

    def statements_besides(self):
        """Return the same of what is offered besides."""
        return self._statements(self.items_besides, BESIDES)

    def has_begun_besides(self):
        """Whether something of what is offered besides was marked, and is to be seen again."""
        return any(statement["chosen"] for statement in self.statements_besides())

    def _statements(self, items, prefix=""):
        was_line = self.is_bound and self.data.get("mode") == Rating.InputMode.LINE
        for item in items:
            field = self[f"{prefix}{item.key}"]
            of = cast(MarkField, field.field)
            chosen = field.value() if self.is_bound else None
            is_on_line = was_line and chosen in of.places
            yield {
                "item": item,
                "field": field,
                "marks": of.marks,
                "is_a_line": of.version.is_a_line,
                "place": chosen if is_on_line else "",
                "chosen": _nearest(chosen, of.marks) if is_on_line else chosen,
            }


def _guess_in(version):
    """Return the question for a guess as one more statement, where the version has one."""
    if not version.guess:
        return []
    return [
        Item(key=GUESS, text=version.guess, low_anchor=gettext("Low"), high_anchor=gettext("High"))
    ]


def _nearest(place, marks):
    """Return the button that stands for a place on the line, should there be no script by now."""
    return marks[round(int(place) / LINE_STEPS * (len(marks) - 1))]


def _answers(marks):
    return {key: None if mark == UNSAID else mark for key, mark in marks.items()}


def _unsaid(marks):
    return [key for key, mark in marks.items() if mark == UNSAID]


def _whole(text, *, most):
    """Return a whole number from 0 to `most`, or None for anything else."""
    is_one = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_one and int(text) <= most else None
