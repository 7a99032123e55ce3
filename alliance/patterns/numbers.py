"""A practice in numbers, for those who manage it: counts only, and no rating is looked at."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils import timezone

from alliance.patterns.clients import years
from alliance.sending.rates import (
    FEWEST_CLIENTS,
    Count,
    Line,
    Rates,
    lines_of,
    present_rates,
)
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, line by line; None where it would tell of single clients."""

    lines: list[Line]
    total: int | None


@dataclass(frozen=True, slots=True)
class Numbers:
    going: Tally
    ended: Tally
    held: Tally
    rates: Rates


def present_numbers(practice):
    """Count a practice's courses of therapy and sessions of the last twelve months."""
    this_year, _before = years(practice)
    courses = Episode.objects.filter(therapist__practice=practice)
    modalities = dict(Episode.Modality.choices)
    going = _counts(courses.open().values_list("modality", "client"))
    over = courses.filter(ended_on__gte=this_year.begins.date(), ended_on__lt=this_year.ends.date())
    with practice.clock():
        held = _counts(
            (timezone.localdate(starts_at).replace(day=1), client)
            for starts_at, client in Session.objects.held()
            .filter(this_year.of("starts_at"), episode__therapist__practice=practice)
            .values_list("starts_at", "episode__client")
        )
    return Numbers(
        going=_tally(going, names=modalities),
        ended=_tally(_counts(over.values_list("modality", "client")), names=modalities),
        held=_tally(held),
        rates=present_rates(practice),
    )


def _counts(pairs):
    counts: dict = defaultdict(Count)
    for name, client in pairs:
        counts[name].add(client, has_answered=False)
    return counts


def _tally(counts, names=None):
    """Put counts into lines, those that would give somebody away without their number."""
    clients = set().union(*(count.clients for count in counts.values()))
    if len(clients) < FEWEST_CLIENTS:
        return Tally([], None)
    names = names or {month: month for month in sorted(counts, reverse=True)}
    return Tally(
        lines_of(counts, names.items(), has_answers=False),
        sum(count.asked for count in counts.values()),
    )
