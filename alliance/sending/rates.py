"""How many of those who were asked answer, by way and by month; small numbers are kept back.

A session counts once: by the way, and in the month, in which it was first
asked about, whatever was tried after.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.utils import timezone

from alliance.measures.models import Perspective
from alliance.ratings.models import RatingRequest

FEWEST_CLIENTS = 5
MONTHS = 12
HAS_ANSWERED = {RatingRequest.Closing.ANSWERED, RatingRequest.Closing.WITHDRAWN}


@dataclass(slots=True)
class Count:
    """How often was asked, and how often answered; of how many clients."""

    asked: int = 0
    answered: int = 0
    clients: set = field(default_factory=set)

    def add(self, client, *, has_answered):
        self.asked += 1
        self.answered += has_answered
        self.clients.add(client)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table; without numbers where they would tell of single clients."""

    name: str | date
    count: Count | None

    @property
    def percent(self):
        return round(100 * self.count.answered / self.count.asked) if self.count else None


@dataclass(frozen=True, slots=True)
class Rates:
    by_way: list[Line]
    by_month: list[Line]
    total: Line | None
    has_hidden: bool


def keep_back_small(counts):
    """Return the names of lines to hide: those with few clients, and what would give them away.

    Whoever knows the sum learns a single hidden line, so there is never only
    one; and those that are hidden stand together for enough clients.
    """
    hidden = {name for name, count in counts.items() if len(count.clients) < FEWEST_CLIENTS}
    shown = sorted(set(counts) - hidden, key=lambda name: (len(counts[name].clients), str(name)))
    while hidden and shown:
        together = set().union(*(counts[name].clients for name in hidden))
        if len(hidden) > 1 and len(together) >= FEWEST_CLIENTS:
            break
        hidden.add(shown.pop(0))
    return hidden


def present_rates(practice):
    """Count a practice's askings of the last twelve months that are over: no codes, no marks."""
    with practice.clock():
        today = timezone.localdate()
        months = [_month_before(today, back) for back in range(MONTHS)]
        begins = timezone.make_aware(datetime.combine(months[-1], time()))
        requests = RatingRequest.objects.filter(
            session__episode__therapist__practice=practice,
            respondent=Perspective.CLIENT,
            asked_at__gte=begins,
        ).order_by("asked_at", "pk")
        by_way: dict[str, Count] = defaultdict(Count)
        by_month: dict[date, Count] = defaultdict(Count)
        total = Count()
        by_session: dict = defaultdict(list)
        for asked in requests.values_list(
            "session", "channel", "asked_at", "session__episode__client", "closing", "expires_at"
        ):
            by_session[asked[0]].append(asked)
        for of_one in by_session.values():
            _session, channel, asked_at, client, _closing, _until = of_one[0]
            closings = {closing for *_first, closing, _until in of_one}
            if "" in closings and of_one[-1][-1] > timezone.now():
                continue
            month = timezone.localdate(asked_at).replace(day=1)
            for count in (by_way[channel], by_month[month], total):
                count.add(client, has_answered=bool(closings & HAS_ANSWERED))
    labels = dict(RatingRequest.Channel.choices)
    hidden_ways, hidden_months = keep_back_small(by_way), keep_back_small(by_month)
    is_enough = len(total.clients) >= FEWEST_CLIENTS
    return Rates(
        by_way=[
            Line(str(label), None if way in hidden_ways else by_way[way])
            for way, label in labels.items()
            if way in by_way
        ],
        by_month=[
            Line(month, None if month in hidden_months else by_month[month])
            for month in months
            if month in by_month
        ],
        total=Line("", total) if is_enough else None,
        has_hidden=bool(hidden_ways or hidden_months),
    )


def _month_before(day, back):
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)
