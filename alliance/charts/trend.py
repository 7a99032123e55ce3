"""The course of an episode as a picture: laid out once, drawn twice.

`lay_out` decides where everything stands. `as_svg` draws it into the page, so
that it is painted with the page, prints, and works without script; `as_figure`
gives Plotly the same numbers in the same places, so that it can take over in
the same box without a jump. Pure: numbers in, pictures out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import ceil

from plotly import graph_objects as go

from alliance.charts.palette import GRID, INK, LIGHT
from alliance.psychometrics.scoring import COMPONENTS

# Pixels. Widths are left to the page: places along the x axis are shares of it.
PANEL, GAP, TOP, BOTTOM = 96, 34, 26, 30
LEFT, RIGHT = 30, 12
HEIGHT = TOP + 3 * PANEL + 2 * GAP + BOTTOM
MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Point:
    """One logged session on the x axis.

    `label`      the session's number, or the sign of one that was not held
    `said`       what it is, in words, for the tooltip
    `scores`     the client's components, 0–10, None where missing
    `own`        the therapist's, likewise
    `is_held`    whether a rating could be expected at all
    `is_break`   whether another wording begins here: the line does not go on
    """

    label: str
    said: str
    scores: Mapping[str, float | None] = field(default_factory=dict)
    own: Mapping[str, float | None] = field(default_factory=dict)
    is_held: bool = True
    is_break: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One component's small chart: places are (slot, score) pairs."""

    component: str
    label: str
    top: float
    runs: list[list[tuple[int, float]]]
    own: list[tuple[int, float]]
    unrated: list[int]

    @property
    def bottom(self) -> float:
        return self.top + PANEL

    def y(self, score: float) -> float:
        return self.bottom - score / 10 * PANEL


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, for both ways of drawing it."""

    panels: list[Panel]
    ticks: list[tuple[int, str]]
    said: list[str]

    @property
    def slots(self) -> int:
        return max(1, len(self.said))

    def x(self, slot: int) -> float:
        """Return the middle of a slot as a share of the width, 0 to 1."""
        return (slot + 0.5) / self.slots


def lay_out(points: Sequence[Point], labels: Mapping[str, str]) -> Layout:
    """Place the points of an episode, oldest first, in three panels on one x axis.

    `labels` names the components. A session that was held but has no score in
    a component becomes a ring at that panel's floor; nothing is drawn across it.
    """
    panels = [
        Panel(
            component=component,
            label=labels[component],
            top=TOP + place * (PANEL + GAP),
            runs=_runs(points, component),
            own=[
                (slot, score)
                for slot, point in enumerate(points)
                if (score := point.own.get(component)) is not None
            ],
            unrated=[
                slot
                for slot, point in enumerate(points)
                if point.is_held and point.scores.get(component) is None
            ],
        )
        for place, component in enumerate(COMPONENTS)
    ]
    return Layout(panels, _ticks(points), [point.said for point in points])


def _runs(points, component):
    """Return the unbroken stretches of one component."""
    runs: list[list[tuple[int, float]]] = [[]]
    for slot, point in enumerate(points):
        if not point.is_held:
            continue
        score = point.scores.get(component)
        if score is None or point.is_break:
            runs.append([])
        if score is not None:
            runs[-1].append((slot, score))
    return [run for run in runs if run]


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
    plot = "".join(_panel_svg(layout, panel) for panel in layout.panels)
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


def _panel_svg(layout, panel):
    parts = [
        f'<line class="grid" x1="0" x2="100%" y1="{panel.y(score):.1f}" y2="{panel.y(score):.1f}"/>'
        for score in (0, 5, 10)
    ]
    parts.append(f'<text class="panel" x="0" y="{panel.top - 9}">{escape(panel.label)}</text>')
    for slot in panel.unrated:
        parts.append(
            f'<circle class="ring" cx="{_percent(layout, slot)}" cy="{panel.y(0):.1f}" r="4"/>'
        )
    for slot, score in panel.own:
        parts.append(
            f'<rect class="own" x="{_percent(layout, slot)}" y="{panel.y(score):.1f}" '
            'width="8" height="8" transform="translate(-4 -4)"/>'
        )
    for run in panel.runs:
        parts += [
            f'<line class="run" x1="{_percent(layout, a)}" y1="{panel.y(b):.1f}" '
            f'x2="{_percent(layout, c)}" y2="{panel.y(d):.1f}"/>'
            for (a, b), (c, d) in pairwise(run)
        ]
        parts += [
            f'<circle class="dot" cx="{_percent(layout, slot)}" cy="{panel.y(score):.1f}" r="4.5">'
            f"<title>{escape(layout.said[slot])}: {score:.1f}</title></circle>"
            for slot, score in run
        ]
    return f'<g class="component-{panel.component}">{"".join(parts)}</g>'


def _percent(layout, slot):
    return f"{100 * layout.x(slot):.2f}%"


def as_figure(layout: Layout, *, names: Mapping[str, str]) -> go.Figure:
    """Build the same picture for Plotly, in the colours for light ground.

    `names` says what a ring (`unrated`) and a square (`own`) are called. Each
    trace carries its component in `meta`, by which the page's script gives it
    the colours of dark ground. Plotly's own check of every value costs more
    than all the rest of the page and is left to the tests.
    """
    return go.Figure(figure_parts(layout, names=names), _validate=False)


def figure_parts(layout: Layout, *, names: Mapping[str, str]) -> dict:
    """Return the traces and the layout of `as_figure` as plain values."""
    axes = {"xaxis": _x_axis(layout)}
    traces, annotations, ends = [], [], []
    for place, panel in enumerate(layout.panels, 1):
        number = "" if place == 1 else str(place)
        axes[f"yaxis{number}"] = _y_axis(panel)
        annotations.append(_name(panel))
        ends += _ends(f"y{number}")
        traces += _traces(layout, panel, f"y{number}", names)
    return {
        "data": traces,
        "layout": {
            **axes,
            "annotations": annotations,
            "shapes": ends,
            "height": HEIGHT,
            "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0},
            "showlegend": False,
            "hovermode": "x",
            "dragmode": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": INK["light"], "size": 12},
        },
    }


def _x_axis(layout):
    return {
        "range": [-0.5, layout.slots - 0.5],
        "tickmode": "array",
        "tickvals": [slot for slot, _label in layout.ticks],
        "ticktext": [label for _slot, label in layout.ticks],
        "ticklabelstandoff": 8,
        "automargin": False,  # Else Plotly widens the margin, and the dots move.
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "anchor": "y3",
    }


def _y_axis(panel):
    return {
        "domain": [_share(panel.bottom), _share(panel.top)],
        "range": [0, 10],
        "tickvals": [0, 5, 10],
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": GRID["light"],
        "anchor": "x",
    }


def _share(y):
    """Return a height in pixels as Plotly's share of the plot, counted from below."""
    return 1 - (y - TOP) / (HEIGHT - TOP - BOTTOM)


def _name(panel):
    """Return the panel's name, above it in its colour."""
    return {
        "text": panel.label,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": _share(panel.top),
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": LIGHT[panel.component], "weight": 700, "size": 14},
    }


def _ends(axis):
    """Return the lines at 0 and 10: Plotly draws no grid at the very ends of an axis."""
    line = {"type": "line", "layer": "below", "xref": "paper", "yref": axis, "x0": 0, "x1": 1}
    return [
        {**line, "y0": end, "y1": end, "line": {"color": GRID["light"], "width": 1}}
        for end in (0, 10)
    ]


def _traces(layout, panel, axis, names):
    """Return a panel's traces: rings, the therapist's squares, the client's course on top."""
    colour = LIGHT[panel.component]
    common = {"type": "scatter", "xaxis": "x", "yaxis": axis, "meta": panel.component}
    course: list[tuple[int | None, float | None]] = []
    for run in panel.runs:
        course += [*run, (None, None)]
    course = course[:-1]
    return [
        {
            **common,
            "mode": "markers",
            "name": names["unrated"],
            "x": panel.unrated,
            "y": [0] * len(panel.unrated),
            "text": [layout.said[slot] for slot in panel.unrated],
            "hovertemplate": "%{text}<extra></extra>",
            "cliponaxis": False,
            "marker": {"symbol": "circle-open", "size": 8, "color": INK["light"]},
        },
        {
            **common,
            "mode": "markers",
            "name": names["own"],
            "x": [slot for slot, _score in panel.own],
            "y": [score for _slot, score in panel.own],
            "hovertemplate": f"{names['own']}: %{{y:.1f}}<extra></extra>",
            "cliponaxis": False,
            "marker": {"symbol": "square-open", "size": 8, "color": INK["light"]},
        },
        {
            **common,
            "mode": "lines+markers",
            "name": panel.label,
            "x": [slot for slot, _score in course],
            "y": [score for _slot, score in course],
            "text": ["" if slot is None else layout.said[slot] for slot, _score in course],
            "hovertemplate": f"%{{text}}<br>{panel.label}: %{{y:.1f}}<extra></extra>",
            "connectgaps": False,
            "cliponaxis": False,
            "line": {"color": colour, "width": 2.5},
            "marker": {"color": colour, "size": 9, "opacity": 1},
        },
    ]
