"""Taking questionnaires from their files into the tables."""

import hashlib
import tomllib
from math import isfinite
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from alliance.measures.models import Item, Measure, MeasureVersion, Perspective

STEP_ROUNDING = 1e-9
MOST_STEPS = 100
INSTRUMENTS = Path(__file__).parent / "instruments"


class InstrumentError(Exception):
    """A file of instruments that cannot be used; the text says what and where."""


@transaction.atomic
def load_instruments(folder=INSTRUMENTS):
    """Load every questionnaire of `folder`; return the versions that are new.

    A file that is in the tables already is passed over. One whose wording has
    changed since it was loaded is refused: a new wording is a new number.
    """
    return [version for path in sorted(folder.glob("*.toml")) if (version := _load(path))]


def _load(path):
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    try:
        told = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstrumentError(f"{path.name}: {error}") from error
    _check(told, path.name)
    known = MeasureVersion.objects.filter(
        measure__key=told["key"], number=told["version"], language=told["language"]
    ).first()
    if known:
        if known.digest != digest:
            raise InstrumentError(
                f"{path.name}: version {told['version']} is in use with another wording; "
                "give the new wording a new version number."
            )
        return None
    measure, _created = Measure.objects.get_or_create(
        key=told["key"],
        defaults={"perspective": told["perspective"], "name": told["name"]},
    )
    version = MeasureVersion(
        measure=measure,
        number=told["version"],
        language=told["language"],
        title=told["title"],
        intro=told["intro"],
        comment_prompt=told.get("comment_prompt", ""),
        minimum=told["scale"]["minimum"],
        maximum=told["scale"]["maximum"],
        step=told["scale"]["step"],
        least_answered=told["scoring"]["least_answered"],
        is_validated=told["is_validated"],
        licence=told["licence"],
        source=told["source"],
        digest=digest,
    )
    items = [
        Item(
            version=version,
            key=item["key"],
            position=place,
            component=item["component"],
            text=item["text"],
            low_anchor=item["low"],
            high_anchor=item["high"],
            is_reverse=item.get("is_reverse", False),
        )
        for place, item in enumerate(told["items"], 1)
    ]
    _check_rows([version, *items], path.name)
    version.save()
    Item.objects.bulk_create(items)
    return version


def _check_rows(rows, name):
    """Refuse what the tables would not take: words that are too long, above all."""
    for row in rows:
        try:
            row.clean_fields(exclude=["version", "measure"])
        except ValidationError as error:
            field, (said, *_more) = next(iter(error.message_dict.items()))
            raise InstrumentError(f"{name}: {field} of {row}: {said}") from error


_NEEDED = {
    "key": str,
    "version": int,
    "language": str,
    "perspective": str,
    "name": str,
    "title": str,
    "intro": str,
    "is_validated": bool,
    "licence": str,
    "source": str,
    "scale": dict,
    "scoring": dict,
    "items": list,
}
_OPTIONAL = {"comment_prompt": str}


def _check(told, name):
    """Refuse a questionnaire that lacks something, with the words to mend it."""

    def need(is_so, what):
        if not is_so:
            raise InstrumentError(f"{name}: {what}")

    for key, kind in _NEEDED.items():
        is_so = isinstance(told.get(key), kind) and (kind is bool or told[key] is not True)
        need(is_so and told[key] != "", f"{key} is missing or is not a {kind.__name__}.")
    for key, kind in _OPTIONAL.items():
        need(isinstance(told.get(key, ""), kind), f"{key} is not a {kind.__name__}.")
    unknown = set(told) - set(_NEEDED) - set(_OPTIONAL)
    need(not unknown, f"nobody knows {', '.join(sorted(unknown))}.")
    need(told["version"] > 0, "version counts from 1.")
    need(told["perspective"] in Perspective.values, "perspective is client or therapist.")
    minimum, maximum, step = (told["scale"].get(key) for key in ("minimum", "maximum", "step"))
    need(
        all(_is_number(value) for value in (minimum, maximum, step)),
        "scale needs the numbers minimum, maximum and step.",
    )
    need(minimum < maximum and step > 0, "scale goes up from minimum to maximum by a step.")
    steps = (maximum - minimum) / step
    need(abs(steps - round(steps)) < STEP_ROUNDING, "scale's steps do not end at its maximum.")
    need(1 <= round(steps) <= MOST_STEPS, f"scale has from 1 to {MOST_STEPS} steps.")
    share = told["scoring"].get("least_answered")
    need(_is_number(share) and 0 <= share <= 1, "scoring.least_answered is a share from 0 to 1.")
    need(told["items"], "there are no items.")
    for place, item in enumerate(told["items"], 1):
        need(isinstance(item, dict), f"item {place} is not a table.")
        for key in ("key", "component", "text", "low", "high"):
            value = item.get(key)
            need(isinstance(value, str) and value.strip(), f"item {place} lacks {key}.")
        need(
            item["component"] in Item.Component.values,
            f"item {place} belongs to trust, goals or collaboration, not to {item['component']}.",
        )
        need(
            isinstance(item.get("is_reverse", False), bool),
            f"item {place}: is_reverse is true or false.",
        )
    asked = {item["component"] for item in told["items"]}
    need(asked == set(Item.Component.values), "each of trust, goals and collaboration is asked.")
    keys = [item["key"] for item in told["items"]]
    need(len(set(keys)) == len(keys), "two items have the same key.")


def _is_number(value):
    """Whether a value of a file is a finite number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
