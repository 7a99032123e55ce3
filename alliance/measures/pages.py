"""The questionnaires of a practice: what a manager sees."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from alliance.measures.licences import Licence
from alliance.measures.models import Measure, MeasureVersion
from alliance.measures.scaffolding import Scaffold, scaffolds
from alliance.measures.stored import as_read
from sessions_app.access.models import Practice, today

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Listed:
    """One wording, in words: how it stands, and why it is or is not asked."""

    version: MeasureVersion
    licence: Licence | None
    says: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class MeasuresPage:
    practice: Practice
    own: list[Listed]
    ours: dict[Measure, list[MeasureVersion]]


@dataclass(frozen=True, slots=True)
class VersionPage:
    practice: Practice
    listed: Listed
    version: MeasureVersion
    licences: list[Licence]
    scaffold: Scaffold | None
    can_activate: bool
    has_no_total: bool


def present_measures(practice):
    """List the wordings that `practice` added, and ours below, by questionnaire."""
    versions = (
        MeasureVersion.objects.for_practice(practice)
        .select_related("measure")
        .prefetch_related("licences")
        .order_by("measure__name", "language", "-number")
    )
    own: list[Listed] = []
    ours: dict[Measure, list[MeasureVersion]] = {}
    for version in versions:
        if version.measure.practice_id:
            own.append(_listed(version))
        else:
            ours.setdefault(version.measure, []).append(version)
    return MeasuresPage(practice=practice, own=own, ours=ours)


def present_version(version):
    """Say all that is known of one wording of a practice's own."""
    listed = _listed(version)
    licences = sorted(version.licences.all(), key=lambda one: one.pk, reverse=True)
    return VersionPage(
        practice=version.measure.practice,
        listed=listed,
        version=version,
        licences=licences,
        scaffold=scaffolds().get(version.measure.key),
        can_activate=version.state != MeasureVersion.State.ACTIVE and _holding(version) is not None,
        has_no_total=not any(item.component for item in version.items.all()),
    )


def _holding(version):
    """Return the licence that holds today for longest, of those that were fetched with it."""
    now = today()
    holding = [one for one in version.licences.all() if one.attested_on <= now <= one.valid_until]
    return max(holding, key=lambda one: (one.valid_until, one.pk), default=None)


def _listed(version):
    licence = _holding(version)
    until = date_format(licence.valid_until, "j M Y") if licence else ""
    is_active = version.state == MeasureVersion.State.ACTIVE
    if is_active and licence is None:
        last = max((one.valid_until for one in version.licences.all()), default=None)
        says = _(
            "Its licence ended on %(day)s, so it is asked no longer. Whoever was asked it is asked "
            "our own statements instead, until you attest a new licence."
        ) % {"day": date_format(last, "j M Y") if last else "–"}
    elif is_active and licence.valid_until - today() <= SOON:
        says = _(
            "Can be asked, but its licence ends soon: on %(day)s. After that our own statements "
            "are asked instead."
        ) % {"day": until}
    elif is_active:
        says = _("Can be asked. Its licence holds until %(day)s.") % {"day": until}
    elif version.state == MeasureVersion.State.RETIRED:
        says = _("Stopped: it is asked no longer. What was answered stays.")
    elif licence:
        says = _("A draft, asked of nobody. Its licence holds until %(day)s.") % {"day": until}
    else:
        says = _("A draft, asked of nobody. It needs a licence before it can be activated.")
    return Listed(version, licence, says, is_off=is_active and licence is None)


def next_number(practice, key, language):
    """Return the number that the next wording of a practice's own measure has."""
    versions = MeasureVersion.objects.filter(
        measure__practice=practice, measure__key=key, language=language
    )
    return (versions.aggregate(last=Max("number"))["last"] or 0) + 1


def begin_with(scaffold):
    """Return what a form for the words to this scaffold holds from the beginning."""
    begun = {
        name: getattr(scaffold, name)
        for name in ("key", "name", "perspective", "minimum", "maximum", "step", "method")
    }
    begun["least_answered"] = f"{scaffold.least_answered:g}"
    for place, component in enumerate(scaffold.components, 1):
        begun[f"component_{place}"] = component
        begun[f"is_reverse_{place}"] = scaffold.reverse[place - 1]
    return begun


def go_on_with(version):
    """Return what a form for the words of this draft holds."""
    read = as_read(version)
    begun = {
        name: getattr(read, name)
        for name in (
            *("name", "key", "language", "perspective", "title", "intro", "comment_prompt"),
            *("minimum", "maximum", "step", "method", "is_validated", "source", "translation"),
        )
    }
    begun["least_answered"] = f"{read.least_answered:g}"
    for place, item in enumerate(read.items, 1):
        for name in ("text", "low", "high", "component", "is_reverse"):
            begun[f"{name}_{place}"] = getattr(item, name)
    for name in ("population", "n", "mean", "sd", "source") if read.norms else ():
        begun[f"norm_{name}"] = getattr(read.norms[0], name)
    return begun
