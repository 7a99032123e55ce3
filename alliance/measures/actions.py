"""Taking questionnaires from their files into the tables."""

import hashlib
from dataclasses import asdict
from functools import cache
from pathlib import Path

from django.db import transaction

from alliance.measures.files import ReadMeasure, decode, read_measure
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.measures.values import InstrumentError

INSTRUMENTS = Path(__file__).parent / "instruments"


@transaction.atomic
def load_instruments(folder=INSTRUMENTS):
    """Load every questionnaire of `folder`; return the versions that are new.

    A file that is in the tables already is passed over. One whose wording has
    changed since it was loaded is refused: a new wording is a new number.
    """
    measures = {measure.key: measure for measure in Measure.objects.all()}
    known = {
        (version.measure_id, version.number, version.language): version.digest
        for version in MeasureVersion.objects.all()
    }
    new = []
    for path in sorted(folder.glob("*.toml")):
        raw = path.read_bytes()
        read, digest = _read(raw, path.name), hashlib.sha256(raw).hexdigest()
        measure = measures.get(read.key)
        if measure is None:
            measure = measures[read.key] = Measure.objects.create(
                key=read.key,
                perspective=read.perspective,
                purpose=read.purpose,
                name=read.name,
            )
        for said, meant in (
            (measure.perspective, read.perspective),
            (measure.purpose, read.purpose),
        ):
            if said != meant:
                raise InstrumentError(
                    f"{path.name}: another file of {read.key} says {said}, not {meant}."
                )
        place = (measure.pk, read.version, read.language)
        if place not in known:
            known[place] = digest
            new.append((as_version(read, measure=measure, digest=digest), read))
        elif known[place] != digest:
            raise InstrumentError(
                f"{path.name}: version {read.version} is in use with another wording; "
                "give the new wording a new version number."
            )
    versions = MeasureVersion.objects.bulk_create(version for version, _read in new)
    Item.objects.bulk_create(
        item
        for version, (_same, read) in zip(versions, new, strict=True)
        for item in as_items(read, version=version)
    )
    return versions


@cache
def _read(raw, name):
    """Read a file that comes with the project; it does not change while we run."""
    return read_measure(decode(raw, name), name)


def as_version(read: ReadMeasure, *, measure, digest):
    """Return what was read of a file as a row that is not saved yet."""
    return MeasureVersion(
        measure=measure,
        number=read.version,
        language=read.language,
        title=read.title,
        intro=read.intro,
        comment_prompt=read.comment_prompt,
        audience=read.audience,
        guess=read.guess,
        minimum=read.minimum,
        maximum=read.maximum,
        step=read.step,
        least_answered=read.least_answered,
        method=read.method,
        norms=[asdict(norm) for norm in read.norms],
        is_validated=read.is_validated,
        licence=read.licence,
        source=read.source,
        translation=read.translation,
        digest=digest,
    )


def as_items(read: ReadMeasure, *, version):
    """Return the statements that were read of a file as rows that are not saved yet."""
    return [
        Item(
            version=version,
            key=item.key,
            position=place,
            component=item.component,
            text=item.text,
            low_anchor=item.low,
            high_anchor=item.high,
            is_reverse=item.is_reverse,
            picture=item.picture,
        )
        for place, item in enumerate(read.items, 1)
    ]
