"""Pictures of a course: what is drawn, what is left out, and where it stands."""

import json
import re
from collections.abc import Iterable
from itertools import chain, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plotly import graph_objects as go

from alliance.charts import figure, palette, trend
from alliance.charts.figure import as_figure, figure_parts
from alliance.charts.sparkline import sparkline
from alliance.charts.trend import SIGNS, TOTAL, Point, as_svg, keep_known, lay_out, sign_svg
from alliance.psychometrics.scoring import COMPONENTS

HOSTILE = "<script>alert(1)</script> & \"x\" 'y'"
PANELS = (TOTAL, *COMPONENTS)
LABELS = {
    "total": "All three together",
    "trust": "Trust and respect",
    "goals": "Agreeing on goals",
    "collaboration": "Together",
}
NAMES = {
    "unrated": "Held, not rated",
    "own": "Therapist’s own rating",
    "usual": "Usual range",
    "level": "Smoothed course",
    **{sign: f"Sign of {sign}" for sign in SIGNS},
}
CSS = Path(__file__, "../../../static/css/app.css").resolve().read_text()


def parse(drawing):
    return ElementTree.fromstring(drawing)


def draw(points, labels=LABELS):
    return parse(as_svg(lay_out(points, labels), summary="What it shows"))


def of_class(element, name):
    return [found for found in element.iter() if found.get("class") == name]


def rated(value, **others):
    return Point(label="1", said="Session 1", scores=dict.fromkeys(PANELS, value), **others)


UNRATED = Point(label="2", said="Session 2")
MISSED = Point(label="×", said="The client did not come", is_held=False)
# Within its usual range, on a smoothed course.
KNOWN = {"usual": (6.0, 9.0), "middle": 7.5, "level": (7.5, 7.0, 8.0)}


def panels(drawing):
    """Return the four groups of a drawing by what they show."""
    groups = list(drawing.iter("g"))
    assert [group.get("class") for group in groups] == [f"component-{key}" for key in PANELS]
    return dict(zip(PANELS, groups, strict=True))


# --- Courses and words of every kind ---------------------------------------------------

SCORE = st.integers(0, 100).map(lambda tenths: tenths / 10)
SCORES = st.fixed_dictionaries(dict.fromkeys(PANELS, st.none() | SCORE))
# What is to be expected, and its band, may reach beyond the scale; a rating can't.
BEYOND = st.floats(-4, 14)
KNOWLEDGE = st.just({}) | st.fixed_dictionaries(
    {
        "usual": st.tuples(BEYOND, BEYOND).map(sorted).map(tuple),
        "middle": BEYOND,
        "level": st.none() | st.tuples(BEYOND, BEYOND, BEYOND),
    }
)
# Whatever XML can hold at all.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=12) | st.sampled_from(
    [HOSTILE, "<b>&amp;</b>", "]]>", "<!--"]
)
HELD = st.builds(
    lambda known, **given: Point(**known, **given),
    KNOWLEDGE,
    label=TEXT,
    said=TEXT,
    scores=SCORES,
    own=SCORES,
    signs=st.lists(st.sampled_from(SIGNS), unique=True).map(keep_known),
    is_break=st.booleans(),
)
NOT_HELD = st.builds(Point, label=TEXT, said=TEXT, is_held=st.just(False))
COURSES = st.lists(HELD | NOT_HELD | st.just(UNRATED), max_size=60)
TOTALS = st.lists(st.none() | SCORE, max_size=12)


def neighbours(points, value):
    """Return the pairs of slots between which a value goes on from session to session."""
    held = [(slot, point) for slot, point in enumerate(points) if point.is_held]
    return [
        (a, b)
        for (a, one), (b, next_one) in pairwise(held)
        if None not in (value(one), value(next_one)) and not next_one.is_break
    ]


def score_of(key):
    return lambda point: point.scores.get(key)


# --- Safe in a page --------------------------------------------------------------------


def assert_harmless(drawing):
    for element in drawing.iter():
        assert element.tag in {
            "div",
            "svg",
            "g",
            "line",
            "polyline",
            "polygon",
            "path",
            "circle",
            "rect",
            "text",
            "title",
        }
        assert not any(name == "style" or name.startswith("on") for name in element.attrib)


@given(COURSES, TEXT, TEXT)
def test_whatever_the_words_the_trend_is_sound_xml_without_script_or_style(points, label, summary):
    layout = lay_out(points, dict.fromkeys(PANELS, label))
    drawing = parse(f"<main>{as_svg(layout, summary=summary)}</main>")[0]
    assert_harmless(drawing)
    assert drawing.get("aria-label") == summary
    assert [text.text or "" for text in of_class(drawing, "panel")] == [label] * 4


@given(TOTALS, TEXT)
def test_whatever_the_words_a_sparkline_is_sound_xml_without_script_or_style(totals, summary):
    drawing = parse(sparkline(totals, summary=summary))
    assert_harmless(drawing)
    assert drawing.get("aria-label") == summary


def test_what_people_wrote_is_shown_to_the_letter_and_never_run():
    point = Point(label=HOSTILE, said=HOSTILE, scores={"trust": 7.25})
    drawing = draw([point], dict.fromkeys(PANELS, HOSTILE))
    assert next(drawing.iter("title")).text == f"{HOSTILE}: 7.2"
    assert [text.text for text in drawing.iter("text")].count(HOSTILE) == 5


def test_both_pictures_are_one_image_with_its_words_for_those_who_do_not_see_it():
    spark = parse(sparkline([5], summary="One rating"))
    assert (spark.get("role"), spark.get("aria-label")) == ("img", "One rating")
    drawing = draw([rated(5)])
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", "What it shows")
    assert all(part.get("aria-hidden") == "true" for part in drawing.findall("svg"))


# --- The trend: what is drawn, and what is not -----------------------------------------


def test_three_rated_sessions_are_three_dots_in_each_panel_and_two_lines_for_each_part():
    drawing = draw([rated(5), rated(6), rated(7)])
    for key, panel in panels(drawing).items():
        assert len(of_class(panel, "dot")) == 3
        assert len(of_class(panel, "run")) == (0 if key == TOTAL else 2)


def test_through_the_totals_only_the_smoothed_course_is_drawn():
    total = panels(draw([rated(5, **KNOWN), rated(6, **KNOWN), rated(7, **KNOWN)]))[TOTAL]
    assert len(of_class(total, "level")) == 2
    assert of_class(total, "run") == []


def test_no_line_is_drawn_across_an_unrated_session_and_a_ring_says_so():
    points = [rated(5, **KNOWN), rated(6, **KNOWN), UNRATED, rated(7, **KNOWN), rated(8, **KNOWN)]
    drawing = draw(points)
    assert len(of_class(drawing, "run")) == 3 * 2
    assert len(of_class(drawing, "level")) == 2
    assert len(of_class(drawing, "band")) == 2
    assert [ring.get("cx") for ring in of_class(drawing, "ring")] == ["50.00%"] * 4


def test_the_ring_of_a_session_without_a_rating_lies_at_the_usual_level_where_it_is_known():
    known = Point(label="2", said="Session 2", usual=(6.0, 9.0), middle=7.5)
    layout = lay_out([known], LABELS)
    ring, *floors = (float(ring.get("cy")) for ring in of_class(draw([known]), "ring"))
    assert ring == pytest.approx(layout.total.y(7.5), abs=0.05)
    assert floors == [panel.bottom for panel in layout.panels[1:]]
    (nowhere, *_floors) = (float(ring.get("cy")) for ring in of_class(draw([UNRATED]), "ring"))
    assert nowhere == layout.total.bottom


def test_a_rating_between_two_gaps_is_a_dot_without_lines():
    drawing = draw([rated(5, **KNOWN), UNRATED, rated(6, **KNOWN), UNRATED, rated(7, **KNOWN)])
    assert len(of_class(drawing, "dot")) == 4 * 3
    assert of_class(drawing, "run") == of_class(drawing, "level") == []


def test_a_component_that_was_skipped_has_a_gap_and_a_ring_of_its_own_and_no_total():
    partly = Point(label="2", said="Session 2", scores={"trust": 6, "goals": None})
    found = panels(draw([rated(5), partly, rated(7)]))
    assert [len(of_class(found[key], "run")) for key in COMPONENTS] == [2, 0, 0]
    assert [len(of_class(found[key], "ring")) for key in PANELS] == [1, 0, 1, 1]


def test_a_session_that_was_not_held_is_no_gap_and_has_no_ring():
    drawing = draw([rated(5, **KNOWN), MISSED, rated(7, **KNOWN)])
    assert len(of_class(drawing, "run")) == 3
    assert len(of_class(drawing, "level")) == 1
    assert len(of_class(drawing, "usual")) == 1
    assert of_class(drawing, "ring") == []


def test_nothing_leads_from_one_wording_to_another():
    new = rated(7, is_break=True, **KNOWN)
    drawing = draw([rated(5, **KNOWN), rated(6, **KNOWN), new, rated(8, **KNOWN)])
    assert len(of_class(drawing, "run")) == 3 * 2
    assert len(of_class(drawing, "dot")) == 4 * 4
    assert len(of_class(drawing, "level")) == 2
    assert len(of_class(drawing, "band")) == len(of_class(drawing, "usual")) == 2


def test_a_score_of_nought_is_a_dot_and_no_ring():
    drawing = draw([rated(0)])
    assert len(of_class(drawing, "dot")) == 4
    assert of_class(drawing, "ring") == []


def test_the_therapists_own_ratings_are_squares_without_lines():
    drawing = draw([rated(5, own={"trust": 6}), rated(6, own={"trust": 7})])
    assert len(of_class(drawing, "own")) == 2
    assert len(of_class(drawing, "run")) == 3


def test_before_the_first_session_there_are_axes_and_nothing_else():
    drawing = draw([])
    assert len(of_class(drawing, "grid")) == 4 * 3
    drawn = ("dot", "run", "ring", "own", "level", "usual", "band")
    assert not any(of_class(drawing, name) for name in drawn)


def slots_of(lines, many):
    """Return between which slots lines are drawn."""
    return [
        tuple(round(float(line.get(x)[:-1]) * many / 100 - 0.5) for x in ("x1", "x2"))
        for line in lines
    ]


@given(COURSES)
def test_lines_join_ratings_of_neighbouring_sessions_and_no_others(points):
    found = panels(draw(points))
    for key in COMPONENTS:
        drawn = slots_of(of_class(found[key], "run"), len(points))
        assert drawn == neighbours(points, score_of(key))
    drawn = slots_of(of_class(found[TOTAL], "level"), len(points))
    assert drawn == neighbours(points, lambda point: point.level)


@given(COURSES)
def test_every_held_session_is_a_dot_or_a_ring_in_each_panel(points):
    held = [point for point in points if point.is_held]
    for key, panel in panels(draw(points)).items():
        missing = [point for point in held if point.scores.get(key) is None]
        assert len(of_class(panel, "ring")) == len(missing)
        assert len(of_class(panel, "dot")) == len(held) - len(missing)


# --- What is usual ---------------------------------------------------------------------


def outlines(drawing, name):
    """Return the corners of areas: the place in slots' units of the drawing, and the height."""
    return [
        [tuple(map(float, corner.split(","))) for corner in area.get("points").split()]
        for area in of_class(drawing, name)
    ]


def test_the_usual_range_is_an_area_around_each_session_from_edge_to_edge():
    layout = lay_out([rated(8, **KNOWN)], LABELS)
    (corners,) = outlines(draw([rated(8, **KNOWN)]), "usual")
    low, high = (round(layout.total.y(score), 1) for score in (6, 9))
    assert corners == [(0, low), (500, low), (1000, low), (1000, high), (500, high), (0, high)]


@given(COURSES)
def test_range_and_band_stay_within_the_scale(points):
    layout = lay_out(points, LABELS)
    for name in ("usual", "band"):
        for corners in outlines(draw(points), name):
            assert all(0 <= x <= trend.UNITS for x, _y in corners)
            assert all(
                layout.total.top - 0.05 <= y <= layout.total.bottom + 0.05 for _x, y in corners
            )
    for trace in figure_parts(layout, names=NAMES)["data"]:
        assert all(y is None or 0 <= y <= 10 for y in trace["y"])


@given(COURSES)
def test_an_area_covers_the_sessions_whose_range_is_known_and_no_others(points):
    layout = lay_out(points, LABELS)
    for stretches, value in (
        (layout.ranges, lambda point: point.usual),
        (layout.bands, lambda point: point.level),
    ):
        covered = [place for stretch in stretches for place, _low, _high in stretch[1:-1]]
        assert covered == [
            slot for slot, point in enumerate(points) if point.is_held and value(point) is not None
        ]
        for stretch in stretches:
            assert stretch[0][0] == stretch[1][0] - 0.5
            assert stretch[-1][0] == stretch[-2][0] + 0.5


# --- Signs -----------------------------------------------------------------------------


def test_each_sign_has_a_shape_of_its_own_in_both_pictures():
    assert set(trend.SHAPES) == set(figure.SYMBOLS) == set(SIGNS)
    assert len(set(trend.SHAPES.values())) == len(set(figure.SYMBOLS.values())) == len(SIGNS)


def test_a_sign_is_drawn_around_its_dot_and_has_a_name_where_the_pointer_is():
    points = [rated(8), rated(4, signs=("lower", "sliding"))]
    layout = lay_out(points, LABELS)
    assert layout.signs == [(1, 4, "lower"), (1, 4, "sliding")]
    total = panels(draw(points))[TOTAL]
    for sign in ("lower", "sliding"):
        (drawn,) = of_class(total, f"sign-{sign}")
        assert (drawn.get("x"), drawn.get("y")) == ("75.00%", f"{layout.total.y(4):.1f}")
        assert drawn.find("path").get("d") == trend.SHAPES[sign]
    traces = [t for t in figure_parts(layout, names=NAMES)["data"] if t["meta"] == "sign"]
    assert [trace["name"] for trace in traces] == ["Sign of lower", "Sign of sliding"]
    assert [trace["marker"]["symbol"] for trace in traces] == ["diamond-open", "triangle-down-open"]


@given(COURSES)
def test_every_sign_of_a_total_is_drawn_in_both_pictures_in_the_same_place(points):
    layout = lay_out(points, LABELS)
    wanted = {
        (slot, sign)
        for slot, point in enumerate(points)
        for sign in point.signs
        if point.scores.get(TOTAL) is not None
    }
    traces = [t for t in figure_parts(layout, names=NAMES)["data"] if t["meta"] == "sign"]
    by_name = {NAMES[sign]: sign for sign in SIGNS}
    assert {(slot, by_name[trace["name"]]) for trace in traces for slot in trace["x"]} == wanted
    total = panels(draw(points))[TOTAL]
    for sign in SIGNS:
        drawn = {
            round(float(element.get("x")[:-1]) * len(points) / 100 - 0.5)
            for element in of_class(total, f"sign-{sign}")
        }
        assert drawn == {slot for slot, one in wanted if one == sign}


def test_signs_come_in_one_order_and_what_has_no_shape_is_left_out():
    assert keep_known(["watch", "unrated", "top", "back", "lower"]) == ("lower", "back", "watch")
    assert keep_known([]) == ()


@pytest.mark.parametrize("sign", SIGNS)
def test_beside_the_picture_a_sign_has_the_same_shape(sign):
    drawing = parse(sign_svg(sign))
    assert drawing.get("class") == f"sign-{sign}"
    assert drawing.get("aria-hidden") == "true"
    assert drawing.find("path").get("d") == trend.SHAPES[sign]


# --- The axis --------------------------------------------------------------------------


def test_a_long_course_labels_some_of_its_sessions_but_each_that_was_not_held():
    points = [MISSED if slot % 9 == 8 else rated(5) for slot in range(100)]
    ticks = dict(lay_out(points, LABELS).ticks)
    assert [slot for slot, label in ticks.items() if label == "×"] == list(range(8, 100, 9))
    assert 1 < list(ticks.values()).count("1") <= trend.MOST_LABELS


def test_a_short_course_labels_every_session():
    assert len(lay_out([rated(5)] * 11 + [MISSED], LABELS).ticks) == 12


@given(COURSES)
def test_ticks_thin_out_evenly_and_never_those_of_sessions_not_held(points):
    ticks = {slot for slot, _label in lay_out(points, LABELS).ticks}
    assert {slot for slot, point in enumerate(points) if not point.is_held} <= ticks
    places = [
        n for n, slot in enumerate(s for s, p in enumerate(points) if p.is_held) if slot in ticks
    ]
    assert len(places) <= trend.MOST_LABELS
    assert len({b - a for a, b in pairwise(places)}) <= 1


# --- The sparkline ---------------------------------------------------------------------


def vertices(drawing):
    return [line.get("points").split() for line in drawing.iter("polyline")]


def test_a_sparkline_breaks_at_a_missing_total_and_shows_it_as_a_ring():
    drawing = parse(sparkline([5, 6, None, 7, 8, 9], summary=""))
    assert [len(line) for line in vertices(drawing)] == [2, 3]
    (ring,) = of_class(drawing, "gap")
    assert ring.get("cy") == "24"


def test_a_total_without_neighbours_is_a_dot_of_its_own():
    drawing = parse(sparkline([5, None, 6, None], summary=""))
    assert vertices(drawing) == []
    assert len(of_class(drawing, "now")) == 2


def test_a_sparkline_of_nothing_is_an_empty_picture():
    drawing = parse(sparkline([], summary="No ratings yet"))
    assert [part.get("class") for part in drawing] == ["grid"]


@given(TOTALS)
def test_a_sparkline_draws_each_total_where_it_belongs_and_never_one_between(totals):
    step, first = (108 - 2 * 4) / 11, 12 - len(totals)
    runs = [[]]
    for place, total in enumerate(totals, first):
        if total is None:
            runs.append([])
        else:
            runs[-1].append((4 + place * step, 24 - 2 * total))
    drawn = [
        [tuple(map(float, vertex.split(","))) for vertex in line]
        for line in vertices(parse(sparkline(totals, summary="")))
    ]
    expected = [run for run in runs if len(run) > 1]
    assert [len(line) for line in drawn] == [len(run) for run in expected]
    for vertex, place in zip(chain(*drawn), chain(*expected), strict=True):
        assert vertex == pytest.approx(place, abs=0.051)


@given(TOTALS)
def test_every_session_of_a_sparkline_can_be_seen(totals):
    drawing = parse(sparkline(totals, summary=""))
    assert len(of_class(drawing, "gap")) == totals.count(None)
    dots = {f"{dot.get('cx')},{dot.get('cy')}" for dot in of_class(drawing, "now")}
    seen = dots.union(*vertices(drawing))
    assert len(seen) == len(totals) - totals.count(None)


@given(st.lists(st.none() | SCORE, min_size=1, max_size=12))
def test_the_newest_session_always_stands_at_the_right(totals):
    drawing = parse(sparkline(totals, summary=""))
    marks = of_class(drawing, "now") + of_class(drawing, "gap")
    assert max(float(mark.get("cx")) for mark in marks) == 104


def test_more_than_twelve_totals_are_refused():
    sparkline([5] * 12, summary="")
    with pytest.raises(ValueError, match="13 totals do not fit into 12"):
        sparkline([5] * 13, summary="")


# --- The same picture for Plotly -------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(COURSES)
def test_plotly_accepts_every_value_of_the_figure_and_changes_none(points):
    layout = lay_out(points, LABELS)
    checked = go.Figure(figure_parts(layout, names=NAMES))
    unchecked = as_figure(layout, names=NAMES)
    assert json.loads(checked.to_json()) == json.loads(unchecked.to_json())


@given(COURSES)
def test_the_figure_is_sound_json_without_nan(points):
    parts = figure_parts(lay_out(points, LABELS), names=NAMES)
    assert json.loads(json.dumps(parts, allow_nan=False)) == parts


def texts(value):
    """Return every string anywhere in a figure."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    return [*chain(*map(texts, value))] if isinstance(value, Iterable) else []


def test_no_text_of_the_figure_asks_plotly_for_a_style_that_the_page_forbids():
    points = [rated(5, own={"trust": 6}, signs=("lower",), **KNOWN), UNRATED, MISSED, rated(7)]
    told = texts(figure_parts(lay_out(points, LABELS), names=NAMES))
    assert {"All three together", "Trust and respect", "Sign of lower"} <= set(told)
    assert not [text for text in told if re.search(r"<(b|i|span)\b", text)]


WIDTH = 900


def places_of_plotly(parts, trace):
    """Compute where Plotly puts a trace's points, in pixels from the plot's left and the top."""
    layout = parts["layout"]
    x_axis, y_axis = layout["xaxis"], layout["yaxis" + trace["yaxis"][1:]]
    height = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    (left, right), (floor, ceiling) = x_axis["range"], y_axis["range"]
    low, high = y_axis["domain"]
    return [
        (
            WIDTH * (x - left) / (right - left),
            layout["margin"]["t"]
            + height * (1 - low - (high - low) * (y - floor) / (ceiling - floor)),
        )
        for x, y in zip(trace["x"], trace["y"], strict=True)
        if x is not None
    ]


def places_of_svg(drawing, name, x, y):
    return [
        (WIDTH * float(mark.get(x)[:-1]) / 100, float(mark.get(y)))
        for mark in of_class(drawing, name)
    ]


def panel_traces(parts, place):
    """Return the rings, the therapist's squares and the client's course of one panel."""
    axis = "y" if place == 0 else f"y{place + 1}"
    return [trace for trace in parts["data"] if trace["yaxis"] == axis][-3:]


@given(COURSES)
def test_plotly_puts_every_mark_where_the_drawing_has_it(points):
    parts, drawing = figure_parts(lay_out(points, LABELS), names=NAMES), draw(points)
    for place, panel in enumerate(panels(drawing).values()):
        rings, own, dots = panel_traces(parts, place)
        for trace, drawn in (
            (rings, places_of_svg(panel, "ring", "cx", "cy")),
            (own, places_of_svg(panel, "own", "x", "y")),
            (dots, places_of_svg(panel, "dot", "cx", "cy")),
        ):
            computed = places_of_plotly(parts, trace)
            assert len(computed) == len(drawn)
            for one, other in zip(computed, drawn, strict=True):
                assert one == pytest.approx(other, abs=0.1)


@given(COURSES)
def test_plotly_puts_every_corner_of_an_area_where_the_drawing_has_it(points):
    parts, drawing = figure_parts(lay_out(points, LABELS), names=NAMES), draw(points)
    for meta in ("usual", "band"):
        traces = [trace for trace in parts["data"] if trace["meta"] == meta]
        drawn = outlines(drawing, meta)
        assert len(traces) == len(drawn)
        for trace, corners in zip(traces, drawn, strict=True):
            assert trace["fill"] == "toself"
            computed = places_of_plotly(parts, trace)
            assert len(computed) == len(corners)
            for one, (x, y) in zip(computed, corners, strict=True):
                assert one == pytest.approx((WIDTH * x / trend.UNITS, y), abs=0.1)


def test_marks_stand_in_the_middle_of_their_slot_and_at_their_height_in_the_panel():
    points = [rated(0), rated(5), rated(10), UNRATED]
    total, trust, *_others = panels(draw(points)).values()
    for panel, top, height in (
        (total, trend.TOP, trend.TALL),
        (trust, trend.TOP + trend.TALL + trend.GAP, trend.PANEL),
    ):
        assert places_of_svg(panel, "dot", "cx", "cy") == [
            (WIDTH * (slot + 0.5) / 4, top + height * (1 - score / 10))
            for slot, score in enumerate([0, 5, 10])
        ]


@given(COURSES)
def test_plotly_breaks_its_lines_where_the_drawing_does(points):
    parts = figure_parts(lay_out(points, LABELS), names=NAMES)
    for place, component in enumerate(COMPONENTS, 1):
        course = panel_traces(parts, place)[-1]
        assert course["connectgaps"] is False
        joined = [pair for pair in pairwise(course["x"]) if None not in pair]
        assert joined == neighbours(points, score_of(component))
    assert panel_traces(parts, 0)[-1]["mode"] == "markers"
    levels = [
        trace
        for trace in parts["data"]
        if trace["name"] == NAMES["level"] and trace["meta"] == TOTAL
    ]
    joined = [pair for trace in levels for pair in pairwise(trace["x"])]
    assert joined == neighbours(points, lambda point: point.level)


def test_both_pictures_fill_the_same_box_on_the_page():
    layout = figure_parts(lay_out([rated(5)], LABELS), names=NAMES)["layout"]
    axis, plot = draw([rated(5)]).findall("svg")
    assert axis.get("width") == str(layout["margin"]["l"])
    assert axis.get("height") == plot.get("height") == str(layout["height"])
    assert f"padding-inline-end: {layout['margin']['r']}px" in CSS
    assert f".trend {{ position: relative; min-height: {layout['height']}px; }}" in CSS


# --- Colours ---------------------------------------------------------------------------


def variables(css):
    """Return the variables that the first `:root` of some CSS sets, #abc written out."""
    found = re.findall(r"--([a-z-]+): *([^;]+);", re.search(r":root *{(.*?)}", css, re.S)[1])
    return {
        name: "#" + "".join(2 * digit for digit in value[1:]) if len(value) == 4 else value
        for name, value in found
    }


DARK_GROUND = "@media (prefers-color-scheme: dark)"
GROUNDS = {
    "light": (variables(CSS.partition(DARK_GROUND)[0]), palette.LIGHT, "#ffffff"),
    "dark": (variables(CSS.partition(DARK_GROUND)[2]), palette.DARK, "#1b2528"),
}


@pytest.mark.parametrize("ground", GROUNDS)
def test_the_page_and_its_pictures_have_the_same_colours(ground):
    on_page, colours, card = GROUNDS[ground]
    assert {name: on_page[name] for name in PANELS} == colours
    assert (on_page["soft"], on_page["grid"]) == (palette.INK[ground], palette.GRID[ground])
    assert on_page["card"] == card


def luminance(colour):
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast of two colours as WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_published():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_the_areas_have_the_same_grey_on_the_page_and_for_plotly():
    for name, grey in palette.AREA.items():
        assert f".trend-svg .{name} {{ fill: {grey}; }}" in CSS


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_colour_can_be_read_on_its_card(ground):
    _on_page, colours, card = GROUNDS[ground]
    for colour in [*colours.values(), palette.INK[ground]]:
        assert contrast(colour, card) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_total_and_components_keep_the_contrast_that_the_palette_promises(ground):
    _on_page, colours, card = GROUNDS[ground]
    assert min(contrast(colour, card) for colour in colours.values()) >= 6
