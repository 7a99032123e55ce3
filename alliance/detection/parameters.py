"""The parameters that the detector reckons with: those in force, and a practice's own."""

from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from alliance.detection.lines import lines_of
from alliance.detection.models import ParameterVersion
from alliance.measures.models import MeasureVersion
from alliance.psychometrics import fitting
from alliance.psychometrics.detector import Parameters
from alliance.psychometrics.level import early_alliance

LOWEST, HIGHEST = 0.0, 10.0
# Where no mean is known: clients rate high on every published measure of the kind.
EXPECTED_MEAN = 7.5
# Local norms: so many clients and ratings, and the share of them that counts as low.
NORM_CLIENTS, NORM_RATINGS, LOW_SHARE = 30, 150, 0.15


def in_force(practice, measure_version, *, at):
    """Return the parameters for a course that begins at a moment, in one wording.

    The newest that had been made by then; else the first. Where there are none
    yet, cautious values to start with are made.
    """
    versions = ParameterVersion.objects.filter(practice=practice, measure_version=measure_version)
    known = list(versions.order_by("number"))
    made = [version for version in known if version.made_at <= at]
    return (made or known[::-1] or [start(practice, measure_version)])[-1]


def start(practice, measure_version):
    """Make the cautious values to start with for one wording, on totals from 0 to 10."""
    version, _created = ParameterVersion.objects.get_or_create(
        practice=practice,
        measure_version=measure_version,
        number=1,
        defaults={
            **as_fields(start_values(measure_version)),
            "origin": ParameterVersion.Origin.START,
            "made_at": timezone.now(),
        },
    )
    return version


def start_values(measure_version):
    """Return what is reckoned with before a practice has ratings of its own."""
    return fitting.start_values(
        m=EXPECTED_MEAN,
        lowest=LOWEST,
        highest=HIGHEST,
        ceiling=HIGHEST - measure_version.smallest_step_of_total(),
    )


def as_fields(parameters):
    """Return the detector's parameters under the names of the table."""
    return {
        "mean": parameters.m,
        "between": parameters.sb2,
        "state": parameters.ss2,
        "error": parameters.se2,
        "persistence": parameters.phi,
        "ceiling": parameters.ceiling,
    }


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a practice's own ratings in one wording say of the parameters.

    `fit` is what they say by themselves, None where there are too few;
    `blended` is that, drawn towards the start values while clients are few.
    """

    measure_version: MeasureVersion
    old: ParameterVersion
    clients: int
    ratings: int
    fit: fitting.Fit | None
    blended: Parameters | None
    low_cutoff: float | None


def propose(practice, measure_version):
    """Fit the parameters anew to all ratings of `practice` in one wording. Stores nothing."""
    start = start_values(measure_version)
    series = [line.totals for line in lines_of(practice, version=measure_version.pk)]
    rows = fitting.as_rows(series)
    fit = fitting.fit_parameters(rows, ceiling=start.ceiling) if rows.size else None
    blended = fitting.blend(fit, start) if fit else None
    return Proposal(
        measure_version=measure_version,
        old=in_force(practice, measure_version, at=timezone.now()),
        clients=fitting.clients_with_enough(rows) if rows.size else 0,
        ratings=int((~np.isnan(rows)).sum()),
        fit=fit,
        blended=blended,
        low_cutoff=_low_cutoff(series, blended) if blended else None,
    )


def _low_cutoff(series, parameters):
    """Return the 15th percentile of the clients' early means, where norms exist at all."""
    early = [found.mean for totals in series if (found := early_alliance(totals, parameters))]
    given = sum(total is not None for totals in series for total in totals)
    if len(early) < NORM_CLIENTS or given < NORM_RATINGS:
        return None
    return float(np.quantile(early, LOW_SHARE))
