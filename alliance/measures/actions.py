"""Taking questionnaires from their files into the tables."""

import hashlib
import tomllib
from pathlib import Path

from django.db import transaction

from alliance.measures.models import Item, Measure, MeasureVersion, Perspective

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
    version = MeasureVersion.objects.create(
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
    Item.objects.bulk_create(
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
    )
    return version


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
    for key, kind in _NEEDED.items():
        if not isinstance(told.get(key), kind):
            raise InstrumentError(f"{name}: {key} is missing or is not a {kind.__name__}.")
    unknown = set(told) - set(_NEEDED) - set(_OPTIONAL)
    if unknown:
        raise InstrumentError(f"{name}: nobody knows {', '.join(sorted(unknown))}.")
    if told["perspective"] not in Perspective.values:
        raise InstrumentError(f"{name}: perspective is client or therapist.")
    scale = told["scale"]
    if not all(isinstance(scale.get(key), int | float) for key in ("minimum", "maximum", "step")):
        raise InstrumentError(f"{name}: scale needs the numbers minimum, maximum and step.")
    share = told["scoring"].get("least_answered")
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise InstrumentError(f"{name}: scoring.least_answered is a share from 0 to 1.")
    if not told["items"]:
        raise InstrumentError(f"{name}: there are no items.")
    for place, item in enumerate(told["items"], 1):
        for key in ("key", "component", "text", "low", "high"):
            if not isinstance(item.get(key), str) or not item[key].strip():
                raise InstrumentError(f"{name}: item {place} lacks {key}.")
        if item["component"] not in Item.Component.values:
            raise InstrumentError(
                f"{name}: item {place} belongs to trust, goals or collaboration, "
                f"not to {item['component']}."
            )
    keys = [item["key"] for item in told["items"]]
    if len(set(keys)) < len(keys):
        raise InstrumentError(f"{name}: two items have the same key.")
