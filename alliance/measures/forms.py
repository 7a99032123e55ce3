"""Adding a questionnaire of a practice's own: by a file, or statement by statement."""

from crispy_forms.layout import Div, Fieldset, Layout, Submit
from django import forms
from django.conf import settings
from django.core.validators import validate_slug
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from alliance.measures.fhir_reading import read_questionnaire
from alliance.measures.files import Reading, decode, read_measure
from alliance.measures.licences import Licence
from alliance.measures.models import Item, Measure, MeasureVersion, Perspective
from alliance.measures.values import InstrumentError, limit
from sessions_app.places.forms import day_field, helper

LARGEST = 200_000  # Bytes of a file.
MOST_STATEMENTS = 30  # More go by a file: a form has at most 200 fields.
SHARES = [
    ("1", _("every one of them")),
    ("0.75", _("three quarters of them")),
    ("0.5", _("half of them")),
]


class UploadForm(forms.Form):
    """A questionnaire as TOML or as a FHIR Questionnaire, by a file or typed in."""

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
        self.read, self.notes = None, []
        self.helper = helper("file", "text", submit=_("Add it as a draft"))
        self.helper.attrs = {"novalidate": "", "enctype": "multipart/form-data"}

    def clean(self):
        cleaned = super().clean()
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


def _words(label, most, *, rows=0, **options):
    widget = forms.Textarea(attrs={"rows": rows}) if rows else None
    return forms.CharField(label=label, max_length=most, widget=widget, **options)


def _of_version(label, field, **options):
    return _words(label, limit(MeasureVersion, field), **options)


class WordingForm(forms.Form):
    """A questionnaire, statement by statement, and how it is scored."""

    name = _words(_("What is it called among you?"), limit(Measure, "name"))
    key = _words(
        _("Its key"),
        limit(Measure, "key"),
        validators=[validate_slug],
        help_text=_("Letters, digits and “-”. It stands in downloads instead of the words."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.FORM_LANGUAGES)
    perspective = forms.ChoiceField(label=_("Who is asked?"), choices=Perspective)
    title = _of_version(_("Heading"), "title")
    intro = _of_version(_("Words to begin with"), "intro", rows=2)
    minimum = forms.FloatField(label=_("From"))
    maximum = forms.FloatField(label=_("To"))
    step = forms.FloatField(label=_("In steps of"))
    low = _words(_("Words at the low end"), limit(Item, "low_anchor"), required=False)
    high = _words(_("Words at the high end"), limit(Item, "high_anchor"), required=False)
    comment_prompt = _of_version(
        _("A question to be answered in words"), "comment_prompt", required=False
    )
    method = forms.ChoiceField(label=_("Its own total is the"), choices=MeasureVersion.Method)
    least_answered = forms.ChoiceField(
        label=_("Of each part must be answered at least"), choices=SHARES
    )
    is_validated = forms.BooleanField(label=_("It has been validated"), required=False)
    source = _of_version(
        _("Where the words come from"),
        "source",
        help_text=_("Your licensed copy: which edition, of which year."),
    )
    translation = _of_version(_("Who translated it"), "translation", required=False)
    norm_population = _words(_("Norms: of whom"), 400, required=False)
    norm_n = forms.IntegerField(label=_("How many people"), required=False, min_value=1)
    norm_mean = forms.FloatField(label=_("Mean"), required=False)
    norm_sd = forms.FloatField(label=_("Standard deviation"), required=False)
    norm_source = _words(_("Who says so"), 400, required=False)

    def __init__(self, *args, keys, number=1, fixed=(), **kwargs):
        """`keys` are those of the statements; `fixed` are fields that stay as they are."""
        super().__init__(*args, **kwargs)
        self.keys, self.number, self.read = keys, number, None
        share = str(self.initial.get("least_answered", ""))
        if share and share not in dict(SHARES):
            self.fields["least_answered"].choices = [*SHARES, (share, share)]
        for name in fixed:
            self.fields[name].disabled = True
        for place in range(1, len(keys) + 1):
            self._add_statement(place)
        self.helper = helper(submit=_("Keep this draft"))
        self.helper.layout = self._layout()

    def _add_statement(self, place):
        ends = {"required": False, "help_text": _("Empty: as for all.")}
        self.fields |= {
            f"text_{place}": _words(_("Statement"), limit(Item, "text"), rows=2),
            f"component_{place}": forms.ChoiceField(
                label=_("Belongs to"),
                choices=[("", _("none of the three")), *Item.Component.choices],
                required=False,
            ),
            f"is_reverse_{place}": forms.BooleanField(
                label=_("A high mark means less: count it the other way round"), required=False
            ),
            f"low_{place}": _words(_("Words at its low end"), limit(Item, "low_anchor"), **ends),
            f"high_{place}": _words(_("Words at its high end"), limit(Item, "high_anchor"), **ends),
        }

    def _layout(self):
        statements = [
            Fieldset(
                _("Statement %(place)s") % {"place": place},
                f"text_{place}",
                Div(f"low_{place}", f"high_{place}", css_class="pair"),
                f"component_{place}",
                f"is_reverse_{place}",
                css_class="sheet",
            )
            for place in range(1, len(self.keys) + 1)
        ]
        norms = ("norm_n", "norm_mean", "norm_sd")
        return Layout(
            Fieldset(
                _("What it is"),
                *("name", "key"),
                Div("language", "perspective", css_class="pair"),
                *("source", "translation", "is_validated"),
                css_class="sheet",
            ),
            Fieldset(
                _("What stands above all statements"), "title", "intro", css_class="sheet"
            ),
            Fieldset(
                _("The scale of all statements"),
                Div("minimum", "maximum", "step", css_class="pair"),
                Div("low", "high", css_class="pair"),
                css_class="sheet",
            ),
            *statements,
            Fieldset(_("At the end"), "comment_prompt", css_class="sheet"),
            Fieldset(_("How it is scored"), "method", "least_answered", css_class="sheet"),
            Fieldset(
                _("Norms, if there are any"),
                *("norm_population", Div(*norms, css_class="pair"), "norm_source"),
                css_class="sheet",
            ),
            Submit("save", _("Keep this draft")),
        )

    def clean(self):
        cleaned = super().clean()
        if not self.errors:
            self.read = _Typed(self._told(cleaned), self).whole()
        return cleaned

    def _told(self, cleaned):
        """Return what was typed in the shape of a file."""
        plain = ("name", "key", "language", "perspective", "title", "intro", "comment_prompt")
        more = ("is_validated", "source", "translation")
        norm = {
            name: cleaned[f"norm_{name}"] for name in ("population", "n", "mean", "sd", "source")
        }
        return {name: cleaned[name] for name in (*plain, *more)} | {
            "version": self.number,
            "licence": "That of its holder",
            "scale": {name: cleaned[name] for name in ("minimum", "maximum", "step")},
            "scoring": {
                "method": cleaned["method"],
                "least_answered": float(cleaned["least_answered"]),
            },
            "items": [
                {
                    "key": key,
                    "text": cleaned[f"text_{place}"],
                    "low": cleaned[f"low_{place}"] or cleaned["low"],
                    "high": cleaned[f"high_{place}"] or cleaned["high"],
                    "is_reverse": cleaned[f"is_reverse_{place}"],
                }
                | (
                    {"component": cleaned[f"component_{place}"]}
                    if cleaned[f"component_{place}"]
                    else {}
                )
                for place, key in enumerate(self.keys, 1)
            ],
            "norms": [norm] if any(value not in (None, "") for value in norm.values()) else [],
        }


class _Typed(Reading):
    """The same checks as for a file, said beside the field instead of with the line."""

    def __init__(self, told, form):
        super().__init__(told, None, "")
        self.form = form

    def need(self, is_so, path, what):
        if not is_so:
            said = what[:1].upper() + what[1:]
            raise forms.ValidationError({self._field(path): said})

    def _field(self, path):
        match path:
            case ("items", place, key):
                field = f"{key}_{place + 1}"
            case ("norms", _place, key):
                field = f"norm_{key}"
            case ("scale",):
                field = "maximum"
            case _:
                field = str(path[-1])
        return field if field in self.form.fields else "__all__"


def noted(notes):
    """Say in one message what was left out of a file."""
    if not notes:
        return ""
    begin = ngettext("One thing to know:", "Some things to know:", len(notes))
    return " ".join([begin, *notes])
