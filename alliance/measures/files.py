"""Reading a questionnaire from a file: all of it is checked, and what is wrong has a line."""

import re
import tomllib
from dataclasses import dataclass, fields

from django.conf import settings
from django.conf.locale import LANG_INFO

from alliance.measures.lines import Lines
from alliance.measures.models import Item, Measure, MeasureVersion, Perspective
from alliance.measures.values import InstrumentError, Values, limit

PICTURES = settings.BASE_DIR / "static" / "pictures"
STEP_ROUNDING = 1e-9
MOST_STEPS = 100
MOST_ITEMS = 100
LARGEST_NUMBER = 9999  # Of a version.
LONGEST_OF_NORM = 400
# What the forms themselves send beside the marks: a client's own, a sheet's, a bookmark's.
TAKEN = {"sent", "mode", "submission", "line_px", "seconds", "tension", "comment", "audience"}
TAKEN |= {"guess", "which", "deed", "csrfmiddlewaretoken", "besides", "replaces", "secret"}
TAKEN |= {"line", "filled_in_on", "version", "save", "code", "pin", "again"}
WORDS = ("title", "intro", "licence", "source")
MORE_WORDS = ("comment_prompt", "guess", "translation")


@dataclass(frozen=True, slots=True)
class ReadItem:
    """One statement as the file has it; `component` is empty where it belongs to none."""

    key: str
    text: str
    low: str
    high: str
    component: str = ""
    is_reverse: bool = False
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Norm:
    """What a group of people marked on average, in the measure's own points, and who says so."""

    population: str
    n: int
    mean: float
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class ReadMeasure:
    """A questionnaire as the file has it, whole and checked."""

    key: str
    version: int
    language: str
    perspective: str
    name: str
    title: str
    intro: str
    is_validated: bool
    licence: str
    source: str
    minimum: float
    maximum: float
    step: float
    least_answered: float
    items: tuple[ReadItem, ...]
    method: str = "mean"
    comment_prompt: str = ""
    audience: str = "adult"
    purpose: str = "alliance"
    guess: str = ""
    translation: str = ""
    norms: tuple[Norm, ...] = ()


TOP = {"key", "version", "language", "perspective", "name", "is_validated", "audience", "purpose"}
TOP |= {*WORDS, *MORE_WORDS, "scale", "scoring", "items", "norms"}
ITEM = {field.name for field in fields(ReadItem)}
NORM = {field.name for field in fields(Norm)}


def read_measure(text: str, name: str) -> ReadMeasure:
    """Read a questionnaire from the text of a file; `name` is what the file is called.

    Raises InstrumentError for what is no TOML, lacks something or does not fit
    together, with the file's name and the line: “session.de.toml, line 41: …”.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        said = re.sub(r" \(at [^()]*\)$", "", str(error))
        raise InstrumentError(f"{name}, line {line}: {said}.") from error
    except (ValueError, RecursionError) as error:
        raise InstrumentError(f"{name}, line 1: this cannot be read as TOML.") from error
    return Reading(told, Lines(text), name).whole()


def decode(raw: bytes, name: str) -> str:
    """Return the text of a file, or refuse it with the line where it is no text."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InstrumentError(f"{name}, line {line}: this is no text in UTF-8.") from error


class Reading(Values):
    """One questionnaire while it is read, from a file or from wherever it is said in this shape."""

    def whole(self):
        told = self.told
        self.know(told, TOP, ())
        purpose = self.one_of(told, (), "purpose", Measure.Purpose.values, "alliance")
        return ReadMeasure(
            key=self.slug(told, (), "key", limit(Measure, "key")),
            version=self.version(),
            language=self.language(),
            perspective=self.one_of(told, (), "perspective", Perspective.values),
            name=self.text(told, (), "name", limit(Measure, "name")),
            **{key: self.text(told, (), key, limit(MeasureVersion, key)) for key in WORDS},
            **{
                key: self.text(told, (), key, limit(MeasureVersion, key), default="")
                for key in MORE_WORDS
            },
            is_validated=self.truth(told, (), "is_validated"),
            audience=self.one_of(told, (), "audience", MeasureVersion.Audience.values, "adult"),
            purpose=purpose,
            **self.scale(self.table("scale")),
            **self.scoring(self.table("scoring")),
            items=self.items(purpose),
            norms=self.norms(),
        )

    def version(self):
        value = self.told.get("version")
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        self.need(is_whole, ("version",), "version is missing or is not a whole number.")
        said = f"version counts from 1 to {LARGEST_NUMBER}."
        self.need(0 < value <= LARGEST_NUMBER, ("version",), said)
        return value

    def language(self):
        value = self.text(self.told, (), "language", limit(MeasureVersion, "language"))
        said = "language is a code like en, de or pt-br."
        self.need("name" in LANG_INFO.get(value, ()), ("language",), said)
        return value

    def scale(self, scale):
        keys = ("minimum", "maximum", "step")
        self.know(scale, keys, ("scale",))
        numbers = [scale.get(key) for key in keys]
        said = "scale needs the numbers minimum, maximum and step."
        self.need(all(map(self.is_number, numbers)), ("scale",), said)
        minimum, maximum, step = map(float, numbers)
        said = "scale goes up from minimum to maximum by a step."
        self.need(minimum < maximum and step > 0, ("scale",), said)
        steps = (maximum - minimum) / step
        said = f"scale has from 1 to {MOST_STEPS} steps."
        self.need(steps < MOST_STEPS + 0.5, ("scale", "step"), said)
        fits = round(steps) >= 1 and abs(steps - round(steps)) < STEP_ROUNDING
        self.need(fits, ("scale", "step"), "scale's steps do not end at its maximum.")
        return {"minimum": minimum, "maximum": maximum, "step": step}

    def scoring(self, scoring):
        self.know(scoring, ("least_answered", "method"), ("scoring",))
        share = scoring.get("least_answered")
        said = "scoring.least_answered is a share from 0 to 1."
        is_share = self.is_number(share) and 0 <= share <= 1
        self.need(is_share, ("scoring", "least_answered"), said)
        methods = MeasureVersion.Method.values
        method = self.one_of(scoring, ("scoring",), "method", methods, "mean")
        return {"least_answered": float(share), "method": method}

    def items(self, purpose):
        told = self.list_of_tables("items")
        self.need(told, ("items",), "there are no items.")
        self.need(len(told) <= MOST_ITEMS, ("items",), f"there are more than {MOST_ITEMS} items.")
        items = tuple(self.item(item, place) for place, item in enumerate(told))
        keys = [item.key for item in items]
        for place, key in enumerate(keys):
            is_free = key not in TAKEN and not key.startswith("besides-")
            self.need(is_free, ("items", place, "key"), f"no item can have the key {key}.")
            said = f"two items have the same key, {key}."
            self.need(key not in keys[:place], ("items", place, "key"), said)
        asked = {item.component for item in items} - {""}
        if purpose == Measure.Purpose.QUALITIES:
            self.need(not asked, ("items",), "qualities belong to no component.")
        is_whole = asked in (set(), set(Item.Component.values))
        said = "each of trust, goals and collaboration is asked, or none of them."
        self.need(is_whole, ("items",), said)
        return items

    def item(self, item, place):
        path, who = ("items", place), f"item {place + 1}"
        self.need(isinstance(item, dict), path, f"{who} is not a table.")
        self.know(item, ITEM, path)
        for key in ("key", "text", "low", "high"):
            value = item.get(key)
            is_there = isinstance(value, str) and value.strip() != ""
            self.need(is_there, (*path, key), f"{who} lacks {key}.")
        component = item.get("component", "")
        said = f"{who} belongs to trust, goals or collaboration, not to {component}."
        is_known = "component" not in item or component in Item.Component.values
        self.need(is_known, (*path, "component"), said)
        is_reverse = item.get("is_reverse", False)
        is_truth = isinstance(is_reverse, bool)
        self.need(is_truth, (*path, "is_reverse"), f"{who}: is_reverse is true or false.")
        picture = self.text(item, path, "picture", limit(Item, "picture"), default="")
        is_drawn = not picture or picture in {file.stem for file in PICTURES.glob("*.svg")}
        self.need(is_drawn, (*path, "picture"), f"{who}: there is no picture {picture}.")
        return ReadItem(
            key=self.slug(item, path, "key", limit(Item, "key")),
            text=self.text(item, path, "text", limit(Item, "text")),
            low=self.text(item, path, "low", limit(Item, "low_anchor")),
            high=self.text(item, path, "high", limit(Item, "high_anchor")),
            component=component,
            is_reverse=is_reverse,
            picture=picture,
        )

    def norms(self):
        told = self.list_of_tables("norms") if "norms" in self.told else []
        return tuple(self.norm(norm, place) for place, norm in enumerate(told))

    def norm(self, norm, place):
        path, who = ("norms", place), f"norm {place + 1}"
        self.need(isinstance(norm, dict), path, f"{who} is not a table.")
        self.know(norm, NORM, path)
        n, mean, sd = (norm.get(key) for key in ("n", "mean", "sd"))
        is_count = isinstance(n, int) and self.is_number(n) and n > 0
        self.need(is_count, (*path, "n"), f"{who}: n says how many people.")
        self.need(self.is_number(mean), (*path, "mean"), f"{who}: mean is a number.")
        is_spread = self.is_number(sd) and sd > 0
        self.need(is_spread, (*path, "sd"), f"{who}: sd is a number over 0.")
        population, source = (
            self.text(norm, path, key, LONGEST_OF_NORM) for key in ("population", "source")
        )
        return Norm(population, n, float(mean), float(sd), source)
