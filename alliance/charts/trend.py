"""The course of an episode as a picture: laid out once, drawn twice.

`lay_out` decides where everything stands: the mean of the three parts with
this client's usual range, its smoothed course and the marks; below it, each
part for itself. `as_svg` draws it into the page, so that it is painted with
the page, prints, and works without script; `charts/figure.py` gives Plotly
the same numbers in the same places, so that it can take over in the same box
without a jump. Pure: numbers in, pictures out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import ceil

from alliance.psychometrics.scoring import COMPONENTS

# Pixels. Widths are left to the page: places along the x axis are shares of it.
TALL, PANEL, GAP, TOP, BOTTOM = 156, 76, 34, 26, 30
LEFT, RIGHT = 30, 12
HEIGHT = TOP + TALL + 3 * (GAP + PANEL) + BOTTOM
MOST_LABELS = 12
TOTAL = "total"
# Areas are drawn in units of their own, stretched to the width of the page.
UNITS = 1000
SIGNS = ("lower", "told", "sliding", "back", "rule", "watch", "mode")


@dataclass(frozen=True, slots=True)
class Point:
    """One logged session on the x axis.

    `label`      the session's number, or the sign of one that was not held
    `said`       what it is, in words, for the tooltip
    `scores`     the client's components and total, 0–10, None where missing
    `own`        the therapist's, likewise
    `usual`      the ends of the range in which the total was to be expected
    `middle`     the usual level
    `level`      the smoothed total, and the ends of its band
    `signs`      what was marked here, of `SIGNS`
    `is_held`    whether a rating could be expected at all
    `is_break`   whether another wording begins here: no line goes on across it
    """

    label: str
    said: str
    scores: Mapping[str, float | None] = field(default_factory=dict)
    own: Mapping[str, float | None] = field(default_factory=dict)
    usual: tuple[float, float] | None = None
    middle: float | None = None
    level: tuple[float, float, float] | None = None
    signs: tuple[str, ...] = ()
    is_held: bool = True
    is_break: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart: places are (slot, score) pairs."""

    key: str
    label: str
    top: float
    height: float
    runs: list[list[tuple[int, float]]]
    own: list[tuple[int, float]]
    unrated: list[tuple[int, float]]

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def y(self, score: float) -> float:
        return self.bottom - min(max(score, 0), 10) / 10 * self.height


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, for both ways of drawing it.

    `panels`  the total's first, then those of the components
    `ranges`  stretches of the usual range: (place, low, high), place in slots
    `bands`   the same for the smoothed course
    `levels`  stretches of the smoothed course: (slot, level)
    `signs`   (slot, score, sign)
    """

    panels: list[Panel]
    ticks: list[tuple[int, str]]
    said: list[str]
    ranges: list[list[tuple[float, float, float]]]
    bands: list[list[tuple[float, float, float]]]
    levels: list[list[tuple[int, float]]]
    signs: list[tuple[int, float, str]]

    @property
    def slots(self) -> int:
        return max(1, len(self.said))

    @property
    def total(self) -> Panel:
        return self.panels[0]

    def x(self, slot: float) -> float:
        """Return the middle of a slot as a share of the width, 0 to 1."""
        return (slot + 0.5) / self.slots


def lay_out(points: Sequence[Point], labels: Mapping[str, str]) -> Layout:
    """Place the points of an episode, oldest first, in four panels on one x axis.

    `labels` names the total and the components. A session that was held but
    has no score in a panel becomes a ring: at the usual level, where one is
    known, else at the panel's floor. Nothing is drawn across it.
    """
    tops = [TOP] + [TOP + TALL + GAP + place * (PANEL + GAP) for place in range(len(COMPONENTS))]
    panels = [
        Panel(
            key=key,
            label=labels[key],
            top=top,
            height=TALL if key == TOTAL else PANEL,
            runs=list(_runs(points, lambda point, key=key: point.scores.get(key))),
            own=[
                (slot, score)
                for slot, point in enumerate(points)
                if (score := point.own.get(key)) is not None
            ],
            unrated=[
                (slot, point.middle or 0.0 if key == TOTAL else 0.0)
                for slot, point in enumerate(points)
                if point.is_held and point.scores.get(key) is None
            ],
        )
        for key, top in zip((TOTAL, *COMPONENTS), tops, strict=True)
    ]
    levels = list(_runs(points, lambda point: point.level))
    return Layout(
        panels=panels,
        ticks=_ticks(points),
        said=[point.said for point in points],
        ranges=[
            _to_the_edges([(slot, *ends) for slot, ends in run])
            for run in _runs(points, lambda point: point.usual)
        ],
        bands=[
            _to_the_edges([(slot, low, high) for slot, (_l, low, high) in run]) for run in levels
        ],
        levels=[[(slot, level[0]) for slot, level in run] for run in levels],
        signs=[
            (slot, score, sign)
            for slot, point in enumerate(points)
            for sign in point.signs
            if (score := point.scores.get(TOTAL)) is not None
        ],
    )


def _runs(points, value):
    """Yield the unbroken stretches of a value; a session that was not held breaks nothing."""
    run: list = []
    for slot, point in enumerate(points):
        if not point.is_held:
            continue
        found = value(point)
        if run and (found is None or point.is_break):
            yield run
            run = []
        if found is not None:
            run.append((slot, found))
    if run:
        yield run


def _to_the_edges(stretch):
    """Let an area begin and end at the edges of its slots, so that one session has an area too."""
    (first, *start), (last, *end) = stretch[0], stretch[-1]
    return [(first - 0.5, *start), *stretch, (last + 0.5, *end)]


def _ticks(points):
    """Label every session that was not held, and as many of the others as there is room for."""
    held = [slot for slot, point in enumerate(points) if point.is_held]
    every = max(1, ceil(len(points) / MOST_LABELS))
    wanted = {slot for place, slot in enumerate(held) if place % every == 0}
    return [
        (slot, point.label)
        for slot, point in enumerate(points)
        if slot in wanted or not point.is_held
    ]


def as_svg(layout: Layout, *, summary: str, identifier: str = "trend") -> str:
    """Draw a layout as SVG: a fixed axis at the left, and a plot as wide as the page gives it.

    Places along the plot are percentages, so that text keeps its size at
    every width. `summary` says in words what is to be seen.
    """
    axis = "".join(
        f'<text class="tick" x="{LEFT - 8}" y="{panel.y(score) + 4:.1f}" text-anchor="end">'
        f"{score}</text>"
        for panel in layout.panels
        for score in (0, 5, 10)
    )
    plot = "".join(
        [_grid_svg(layout), _areas_svg(layout), *(_panel_svg(layout, p) for p in layout.panels)]
    )
    ticks = "".join(
        f'<text class="tick" x="{_percent(layout, slot)}" y="{HEIGHT - BOTTOM + 22}" '
        f'text-anchor="middle">{escape(label)}</text>'
        for slot, label in layout.ticks
    )
    return (
        f'<div class="trend-svg" role="img" aria-label="{escape(summary)}" id="{identifier}-svg">'
        f'<svg width="{LEFT}" height="{HEIGHT}" aria-hidden="true">{axis}</svg>'
        f'<svg class="plot" width="100%" height="{HEIGHT}" aria-hidden="true">{plot}{ticks}</svg>'
        "</div>"
    )


def _grid_svg(layout):
    return "".join(
        f'<line class="grid" x1="0" x2="100%" y1="{panel.y(score):.1f}" y2="{panel.y(score):.1f}"/>'
        for panel in layout.panels
        for score in (0, 5, 10)
    )


def _areas_svg(layout):
    """Draw the usual range and the band of the smoothed course, stretched to the plot's width."""
    areas = "".join(
        f'<polygon class="{name}" points="{_outline(layout, stretch)}"/>'
        for name, stretches in (("usual", layout.ranges), ("band", layout.bands))
        for stretch in stretches
    )
    if not areas:
        return ""
    return (
        f'<svg width="100%" height="{HEIGHT}" viewBox="0 0 {UNITS} {HEIGHT}" '
        f'preserveAspectRatio="none">{areas}</svg>'
    )


def _outline(layout, stretch):
    along = [(place, low) for place, low, _high in stretch]
    back = [(place, high) for place, _low, high in reversed(stretch)]
    return " ".join(
        f"{layout.x(place) * UNITS:.1f},{layout.total.y(score):.1f}"
        for place, score in along + back
    )


def _panel_svg(layout, panel):
    parts = [f'<text class="panel" x="0" y="{panel.top - 9}">{escape(panel.label)}</text>']
    parts += [
        f'<circle class="ring" cx="{_percent(layout, slot)}" cy="{panel.y(score):.1f}" r="4"/>'
        for slot, score in panel.unrated
    ]
    for slot, score in panel.own:
        parts.append(
            f'<rect class="own" x="{_percent(layout, slot)}" y="{panel.y(score):.1f}" '
            'width="8" height="8" transform="translate(-4 -4)"/>'
        )
    if panel.key == TOTAL:
        parts += _lines(layout, panel, layout.levels, "level")
        parts += [_sign_svg(layout, *sign) for sign in layout.signs]
    else:
        parts += _lines(layout, panel, panel.runs, "run")
    parts += [
        f'<circle class="dot" cx="{_percent(layout, slot)}" cy="{panel.y(score):.1f}" r="4.5">'
        f"<title>{escape(layout.said[slot])}: {score:.1f}</title></circle>"
        for run in panel.runs
        for slot, score in run
    ]
    return f'<g class="component-{panel.key}">{"".join(parts)}</g>'


def _lines(layout, panel, runs, name):
    return [
        f'<line class="{name}" x1="{_percent(layout, a)}" y1="{panel.y(b):.1f}" '
        f'x2="{_percent(layout, c)}" y2="{panel.y(d):.1f}"/>'
        for run in runs
        for (a, b), (c, d) in pairwise(run)
    ]


# Each sign has a shape of its own, drawn around the middle of its dot.
SHAPES = {
    "lower": "M0-11 11 0 0 11-11 0Z",
    "sliding": "M-10-8H10L0 11Z",
    "back": "M0-11 2.6-3.6 10.5-3.4 4.2 1.4 6.5 8.9 0 4.4-6.5 8.9-4.2 1.4-10.5-3.4-2.6-3.6Z",
    "rule": "M-9-9H9V9H-9Z",
    "watch": "M-8 0A8 8 0 1 0 8 0A8 8 0 1 0-8 0Z",
    "told": "M-10-9H10V6H1L-5 11V6H-10Z",
    "mode": "M-7 8H7",
}


def _sign_svg(layout, slot, score, sign):
    """Draw the shape of a sign; a nested drawing carries it to its place, which is a percentage."""
    return (
        f'<svg class="sign-{sign}" x="{_percent(layout, slot)}" y="{layout.total.y(score):.1f}" '
        f'overflow="visible"><path d="{SHAPES[sign]}"/></svg>'
    )


def _percent(layout, slot):
    return f"{100 * layout.x(slot):.2f}%"


def sign_svg(sign: str) -> str:
    """Draw the shape of a sign by itself, for the key beside the picture."""
    return (
        f'<svg class="sign-{sign}" width="22" height="22" viewBox="-12 -12 24 24" '
        f'aria-hidden="true"><path d="{SHAPES[sign]}"/></svg>'
    )


def keep_known(signs: Iterable[str]) -> tuple[str, ...]:
    """Return those of `signs` that have a shape, in the order in which they are drawn."""
    wanted = set(signs)
    return tuple(sign for sign in SIGNS if sign in wanted)
