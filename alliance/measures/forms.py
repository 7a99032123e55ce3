"""Adding a questionnaire of a practice's own by a file, and attesting its licence."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from alliance.measures.fhir_reading import read_questionnaire
from alliance.measures.files import ReadMeasure, decode, read_measure
from alliance.measures.licences import Licence
from alliance.measures.values import InstrumentError
from sessions_app.places.forms import day_field, helper

LARGEST = 200_000  # Bytes of a file.
MOST_STATEMENTS = 30  # More go by a file: a form has at most 200 fields.


class UploadForm(forms.Form):
    """A questionnaire as TOML or as a FHIR Questionnaire, by a file or typed in."""

    data: QueryDict

    file = forms.FileField(
        label=_("A file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".toml,.json"}),
        help_text=_("TOML, or a FHIR R4 Questionnaire as JSON; at most 200 KB. It is not kept."),
    )
    text = forms.CharField(
        label=_("Or what stands in it"),
        required=False,
        strip=False,
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.read: ReadMeasure | None = None
        self.notes: list[str] = []
        self.helper = helper("file", "text", submit=_("Add it as a draft"))
        self.helper.attrs = {"novalidate": "", "enctype": "multipart/form-data"}

    def clean(self):
        cleaned: dict[str, Any] = super().clean() or {}
        file, text, name = cleaned.get("file"), cleaned.get("text") or "", "your file"
        if self.errors:
            return cleaned
        if file:
            name = file.name
            if file.size > LARGEST:
                raise forms.ValidationError({"file": _("This file is larger than 200 KB.")})
        elif not text.strip():
            raise forms.ValidationError({"file": _("Choose a file, or type what stands in it.")})
        try:
            text = decode(file.read(), name) if file else text
            is_fhir = text.lstrip("\ufeff \t\r\n").startswith("{")
            if is_fhir:
                self.read, self.notes = read_questionnaire(text.lstrip("\ufeff"), name)
            else:
                self.read = read_measure(text, name)
        except InstrumentError as error:
            # What stood in the file stands in the field now, so that it can be mended there.
            self.data = self.data.copy()
            self.data["text"] = text
            raise forms.ValidationError({"text": str(error)}) from error
        return cleaned


class CountForm(forms.Form):
    """How many statements a questionnaire has that is typed in."""

    items = forms.IntegerField(
        label=_("How many statements?"), min_value=1, max_value=MOST_STATEMENTS
    )


class LicenceForm(forms.ModelForm):
    """What a practice holds for a wording, and that somebody has seen it."""

    has_seen = forms.BooleanField(
        label=_(
            "I have this licence before me. It allows this practice to ask these words on a screen."
        ),
        error_messages={"required": _("Say that you have seen it.")},
    )

    class Meta:
        model = Licence
        fields = ["holder", "kind", "number", "valid_until", "notice"]
        labels = {
            "holder": _("Who holds the rights?"),
            "kind": _("What kind of licence is it?"),
            "number": _("Its number"),
            "notice": _("A notice for the form"),
        }
        help_texts = {
            "number": _("Without a number: of which day the letter is, and from whom."),
            "notice": _("Only if the holder wants it. Clients see it below the statements."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["valid_until"] = day_field(
            _("Until when?"),
            help_text=_(
                "On the day after, it is asked no longer. Without an end: the day on which you "
                "will look at it again."
            ),
        )
        fields = ("holder", "kind", "number", "valid_until", "notice", "has_seen")
        self.helper = helper(*fields, submit=_("Attest this licence"))


def noted(notes):
    """Say in one message what was left out of a file."""
    if not notes:
        return ""
    begin = ngettext("One thing to know:", "Some things to know:", len(notes))
    return " ".join([begin, *notes])
