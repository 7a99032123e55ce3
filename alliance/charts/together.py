"""The members of a couple, a family or a group, one small chart for each, on one x axis.

Below them how far apart they are at each meeting, and up to where chance
explains it. Pure: numbers in, pictures out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil

# Pixels, as in charts/trend.py: widths are left to the page.
PANEL, GAP, TOP, BOTTOM = 72, 34, 26, 30
LEFT = 30
MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """What one member said, oldest first.

    `label`   whose it is
    `totals`  a total for each meeting, 0–10, None where there is none
    `came`    whether a rating could be expected of that meeting
    """

    label: str
    totals: Sequence[float | None]
    came: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Apart:
    """How far apart they are at each meeting, and what chance explains, None where unknown."""

    label: str
    distances: Sequence[float | None]
    limits: Sequence[float | None]


def draw_together(
    lines: Sequence[Line], apart: Apart, *, ticks: Sequence[str], summary: str
) -> str:
    """Draw the lines of all members, and how far apart they are, as SVG.

    `ticks` name the meetings; `summary` says in words what is to be seen. Nothing
    is drawn across a meeting that somebody did not rate.
    """
    panels = len(lines) + 1
    height = TOP + panels * PANEL + (panels - 1) * GAP + BOTTOM
    tops = [TOP + place * (PANEL + GAP) for place in range(panels)]
    slots = max(1, len(ticks))

    def x(slot: float) -> str:
        return f"{100 * (slot + 0.5) / slots:.2f}%"

    axis = "".join(
        f'<text class="tick" x="{LEFT - 8}" y="{_y(top, score) + 4:.1f}" text-anchor="end">'
        f"{score}</text>"
        for top in tops
        for score in (0, 5, 10)
    )
    grid = "".join(
        f'<line class="grid" x1="0" x2="100%" y1="{_y(top, score):.1f}" y2="{_y(top, score):.1f}"/>'
        for top in tops
        for score in (0, 5, 10)
    )
    drawn = [_line_svg(line, top, x) for line, top in zip(lines, tops, strict=False)]
    drawn.append(_apart_svg(apart, tops[-1], x))
    every = ceil(slots / MOST_LABELS)
    labels = "".join(
        f'<text class="tick" x="{x(slot)}" y="{height - BOTTOM + 22}" text-anchor="middle">'
        f"{escape(tick)}</text>"
        for slot, tick in enumerate(ticks)
        if slot % every == 0
    )
    return (
        f'<div class="trend-svg" role="img" aria-label="{escape(summary)}">'
        f'<svg width="{LEFT}" height="{height}" aria-hidden="true">{axis}</svg>'
        f'<svg class="plot" width="100%" height="{height}" aria-hidden="true">'
        f"{grid}{''.join(drawn)}{labels}</svg></div>"
    )


def _y(top: float, score: float) -> float:
    return top + PANEL - min(max(score, 0), 10) / 10 * PANEL


def _line_svg(line: Line, top: float, x: Callable[[float], str]) -> str:
    held = [slot for slot, came in enumerate(line.came) if came]
    parts = [_title(line.label, top)]
    for one, other in pairwise(held):
        here, there = line.totals[one], line.totals[other]
        if here is not None and there is not None:
            parts.append(
                f'<line class="run" x1="{x(one)}" y1="{_y(top, here):.1f}" '
                f'x2="{x(other)}" y2="{_y(top, there):.1f}"/>'
            )
    for slot in held:
        parts.append(_dot(x(slot), top, line.totals[slot]))
    return f'<g class="component-total">{"".join(parts)}</g>'


def _apart_svg(apart: Apart, top: float, x: Callable[[float], str]) -> str:
    parts = [_title(apart.label, top)]
    for slot, (distance, limit) in enumerate(zip(apart.distances, apart.limits, strict=True)):
        if distance is not None:
            y = _y(top, distance)
            parts.append(
                f'<line class="run" x1="{x(slot)}" y1="{_y(top, 0):.1f}" x2="{x(slot)}" '
                f'y2="{y:.1f}"/>{_dot(x(slot), top, distance)}'
            )
        if limit is not None:
            # A short dash at its own height, as wide on a phone as on a desk.
            parts.append(
                f'<svg x="{x(slot)}" y="{_y(top, limit):.1f}" overflow="visible">'
                '<line class="limit" x1="-14" x2="14" y1="0" y2="0"/></svg>'
            )
    return f'<g class="component-collaboration">{"".join(parts)}</g>'


def _title(label: str, top: float) -> str:
    return f'<text class="panel" x="0" y="{top - 9}">{escape(label)}</text>'


def _dot(x: str, top: float, score: float | None) -> str:
    if score is None:
        return f'<circle class="ring" cx="{x}" cy="{_y(top, 0):.1f}" r="4"/>'
    return (
        f'<circle class="dot" cx="{x}" cy="{_y(top, score):.1f}" r="4.5">'
        f"<title>{score:.1f}</title></circle>"
    )
