"""The two small pictures: each client a dot, and the funnel with nobody else in it."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.charts.patterns import Limit, funnel, strip

LIMITS = [Limit(n, 7 - 3 / n**0.5, 7 + 3 / n**0.5) for n in range(5, 41)]


def draw_funnel(own=(12, 7.2), limits=LIMITS, summary="In words.", along="clients"):
    return funnel(limits, average=7, own=own, summary=summary, along=along)


def dots(svg):
    found = re.findall(r'class="dot" cx="([\d.]+)" cy="([\d.]+)"', svg)
    return [(float(x), float(y)) for x, y in found]


@given(means=st.lists(st.floats(0, 10), max_size=60))
def test_each_mean_is_a_dot_and_no_dot_lies_on_another(means):
    drawn = strip(means, summary="In words.")
    ElementTree.fromstring(drawn)
    assert len(dots(drawn)) == len(set(dots(drawn))) == len(means)
    assert all(0 < x < 340 and y > 0 for x, y in dots(drawn))


def test_means_outside_the_scale_are_refused():
    for mean in (-0.1, 10.1):
        with pytest.raises(ValueError, match="from 0 to 10"):
            strip([mean], summary="")


@given(clients=st.integers(5, 40), mean=st.floats(0, 10))
def test_in_the_funnel_there_is_one_dot_whose_page_it_is(clients, mean):
    drawn = draw_funnel(own=(clients, mean))
    ElementTree.fromstring(drawn)
    ((x, y),) = dots(drawn)
    assert 0 < x < 340
    assert 0 < y < 190


def test_the_funnel_narrows_with_more_clients():
    points = re.search(r'<polygon class="usual" points="([^"]+)"', draw_funnel())[1].split()
    upper = [float(point.split(",")[1]) for point in points[: len(LIMITS)]]
    assert upper == sorted(upper)


def test_a_funnel_has_two_ends():
    with pytest.raises(ValueError, match="two ends"):
        draw_funnel(limits=LIMITS[:1])


def test_words_are_escaped():
    for drawn in (strip([], summary='"<b>'), draw_funnel(summary='"<b>', along="<b>")):
        assert "<b>" not in drawn
        ElementTree.fromstring(drawn)
