"""Reading a FHIR R4 `Questionnaire` as a questionnaire of ours, or saying what stands in the way.

What our form cannot do is refused, and the linkId is named. What is only left
out, and harmless, is noted in words.
"""

import itertools
import json
import re

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.core.validators import slug_re
from django.utils.text import slugify

from alliance.measures.fhir import (
    MAXIMUM,
    MINIMUM,
    ORDINAL,
    OURS,
    controls_of,
    extension_of,
    tables_in,
)
from alliance.measures.files import Reading, ReadMeasure
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.measures.values import InstrumentError, limit

DEEPEST = 8
NUMBERS = ("integer", "decimal")
# What an item may say that our form has no way to do.
REFUSED = {
    "enableWhen": "it is asked only sometimes; here every statement is asked",
    "modifierExtension": "it changes its meaning in a way that is not known here",
    "repeats": "it may be answered several times; here once",
    "initial": "it has an answer before anybody gives one; here nothing is pre-set",
    "readOnly": "it cannot be answered",
    "answerValueSet": "its answers are kept elsewhere; they must stand in the file",
}


def read_questionnaire(text: str, name: str) -> tuple[ReadMeasure, list[str]]:
    """Read a questionnaire from FHIR R4 JSON; return it, and what was left out, in words.

    `name` is what the file is called. Raises InstrumentError with the line, or
    with the linkId of what cannot be asked on our form.
    """
    try:
        told = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise InstrumentError(f"{name}, line {error.lineno}: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise InstrumentError(f"{name}, line 1: this cannot be read as JSON.") from error
    if not isinstance(told, dict) or told.get("resourceType") != "Questionnaire":
        raise InstrumentError(f"{name}: this is no FHIR Questionnaire.")
    found = _Found(name)
    shaped = found.measure(told)
    return _Said(shaped, found).whole(), found.notes


def _no_number(word):
    raise ValueError(word)


class _Found:
    """What is found in one Questionnaire, in the shape of a file of ours."""

    def __init__(self, name):
        self.name = name
        self.notes: list[str] = []
        self.link_ids: list[str] = []
        self.items: list[dict] = []
        self.prompt = ""
        self.scale: tuple = ()

    def refuse(self, link_id, why):
        raise InstrumentError(f"{self.name}, linkId {link_id}: {why}.")

    def note(self, said):
        if said not in self.notes:
            self.notes.append(said)

    def measure(self, told):
        if "modifierExtension" in told:
            why = REFUSED["modifierExtension"]
            raise InstrumentError(f"{self.name}: {why}.")
        for item in tables_in(told, "item"):
            self.item(item, depth=1)
        if not self.items:
            raise InstrumentError(f"{self.name}: there are no items.")
        title = told.get("title") or told.get("name") or ""
        minimum, maximum, step = self.scale
        known = {
            "key": extension_of(told, f"{OURS}key") or self.key(told),
            "version": self.version(told),
            "language": self.language(told),
            "perspective": extension_of(told, f"{OURS}perspective") or "client",
            "name": extension_of(told, f"{OURS}name") or str(title)[: limit(Measure, "name")],
            "title": title,
            "intro": told.get("description") or self.no_intro(),
            "comment_prompt": self.prompt,
            "is_validated": extension_of(told, f"{OURS}is-validated") or False,
            "licence": self.licence(told),
            "source": extension_of(told, f"{OURS}source") or told.get("url") or self.name,
            "scale": {"minimum": minimum, "maximum": maximum, "step": step},
            "scoring": self.scoring(told),
            "items": self.items,
            "norms": [self.norm(one) for one in tables_in(told, "extension") if _is_norm(one)],
        }
        for key in ("audience", "purpose", "translation", "guess"):
            value = extension_of(told, f"{OURS}{key}")
            known |= {} if value is None else {key: value}
        return known

    def key(self, told):
        tail = str(told.get("url") or told.get("name") or "").rsplit("/", 1)[-1].split("|")[0]
        return slugify(tail)[: limit(Measure, "key")] or "questionnaire"

    def version(self, told):
        said = str(told.get("version") or "")
        if re.fullmatch(r"[1-9][0-9]{0,3}", said):
            return int(said)
        self.note("Its version is no whole number: it is version 1 here.")
        return 1

    def language(self, told):
        said = str(told.get("language") or "").lower()
        codes = [said, said.split("-")[0]]
        known = [code for code in codes if code in dict(settings.FORM_LANGUAGES)]
        known += [code for code in codes if "name" in LANG_INFO.get(code, ())]
        if known:
            return known[0]
        self.note("It does not say its language in a way that is known here: English is noted.")
        return "en"

    def no_intro(self):
        self.note("It has no words to begin with: a line of ours stands there.")
        return "Please mark what fits. Skip what you like."

    def licence(self, told):
        said = told.get("copyright")
        if isinstance(said, str) and 0 < len(said) <= limit(MeasureVersion, "licence"):
            return said
        if said:
            self.note("Its copyright notice is too long to keep: type it with the licence.")
        return "That of its holder"

    def scoring(self, told):
        method = extension_of(told, f"{OURS}method")
        share = extension_of(told, f"{OURS}least-answered")
        if method is None or share is None:
            self.note("It does not say how it is scored: by the mean, with no answer missing.")
        return {"method": method or "mean", "least_answered": 1 if share is None else share}

    def norm(self, told):
        parts = ("population", "n", "mean", "sd", "source")
        return {part: extension_of(told, part) for part in parts}

    def item(self, told, *, depth):
        link_id = str(told.get("linkId", ""))
        for key, why in REFUSED.items():
            if told.get(key):
                self.refuse(link_id, why)
        kind = told.get("type")
        if kind == "group":
            if told.get("text"):
                self.refuse(link_id, "a group with words of its own cannot be shown")
            if depth == DEEPEST:
                self.refuse(link_id, "groups lie too deep in one another")
            for item in tables_in(told, "item"):
                self.item(item, depth=depth + 1)
        elif kind in ("text", "string"):
            if self.prompt or told.get("item"):
                self.refuse(link_id, "there is room for one answer in words, at the end")
            self.prompt = told.get("text") or ""
        elif kind in (*NUMBERS, "choice"):
            self.statement(told, link_id, kind)
        else:
            self.refuse(link_id, f"an item of the type {kind} cannot be asked")

    def statement(self, told, link_id, kind):
        if self.prompt:
            self.refuse(link_id, "the answer in words stands last")
        scale, ends = self.choices(told, link_id) if kind == "choice" else self.line(told, link_id)
        if self.scale and scale != self.scale:
            self.refuse(link_id, "its scale is not that of the first; all have the same")
        self.scale = scale
        if told.get("required"):
            self.note("Some items must be answered, says the file: here each may be skipped.")
        for end in tables_in(told, "item"):
            for control in controls_of(end) & {"lower", "upper"}:
                ends[control] = end.get("text")
            if not controls_of(end) & {"lower", "upper"}:
                self.refuse(str(end.get("linkId", link_id)), "nothing can stand below a statement")
        is_key = slug_re.match(link_id) and len(link_id) <= limit(Item, "key")
        self.link_ids.append(link_id)
        item = {
            "key": link_id if is_key else f"item-{len(self.link_ids)}",
            "text": told.get("text"),
            "low": ends.get("lower"),
            "high": ends.get("upper"),
            "is_reverse": extension_of(told, f"{OURS}is-reverse") or False,
        }
        for key in ("component", "picture"):
            value = extension_of(told, f"{OURS}{key}")
            item |= {} if value is None else {key: value}
        self.items.append(item)

    def line(self, told, link_id):
        minimum, maximum = extension_of(told, MINIMUM), extension_of(told, MAXIMUM)
        if not (_is_number(minimum) and _is_number(maximum)):
            self.refuse(link_id, "it does not say from where to where its numbers go")
        step = extension_of(told, f"{OURS}step")
        return (minimum, maximum, 1 if step is None else step), {}

    def choices(self, told, link_id):
        options = tables_in(told, "answerOption")
        numbers, words = [], {}
        for option in options:
            coding = option.get("valueCoding")
            coding = coding if isinstance(coding, dict) else {}
            ordinal = extension_of(coding, ORDINAL)
            ordinal = extension_of(option, ORDINAL) if ordinal is None else ordinal
            number = option.get("valueInteger") if ordinal is None else ordinal
            if not _is_number(number):
                self.refuse(link_id, "one of its answers has no number")
            numbers.append(number)
            words[number] = coding.get("display")
        numbers.sort()
        steps = {round(high - low, 9) for low, high in itertools.pairwise(numbers)}
        if len(steps) != 1 or 0 in steps:
            self.refuse(link_id, "its answers are not numbers at equal distances")
        if any(words[number] for number in numbers[1:-1]):
            self.note("Only the words at both ends are kept: our form shows none between them.")
        ends = {"lower": words[numbers[0]], "upper": words[numbers[-1]]}
        return (numbers[0], numbers[-1], steps.pop()), ends


def _is_norm(extension):
    return extension.get("url") == f"{OURS}norm"


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


class _Said(Reading):
    """The same checks as for a file of ours, said with the linkId instead of the line."""

    def __init__(self, told, found):
        super().__init__(told, None, found.name)
        self.link_ids = found.link_ids

    def need(self, is_so, path, what):
        if not is_so:
            is_item = path[:1] == ("items",) and len(path) > 1
            where = f", linkId {self.link_ids[path[1]]}" if is_item else ""
            raise InstrumentError(f"{self.name}{where}: {what}")
