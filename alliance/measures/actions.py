"""Taking questionnaires into the tables, ours and a practice's own, and letting them be asked."""

import hashlib
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from alliance.measures.fhir import write_questionnaire
from alliance.measures.files import ReadMeasure, decode, read_measure
from alliance.measures.licences import Licence
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.measures.stored import as_items, as_read, as_version
from alliance.measures.values import InstrumentError
from sessions_app.access.actions import record
from sessions_app.access.models import Practice, today

INSTRUMENTS = Path(__file__).parent / "instruments"


@transaction.atomic
def load_instruments(folder=INSTRUMENTS):
    """Load every questionnaire of `folder`; return the versions that are new.

    A file that is in the tables already is passed over. One whose wording has
    changed since it was loaded is refused: a new wording is a new number.
    """
    measures = {measure.key: measure for measure in Measure.objects.filter(practice=None)}
    known = {
        (version.measure_id, version.number, version.language): version.digest
        for version in MeasureVersion.objects.filter(measure__practice=None)
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
            version = as_version(read, measure=measure, digest=digest)
            version.state = MeasureVersion.State.ACTIVE
            new.append((version, read))
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


@transaction.atomic
def add_measure(*, practice, read: ReadMeasure, by):
    """Add a wording to those of `practice`, as a draft that nobody is asked.

    Raises ValidationError where it would stand in the place of another.
    """
    Practice.objects.select_for_update().get(pk=practice.pk)  # One at a time.
    if Measure.objects.filter(practice=None, key=read.key).exists():
        raise ValidationError(
            _("“%(key)s” is one of ours: choose another key.") % {"key": read.key}
        )
    if read.purpose != Measure.Purpose.ALLIANCE:
        raise ValidationError(_("Only what is asked of each session can be added."))
    measure, _is_new = Measure.objects.get_or_create(
        practice=practice,
        key=read.key,
        defaults={"perspective": read.perspective, "name": read.name},
    )
    if measure.perspective != read.perspective:
        raise ValidationError(
            _("“%(key)s” is here already, and asked of somebody else.") % {"key": read.key}
        )
    if measure.versions.filter(number=read.version, language=read.language).exists():
        raise ValidationError(
            _("Version %(number)s of “%(key)s” in this language is here already.")
            % {"number": read.version, "key": read.key}
        )
    version = as_version(read, measure=measure, digest=_digest(read))
    version.save()
    Item.objects.bulk_create(as_items(read, version=version))
    record("measure.added", version, by=by)
    return version


@transaction.atomic
def change_draft(*, version, read: ReadMeasure, by):
    """Put other words into a draft: as many statements as before, with the keys that they had.

    Raises ValidationError for what is no draft any more.
    """
    locked = MeasureVersion.objects.select_for_update(of=["self"]).select_related("measure")
    version = locked.get(pk=version.pk)
    if version.state != MeasureVersion.State.DRAFT:
        raise ValidationError(_("This is no draft any more: add what is new as a new version."))
    changed = as_version(read, measure=version.measure, digest=_digest(read))
    changed.pk, changed.number, changed.language = version.pk, version.number, version.language
    changed.save(force_update=True)
    rows = {row.key: row for row in version.items.all()}
    for item in as_items(read, version=changed):
        item.pk = rows[item.key].pk
        item.save(force_update=True)
    record("measure.changed", changed, by=by)
    return changed


@transaction.atomic
def attest_licence(*, version, holder, kind, number, valid_until, by, notice=""):
    """Note what licence a practice holds for a wording, on the word of `by`.

    Raises ValidationError for one that is over.
    """
    licence = Licence(
        version=version,
        holder=holder,
        kind=kind,
        number=number,
        notice=notice,
        attested_by=by,
        attested_on=today(),
        valid_until=valid_until,
    )
    if valid_until < licence.attested_on:
        raise ValidationError({"valid_until": _("By this day the licence is over already.")})
    licence.full_clean()
    licence.save()
    record("licence.attested", licence, by=by)
    return licence


@transaction.atomic
def activate(*, version, by):
    """Let a wording of a practice's own be asked from now on, in place of the one before.

    Raises ValidationError without a licence that holds today.
    """
    versions = MeasureVersion.objects.filter(measure__practice__isnull=False)
    if not versions.licensed().filter(pk=version.pk).exists():
        raise ValidationError(
            _("It cannot be activated without a licence that holds today. Attest one first.")
        )
    State = MeasureVersion.State
    before = versions.filter(
        measure=version.measure_id, language=version.language, state=State.ACTIVE
    ).exclude(pk=version.pk)
    before.update(state=State.RETIRED)
    if versions.filter(pk=version.pk).exclude(state=State.ACTIVE).update(state=State.ACTIVE):
        record("measure.activated", version, by=by)


@transaction.atomic
def stop(*, version, by):
    """Let a wording of a practice's own be asked no longer; what was answered stays."""
    State = MeasureVersion.State
    active = MeasureVersion.objects.filter(pk=version.pk, measure__practice__isnull=False)
    if active.filter(state=State.ACTIVE).update(state=State.RETIRED):
        record("measure.stopped", version, by=by)


@transaction.atomic
def export_measure(*, version, by):
    """Return a wording as FHIR, and note that it was downloaded.

    Ours goes with its words; of a practice's own only the structure leaves.
    """
    record("measure.exported", version, by=by)
    is_ours = version.measure.practice_id is None
    return write_questionnaire(as_read(version), status=version.state, with_wording=is_ours)


def _digest(read):
    """Return a digest of what was read, wherever it came from."""
    return hashlib.sha256(repr(read).encode()).hexdigest()
