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


def keep_back_small(counts, *, has_answers=True):
    """Return the names of lines to hide: those with few clients, and what would give them away.

    Whoever knows the sum learns what the hidden lines come to together. So there
    is never only one, enough clients stand behind them, somebody among them was
    asked twice or more, and some of them answered and some not: else each could
    be worked out. `has_answers` is whether there is anything but one number.
    """
    hidden = {name for name, count in counts.items() if len(count.clients) < FEWEST_CLIENTS}
    shown = sorted(set(counts) - hidden, key=lambda name: (len(counts[name].clients), str(name)))
    while hidden and shown and _tell_of_each([counts[name] for name in hidden], has_answers):
        hidden.add(shown.pop(0))
    return hidden


def _tell_of_each(hidden, has_answers):
    """Say whether what hidden counts come to together tells what each of them is."""
    together = Count(
        sum(count.asked for count in hidden),
        sum(count.answered for count in hidden),
        set().union(*(count.clients for count in hidden)),
    )
    return (
        len(hidden) == 1
        or len(together.clients) < FEWEST_CLIENTS
        or together.asked == len(hidden)
        or (has_answers and together.answered in (0, together.asked))
    )


def lines_of(counts, names, *, has_answers=True):
    """Put counts into lines in the order of `names`; no lines at all if even none would do."""
    hidden = keep_back_small(counts, has_answers=has_answers)
    if hidden == set(counts) and sum(c.asked for c in counts.values()) == len(counts) > 1:
        return []
    return [
        Line(label, None if name in hidden else counts[name])
        for name, label in names
        if name in counts
    ]


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
    labels = {way: str(label) for way, label in RatingRequest.Channel.choices}
    is_enough = len(total.clients) >= FEWEST_CLIENTS
    ways, of_months = (
        lines_of(by_way, labels.items()),
        lines_of(by_month, zip(months, months, strict=True)),
    )
    return Rates(
        by_way=ways,
        by_month=of_months,
        total=Line("", total) if is_enough else None,
        has_hidden=any(line.count is None for line in ways + of_months),
    )


def _month_before(day, back):
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)
