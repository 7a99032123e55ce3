"""Working out what a practice's ratings amount to, once a day, where all rows are seen."""

from collections import Counter, defaultdict

from django.core.cache import cache
from django.db import transaction

from alliance.patterns.clients import clients_ratings, means_of, years
from alliance.patterns.models import PracticeFigures
from alliance.psychometrics.patterns import FEWEST_CLIENTS, describe
from alliance.psychometrics.scoring import COMPONENTS
from sessions_app.access.actions import record
from sessions_app.access.models import Membership, Practice, Supervision, today

# Whoever takes off what they may read is left with nobody, or with so many therapists.
FEWEST_OTHERS = 3


def keep_figures():
    """Work out the figures of all practices, once a day."""
    day = f"patterns:{today().isoformat()}"
    if not cache.add(day, True, timeout=24 * 60 * 60):
        return
    try:
        for practice in Practice.objects.order_by("pk"):
            work_out_figures(practice=practice)
    except BaseException:
        cache.delete(day)
        raise


@transaction.atomic
def work_out_figures(*, practice):
    """Store the practice's figures of the last twelve months in place of the older ones.

    Whatever may not be told is not kept. Must see all rows; returns the new figures.
    """
    this_year, _before = years(practice)
    ratings = clients_ratings(session__episode__therapist__practice=practice)
    means: dict = defaultdict(lambda: ([], []))
    for row in means_of(ratings, this_year):
        for component in COMPONENTS:
            if row[f"mean_{component}"] is not None:
                whose, values = means[row["measure_version"], component]
                whose.append(row["session__episode__therapist"])
                values.append(row[f"mean_{component}"])
    reaches = _reaches(practice)
    PracticeFigures.objects.filter(practice=practice).delete()
    found = []
    for (version, component), (whose, values) in sorted(means.items()):
        figures = describe(whose, values)
        counted = {one for one, clients in Counter(whose).items() if clients >= FEWEST_CLIENTS}
        if figures and _tells_of_nobody(counted, reaches):
            found.append(
                PracticeFigures(
                    practice=practice,
                    measure_version_id=version,
                    component=component,
                    worked_out_on=practice.day(),
                    therapists=figures.therapists,
                    clients=figures.clients,
                    mu=figures.mu,
                    mu_se=figures.mu_se,
                    tau2=figures.tau2,
                    variance=figures.variance,
                )
            )
    PracticeFigures.objects.bulk_create(found)
    record("patterns.worked_out", practice, by=None)
    return found


def _reaches(practice):
    """Return, for each clinician of today, whose work they may read."""
    own = Membership.objects.today().filter(practice=practice, is_clinician=True)
    reaches = {pk: {pk} for pk in own.values_list("pk", flat=True)}
    pairs = Supervision.objects.today().filter(supervisor__in=reaches)
    for supervisor, therapist in pairs.values_list("supervisor", "therapist"):
        reaches[supervisor].add(therapist)
    return list(reaches.values())


def _tells_of_nobody(counted, reaches):
    """Say whether nobody could take off what they read and be left with one or two therapists."""
    others = (len(counted - reach) for reach in reaches)
    return all(left == 0 or left >= FEWEST_OTHERS for left in others)
