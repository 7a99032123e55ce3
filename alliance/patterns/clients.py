"""Clients' means: what one client's ratings of a year come to, by component and wording."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Avg, Q
from django.utils import timezone

from alliance.measures.models import Perspective
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from sessions_app.sessions.models import Session

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to a moment, the last not included."""

    begins: datetime
    ends: datetime

    def of(self, field):
        return Q(**{f"{field}__gte": self.begins, f"{field}__lt": self.ends})


def years(practice):
    """Return the last 365 days by the practice's own clock, today included, and those before."""
    with practice.clock():
        tomorrow = practice.day() + timedelta(days=1)
        ends, begins, before = (
            timezone.make_aware(datetime.combine(tomorrow - years * YEAR, time()))
            for years in range(3)
        )
    return Span(begins, ends), Span(before, begins)


def clients_ratings(**of):
    """Keep clients' ratings of held sessions that stand, of the relationship only."""
    standing = Rating.objects.standing().of_alliance()
    return standing.filter(respondent=Perspective.CLIENT, session__status=Session.Status.HELD, **of)


def means_of(ratings, span):
    """Return for each therapist, client and wording the client's mean of each component.

    One row for each, with None where nothing of a component could be scored.
    """
    return (
        ratings.filter(span.of("session__starts_at"))
        .order_by()
        .values("session__episode__therapist", "session__episode__client", "measure_version")
        .annotate(**{f"mean_{name}": Avg(name) for name in COMPONENTS})
    )
