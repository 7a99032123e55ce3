"""Back to usual after a drop: worked out by hand first, then for any drop."""

import csv
import json
from dataclasses import replace
from math import exp, inf, nan, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.psychometrics.detector import Parameters
from alliance.psychometrics.repair import Drop, Verdict, judge

CASES = Path(__file__).resolve().parents[1] / "cases"
PARAMETERS = Parameters(m=36, sb2=9.6, ss2=4.0, se2=2.4, phi=0.4)
SD = sqrt(6.4)
VERDICTS = {
    "repaired": Verdict.BACK,
    "not repaired yet": Verdict.LOWER,
    "unclear": Verdict.UNCLEAR,
}
with (CASES / "P15_repair_table.csv").open() as lines:
    TABLE = list(csv.DictReader(lines))


def after(*ratings, usual=36.7, rating=31.0, scale=1.0):
    """Return a drop at session 7 and the ratings of the sessions after it, None where unrated."""
    drop = Drop(session=7, usual=usual, rating=rating, scale=scale)
    for held, y in enumerate(ratings, 8):
        if y is not None:
            drop = drop.followed_by(session=held, rating=y)
    return drop


# --- Figures that others worked out, and by hand ---


def test_there_are_seven_reference_values():
    assert len(TABLE) == 7


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"P15 {row['baseline']} {row['after']}")
def test_each_reference_value_of_p15_is_matched(row):
    ratings = [float(y) for y in row["after"].split()]
    drop = after(*ratings, usual=float(row["baseline"]), rating=float(row["rupture_rating"]))
    verdict, probability = judge(drop, PARAMETERS)
    assert probability == pytest.approx(float(row["P_repaired"]), abs=1e-6)
    assert verdict == VERDICTS[row["label"]]


def test_one_rating_after_a_drop_is_weighed_as_by_hand():
    depth, variance = 0.6 * 5.7, 6.4 * (1.5 + 0.15)
    odds = ((34 - (36.7 - depth)) ** 2 - (34 - 36.7) ** 2) / (2 * variance)
    _verdict, probability = judge(after(34, scale=1.5), PARAMETERS)
    assert probability == pytest.approx(1 / (1 + exp(-odds)))


def test_a_session_without_a_rating_sets_its_neighbours_further_apart():
    share = 4.0 / 6.4
    for ratings, lag in (((34, 35), 1), ((34, None, 35), 2), ((34, None, None, 35), 3)):
        alike = (2 + 2 * share * 0.4**lag) / 4
        depth, variance = 0.6 * 5.7, 6.4 * (alike + 0.15)
        odds = ((34.5 - (36.7 - depth)) ** 2 - (34.5 - 36.7) ** 2) / (2 * variance)
        assert judge(after(*ratings), PARAMETERS).probability == pytest.approx(1 / (1 + exp(-odds)))


def test_a_shallow_drop_is_taken_to_be_three_quarters_of_a_standard_deviation_deep():
    shallow, none_at_all = after(36.5, rating=36.6), after(36.5, rating=36.7)
    assert judge(shallow, PARAMETERS) == judge(none_at_all, PARAMETERS)
    halfway = after(36.7 - 0.75 * SD / 2, rating=36.6)
    assert judge(halfway, PARAMETERS).probability == pytest.approx(0.5)


def test_before_the_first_rating_after_a_drop_nothing_is_clear():
    assert judge(after(), PARAMETERS) == (Verdict.UNCLEAR, None)
    assert judge(after(None, None), PARAMETERS) == (Verdict.UNCLEAR, None)


def test_the_fifth_rating_that_leaves_a_client_short_of_usual_ends_the_search():
    assert judge(after(33, 33, 33, 33), PARAMETERS).verdict == Verdict.LOWER
    assert judge(after(33, 33, 33, 33, 33), PARAMETERS).verdict == Verdict.NOT_REGAINED
    assert judge(after(35, 35, 35, 35), PARAMETERS).verdict == Verdict.UNCLEAR
    assert judge(after(35, 35, 35, 35, 35), PARAMETERS).verdict == Verdict.NOT_REGAINED


def test_the_fifth_rating_can_still_bring_a_client_back_to_usual():
    assert judge(after(36, 37, 36, 37, 37), PARAMETERS).verdict == Verdict.BACK


def test_after_five_ratings_nothing_more_is_followed():
    drop = after(33, 33, 33, 33, 33)
    assert drop.followed_by(session=99, rating=40) == drop


# --- What is refused ---


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e101])
@pytest.mark.parametrize("name", ["usual", "rating", "scale"])
def test_a_drop_is_made_of_numbers(name, value):
    with pytest.raises(ValueError, match="number"):
        replace(after(), **{name: value})
    with pytest.raises(ValueError, match="number"):
        after(value)


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_factor_that_is_not_above_zero_is_refused(scale):
    with pytest.raises(ValueError, match="scale factor"):
        after(scale=scale)


@pytest.mark.parametrize("session", [6, 7, 8])
def test_a_rating_that_is_not_after_the_last_one_is_refused(session):
    with pytest.raises(ValueError, match="one after the other"):
        after(34).followed_by(session=session, rating=35)


def test_a_drop_with_six_ratings_after_it_is_refused():
    with pytest.raises(ValueError, match="followed for 5"):
        replace(after(), after=tuple((held, 35.0) for held in range(8, 14)))


# --- For any drop ---

points = st.floats(0, 40)
variances = st.floats(1e-3, 50)


@st.composite
def drops(draw, least=1):
    """Draw a drop and one to five ratings after it, with unrated sessions between."""
    gaps = draw(st.lists(st.integers(1, 9), min_size=least, max_size=5))
    drop = Drop(draw(st.integers(1, 500)), draw(points), draw(points), draw(st.floats(0.2, 5)))
    session = drop.session
    for gap in gaps:
        session += gap
        drop = drop.followed_by(session=session, rating=draw(points))
    return drop


@st.composite
def parameters(draw):
    return Parameters(
        m=draw(points),
        sb2=draw(variances),
        ss2=draw(st.just(0.0) | variances),
        se2=draw(variances),
        phi=draw(st.floats(-0.95, 0.95)),
    )


@given(drops(), parameters())
def test_the_probability_lies_between_nought_and_one_and_the_verdict_goes_with_it(drop, varied):
    verdict, probability = judge(drop, varied)
    assert 0 <= probability <= 1
    assert (verdict == Verdict.BACK) == (probability >= 0.8)
    assert verdict != Verdict.LOWER or probability <= 0.2 + 1e-12
    assert (verdict == Verdict.NOT_REGAINED) == (len(drop.after) == 5 and probability < 0.8)


@given(drops(), parameters(), st.data())
def test_a_higher_rating_after_a_drop_never_makes_repair_less_likely(drop, varied, data):
    place = data.draw(st.integers(0, len(drop.after) - 1))
    session, y = drop.after[place]
    higher = (session, y + data.draw(st.floats(0, 10)))
    raised = replace(drop, after=(*drop.after[:place], higher, *drop.after[place + 1 :]))
    assert judge(raised, varied).probability >= judge(drop, varied).probability - 1e-12


@given(drops(), parameters(), st.floats(-100, 100), st.floats(0.1, 20))
def test_the_points_in_which_ratings_are_counted_make_no_difference(drop, varied, shift, factor):
    elsewhere = Drop(
        drop.session,
        drop.usual * factor + shift,
        drop.rating * factor + shift,
        drop.scale,
        tuple((session, y * factor + shift) for session, y in drop.after),
    )
    stretched = replace(
        varied,
        sb2=varied.sb2 * factor**2,
        ss2=varied.ss2 * factor**2,
        se2=varied.se2 * factor**2,
    )
    told = judge(drop, varied).probability
    assert judge(elsewhere, stretched).probability == pytest.approx(told, rel=1e-6, abs=1e-6)


@given(
    st.lists(st.floats(-1e100, 1e100), min_size=3, max_size=7),
    st.floats(1e-300, 1e100),
    st.floats(0, 1e100),
    st.floats(1e-300, 1e100),
)
def test_numbers_of_any_size_give_a_probability(values, scale, ss2, se2):
    usual, rating, *later = values
    odd = Parameters(m=0.0, sb2=1.0, ss2=ss2, se2=se2, phi=0.5)
    _verdict, probability = judge(after(*later, usual=usual, rating=rating, scale=scale), odd)
    assert 0 <= probability <= 1


@given(drops(least=0))
def test_a_drop_comes_back_from_json_as_it_was(drop):
    assert Drop.from_json(json.loads(json.dumps(drop.as_json()))) == drop
