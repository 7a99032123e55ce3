"""Scaffolds hold numbers and keying, no words; totals are reckoned by the authors' rules."""

import tomllib

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from alliance.measures.models import MeasureVersion
from alliance.measures.scaffolding import FOLDER, scaffolds
from alliance.psychometrics.own_total import own_total
from alliance.psychometrics.scoring import ScoredItem, score
from tests.alliance.own_measures import PLANTED, add

FILES = sorted(FOLDER.glob("*.toml"))
# key: items, range, step, components by item, reversed items, method, least answered
MADE = {
    "srs-3": (4, (0, 10), 0.1, {1: "trust", 2: "goals", 3: "collaboration"}, set(), "sum", 1.0),
    "wai-sr": (
        12,
        (1, 5),
        1,
        dict.fromkeys((3, 5, 7, 9), "trust")
        | dict.fromkeys((4, 6, 8, 11), "goals")
        | dict.fromkeys((1, 2, 10, 12), "collaboration"),
        set(),
        "mean",
        0.75,
    ),
    "haq-2": (19, (1, 6), 1, {}, {4, 8, 11, 16, 19}, "mean", 1.0),
    "arm-5": (5, (1, 7), 1, {}, {3}, "mean", 1.0),
}


# --- What they hold ---


@pytest.mark.parametrize("key", MADE)
def test_a_scaffold_is_made_as_the_sources_say(key):
    items, ends, step, components, reversed_items, method, least = MADE[key]
    scaffold = scaffolds()[key]
    assert (len(scaffold.components), scaffold.step) == (items, step)
    assert (scaffold.minimum, scaffold.maximum) == ends
    assert {n: part for n, part in enumerate(scaffold.components, 1) if part} == components
    assert {n for n, is_it in enumerate(scaffold.reverse, 1) if is_it} == reversed_items
    assert (scaffold.method, scaffold.least_answered) == (method, least)


def test_these_are_all():
    assert set(scaffolds()) == set(MADE)
    assert {path.stem for path in FILES} == set(MADE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_scaffold_has_no_place_for_words_of_a_form(path):
    told = tomllib.loads(path.read_text())
    assert isinstance(told["items"], int)
    assert not {"text", "low", "high", "title", "intro", "anchors"} & set(told)
    assert set(told["scale"]) == {"minimum", "maximum", "step"}


@pytest.mark.parametrize("key", MADE)
def test_each_fact_has_a_source_and_says_how_sure_it_is(key):
    scaffold = scaffolds()[key]
    assert scaffold.facts
    for fact in scaffold.facts:
        assert fact.says and fact.source
        assert str(fact.how_sure)
    assert "licence" in scaffold.needs or "permission" in scaffold.needs


# --- Totals in a measure's own points ---


def marked(key, marks):
    return {str(place): mark for place, mark in enumerate(marks, 1)}, scaffolds()[key]


def total(key, marks):
    answers, scaffold = marked(key, marks)
    return own_total(
        answers,
        scaffold.scored_items(),
        method=scaffold.method,
        least_answered=scaffold.least_answered,
    )


def test_the_srs_is_the_sum_of_its_four_lines():
    assert total("srs-3", [9.1, 8.7, 10, 9.4]) == pytest.approx(37.2)
    assert total("srs-3", [10] * 4) == 40


@pytest.mark.parametrize("missing", range(4))
def test_no_line_of_the_srs_can_be_spared(missing):
    assert total("srs-3", [None if place == missing else 9 for place in range(4)]) is None


def test_the_haq_counts_its_five_negative_items_as_seven_minus_the_mark():
    best = [1 if place in {4, 8, 11, 16, 19} else 6 for place in range(1, 20)]
    assert total("haq-2", best) == 6
    assert total("haq-2", [7 - mark for mark in best]) == 1
    assert total("haq-2", [6] * 19) == pytest.approx((14 * 6 + 5 * 1) / 19)


def test_the_sum_of_the_haq_lies_between_19_and_114():
    best = [1 if place in {4, 8, 11, 16, 19} else 6 for place in range(1, 20)]
    answers, scaffold = marked("haq-2", best)
    assert own_total(answers, scaffold.scored_items(), method="sum") == 114


def test_the_arm_reverses_its_third_item():
    assert total("arm-5", [7, 7, 1, 7, 7]) == 7
    assert total("arm-5", [7, 7, 7, 7, 7]) == pytest.approx(29 / 5)


def test_the_wai_is_the_mean_and_prorates_one_of_four_in_a_part_and_no_more():
    full = [3, 3, 5, 4, 5, 4, 5, 4, 5, 3, 4, 3]
    assert total("wai-sr", full) == 4
    bond = [5, 4, None, 4, 4, 4, 2, 4, 3, 4, 4, 4]  # Of 3, 5, 7, 9 the first is missing.
    assert total("wai-sr", bond) == pytest.approx((17 + 16 + 3 * 4) / 12)
    bond[4] = None
    assert total("wai-sr", bond) is None


def test_task_bond_and_goal_of_the_wai_are_ours_on_0_to_10():
    full = [3, 3, 5, 4, 5, 4, 5, 4, 5, 3, 4, 3]
    answers, scaffold = marked("wai-sr", full)
    scores = score(answers, scaffold.scored_items(), least_answered=0.75)
    assert (scores.trust, scores.goals, scores.collaboration) == (10, 7.5, 5)


def test_where_the_rule_asks_for_all_nothing_is_prorated():
    items = [ScoredItem(str(n), "", 0, 10) for n in range(2)]
    assert own_total({"0": 5}, items, method="sum") is None
    assert own_total({"0": 5}, items, method="sum", least_answered=0.5) == 10
    assert own_total({}, items, method="sum", least_answered=0) is None


@pytest.mark.parametrize(
    ("answers", "values", "said"),
    [
        ({"0": 11}, {}, "outside"),
        ({"9": 1}, {}, "no such item"),
        ({}, {"method": "median"}, "method"),
        ({}, {"least_answered": 1.1}, "least_answered"),
        ({}, {"items": []}, "no items"),
    ],
)
def test_what_cannot_be_reckoned_is_refused(answers, values, said):
    told = {"items": [ScoredItem("0", "", 0, 10)], "method": "sum"} | values
    with pytest.raises(ValueError, match=said):
        own_total(answers, **told)


RANGE = st.tuples(st.integers(-10, 10), st.integers(1, 10))


@given(RANGE, st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=9))
def test_a_sum_lies_between_all_lowest_and_all_highest_and_the_mean_is_its_share(span, marks):
    low, high = span[0], span[0] + span[1]
    items = [ScoredItem(str(n), "", low, high, reverse) for n, (_m, reverse) in enumerate(marks)]
    answers = {str(n): low + (high - low) * at for n, (at, _reverse) in enumerate(marks)}
    summed = own_total(answers, items, method="sum")
    assert len(items) * low - 1e-6 <= summed <= len(items) * high + 1e-6
    assert own_total(answers, items, method="mean") == pytest.approx(summed / len(items))


# --- Typing the words in ---


@pytest.fixture
def mara(cast):
    browser = Client()
    browser.force_login(cast.mara)
    return browser


def words(count, **values):
    """Return what is sent for a questionnaire of so many statements, in invented words."""
    told = {
        "name": "Teapots",
        "key": "teapots",
        "language": "en",
        "perspective": "client",
        "title": "About teapots",
        "intro": "Mark what fits.",
        "minimum": "1",
        "maximum": "5",
        "step": "1",
        "low": "cold",
        "high": "hot",
        "method": "sum",
        "least_answered": "1",
        "source": "Invented.",
    }
    for place in range(1, count + 1):
        told[f"text_{place}"] = f"{PLANTED} {place}."
    return told | values


def write(mara, cast, count, told):
    address = reverse("measure-write", args=[cast.practice.pk])
    return mara.post(address, told | {"items": str(count)})


def errors(answer):
    return {name: " ".join(said) for name, said in answer.context["form"].errors.items()}


def test_a_scaffold_fills_in_numbers_and_leaves_every_word_to_be_typed(cast, mara):
    page = mara.get(reverse("measure-write", args=[cast.practice.pk]), {"scaffold": "haq-2"})
    form = page.context["form"]
    assert len(form.keys) == 19
    assert form["maximum"].value() == 6
    assert form["is_reverse_4"].value() is True
    assert [form[f"text_{place}"].value() for place in range(1, 20)] == [None] * 19
    assert form["low"].value() is form["high"].value() is None
    assert "written permission" in page.content.decode()


def test_the_page_for_the_srs_says_which_licence_a_practice_needs(cast, mara):
    page = mara.get(reverse("measure-write", args=[cast.practice.pk]), {"scaffold": "srs-3"})
    assert "A practice needs a group licence" in page.content.decode()


def test_what_is_typed_in_becomes_a_draft_as_typed(cast, mara):
    told = words(3, component_1="trust", component_2="goals", component_3="collaboration")
    told |= {"is_reverse_2": "on", "low_3": "empty", "high_3": "full"}
    norm = {"norm_population": "Pots", "norm_n": "9", "norm_mean": "3", "norm_sd": "1"}
    answer = write(mara, cast, 3, told | norm | {"norm_source": "Invented."})
    assert answer.status_code == 302
    version = MeasureVersion.objects.get(measure__practice=cast.practice)
    rows = version.items.values_list("key", "component", "is_reverse", "low_anchor", "high_anchor")
    assert list(rows) == [
        ("item-1", "trust", False, "cold", "hot"),
        ("item-2", "goals", True, "cold", "hot"),
        ("item-3", "collaboration", False, "empty", "full"),
    ]
    assert (version.state, version.number, version.method) == ("draft", 1, "sum")
    assert version.norms[0]["sd"] == 1


def test_the_next_one_of_the_same_key_and_language_has_the_next_number(cast, mara):
    for _time in range(2):
        assert write(mara, cast, 2, words(2)).status_code == 302
    assert write(mara, cast, 2, words(2, language="ar")).status_code == 302
    numbers = MeasureVersion.objects.filter(measure__practice=cast.practice)
    assert sorted(numbers.values_list("language", "number")) == [("ar", 1), ("en", 1), ("en", 2)]


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"text_2": ""}, "text_2", "required"),
        ({"low": ""}, "low_1", "missing for this end"),
        ({"high": "", "high_1": "hot"}, "high_2", "missing for this end"),
        ({"maximum": "1"}, "maximum", "goes up from minimum to maximum"),
        ({"step": "3"}, "step", "do not end at its maximum"),
        ({"step": "0.001"}, "step", "from 1 to 100 steps"),
        ({"component_1": "trust"}, "__all__", "each of trust, goals and collaboration"),
        ({"component_1": "hope"}, "component_1", "valid choice"),
        ({"key": "tea pots"}, "key", "valid"),
        ({"key": "session"}, "__all__", "one of ours"),
        ({"norm_mean": "3"}, "norm_n", "how many people"),
        ({"title": "a\x07b"}, "title", "cannot be seen"),
        ({"text_1": "x" * 281}, "text_1", "at most 280"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field_and_what_was_typed_is_kept(
    cast, mara, values, field, said
):
    answer = write(mara, cast, 2, words(2, **values))
    assert answer.status_code == 200
    assert said.lower() in errors(answer)[field].lower()
    if "text_2" not in values:
        assert f"{PLANTED} 2." in answer.content.decode()
    assert not MeasureVersion.objects.filter(measure__practice=cast.practice).exists()


@pytest.mark.parametrize("query", ["", "?items=0", "?items=31", "?items=x", "?scaffold=none"])
def test_without_a_number_of_statements_or_a_scaffold_it_is_asked_for(cast, mara, query):
    page = mara.get(reverse("measure-write", args=[cast.practice.pk]) + query)
    assert page.status_code == 200
    body = page.content.decode()
    assert 'name="title"' not in body
    assert "?scaffold=wai-sr" in body


def test_a_draft_is_changed_by_the_same_form_and_keeps_what_the_form_does_not_ask(cast, mara):
    draft = add(cast.practice, by=cast.mara)
    MeasureVersion.objects.filter(pk=draft.pk).update(language="fr", audience="young")
    at = reverse("measure-edit", args=[draft.pk])
    form = mara.get(at).context["form"]
    told = {
        name: form[name].value()
        for name in form.fields
        if form[name].value() not in (None, False, "")
    }
    assert told["text_1"] == f"{PLANTED}: warm."
    answer = mara.post(at, told | {"text_1": "Lukewarm.", "key": "other", "language": "en"})
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.language, draft.audience, draft.measure.key) == ("fr", "young", "teapots")
    assert draft.items.first().text == "Lukewarm."
    assert len(draft.norms) == 1


def test_a_refused_change_is_said_and_kept_on_the_page(cast, mara):
    draft = add(cast.practice, by=cast.mara)
    answer = mara.post(reverse("measure-edit", args=[draft.pk]), words(4, maximum="0"))
    assert answer.status_code == 200
    assert "maximum" in errors(answer)
    draft.refresh_from_db()
    assert draft.maximum == 5


def test_of_a_measure_without_components_the_page_says_what_the_trend_will_not_show(cast, mara):
    write(mara, cast, 2, words(2))
    version = MeasureVersion.objects.get(measure__practice=cast.practice)
    page = mara.get(reverse("measure", args=[version.pk])).content.decode()
    assert "the trend shows no total for it" in page
