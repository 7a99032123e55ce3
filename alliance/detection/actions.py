"""Choosing what is marked, and taking up parameters from a practice's own ratings."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.detection.parameters import as_fields
from sessions_app.access.actions import record

REFIT_AFTER = timedelta(days=28)


@transaction.atomic
def choose_sensitivity(*, practice, preset, comparators, by):
    """Choose what `practice` has marked from now on; what was marked before stays."""
    sensitivity = Sensitivity(
        practice=practice,
        preset=preset,
        comparators=sorted(comparators),
        chosen_at=timezone.now(),
        chosen_by=by,
    )
    sensitivity.full_clean()
    sensitivity.save()
    record("sensitivity.chosen", sensitivity, by=by, fields=["preset", "comparators"])
    return sensitivity


@transaction.atomic
def store_parameters(*, practice, proposal, by=None):
    """Store a proposal as the next version; courses that have begun keep theirs.

    Raises ValidationError where there is nothing to store, or where the last
    version is not a month old.
    """
    if proposal.blended is None:
        raise ValidationError(_("There are too few ratings to fit parameters to."))
    versions = ParameterVersion.objects.filter(
        practice=practice, measure_version=proposal.measure_version
    )
    latest = versions.select_for_update().order_by("-number")[:1].get()
    now = timezone.now()
    is_fitted = latest.origin == ParameterVersion.Origin.FITTED
    if is_fitted and latest.made_at > now - REFIT_AFTER:
        raise ValidationError(_("The last version is not a month old."))
    version = ParameterVersion(
        practice=practice,
        measure_version=proposal.measure_version,
        number=latest.number + 1,
        **as_fields(proposal.blended),
        low_cutoff=proposal.low_cutoff,
        origin=ParameterVersion.Origin.FITTED,
        clients=proposal.clients,
        ratings=proposal.ratings,
        made_at=now,
    )
    version.full_clean()
    version.save()
    record("parameters.fitted", version, by=by)
    return version
