"""From answers to scores: worked out by hand first, then for any questionnaire."""

from dataclasses import astuple, replace
from math import inf, isfinite, nan

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alliance.psychometrics.scoring import COMPONENTS, ScoredItem, Scores, rescale, score

NOTHING = Scores(trust=None, goals=None, collaboration=None, total=None)


def questionnaire(each=2, *, minimum=0, maximum=10):
    """Return a questionnaire of `each` items for each component: trust0, trust1, goals0 …"""
    return [
        ScoredItem(f"{component}{place}", component, minimum, maximum)
        for component in COMPONENTS
        for place in range(each)
    ]


def answered(items, marks):
    return dict(zip([item.key for item in items], marks, strict=True))


# --- By hand ---------------------------------------------------------------------------


def test_a_component_is_the_mean_of_its_items_and_the_total_the_mean_of_the_components():
    items = questionnaire()
    assert score(answered(items, [8, 6, 5, 5, 10, 9]), items) == Scores(7, 5, 9.5, 21.5 / 3)


def test_half_of_the_items_of_a_component_is_enough():
    items = questionnaire()
    assert score(answered(items, [8, None, 5, 5, 9, 9]), items).trust == 8


def test_less_than_half_of_the_items_leaves_the_component_and_the_total_missing():
    items = questionnaire(3)
    scores = score(answered(items, [8, None, None, 5, 5, None, 9, 9, 9]), items)
    assert scores == Scores(trust=None, goals=5, collaboration=9, total=None)


def test_one_component_missing_altogether_leaves_the_total_missing():
    items = questionnaire()
    scores = score(answered(items, [8, 8, None, None, 9, 9]), items)
    assert scores == Scores(trust=8, goals=None, collaboration=9, total=None)


def test_the_total_weighs_components_alike_however_many_of_their_items_were_answered():
    items = questionnaire()
    assert score(answered(items, [0, None, 6, 6, 6, 6]), items).total == 4


def test_an_absent_key_is_a_skipped_item():
    items = questionnaire()
    marks = answered(items, [8, None, 5, 5, 9, 9])
    assert score({key: mark for key, mark in marks.items() if mark is not None}, items) == score(
        marks, items
    )


def test_a_mark_of_nought_is_an_answer():
    items = questionnaire()
    assert score(answered(items, [0] * 6), items) == Scores(0, 0, 0, 0)


def test_a_measure_can_ask_for_more_than_half():
    items = questionnaire()
    scores = score(answered(items, [8, None, 5, 5, 9, 9]), items, least_answered=0.75)
    assert scores == Scores(trust=None, goals=5, collaboration=9, total=None)


def test_where_no_share_is_asked_for_a_component_without_any_answer_is_still_missing():
    items = questionnaire()
    assert score({"trust0": 8}, items, least_answered=0) == replace(NOTHING, trust=8)


def test_a_component_that_the_measure_does_not_ask_about_is_missing():
    items = [item for item in questionnaire() if item.component != "goals"]
    scores = score(answered(items, [8, 8, 9, 9]), items)
    assert scores == Scores(trust=8, goals=None, collaboration=9, total=None)


@pytest.mark.parametrize(
    ("minimum", "maximum", "value", "expected"),
    [(1, 5, 1, 0), (1, 5, 3, 5), (1, 5, 4, 7.5), (1, 5, 5, 10), (0, 100, 73, 7.3), (-3, 3, 0, 5)],
)
def test_answers_of_any_range_are_brought_to_nought_to_ten(minimum, maximum, value, expected):
    assert rescale(value, ScoredItem("say", "trust", minimum, maximum)) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "keyed"), [(1, 5), (2, 4), (3, 3), (5, 1)])
def test_a_reversed_item_counts_as_its_mirror_image_in_its_own_range(value, keyed):
    item = ScoredItem("say", "trust", 1, 5)
    assert rescale(value, replace(item, reverse=True)) == rescale(keyed, item)


def test_reversed_and_plain_items_of_different_ranges_meet_in_one_component():
    items = [ScoredItem("say", "trust", 1, 5, reverse=True), ScoredItem("aim", "trust", 0, 100)]
    assert score({"say": 2, "aim": 25}, items).trust == (7.5 + 2.5) / 2


@pytest.mark.parametrize("value", [-0.1, 10.1, -1, 11, nan, inf, -inf])
def test_a_mark_outside_its_range_is_refused(value):
    items = questionnaire()
    with pytest.raises(ValueError, match="trust0"):
        score({"trust0": value}, items)


def test_an_answer_to_no_item_of_the_measure_is_refused():
    with pytest.raises(ValueError, match="no such item: hope"):
        score({"trust0": 5, "hope": 5}, questionnaire())


def test_not_even_a_skipped_answer_may_belong_to_no_item():
    with pytest.raises(ValueError, match="hope"):
        score({"hope": None}, questionnaire())


@pytest.mark.parametrize(("minimum", "maximum"), [(5, 5), (10, 0), (nan, 10), (0, nan)])
def test_an_empty_range_is_refused(minimum, maximum):
    with pytest.raises(ValueError, match="no range"):
        rescale(5, ScoredItem("say", "trust", minimum, maximum))


@pytest.mark.parametrize("share", [-0.01, 1.01, nan, inf])
def test_a_share_outside_nought_to_one_is_refused(share):
    with pytest.raises(ValueError, match="least_answered"):
        score({}, questionnaire(), least_answered=share)


# --- For any questionnaire -------------------------------------------------------------


@st.composite
def questionnaires(draw):
    """Draw up to five items for each component, each with a range and a direction of its own."""
    items = []
    for component in COMPONENTS:
        for place in range(draw(st.integers(1, 5))):
            minimum = draw(st.integers(-100, 100))
            maximum = minimum + draw(st.integers(1, 200))
            reverse = draw(st.booleans())
            items.append(ScoredItem(f"{component}{place}", component, minimum, maximum, reverse))
    return items


def marks_for(item):
    """Draw a mark on a tenth of the item's range, both ends included."""
    tenths = st.integers(0, 10 * int(item.maximum - item.minimum))
    return tenths.map(lambda tenth: item.minimum + tenth / 10)


@st.composite
def ratings(draw):
    """Draw a questionnaire and the answers to it, any of them skipped."""
    items = draw(questionnaires())
    return {item.key: draw(st.none() | marks_for(item)) for item in items}, items


def same(one, other):
    return all(
        a == b if a is None or b is None else a == pytest.approx(b, abs=1e-9)
        for a, b in zip(astuple(one), astuple(other), strict=True)
    )


@given(ratings(), st.floats(0, 1))
def test_a_score_is_missing_or_lies_between_nought_and_ten(rating, share):
    given_scores = astuple(score(*rating, least_answered=share))
    assert all(value is None or (isfinite(value) and 0 <= value <= 10) for value in given_scores)


@given(st.integers(-500, 500), st.integers(1, 1000), st.booleans())
@example(3, 9, False)
@example(-99, 263, True)
def test_both_ends_of_a_range_are_nought_and_ten_exactly(minimum, width, reverse):
    item = ScoredItem("say", "trust", minimum / 10, (minimum + width) / 10, reverse)
    ends = {rescale(item.minimum, item), rescale(item.maximum, item)}
    assert ends == {0, 10}


@given(ratings())
def test_the_total_is_there_exactly_when_all_three_components_are(rating):
    scores = score(*rating)
    assert (scores.total is not None) == (None not in astuple(scores)[:3])


@given(questionnaires(), st.floats(0, 1), st.booleans())
def test_nothing_answered_stays_nothing(items, share, is_said):
    answers = {item.key: None for item in items} if is_said else {}
    assert score(answers, items, least_answered=share) == NOTHING


@given(ratings(), st.integers(-50, 50), st.integers(1, 20))
def test_the_points_in_which_a_measure_counts_make_no_difference(rating, shift, scale):
    answers, items = rating
    elsewhere = [
        replace(item, minimum=item.minimum * scale + shift, maximum=item.maximum * scale + shift)
        for item in items
    ]
    told = {key: mark * scale + shift for key, mark in answers.items() if mark is not None}
    assert same(score(told, elsewhere), score(answers, items))


@given(ratings(), st.data())
def test_the_order_of_the_items_makes_no_difference(rating, data):
    answers, items = rating
    shuffled = data.draw(st.permutations(items))
    assert same(score(dict(reversed(answers.items())), shuffled), score(answers, items))


@given(ratings(), st.data())
def test_a_better_answer_never_lowers_its_component_nor_touches_another(rating, data):
    answers, items = rating
    item = data.draw(st.sampled_from(items))
    marks = sorted(data.draw(st.tuples(marks_for(item), marks_for(item))), reverse=item.reverse)
    worse, better = (score(answers | {item.key: mark}, items) for mark in marks)
    for component in COMPONENTS:
        before, after = getattr(worse, component), getattr(better, component)
        if component != item.component or before is None:
            assert before == after
        else:
            assert before <= after


@given(ratings(), st.data())
def test_a_skipped_item_is_not_counted_as_the_middle(rating, data):
    answers, items = rating
    item = data.draw(st.sampled_from(items))
    skipped = score(answers | {item.key: None}, items, least_answered=0)
    middle = (item.minimum + item.maximum) / 2
    filled = score(answers | {item.key: middle}, items, least_answered=0)
    without = getattr(skipped, item.component)
    assume(without is None or abs(without - 5) > 0.01)
    assert getattr(filled, item.component) != without
