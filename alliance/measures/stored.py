"""A wording as it is in the tables, in the shape in which files are read."""

from alliance.measures.files import Norm, ReadItem, ReadMeasure


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
