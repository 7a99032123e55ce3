"""The last twelve sessions of each episode, against what is usual for that client by now."""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.measures.models import Perspective
from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from alliance.trends import words
from alliance.trends.models import HEAD_START, Reading

WIDTH = 12
# A part that lies less than this below its own usual, in points, is not called the lowest.
TELLING = 0.5
SHADES = 4


@dataclass(frozen=True, slots=True)
class Said:
    """What a client said of one session. What is unseen is for the therapist to see first."""

    number: int
    version: int
    parts: dict[str, float | None]
    total: float | None
    is_unseen: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One session in the table: a shape, a figure and words; the shade goes with them."""

    sign: str = ""
    figure: str = ""
    said: str = ""
    shade: int | None = None


def last_said(episodes):
    """Return what was said of the last twelve held sessions, by episode, the oldest first.

    One query, whatever the number of episodes and the length of their histories.
    """
    head_start = timezone.now() - HEAD_START
    read = Reading.objects.filter(
        rating=OuterRef("pk"), reader=OuterRef("session__episode__therapist")
    )
    ratings = (
        Rating.objects.standing()
        .of_alliance()
        .filter(
            respondent=Perspective.CLIENT,
            session__episode__in=episodes,
            session__number__gt=F("session__episode__standing__sessions_held") - WIDTH,
        )
        .order_by("session__number")
        .annotate(is_read=Exists(read))
        .values_list(
            *("session__episode", "session__number", "measure_version", "submitted_at", "is_read"),
            *("total", *COMPONENTS),
        )
    )
    found: dict = {}
    for episode, number, version, at, is_read, total, *parts in ratings:
        if any(part is not None for part in parts):
            by_name = dict(zip(COMPONENTS, parts, strict=True))
            said = Said(number, version, by_name, total, at > head_start and not is_read)
            found.setdefault(episode, []).append(said)
    return found


def lowest_part(said):
    """Return the part of the latest rating that lies farthest below its own usual, or nothing.

    Its usual is the mean of what the client marked before, in the same wording, within
    the last twelve sessions. What the therapist has not seen yet does not count.
    """
    seen = [one for one in said if not one.is_unseen]
    if not seen:
        return ""
    latest = seen[-1]
    below = {}
    for name, mark in latest.parts.items():
        before = [
            value
            for one in seen[:-1]
            if one.version == latest.version and (value := one.parts[name]) is not None
        ]
        if mark is not None and len(before) >= ENOUGH_TO_COMPARE:
            below[name] = sum(before) / len(before) - mark
    lowest = max(below, key=lambda name: below[name], default="")
    return lowest if lowest and below[lowest] >= TELLING else ""


def cells(standing, said):
    """Return twelve cells, the latest session last; those before the first session are empty."""
    by_number = {one.number: one for one in said}
    usual = _usual(standing, said)
    latest = said[-1].version if said else None
    first = standing.sessions_held - WIDTH + 1
    return [
        _cell(by_number.get(number), usual, latest) if number > 0 else Cell()
        for number in range(first, standing.sessions_held + 1)
    ]


def _usual(standing, said):
    """Return the usual level and the low end of the usual range, or None while it is too early.

    What is stored is what was usual before the latest total: with two totals that the
    therapist has not seen, it would tell of the first of them.
    """
    facts = standing.finding
    if facts is None or facts["ratings"] < ENOUGH_TO_COMPARE:
        return None
    if sum(one.is_unseen for one in said) > 1:
        return None
    return min(facts["usual"], 10), min(facts["low"], 9.9)


def _cell(said, usual, latest):
    if said is None or (said.total is None and not said.is_unseen):
        return Cell("○", "", _("no rating") if said is None else _("no total"))
    if said.is_unseen:
        return Cell("…", "", _("for the therapist to see first"))
    figure = words.points(said.total)
    if said.version != latest:
        return Cell("·", figure, _("in another wording, not compared"))
    if usual is None:
        return Cell("·", figure, _("too early to say what is usual"))
    level, low = usual
    below = (level - said.total) / (level - low)
    if below > 1:
        return Cell("◇", figure, _("below what is usual by now"), SHADES)
    return Cell("·", figure, _("as is usual by now"), max(0, min(SHADES - 1, int(below * SHADES))))
