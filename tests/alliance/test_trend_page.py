"""The trend page: what it says, how strongly, to whom, and how everybody can work it out again."""

import csv
import io
import re
import subprocess
import sys
from datetime import timedelta
from math import isnan
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.psychometrics.course import Mark, follow, told
from alliance.psychometrics.detector import METHOD, PRESETS, Parameters, detect, usual_range
from alliance.psychometrics.smoother import smooth
from alliance.ratings.models import Rating
from alliance.trends import words
from alliance.trends.models import Flag, Standing
from alliance.trends.pages import COVERAGE_90, present_trend
from alliance.trends.statements import accuracy, command, summarise
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.models import Session
from tests.conftest import hold, let_a_day_pass, look, rate, run

ROOT = Path(__file__).resolve().parents[2]
START = Parameters(m=7.5, sb2=1.125, ss2=0.675, se2=0.45, phi=0.4, ceiling=10 - 1 / 6)
VERSION = ParameterVersion(
    number=3,
    mean=START.m,
    between=START.sb2,
    state=START.ss2,
    error=START.se2,
    persistence=START.phi,
    ceiling=START.ceiling,
    origin="start",
    made_at=timezone.now(),
)
DROP = [8, 8, 8, 8, 4]
IN_PART = (None, None, 8, 8, 8, 8)
FORBIDDEN = re.compile(r"ruptur|detected|\brisk|alarm|warning|excellent", re.I)
ALLOWED = "It is no sign of an excellent relationship"

# --- Made by hand ----------------------------------------------------------------------


def facts_of(*totals, **values):
    """Return what is told of the last of these totals."""
    marks = [Mark(total, total is not None) for total in totals]
    course, found, _events = follow(marks, START, PRESETS["standard"])[-1]
    basis = {"method": METHOD, "preset": "standard", "watch": found.watch, "session": "here"}
    return {**told(found, course.detector.rated - 1), **basis, **values}


def stands(**values):
    given = {"sessions_held": 5, "sessions_rated": 5, "compared": 5, "highest": 8}
    scores = {"trust": 8, "goals": 8, "collaboration": 8, "total": 8}
    finding = facts_of(8, 8, 8, 8, 8)
    return Standing(**given | scores | {"finding": finding, "parameters": VERSION} | values)


def flag(kind, facts=None, number=5, pk="here", **values):
    session = Session(pk=pk, number=number, starts_at=timezone.now() + timedelta(days=number))
    return Flag(
        kind=kind,
        rank=Flag.RANKS[kind],
        session=session,
        facts=FACTS[kind] if facts is None else facts,
        parameters=VERSION,
        **values,
    )


FACTS = {
    "lower": facts_of(*DROP),
    "sliding": facts_of(9, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6),
    "low": {"probability": 0.9, "cutoff": 5.5, "ratings": 2, "method": 1, "preset": "standard"},
    "unrated": {"sessions": 3, "method": 1, "preset": "standard"},
    "rule": {"rules": ["drop_since_last", "below_cutoff"], "rating": 6},
    "told": {},
    "top": {"at_top": 5, "ratings": 5, "method": 1, "preset": "standard"},
    "back": {
        "probability": 0.9,
        "usual": 7.9,
        "rating": 4,
        "since": 2,
        "method": 1,
        "preset": "standard",
    },
}
LOWERED = {"total": 4, "trust": 5, "goals": 2, "collaboration": 5, "finding": FACTS["lower"]}
BLANK = {"trust": None, "goals": None, "collaboration": None, "total": None}
UNRATED = BLANK | {"sessions_rated": 0, "compared": 0, "highest": None, "finding": None}
EARLIER = {"trust": 8, "goals": 8, "collaboration": 8}
MARKS_OF_8 = (
    "Latest marks, from 0 to 10: "
    "trust and respect 8.0, agreeing on goals 8.0, working together 8.0."
)
ALL = "5 of 5 sessions held were rated."


def said(standing, flags=(), totals=(), earlier=None, **options):
    statements = summarise(standing, flags, totals=totals, earlier=earlier or {}, **options)
    return [statement.text for statement in statements]


# --- How strongly ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probability", "unflagged", "flagged"),
    [
        (None, "usual", "maybe"),
        (0.0, "usual", "maybe"),
        (0.2999, "usual", "maybe"),
        (0.3, "maybe", "maybe"),
        (0.7, "maybe", "maybe"),
        (0.7001, "probably", "probably"),
        (1.0, "probably", "probably"),
    ],
)
def test_a_rating_is_called_a_drop_as_surely_as_its_probability_is_high(
    probability, unflagged, flagged
):
    facts = {"probability": probability}
    assert words.strength(facts, is_flagged=False) == unflagged
    assert words.strength(facts, is_flagged=True) == flagged


def test_each_strength_has_its_sentence():
    assert [words.strength_words(strength) for strength in words.Strength] == [
        "That is within this client’s usual range.",
        "It could be a real drop, and it could be chance.",
        "It is probably a real drop.",
    ]


@pytest.mark.parametrize(
    ("latest", "how"),
    [
        (8, "The latest rating is within this client’s usual range: 8.0, where about 7.9"),
        (6.5, "The latest rating is within this client’s usual range: 6.5"),
        (6, "6.1 to 9.6 was to be expected. That is somewhat low; by itself it says little."),
        (5.5, "was to be expected. It could be a real drop, and it could be chance."),
        (4, "was to be expected. It is probably a real drop."),
        (10, "The latest rating is above this client’s usual range: 10.0, where about 7.9"),
    ],
)
def test_the_latest_rating_is_set_beside_what_is_usual(latest, how):
    finding = facts_of(8, 8, 8, 8, latest)
    (text, *_more) = said(stands(total=latest, finding=finding))
    assert how in text


def test_two_somewhat_low_ratings_running_could_be_a_drop_though_each_alone_says_little():
    facts = facts_of(8, 8, 8, 8, 6, 5.5)
    assert facts["probability"] < 0.3
    lower = flag("lower", facts)
    (text, *_more) = said(stands(total=5.5, finding=facts), [lower])
    assert text.startswith("The latest rating is lower than usual for this client: 5.5")
    assert text.endswith("It could be a real drop, and it could be chance.")
    assert "within" not in text


@given(st.lists(st.integers(0, 60).map(lambda n: n / 6), min_size=3, max_size=30), st.booleans())
def test_no_more_is_ever_said_of_a_rating_than_its_numbers_carry(totals, is_flagged):
    facts = facts_of(*totals)
    flags = [flag("lower", facts)] if is_flagged else []
    values = {"total": totals[-1], "finding": facts, "compared": len(totals), "highest": 9}
    text = " ".join(said(stands(**values), flags))
    if "probably" in text:
        assert facts["probability"] > 0.7
    if "could be a real drop" in text:
        assert is_flagged or facts["probability"] >= 0.3
    if "within this client’s usual range" in text:
        assert not is_flagged
        assert facts["low"] <= facts["rating"] <= facts["high"]
        assert facts["probability"] < 0.3
    if "above this client’s usual range" in text:
        assert facts["rating"] > facts["high"]
    numbers = [float(number) for number in re.findall(r"\d+\.\d", text)]
    assert all(0 <= number <= 10 for number in numbers)


# --- One line in a list ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "flags", "line"),
    [
        ({"sessions_held": 0} | UNRATED, [], "No session yet"),
        (UNRATED | {"unrated_run": 2}, [], "No rating yet"),
        (UNRATED | {"unrated_run": 4}, ["unrated"], "No rating for the last 4 sessions"),
        ({"unrated_run": 3}, ["unrated"], "No rating for the last 3 sessions"),
        (LOWERED, ["lower"], "Lower than usual: 4.0, where about 7.9 was usual"),
        (LOWERED, ["lower", "sliding"], "Lower than usual: 4.0, where about 7.9 was usual"),
        ({}, ["sliding"], "Gradually lower: 6.0, where about 8.0 was usual"),
        ({}, ["low"], "Low from the start"),
        ({}, ["rule"], "Marked by: Drop since the last rating, Below a cut-off"),
        ({}, ["top"], "Almost every rating is at the top"),
        ({}, ["back"], "Back to usual"),
        ({"compared": 2}, [], "Too early to say what is usual"),
        ({"highest": 4.9}, [], "Every mean is in the lower half"),
        ({"highest": 4.9, "compared": 3}, [], "Nothing stands out"),
        ({"highest": 5.0}, [], "Nothing stands out"),
        ({}, [], "Nothing stands out"),
    ],
)
def test_the_reason_in_a_list_says_why_an_episode_stands_there(values, flags, line):
    assert words.reason(stands(**values), [flag(kind) for kind in flags]) == line


def test_each_kind_of_flag_has_a_sign_and_each_sign_is_of_one_kind():
    signs = [words.shape(stands(), [flag(kind)], with_comments=False) for kind in Flag.Kind]
    assert len(set(signs)) == len(signs)
    assert not set(signs) - {"▁"} & {"·", "✓", "✉"}


@pytest.mark.parametrize(
    ("values", "flags", "with_comments", "sign"),
    [
        ({}, [], True, "✓"),
        ({"compared": 2}, [], True, "·"),
        ({"highest": 4.9}, [], True, "▁"),
        ({"comment_waiting": True}, [], True, "✉"),
        ({"comment_waiting": True}, [], False, "✓"),
        ({"comment_waiting": True}, ["top"], True, "✉"),
        ({"comment_waiting": True}, ["top"], False, "="),
        ({"comment_waiting": True}, ["back"], True, "✉"),
        ({"comment_waiting": True}, ["lower"], True, "◇"),
        ({"comment_waiting": True}, ["unrated"], True, "○"),
    ],
)
def test_a_letter_stands_for_a_comment_where_it_is_listed_and_nothing_is_more_pressing(
    values, flags, with_comments, sign
):
    found = words.shape(
        stands(**values), [flag(kind) for kind in flags], with_comments=with_comments
    )
    assert found == sign


@pytest.mark.parametrize(
    ("values", "kind", "suggested"),
    [
        ({}, "lower", "You could ask how the last session was for them."),
        (
            {},
            "sliding",
            "You could look back together at what has changed over the last sessions.",
        ),
        ({}, "low", "You could ask what would need to be different."),
        ({}, "unrated", "If the form was offered, you could ask what makes it easy or hard."),
        ({}, "rule", "You could ask how the last session was for them."),
        ({}, "top", "You could say that low marks are welcome too."),
        ({}, "back", "You could ask what helped."),
        ({"highest": 4.9}, None, "You could ask what would need to be different."),
        ({"highest": 4.9, "compared": 3}, None, ""),
        ({}, None, ""),
    ],
)
def test_something_is_suggested_only_where_something_stands_out(values, kind, suggested):
    flags = [flag(kind)] if kind else []
    assert words.suggestion(stands(**values), flags) == suggested


# --- The head of the page --------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "flags", "text"),
    [
        ({"sessions_held": 0} | UNRATED, [], ["No session has been logged yet."]),
        (
            {"sessions_held": 1} | UNRATED,
            [],
            ["0 of 1 session held was rated."],
        ),
        (
            {"compared": 2, "sessions_rated": 2, "sessions_held": 2},
            [],
            [
                "It is too early to say what is usual for this client.",
                MARKS_OF_8,
                "2 of 2 sessions held were rated.",
            ],
        ),
        (
            {"unrated_run": 3, "sessions_held": 8},
            ["unrated"],
            [
                "No rating for the last 3 sessions.",
                "The latest rating is within this client’s usual range: 8.0, where about 7.9 was "
                "usual and 6.1 to 9.6 was to be expected.",
                MARKS_OF_8,
                "5 of 8 sessions held were rated.",
            ],
        ),
        (
            {"total": None, "trust": None},
            [],
            [
                "The latest rating was given only in part, so its mean is not compared.",
                "Latest marks, from 0 to 10: "
                "trust and respect –, agreeing on goals 8.0, working together 8.0.",
                ALL,
            ],
        ),
        (
            {"highest": 4.9},
            [],
            [
                "The latest rating is within this client’s usual range: 8.0, where about 7.9 was "
                "usual and 6.1 to 9.6 was to be expected.",
                "Every mean so far lies in the lower half of the scale.",
                MARKS_OF_8,
                ALL,
            ],
        ),
        (
            {"compared": 2},
            ["low"],
            [
                "The ratings are low from the start, compared with the first ratings of other "
                "clients of this practice.",
                "It is too early to say what is usual for this client.",
                MARKS_OF_8,
                ALL,
            ],
        ),
    ],
)
def test_the_head_says_the_most_telling_first_and_no_more_than_the_numbers_carry(
    values, flags, text
):
    assert said(stands(**values), [flag(kind) for kind in flags]) == text


def test_a_flagged_drop_is_told_once_with_the_part_that_differs_most():
    assert said(stands(**LOWERED), [flag("lower")], [8, 8, 8, 8, 4], EARLIER) == [
        "The latest rating is lower than usual for this client: 4.0, where about 7.9 was usual and "
        "6.1 to 9.6 was to be expected. It is probably a real drop.",
        "The largest difference is in “agreeing on goals”.",
        "Latest marks, from 0 to 10: "
        "trust and respect 5.0, agreeing on goals 2.0, working together 5.0.",
        ALL,
    ]


def test_a_flag_of_an_earlier_session_names_it_and_the_latest_speaks_for_itself():
    lower = flag("lower", number=4, pk="another")
    first, second, *_more = said(stands(), [lower])
    assert first.startswith("In session 4 the rating was lower than usual for this client: 4.0")
    assert second.startswith("The latest rating is within this client’s usual range: 8.0")


def test_a_flagged_rating_is_not_said_to_be_usual_because_a_session_without_one_followed():
    weak = facts_of(8, 8, 8, 8, 6, 5.5)
    text = " ".join(said(stands(total=5.5, finding=weak, unrated_run=1), [flag("lower", weak)]))
    assert "The latest rating is lower than usual" in text
    assert "within this client’s usual range" not in text
    assert "by itself it says little" not in text


def test_a_flag_is_not_of_the_latest_rating_where_that_was_given_in_part():
    first, second, *_more = said(stands(**LOWERED | {"total": None}), [flag("lower")])
    assert first.startswith("In session 5 the rating was lower")
    assert second.startswith("The latest rating was given only in part")


def test_of_several_flags_of_a_kind_the_latest_is_said_and_kinds_come_by_weight():
    flags = [
        flag("unrated"),
        flag("lower", facts_of(8, 8, 8, 8, 3), number=5, pk="a"),
        flag("lower", number=6, pk="b"),
        flag("sliding", number=6, pk="b"),
        flag("lower", facts_of(8, 8, 8, 8, 2), number=4, pk="c"),
    ]
    text = said(stands(unrated_run=3), flags)
    assert text[0].startswith("In session 6 the rating was lower than usual for this client: 4.0")
    assert text[1].startswith("The ratings have gone down gradually: by session 6")
    assert text[2] == "No rating for the last 3 sessions."
    assert sum("In session" in sentence for sentence in text) == 1


def test_a_repair_is_never_said_without_what_it_does_not_mean():
    (text, *_more) = said(stands(), [flag("back", pk="another")])
    assert text == (
        "The ratings are back to what was usual before the drop to 4.0 (about 7.9). "
        "A rating regained is not yet a difficulty talked through."
    )


def test_what_nobody_has_seen_is_announced_and_not_judged():
    lower = flag("lower", number=4, pk="another")
    text = said(stands(), [lower], is_new=True)
    assert text[0] == "The latest rating is new. Its therapist looks at it first."
    assert text[1].startswith("In session 4")
    assert not any("The latest rating is within" in sentence for sentence in text)


@pytest.mark.parametrize(
    ("earlier", "named"),
    [
        ({"trust": 8, "goals": 8, "collaboration": 8}, "agreeing on goals"),
        ({"trust": 8.1, "goals": 5, "collaboration": 8}, "trust and respect"),
        ({"trust": 8, "goals": 5, "collaboration": 8}, None),
        ({"trust": 8.04, "goals": 5, "collaboration": 7.96}, None),
        ({"goals": 8}, None),
        ({}, None),
    ],
)
def test_the_largest_difference_is_named_only_where_the_figures_shown_differ(earlier, named):
    text = " ".join(said(stands(**LOWERED), [flag("lower")], earlier=earlier))
    assert ("largest difference" in text) == (named is not None)
    assert named is None or f"in “{named}”" in text


def test_where_nothing_is_lower_no_part_is_said_to_differ():
    text = " ".join(said(stands(goals=5), earlier=EARLIER))
    assert "largest difference" not in text


def test_five_ratings_say_nothing_of_the_course_and_six_do():
    five, six = ([8, 8, None, 8, 7, 7, 7][:count] for count in (6, 7))
    assert not any("first three" in sentence for sentence in said(stands(), totals=five))
    assert said(stands(), totals=six)[-1] == (
        "The first three ratings average 8.0, the last three 7.0."
    )


@pytest.mark.parametrize(("compared", "begins"), [(2, ""), (3, "Based on 3 ratings; one rating")])
def test_how_exact_a_rating_is_is_told_where_it_is_compared(compared, begins):
    text = accuracy(stands(compared=compared))
    assert text.startswith(begins)
    assert ("±1.3 points" in text) == bool(begins)


@pytest.mark.parametrize(
    ("totals", "text"),
    [
        ([], "No totals yet"),
        ([None, None], "No totals yet"),
        ([8, None, 7.2], "Totals of the last sessions, oldest first: 8.0, none, 7.2"),
    ],
)
def test_a_sparkline_is_read_out_as_its_numbers(totals, text):
    assert words.spark_summary(totals) == text


@pytest.mark.parametrize(
    ("score", "text"), [(7.26, "7.3"), (23 / 3, "7.7"), (2.9999999, "3.0"), (0, "0.0"), (None, "–")]
)
def test_a_score_is_rounded_to_one_decimal_and_a_missing_one_is_a_dash(score, text):
    assert words.points(score) == text


# --- How it was worked out -------------------------------------------------------------


@pytest.mark.parametrize("kind", Flag.Kind)
def test_what_is_flagged_has_a_card_with_its_inputs_its_limits_and_its_source(kind):
    statement = summarise(stands(unrated_run=3), [flag(kind, pk="another")], totals=[], earlier={})[
        0
    ]
    card = statement.card
    assert card.how
    assert card.inputs
    assert card.limits
    assert "docs/method.md" in card.source
    assert (ROOT / "docs" / "method.md").exists()
    assert all(name and value for name, value in card.inputs)


def test_the_card_of_a_rating_has_the_very_numbers_of_its_statement():
    card = summarise(stands(**LOWERED), [flag("lower")], totals=[], earlier={})[0].card
    inputs = dict(card.inputs)
    facts = FACTS["lower"]
    assert inputs["rating"] == "4.00"
    assert inputs["ratings before it"] == "4"
    assert inputs["usual level b"] == f"{facts['usual']:.2f}"
    assert inputs["to be expected"] == f"{facts['low']:.2f} – {facts['high']:.2f}"
    assert inputs["p"] == f"{facts['p']:.4f}"
    assert inputs["probability of a real drop"] == "76 %"
    assert inputs["parameters"].startswith("version 3, ")
    assert (
        "m 7.50, between 1.125, state 0.675, error 0.450, persistence 0.40"
        in (inputs["parameters"])
    )
    assert inputs["method"] == "1, preset “standard”"
    assert "p is below 0.010, or below 0.050 for the second time running" in " ".join(card.how)


def test_the_card_of_a_rating_that_was_not_flagged_says_nothing_of_a_flag():
    statement = summarise(stands(), [], totals=[], earlier={})[0]
    assert statement.text.startswith("The latest rating is within")
    assert "flagged" not in " ".join(statement.card.how)
    assert dict(statement.card.inputs)["rating"] == "8.00"


def test_the_card_says_by_how_many_clients_fitted_parameters_are_backed():
    fitted = ParameterVersion(
        **{
            name: getattr(VERSION, name)
            for name in ("number", "mean", "between", "state", "error", "persistence", "made_at")
        },
        origin="fitted",
        clients=41,
    )
    inputs = dict(summarise(stands(parameters=fitted), [], totals=[], earlier={})[0].card.inputs)
    assert "fitted to 41 clients" in inputs["parameters"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_card_tells_the_preset_that_was_chosen_on_that_day(preset):
    facts = FACTS["lower"] | {"preset": preset}
    card = summarise(stands(**LOWERED), [flag("lower", facts)], totals=[], earlier={})[0].card
    assert f"{PRESETS[preset].alert:.3f}" in " ".join(card.how)
    assert dict(card.inputs)["method"] == f"1, preset “{preset}”"


def test_nothing_is_said_with_words_that_promise_or_frighten():
    texts = []
    for kind in Flag.Kind:
        for statement in summarise(
            stands(unrated_run=3, highest=4), [flag(kind)], totals=[4] * 6, earlier=EARLIER
        ):
            texts.append(statement.text)
            card = statement.card
            texts += [*card.how, *card.limits, card.source] if card else []
        texts += [words.reason(stands(), [flag(kind)]), words.suggestion(stands(), [flag(kind)])]
    assert len(texts) > 50
    assert [text for text in texts if FORBIDDEN.search(text.replace(ALLOWED, ""))] == []


# --- The page --------------------------------------------------------------------------


def _texts(page):
    return " ".join(statement.text for statement in (page.lead, *page.details))


def _usual_ranges(page):
    """Return the outlines of the usual range, of the figure."""
    return [
        list(zip(trace["x"], trace["y"], strict=True))
        for trace in page.figure["data"]
        if trace["meta"] == "usual"
    ]


def _inside(stretch, slot):
    return [y for x, y in stretch if x == slot]


def test_the_therapist_is_told_at_once_and_the_supervisor_that_something_is_new(cast):
    run(cast.cleo, DROP)
    own, other = (present_trend(cast.cleo, is_holder=is_holder) for is_holder in (True, False))
    assert own.lead.text.startswith("The latest rating is lower than usual")
    assert own.suggestion
    assert [mark.text.split(": ")[1] for mark in own.marked] == ["lower than usual"]
    assert other.lead.text == "The latest rating is new. Its therapist looks at it first."
    assert other.suggestion == ""
    assert other.marked == []
    for word in ("lower", "usual range", "drop", "largest difference"):
        assert word not in _texts(other)
    assert "lower than usual" not in str(other.figure)
    assert "sign-" not in other.svg


def test_to_the_supervisor_the_chart_gives_neither_range_nor_course_of_the_new_session(cast):
    run(cast.cleo, DROP[:4])
    look(cast.cleo, by=cast.theo)
    rate(hold(cast.cleo, weeks_ago=-1), 4)
    (own,), (other,) = (
        _usual_ranges(present_trend(cast.cleo, is_holder=is_holder)) for is_holder in (True, False)
    )
    assert len(_inside(own, 4)) == 2
    assert _inside(other, 4) == []
    assert len(_inside(other, 3)) == 2
    page = present_trend(cast.cleo, is_holder=False)
    levels = [trace for trace in page.figure["data"] if trace["name"] == "Smoothed course"]
    assert all(4 not in trace["x"] for trace in levels)
    assert page.rows[-1].marks == ["4.0"] * 4  # What was marked is in the table all the same.


@pytest.mark.parametrize("how", ["looks", "waits"])
def test_when_the_therapist_has_seen_it_or_a_day_has_passed_both_are_told_the_same(cast, how):
    run(cast.cleo, DROP)
    look(cast.cleo, by=cast.sue)
    assert "looks at it first" in _texts(present_trend(cast.cleo, is_holder=False))
    if how == "looks":
        look(cast.cleo, by=cast.theo)
    else:
        let_a_day_pass(cast.cleo)
    own, other = (present_trend(cast.cleo, is_holder=is_holder) for is_holder in (True, False))
    assert _texts(own) == _texts(other)
    assert own.marked == other.marked
    assert own.figure == other.figure
    assert own.svg == other.svg


def test_a_rating_within_the_usual_range_is_the_therapists_first_too(cast):
    run(cast.cleo, [8, 8, 8, 8])
    assert "within" not in _texts(present_trend(cast.cleo, is_holder=False))


def test_a_session_logged_since_does_not_give_away_a_rating_that_nobody_has_seen(cast):
    run(cast.cleo, DROP)
    hold(cast.cleo, weeks_ago=-1)
    page = present_trend(cast.cleo, is_holder=False)
    assert page.lead.text == "The latest rating is new. Its therapist looks at it first."
    assert "4.0, where about" not in _texts(page)
    assert page.marked == []


def test_a_late_rating_of_an_earlier_session_leaves_the_latest_to_be_told(cast):
    first, *_others = run(cast.cleo, [None, *DROP])
    look(cast.cleo, by=cast.theo)
    rate(first, 8)
    page = present_trend(cast.cleo, is_holder=False)
    assert page.lead.text.startswith("The latest rating is lower than usual")
    assert _inside(_usual_ranges(page)[0], 0) == []


def test_the_supervisors_page_is_the_same_over_the_wire(cast, client):
    run(cast.cleo, DROP)
    address = reverse("episode", args=[cast.cleo.pk])
    client.force_login(cast.sue)
    before = client.get(address).content.decode()
    assert "looks at it first" in before
    assert "lower than usual" not in before
    client.force_login(cast.theo)
    client.head(address)
    client.force_login(cast.sue)
    assert "lower than usual" not in client.get(address).content.decode()
    client.force_login(cast.theo)
    assert "lower than usual" in client.get(address).content.decode()
    client.force_login(cast.sue)
    assert "lower than usual" in client.get(address).content.decode()


def test_what_was_flagged_and_settled_stays_marked_on_the_chart(cast):
    run(cast.cleo, [*DROP, 8, 8])
    page = present_trend(cast.cleo, is_holder=True)
    assert [mark.text.split(", ")[0] for mark in page.marked] == ["Session 5", "Session 6"]
    assert [mark.text.split(": ")[1] for mark in page.marked] == [
        "lower than usual",
        "back to usual",
    ]
    assert page.lead.text.startswith("The latest rating is within this client’s usual range")


def test_a_somewhat_low_rating_is_marked_on_the_chart_and_flagged_nowhere(cast):
    run(cast.cleo, [8, 8, 8, 8, 6])
    page = present_trend(cast.cleo, is_holder=True)
    assert [mark.text.split(": ")[1] for mark in page.marked] == ["somewhat low; marked here only"]
    assert page.lead.text.endswith("That is somewhat low; by itself it says little.")
    assert page.suggestion == ""


def test_nothing_is_marked_before_the_third_rating(cast):
    run(cast.cleo, [9, 0])
    page = present_trend(cast.cleo, is_holder=True)
    assert page.marked == []
    assert page.lead.text == "It is too early to say what is usual for this client."
    assert page.accuracy == ""


def test_the_chart_draws_the_range_of_the_detector_and_the_course_of_the_smoother(cast):
    totals = [8, 7, None, 8, 9, 6]
    run(cast.cleo, totals)
    page = present_trend(cast.cleo, is_holder=True)
    parameters = page.standing.parameters.for_detector()
    (outline,) = _usual_ranges(page)
    for slot, found in enumerate(detect(totals, parameters)):
        low, high = usual_range(found)
        assert _inside(outline, slot) == pytest.approx([max(low, 0), min(high, 10)])
    smoothed = smooth(totals, parameters)
    levels = [trace for trace in page.figure["data"] if trace["name"] == "Smoothed course"]
    lines = [trace for trace in levels if trace["meta"] == "total"]
    drawn = {x: y for trace in lines for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert drawn == pytest.approx(
        {slot: level for slot, level in enumerate(smoothed.level) if totals[slot] is not None}
    )
    assert [list(trace["x"]) for trace in lines] == [[0, 1], [3, 4, 5]]
    bands = [trace for trace in levels if trace["meta"] == "band"]
    (top,) = {
        y for trace in bands for x, y in zip(trace["x"], trace["y"], strict=True) if x == 3
    } - {smoothed.level[3] - COVERAGE_90 * smoothed.variance[3] ** 0.5}
    assert top == pytest.approx(smoothed.level[3] + COVERAGE_90 * smoothed.variance[3] ** 0.5)


def test_the_usual_range_starts_wide_and_narrows(cast):
    run(cast.cleo, [8] * 8)
    (outline,) = _usual_ranges(present_trend(cast.cleo, is_holder=True))
    widths = [high - low for low, high in (_inside(outline, slot) for slot in range(1, 8))]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 1.1 * widths[-1]


def test_before_three_ratings_no_course_is_drawn(cast):
    run(cast.cleo, [8, 7])
    page = present_trend(cast.cleo, is_holder=True)
    assert not [trace for trace in page.figure["data"] if trace["name"] == "Smoothed course"]


def _reworded(cast, *languages):
    """Rate five sessions in each language, lower in each; return the page."""
    back = 5 * len(languages)
    for place, language in enumerate(languages):
        ClientIdentity.objects.filter(client=cast.cleo.client).update(language=language)
        for _session in range(5):
            back -= 1
            rate(hold(cast.cleo, weeks_ago=back), 9 - 2 * place)
    return present_trend(cast.cleo, is_holder=True)


def test_where_another_wording_begins_range_and_course_break_and_begin_anew(cast):
    page = _reworded(cast, "en", "ar")
    assert page.has_break
    first, second = _usual_ranges(page)
    assert {x for x, _y in first} == {-0.5, 0, 1, 2, 3, 4, 4.5}
    assert {x for x, _y in second} == {4.5, 5, 6, 7, 8, 9, 9.5}
    levels = [
        trace["x"]
        for trace in page.figure["data"]
        if trace["name"] == "Smoothed course" and trace["meta"] == "total"
    ]
    assert [list(slots) for slots in levels] == [[5, 6, 7, 8, 9]]
    assert page.form_language == "Arabic"


def test_a_wording_that_returns_begins_a_line_of_its_own(cast):
    page = _reworded(cast, "en", "ar", "en")
    assert page.standing.compared == 5
    assert len(_usual_ranges(page)) == 3
    # Five ratings in the present line: too few to speak of its course.
    assert "first three" not in _texts(page)


def test_a_page_costs_as_many_queries_after_forty_sessions_as_after_five(cast, client):
    run(cast.cleo, [8, 8, 4, 8, 8])
    run(cast.dora, [8, 8, 4, 8, 8, None, 7, 6] * 5)
    counts = []
    for episode, user in ((cast.cleo, cast.theo), (cast.dora, cast.olga)):
        look(episode, by=user)
        client.force_login(user)
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("episode", args=[episode.pk]))
        counts.append(len(seen))
    assert counts[0] == counts[1]


# --- In the browser's eyes -------------------------------------------------------------


@pytest.fixture
def body(cast, client):
    run(cast.cleo, [8, 8, 8, 8, None, 4])
    client.force_login(cast.theo)
    return client.get(reverse("episode", args=[cast.cleo.pk])).content.decode()


def test_each_statement_about_a_rating_can_be_asked_how_it_was_worked_out(body):
    assert body.count("How is this worked out?") == 2  # The drop, and the plain figures.
    assert "<dt>probability of a real drop</dt>" in re.sub(r"\s+(?=<)", "", body)
    assert "The questions are our own and not validated." in body
    assert "docs/method.md" in body


def test_each_shape_of_the_chart_is_named_beside_it(body):
    assert "usual range: nine in ten undisturbed ratings" in body
    assert "smoothed course with its band; it also uses later sessions" in body
    assert "Marked on the chart" in body
    assert re.search(r'<svg class="sign-lower".*?</svg> Session 6, ', body, re.S)


def test_the_page_leads_to_its_series_and_names_the_command(cast, body):
    assert reverse("episode-series", args=[cast.cleo.pk]) in body
    assert command(Standing.objects.get(episode=cast.cleo)) in body


def test_a_page_without_a_total_names_no_command(cast, client):
    rate(hold(cast.cleo), IN_PART)
    client.force_login(cast.theo)
    body = client.get(reverse("episode", args=[cast.cleo.pk])).content.decode()
    assert "python -m" not in body


# --- Everybody can work it out again ---------------------------------------------------


def worked_out(cast, client, folder):
    """Download the series, run the very command of the page, and return its rows."""
    client.force_login(cast.theo)
    address = reverse("episode", args=[cast.cleo.pk])
    page = client.get(address).content.decode()
    line = re.search(r"<code>(python -m .*?)</code>", page, re.S)[1]
    series = client.get(reverse("episode-series", args=[cast.cleo.pk]))
    (folder / "series.csv").write_bytes(series.content)
    done = subprocess.run(
        [sys.executable, *line.split()[1:]],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


TOLD = {
    "p": "p",
    "b": "usual",
    "V": "variance",
    "kap": "scale",
    "df": "df",
    "pr_drop": "probability",
    "cusum": "sum",
}


def assert_told(row, facts):
    for column, name in TOLD.items():
        assert float(row[column]) == pytest.approx(facts[name], rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("preset", ["standard", "sensitive", "quiet"])
def test_the_command_of_the_page_gives_the_numbers_of_its_flags_and_the_same_marks(
    cast, client, tmp_path, preset
):
    Sensitivity.objects.create(
        practice=cast.practice,
        preset=preset,
        chosen_at=timezone.now() - timedelta(days=200),
        chosen_by=cast.mara,
    )
    totals = [9, 9, None, 9, 9, 8, 8, None, None, None, 7, 7, 6, 5, 4, 8]
    run(cast.cleo, totals)
    rows = worked_out(cast, client, tmp_path)
    assert len(rows) == len(totals)
    numbered = {int(row["session"]): row for row in rows}
    flags = Flag.objects.filter(episode=cast.cleo, kind__in=["lower", "sliding"])
    assert flags.filter(kind="lower").exists()
    assert flags.filter(kind="sliding").exists()
    for one in flags.select_related("session"):
        assert_told(numbered[one.session.number], one.facts)
    assert {int(row["session"]) for row in rows if row["alert"] in {"1", "True", "true"}} == set(
        flags.filter(kind="lower").values_list("session__number", flat=True)
    )
    (drift,) = flags.filter(kind="sliding")
    assert (
        min(int(row["session"]) for row in rows if row["drift"] in {"1", "True", "true"})
        == drift.session.number
    )
    finding = Standing.objects.get(episode=cast.cleo).finding
    assert_told(rows[-1], finding)
    found = detect(totals, flags[0].parameters.for_detector(), PRESETS[preset])
    for row, one in zip(rows, found, strict=True):
        assert (row["watch"] in {"1", "True", "true"}) == one.watch
        assert (row["y"] == "") == isnan(one.y)


def test_the_command_gives_the_numbers_of_the_present_wording_only(cast, client, tmp_path):
    page = _reworded(cast, "en", "ar")
    rows = worked_out(cast, client, tmp_path)
    assert [int(row["session"]) for row in rows] == [6, 7, 8, 9, 10]
    assert_told(rows[-1], page.standing.finding)


def test_the_series_keeps_every_digit_and_leaves_empty_what_has_no_total(cast, client):
    sessions = run(cast.cleo, [None, 8, None, None])
    rate(sessions[2], (8, 9, 7, 7, 8, 8))
    rate(sessions[3], IN_PART)
    hold(cast.cleo, weeks_ago=-1, status="missed")
    client.force_login(cast.theo)
    answer = client.get(reverse("episode-series", args=[cast.cleo.pk]))
    assert answer["Content-Disposition"] == 'attachment; filename="series.csv"'
    assert answer.content.decode().splitlines() == [
        '"client","session","y"',
        '"CLEO",2,8.0',
        f'"CLEO",3,{Rating.objects.get(session=sessions[2]).total!r}',
        '"CLEO",4,""',
    ]


def test_a_series_of_nothing_has_its_columns_and_no_lines(cast, client):
    client.force_login(cast.theo)
    answer = client.get(reverse("episode-series", args=[cast.cleo.pk]))
    assert answer.content.decode().splitlines() == ['"client","session","y"']


def test_the_command_has_every_digit_of_the_parameters():
    values = {"mean": 1 / 3, "between": 2 / 3, "state": 1e-7, "error": 0.1, "persistence": -0.2}
    version = replace_version(**values, ceiling=None)
    assert command(stands(parameters=version)) == (
        f"python -m alliance.psychometrics detect series.csv --m {1 / 3} --sb2 {2 / 3} "
        "--ss2 1e-07 --se2 0.1 --phi -0.2 --preset standard"
    )
    assert "--cens 9.5 --preset" in command(stands(parameters=replace_version(ceiling=9.5)))


def replace_version(**values):
    names = ("number", "mean", "between", "state", "error", "persistence", "ceiling", "origin")
    given = {name: getattr(VERSION, name) for name in names}
    return ParameterVersion(**given | values)
