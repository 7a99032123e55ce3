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

from alliance.charts import palette, trend
from alliance.charts.sparkline import sparkline
from alliance.charts.trend import Point, as_figure, as_svg, figure_parts, lay_out
from alliance.psychometrics.scoring import COMPONENTS

HOSTILE = "<script>alert(1)</script> & \"x\" 'y'"
LABELS = {"trust": "Trust and respect", "goals": "Agreeing on goals", "collaboration": "Together"}
NAMES = {"unrated": "Held, not rated", "own": "Therapist’s own rating"}
CSS = Path(__file__, "../../../static/css/app.css").resolve().read_text()


def parse(drawing):
    return ElementTree.fromstring(drawing)


def draw(points, labels=LABELS):
    return parse(as_svg(lay_out(points, labels), summary="What it shows"))


def of_class(element, name):
    return [found for found in element.iter() if found.get("class") == name]


def rated(value, **others):
    return Point(label="1", said="Session 1", scores=dict.fromkeys(COMPONENTS, value), **others)


UNRATED = Point(label="2", said="Session 2")
MISSED = Point(label="×", said="The client did not come", is_held=False)


# --- Courses and words of every kind ---------------------------------------------------

SCORE = st.integers(0, 100).map(lambda tenths: tenths / 10)
SCORES = st.fixed_dictionaries(dict.fromkeys(COMPONENTS, st.none() | SCORE))
# Whatever XML can hold at all.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=12) | st.sampled_from(
    [HOSTILE, "<b>&amp;</b>", "]]>", "<!--"]
)
HELD = st.builds(Point, label=TEXT, said=TEXT, scores=SCORES, own=SCORES, is_break=st.booleans())
NOT_HELD = st.builds(Point, label=TEXT, said=TEXT, is_held=st.just(False))
COURSES = st.lists(HELD | NOT_HELD | st.just(UNRATED), max_size=60)
TOTALS = st.lists(st.none() | SCORE, max_size=12)


def neighbours(points, component):
    """Return the pairs of slots between which the course of a component goes on."""
    held = [(slot, point) for slot, point in enumerate(points) if point.is_held]
    return [
        (a, b)
        for (a, one), (b, next_one) in pairwise(held)
        if None not in (one.scores.get(component), next_one.scores.get(component))
        and not next_one.is_break
    ]


# --- Safe in a page --------------------------------------------------------------------


def assert_harmless(drawing):
    for element in drawing.iter():
        assert element.tag in {
            "div",
            "svg",
            "g",
            "line",
            "polyline",
            "circle",
            "rect",
            "text",
            "title",
        }
        assert not any(name == "style" or name.startswith("on") for name in element.attrib)


@given(COURSES, TEXT, TEXT)
def test_whatever_the_words_the_trend_is_sound_xml_without_script_or_style(points, label, summary):
    layout = lay_out(points, dict.fromkeys(COMPONENTS, label))
    drawing = parse(f"<main>{as_svg(layout, summary=summary)}</main>")[0]
    assert_harmless(drawing)
    assert drawing.get("aria-label") == summary
    assert [text.text or "" for text in of_class(drawing, "panel")] == [label] * 3


@given(TOTALS, TEXT)
def test_whatever_the_words_a_sparkline_is_sound_xml_without_script_or_style(totals, summary):
    drawing = parse(sparkline(totals, summary=summary))
    assert_harmless(drawing)
    assert drawing.get("aria-label") == summary


def test_what_people_wrote_is_shown_to_the_letter_and_never_run():
    point = Point(label=HOSTILE, said=HOSTILE, scores={"trust": 7.25})
    drawing = draw([point], dict.fromkeys(COMPONENTS, HOSTILE))
    assert next(drawing.iter("title")).text == f"{HOSTILE}: 7.2"
    assert [text.text for text in drawing.iter("text")].count(HOSTILE) == 4


def test_both_pictures_are_one_image_with_its_words_for_those_who_do_not_see_it():
    spark = parse(sparkline([5], summary="One rating"))
    assert (spark.get("role"), spark.get("aria-label")) == ("img", "One rating")
    drawing = draw([rated(5)])
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", "What it shows")
    assert all(part.get("aria-hidden") == "true" for part in drawing.findall("svg"))


# --- The trend: what is drawn, and what is not -----------------------------------------


def test_three_rated_sessions_are_three_dots_and_two_lines_for_each_component():
    drawing = draw([rated(5), rated(6), rated(7)])
    assert len(of_class(drawing, "dot")) == 3 * 3
    assert len(of_class(drawing, "run")) == 3 * 2


def test_no_line_is_drawn_across_an_unrated_session_and_a_ring_says_so():
    drawing = draw([rated(5), rated(6), UNRATED, rated(7), rated(8)])
    assert len(of_class(drawing, "run")) == 3 * 2
    assert [ring.get("cx") for ring in of_class(drawing, "ring")] == ["50.00%"] * 3


def test_a_rating_between_two_gaps_is_a_dot_without_lines():
    drawing = draw([rated(5), UNRATED, rated(6), UNRATED, rated(7)])
    assert len(of_class(drawing, "dot")) == 3 * 3
    assert of_class(drawing, "run") == []


def test_a_component_that_was_skipped_has_a_gap_and_a_ring_of_its_own():
    partly = Point(label="2", said="Session 2", scores={"trust": 6, "goals": None})
    drawing = draw([rated(5), partly, rated(7)])
    trust, goals, collaboration = drawing.iter("g")
    assert [len(of_class(part, "run")) for part in (trust, goals, collaboration)] == [2, 0, 0]
    assert [len(of_class(part, "ring")) for part in (trust, goals, collaboration)] == [0, 1, 1]


def test_a_session_that_was_not_held_is_no_gap_and_has_no_ring():
    drawing = draw([rated(5), MISSED, rated(7)])
    assert len(of_class(drawing, "run")) == 3
    assert of_class(drawing, "ring") == []


def test_no_line_leads_from_one_wording_to_another():
    drawing = draw([rated(5), rated(6), rated(7, is_break=True), rated(8)])
    assert len(of_class(drawing, "run")) == 3 * 2
    assert len(of_class(drawing, "dot")) == 3 * 4


def test_a_component_of_nought_is_a_dot_and_no_ring():
    drawing = draw([rated(0)])
    assert len(of_class(drawing, "dot")) == 3
    assert of_class(drawing, "ring") == []


def test_the_therapists_own_ratings_are_squares_without_lines():
    drawing = draw([rated(5, own={"trust": 6}), rated(6, own={"trust": 7})])
    assert len(of_class(drawing, "own")) == 2
    assert len(of_class(drawing, "run")) == 3


def test_before_the_first_session_there_are_axes_and_nothing_else():
    drawing = draw([])
    assert len(of_class(drawing, "grid")) == 3 * 3
    assert not any(of_class(drawing, name) for name in ("dot", "run", "ring", "own"))


@given(COURSES)
def test_lines_join_ratings_of_neighbouring_sessions_and_no_others(points):
    for component, part in zip(COMPONENTS, draw(points).iter("g"), strict=True):
        slots = [
            tuple(round(float(line.get(x)[:-1]) * len(points) / 100 - 0.5) for x in ("x1", "x2"))
            for line in of_class(part, "run")
        ]
        assert slots == neighbours(points, component)


@given(COURSES)
def test_every_held_session_is_a_dot_or_a_ring_in_each_component(points):
    held = [point for point in points if point.is_held]
    for component, part in zip(COMPONENTS, draw(points).iter("g"), strict=True):
        missing = [point for point in held if point.scores.get(component) is None]
        assert len(of_class(part, "ring")) == len(missing)
        assert len(of_class(part, "dot")) == len(held) - len(missing)


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
    points = [rated(5, own={"trust": 6}), UNRATED, MISSED, rated(7)]
    told = texts(figure_parts(lay_out(points, LABELS), names=NAMES))
    assert "Trust and respect" in told
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


@given(COURSES)
def test_plotly_puts_every_mark_where_the_drawing_has_it(points):
    parts, drawing = figure_parts(lay_out(points, LABELS), names=NAMES), draw(points)
    for place, panel in enumerate(drawing.iter("g")):
        rings, own, dots = parts["data"][3 * place : 3 * place + 3]
        for trace, drawn in (
            (rings, places_of_svg(panel, "ring", "cx", "cy")),
            (own, places_of_svg(panel, "own", "x", "y")),
            (dots, places_of_svg(panel, "dot", "cx", "cy")),
        ):
            computed = places_of_plotly(parts, trace)
            assert len(computed) == len(drawn)
            for one, other in zip(computed, drawn, strict=True):
                assert one == pytest.approx(other, abs=0.1)


def test_marks_stand_in_the_middle_of_their_slot_and_at_their_height_in_the_panel():
    points = [rated(0), rated(5), rated(10), UNRATED]
    drawing = draw(points)
    trust = next(drawing.iter("g"))
    assert places_of_svg(trust, "dot", "cx", "cy") == [
        (WIDTH * (slot + 0.5) / 4, trend.TOP + trend.PANEL * (1 - score / 10))
        for slot, score in enumerate([0, 5, 10])
    ]


@given(COURSES)
def test_plotly_breaks_its_line_where_the_drawing_does(points):
    parts = figure_parts(lay_out(points, LABELS), names=NAMES)
    for component, trace in zip(COMPONENTS, parts["data"][2::3], strict=True):
        assert trace["connectgaps"] is False
        joined = [pair for pair in pairwise(trace["x"]) if None not in pair]
        assert joined == neighbours(points, component)


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
    assert {name: on_page[name] for name in COMPONENTS} == colours
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


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_colour_can_be_read_on_its_card(ground):
    _on_page, colours, card = GROUNDS[ground]
    for colour in [*colours.values(), palette.INK[ground]]:
        assert contrast(colour, card) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_the_three_components_keep_the_contrast_that_the_palette_promises(ground):
    _on_page, colours, card = GROUNDS[ground]
    assert min(contrast(colour, card) for colour in colours.values()) >= 6
