"""The picture of `charts/trend.py` for Plotly: the same places, and words where the pointer is."""

from collections.abc import Mapping

from plotly import graph_objects as go

from alliance.charts.palette import AREA, GRID, INK, LIGHT
from alliance.charts.trend import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, TOTAL, Layout

SYMBOLS = {
    "lower": "diamond-open",
    "sliding": "triangle-down-open",
    "back": "star-open",
    "rule": "square-open",
    "watch": "circle-open",
    "told": "hexagram-open",
    "mode": "line-ew-open",
}


def as_figure(layout: Layout, *, names: Mapping[str, str]) -> go.Figure:
    """Build the picture for Plotly, in the colours for light ground.

    `names` says what things are called where the pointer is: `unrated`, `own`,
    `usual`, `level`, and each sign. Each trace carries in `meta` whose colour
    it has, by which the page's script gives it that of dark ground. Plotly's
    own check of every value costs more than all the rest of the page and is
    left to the tests.
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
        if panel.key == TOTAL:
            traces += _areas(layout, names)
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
        "anchor": f"y{len(layout.panels)}",
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
        "font": {"color": LIGHT[panel.key], "weight": 700, "size": 14},
    }


def _ends(axis):
    """Return the lines at 0 and 10: Plotly draws no grid at the very ends of an axis."""
    line = {"type": "line", "layer": "below", "xref": "paper", "yref": axis, "x0": 0, "x1": 1}
    return [
        {**line, "y0": end, "y1": end, "line": {"color": GRID["light"], "width": 1}}
        for end in (0, 10)
    ]


def _areas(layout, names):
    """Return the usual range and the smoothed course with its band."""
    common = {"type": "scatter", "xaxis": "x", "yaxis": "y", "mode": "lines"}
    areas = [
        {
            **common,
            "name": names[name],
            "meta": meta,
            "x": [place for place, _low, _high in (*stretch, *reversed(stretch))],
            "y": [
                *(_kept(low) for _place, low, _high in stretch),
                *(_kept(high) for _place, _low, high in reversed(stretch)),
            ],
            "fill": "toself",
            "fillcolor": AREA[meta],
            "hoverinfo": "skip",
            "line": {"width": 0},
        }
        for name, meta, stretches in (
            ("usual", "usual", layout.ranges),
            ("level", "band", layout.bands),
        )
        for stretch in stretches
    ]
    levels = [
        {
            **common,
            "name": names["level"],
            "meta": TOTAL,
            "x": [slot for slot, _level in stretch],
            "y": [_kept(level) for _slot, level in stretch],
            "hoverinfo": "skip",
            "line": {"color": LIGHT[TOTAL], "width": 1.5},
        }
        for stretch in layout.levels
    ]
    signs = [
        {
            **common,
            "mode": "markers",
            "name": names[sign],
            "meta": "sign",
            "x": [slot for slot, _score, other in layout.signs if other == sign],
            "y": [score for _slot, score, other in layout.signs if other == sign],
            "hovertemplate": f"{names[sign]}<extra></extra>",
            "cliponaxis": False,
            "marker": {
                "symbol": SYMBOLS[sign],
                "size": 16,
                "color": LIGHT[TOTAL],
                "line": {"width": 1.5},
            },
        }
        for sign in dict.fromkeys(sign for _slot, _score, sign in layout.signs)
    ]
    return [*areas, *levels, *signs]


def _kept(score):
    """Keep what is drawn within the scale: a range may end beyond it, a rating can't."""
    return min(max(score, 0), 10)


def _traces(layout, panel, axis, names):
    """Return a panel's traces: rings, the therapist's squares, the client's course on top."""
    colour = LIGHT[panel.key]
    common = {"type": "scatter", "xaxis": "x", "yaxis": axis, "meta": panel.key}
    course: list[tuple[int | None, float | None]] = []
    for run in panel.runs:
        course += [*run, (None, None)]
    course = course[:-1]
    return [
        {
            **common,
            "mode": "markers",
            "name": names["unrated"],
            "x": [slot for slot, _score in panel.unrated],
            "y": [_kept(score) for _slot, score in panel.unrated],
            "text": [layout.said[slot] for slot, _score in panel.unrated],
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
            "mode": "markers" if panel.key == TOTAL else "lines+markers",
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
