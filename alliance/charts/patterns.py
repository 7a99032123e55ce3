"""Two small pictures of how a therapist's clients rate: each client a dot, and the funnel. Pure."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from math import ceil, floor
from typing import NamedTuple

WIDTH, SIDE = 340, 14
DOT = 4
BINS = 40
FUNNEL_HEIGHT, TOP, BOTTOM, LEFT = 190, 12, 34, 30


def strip(means: Sequence[float], *, summary: str) -> str:
    """Draw each mean (0–10) as a dot along a line, those close together one above the other.

    `summary` says in words what is to be seen. Raises ValueError outside 0 to 10.
    """
    if any(not 0 <= mean <= 10 for mean in means):
        raise ValueError("a mean lies from 0 to 10")
    places = [round(mean / 10 * BINS) for mean in means]
    highest = max(Counter(places).values(), default=1)
    base = 2 * DOT * highest + 6
    seen: Counter = Counter()
    dots = []
    for place in sorted(places):
        seen[place] += 1
        y = base - DOT - 1 - 2 * DOT * (seen[place] - 1)
        dots.append(
            f'<circle class="dot" cx="{_along(place / BINS * 10):.1f}" cy="{y}" r="{DOT}"/>'
        )
    ticks = "".join(
        f'<line class="grid" x1="{_along(mark):.1f}" x2="{_along(mark):.1f}" y1="{base - 3}" '
        f'y2="{base + 3}"/><text class="tick" x="{_along(mark):.1f}" y="{base + 16}" '
        f'text-anchor="middle">{mark}</text>'
        for mark in range(0, 11, 2)
    )
    height = base + 20
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(summary)}">'
        f'<line class="grid" x1="{SIDE}" x2="{WIDTH - SIDE}" y1="{base}" y2="{base}"/>'
        f"{ticks}{''.join(dots)}</svg>"
    )


def _along(mark):
    return SIDE + mark / 10 * (WIDTH - 2 * SIDE)


class Limit(NamedTuple):
    """Between which means a therapist with so many clients lies by chance."""

    clients: int
    low: float
    high: float


def funnel(
    limits: Sequence[Limit], *, average: float, own: tuple[int, float], summary: str, along: str
) -> str:
    """Draw the limits around the average by number of clients, and one dot: whose page it is.

    Nobody else is drawn. `along` names the lower axis. `summary` says in words
    what is to be seen. Raises ValueError for fewer than two limits.
    """
    if len(limits) < 2:
        raise ValueError("a funnel has two ends")
    marks = [limit.low for limit in limits] + [limit.high for limit in limits] + [own[1]]
    least, most = max(0, floor(min(marks))), min(10, ceil(max(marks)))
    first, last = limits[0].clients, limits[-1].clients

    def x(clients):
        return LEFT + (clients - first) / (last - first) * (WIDTH - LEFT - SIDE)

    def y(mark):
        share = (min(max(mark, least), most) - least) / (most - least)
        return FUNNEL_HEIGHT - BOTTOM - share * (FUNNEL_HEIGHT - TOP - BOTTOM)

    outline = [(one.clients, one.high) for one in limits]
    outline += [(one.clients, one.low) for one in reversed(limits)]
    points = " ".join(f"{x(clients):.1f},{y(mark):.1f}" for clients, mark in outline)
    rows = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - SIDE}" y1="{y(mark):.1f}" '
        f'y2="{y(mark):.1f}"/><text class="tick" x="{LEFT - 6}" y="{y(mark) + 4:.1f}" '
        f'text-anchor="end">{mark}</text>'
        for mark in range(least, most + 1)
    )
    ticks = "".join(
        f'<text class="tick" x="{x(clients):.1f}" y="{FUNNEL_HEIGHT - BOTTOM + 16}" '
        f'text-anchor="middle">{clients}</text>'
        for clients in _round_numbers(first, last)
    )
    return (
        f'<svg class="funnel" viewBox="0 0 {WIDTH} {FUNNEL_HEIGHT}" role="img" '
        f'aria-label="{escape(summary)}">{rows}<polygon class="usual" points="{points}"/>'
        f'<line class="average" x1="{LEFT}" x2="{WIDTH - SIDE}" y1="{y(average):.1f}" '
        f'y2="{y(average):.1f}"/>{ticks}'
        f'<text class="tick" x="{(LEFT + WIDTH - SIDE) / 2:.0f}" y="{FUNNEL_HEIGHT - 4}" '
        f'text-anchor="middle">{escape(along)}</text>'
        f'<circle class="dot" cx="{x(own[0]):.1f}" cy="{y(own[1]):.1f}" r="5"/></svg>'
    )


def _round_numbers(first, last):
    """Return the ends, and the round numbers between them that leave room for their digits."""
    gap = ceil((last - first) / 40) * 10
    between = range(ceil(first / gap) * gap, last, gap)
    room = (last - first) / 10
    return [first, *(n for n in between if n - first >= room and last - n >= room), last]
