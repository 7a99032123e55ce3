"""How far apart those who came together rate a meeting, and when that is more than chance."""

import re
from math import isfinite, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.psychometrics.fitting import start_values
from alliance.psychometrics.simulation import SCENARIOS, draw
from alliance.psychometrics.split import ENOUGH, splits

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/method/split.md").read_text()
START = start_values(m=7.5, lowest=0, highest=10)
WITHIN = START.ss2 + START.se2

totals = st.none() | st.floats(0, 10) | st.just(float("nan"))


@st.composite
def circles(draw_one):
    """Draw the totals of two to five members over up to a dozen meetings, and their variances."""
    members = draw_one(st.integers(2, 5))
    row = st.lists(totals, min_size=members, max_size=members)
    variances = st.lists(st.floats(0.1, 9), min_size=members, max_size=members)
    return draw_one(st.lists(row, max_size=12)), draw_one(variances)


def couple(*distances, first=8.0):
    """Return the totals of a couple who rate so far apart."""
    return [[first, first - distance] for distance in distances]


def test_a_couple_is_compared_from_the_sixth_meeting_on_and_not_before():
    found = splits(couple(*[1.0] * ENOUGH, 1.0), [WITHIN, WITHIN])
    assert [one.limit is None for one in found] == [True] * ENOUGH + [False]
    assert [one.apart for one in found] == [1.0] * (ENOUGH + 1)
    assert not any(one.is_further for one in found)


def test_the_limit_of_a_couple_is_that_of_the_difference_of_two_ratings():
    """Usual distance, and 1.96 standard deviations of a difference whose levels are means of 5."""
    (*_earlier, last) = splits(couple(*[1.0] * ENOUGH, 5.0), [WITHIN, WITHIN])
    assert last.usual == 1.0
    assert last.limit == pytest.approx(1.0 + 1.95996 * sqrt(2 * WITHIN * 1.2), abs=1e-3)
    assert last.is_further


def test_two_who_come_nearer_to_each_other_than_usual_are_not_further_apart():
    (*_earlier, last) = splits(couple(*[6.0] * ENOUGH, 0.0), [0.1, 0.1])
    assert last.limit is not None and last.distance == 0
    assert not last.is_further


def test_where_ratings_vary_more_it_takes_more():
    calm, lively = (
        splits(couple(*[1.0] * ENOUGH, 4.5), [WITHIN, variance])[-1] for variance in (0.2, 4.0)
    )
    assert calm.limit < lively.limit
    assert not lively.is_further


def test_what_one_of_them_did_not_rate_is_compared_with_nothing_and_makes_no_level():
    rows = couple(*[1.0] * ENOUGH)
    rows[2][1] = None
    found = splits([*rows, [8.0, 7.0], [8.0, None]], [WITHIN, WITHIN])
    assert found[2].apart is None and found[2].limit is None
    assert found[5].limit is None  # One of them has rated four times before.
    assert found[6].apart is None and not found[6].is_further


def test_another_wording_begins_another_usual_level():
    rows = couple(*[1.0] * (ENOUGH + 1))
    lines = [["en", "de"]] * ENOUGH + [["en", "en"]]
    assert splits(rows, [WITHIN, WITHIN], lines)[-1].limit is None
    assert splits(rows, [WITHIN, WITHIN], [["en", "de"]] * (ENOUGH + 1))[-1].limit is not None


def test_in_a_group_whoever_is_new_is_compared_later_and_the_others_now():
    rows = [[8.0, 7.0, None]] * ENOUGH + [[8.0, 7.0, 1.0]]
    last = splits(rows, [WITHIN] * 3)[-1]
    assert (last.apart, last.distance, last.compared) == (7.0, 1.0, (0, 1))
    assert not last.is_further


def test_nobody_is_compared_whose_ratings_vary_as_nobody_knows():
    assert splits(couple(*[1.0] * 6), [WITHIN, None])[-1].limit is None


@given(circles())
def test_everything_is_a_number_or_missing(circle):
    rows, variances = circle
    for found in splits(rows, variances):
        for value in (found.apart, found.distance, found.usual, found.limit):
            assert value is None or (isfinite(value) and value >= 0)
        assert (found.limit is None) == (found.usual is None) == (found.distance is None)
        assert found.distance is None or found.distance <= found.apart


@given(circles(), st.randoms())
def test_the_order_of_the_members_does_not_matter(circle, chance):
    rows, variances = circle
    order = list(range(len(variances)))
    chance.shuffle(order)
    turned = splits(
        [[row[place] for place in order] for row in rows], [variances[p] for p in order]
    )
    for one, other in zip(splits(rows, variances), turned, strict=True):
        assert one.apart == other.apart
        assert one.limit == pytest.approx(other.limit)
        assert {order[place] for place in other.compared} == set(one.compared)


@given(circles(), st.floats(-5, 5))
def test_if_all_rate_higher_by_as_much_nothing_changes(circle, more):
    rows, variances = circle
    moved = [[None if value is None else value + more for value in row] for row in rows]
    for one, other in zip(splits(rows, variances), splits(moved, variances), strict=True):
        assert one.apart == pytest.approx(other.apart, abs=1e-9)
        assert one.usual == pytest.approx(other.usual, abs=1e-9)
        assert one.limit == pytest.approx(other.limit, abs=1e-9)


@given(circles())
def test_what_comes_later_changes_nothing_that_was_said(circle):
    rows, variances = circle
    assert splits(rows[:-1], variances) == splits(rows, variances)[: max(0, len(rows) - 1)]


@pytest.mark.parametrize(
    ("rows", "variances"),
    [
        ([[1.0]], [1.0, 1.0]),
        ([[1.0, float("inf")]], [1.0, 1.0]),
        ([[1.0, 2.0]], [1.0, 0.0]),
        ([[1.0, 2.0]], [1.0, float("nan")]),
    ],
)
def test_what_cannot_be_reckoned_with_is_refused(rows, variances):
    with pytest.raises(ValueError, match=r"."):
        splits(rows, variances)


def documented(heading, name, column):
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    head, _rule, *body = [line for line in section.split("\n") if line.startswith("|")]
    names = [cell.strip() for cell in head.strip("|").split("|")]
    (row,) = [line for line in body if line.startswith(f"| {name} |")]
    return float(row.strip("|").split("|")[names.index(column)])


@pytest.mark.parametrize("name", ["gauss", "ceiling", "phi .65"])
@pytest.mark.parametrize("meetings", [6, 10])
def test_couples_in_whom_nothing_changes_are_marked_as_often_as_documented(name, meetings):
    many = 1_500
    drawn = draw(
        SCENARIOS[name],
        START,
        courses=2 * many,
        sessions=meetings,
        generator=np.random.default_rng(5),
    )
    ratings = drawn.ratings().reshape(many, 2, meetings).transpose(0, 2, 1)
    ever = sum(any(one.is_further for one in splits(rows, [WITHIN] * 2)) for rows in ratings)
    told = documented("Couples in whom nothing changes", name, f"{meetings} meetings")
    assert ever / many == pytest.approx(told, abs=4 * sqrt(told * (1 - told) / many) + 0.002)


def test_the_document_says_what_the_code_does():
    assert re.search(rf"from the {ENOUGH + 1}th meeting on", DOCUMENT)
