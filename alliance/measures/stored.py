"""A wording as it is in the tables, from and to the shape in which files are read."""

from dataclasses import asdict

from alliance.measures.files import Norm, ReadItem, ReadMeasure
from alliance.measures.models import Item, MeasureVersion


def as_read(version) -> ReadMeasure:
    """Return a stored wording as it would be read from a file."""
    return ReadMeasure(
        key=version.measure.key,
        version=version.number,
        language=version.language,
        perspective=version.measure.perspective,
        name=version.measure.name,
        title=version.title,
        intro=version.intro,
        is_validated=version.is_validated,
        licence=version.licence,
        source=version.source,
        minimum=version.minimum,
        maximum=version.maximum,
        step=version.step,
        least_answered=version.least_answered,
        items=tuple(
            ReadItem(
                key=item.key,
                text=item.text,
                low=item.low_anchor,
                high=item.high_anchor,
                component=item.component,
                is_reverse=item.is_reverse,
                picture=item.picture,
            )
            for item in version.items.all()
        ),
        method=version.method,
        comment_prompt=version.comment_prompt,
        audience=version.audience,
        guess=version.guess,
        translation=version.translation,
        norms=tuple(Norm(**norm) for norm in version.norms),
    )


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
