"""Typing in a questionnaire of a practice's own, statement by statement."""

from dataclasses import asdict

from crispy_forms.layout import Div, Fieldset, Hidden, Layout, Submit
from django import forms
from django.conf import settings
from django.core.validators import validate_slug
from django.utils.translation import gettext_lazy as _

from alliance.measures.files import Reading, ReadMeasure
from alliance.measures.models import Item, Measure, MeasureVersion, Perspective
from alliance.measures.stored import as_read
from alliance.measures.values import limit
from sessions_app.places.forms import helper

SHARES = [
    ("1", _("every one of them")),
    ("0.75", _("three quarters of them")),
    ("0.5", _("half of them")),
]
_SHARE = _("Of each part must be answered at least")


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
    least_answered = forms.ChoiceField(label=_SHARE, choices=SHARES)
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

    def __init__(self, *args, keys, next_number=None, begun_with=(), draft=None, **kwargs):
        """`keys` are those of the statements; `draft` is what is changed.

        For what is new, `next_number` tells from its key and language how many
        versions there will be, and `begun_with` is sent along: a name and a value.
        """
        super().__init__(*args, **kwargs)
        self.keys, self.next_number, self.draft = keys, next_number, draft
        self.read: ReadMeasure | None = None
        self.notes: list[str] = []
        share = str(self.initial.get("least_answered", ""))
        if share and share not in dict(SHARES):
            self.fields["least_answered"] = forms.ChoiceField(
                label=_SHARE, choices=[*SHARES, (share, share)]
            )
        for name in ("key", "language", "perspective", "name") if draft else ():
            self.fields[name].disabled = True
        if draft and draft.language not in dict(settings.FORM_LANGUAGES):
            known = [*settings.FORM_LANGUAGES, (draft.language, draft.language)]
            self.fields["language"] = forms.ChoiceField(
                label=_("Language"), choices=known, disabled=True
            )
        for place in range(1, len(keys) + 1):
            self._add_statement(place)
        self.helper = helper(submit=_("Keep this draft"))
        self.helper.layout = self._layout()
        if begun_with:
            self.helper.layout.append(Hidden(*begun_with))

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
            Fieldset(_("What stands above all statements"), "title", "intro", css_class="sheet"),
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
        before = as_read(self.draft) if self.draft else None
        kept = ("audience", "purpose", "guess", "licence")
        told = {name: getattr(before, name) for name in kept if before}
        norms = [norm] if any(value not in (None, "") for value in norm.values()) else []
        norms += [asdict(norm) for norm in before.norms[1:]] if before else []
        told |= {"licence": "That of its holder"} | told | {"norms": norms}
        return (
            told
            | {name: cleaned[name] for name in (*plain, *more)}
            | {
                "version": self.draft.number
                if self.draft
                else self.next_number(cleaned["key"], cleaned["language"]),
                "scale": {name: cleaned[name] for name in ("minimum", "maximum", "step")},
                "scoring": {
                    "method": cleaned["method"],
                    "least_answered": float(cleaned["least_answered"]),
                },
                "items": [
                    self._statement(cleaned, place) for place in range(1, len(self.keys) + 1)
                ],
            }
        )

    def _statement(self, cleaned, place):
        """Return one statement as it was typed, with the picture that it had before."""
        item = {
            "key": self.keys[place - 1],
            "text": cleaned[f"text_{place}"],
            "low": cleaned[f"low_{place}"] or cleaned["low"],
            "high": cleaned[f"high_{place}"] or cleaned["high"],
            "is_reverse": cleaned[f"is_reverse_{place}"],
        }
        if cleaned[f"component_{place}"]:
            item["component"] = cleaned[f"component_{place}"]
        if self.draft:
            item["picture"] = as_read(self.draft).items[place - 1].picture
        return item


class _Typed(Reading):
    """The same checks as for a file, said beside the field instead of with the line."""

    def __init__(self, told, form):
        super().__init__(told, None, "")
        self.form = form

    def need(self, is_so, path, what):
        if not is_so:
            said = what[:1].upper() + what[1:]
            if path[-1:] in (("low",), ("high",)) and "lacks" in what:
                said = _("Words are missing for this end: type them here, or above for all.")
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
