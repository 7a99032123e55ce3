"""The detector: against reference vectors, and what must hold for whatever it is given."""

import csv
import json
from math import isfinite, isnan, nan, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from alliance.psychometrics.detector import (
    PRESETS,
    Parameters,
    Rules,
    State,
    advance,
    detect,
    detect_many,
    probability_below,
    probability_of_drop,
    usual_range,
)

CASES = Path(__file__).resolve().parents[1] / "cases"
PLAIN = Parameters(m=36, sb2=9.6, ss2=4.0, se2=2.4, phi=0.4)
CENSORED = Parameters(m=37.5, sb2=10.5, ss2=4.15, se2=3.05, phi=0.44, ceiling=39.6)
FIELDS = detect([1.0], PLAIN)[0]._fields
MARKS = {"watch", "alert", "drift"}

marks = st.one_of(st.none(), st.floats(0, 10))
series = st.lists(marks, max_size=60)


@st.composite
def parameters(draw):
    variance = st.floats(1e-3, 10)
    return Parameters(
        m=draw(st.floats(0, 10)),
        sb2=draw(variance),
        ss2=draw(variance),
        se2=draw(variance),
        phi=draw(st.floats(-0.9, 0.95)),
        ceiling=draw(st.one_of(st.none(), st.floats(8, 10))),
    )


def vectors(name, given_parameters):
    """Return the reference series of a case as (parameters, rows)."""
    clients = {}
    with (CASES / name).open() as lines:
        for row in csv.DictReader(lines):
            clients.setdefault(row["client"], []).append(row)
    return [
        pytest.param(given_parameters, rows, id=f"{name[:3]} {client}")
        for client, rows in clients.items()
    ]


REFERENCE = [
    *vectors("P12_detector_H1_vectors.csv", PLAIN),
    *vectors("P13_detector_censored_vectors.csv", CENSORED),
]


def read(cell):
    return (
        {"": nan, "True": True, "False": False}[cell]
        if cell in ("", "True", "False")
        else float(cell)
    )


def same(one, other, tolerance):
    """Whether two numbers are the same, or are both missing."""
    return (isnan(one) and isnan(other)) or one == pytest.approx(other, abs=tolerance)


def as_rows(ratings):
    return np.array([[nan if y is None else y for y in ratings]], dtype=float)


# --- Figures that others worked out ---


def test_there_are_eight_reference_series():
    assert len(REFERENCE) == 8


@pytest.mark.parametrize(("given_parameters", "rows"), REFERENCE)
def test_each_reference_series_is_matched_session_by_session(given_parameters, rows):
    ratings = [float(row["y"]) if row["y"] else None for row in rows]
    found = detect(ratings, given_parameters)
    at_once = detect_many(as_rows(ratings), given_parameters)
    assert len(found) == len(rows)
    for place, (row, finding) in enumerate(zip(rows, found, strict=True)):
        for name in set(row) - {"client", "session"}:
            assert same(read(row[name]), getattr(finding, name), 1e-8), (place, name)
            if name != "y":
                assert same(read(row[name]), getattr(at_once, name)[0, place], 1e-8), (place, name)


def test_the_usual_level_is_that_of_the_closed_form_where_the_state_does_not_wander():
    """Without autocorrelation it is the mean of the ratings, drawn towards that of all clients."""
    still = Parameters(m=6.0, sb2=1.5, ss2=0.4, se2=0.6, phi=0.0)
    ratings = [7.0, 6.5, 8.0, 7.5, 3.0]
    found = detect(ratings, still)
    for before in range(1, len(ratings)):
        weight = before * 1.5 / (before * 1.5 + 1.0)
        mean = sum(ratings[:before]) / before
        assert found[before].b == pytest.approx((1 - weight) * 6.0 + weight * mean)


def test_the_tests_are_exact_for_courses_drawn_from_the_model_itself():
    """Each p is uniform there, so that one in twenty lies below .05."""
    dice = np.random.default_rng(1)
    clients, sessions = 40_000, 6
    true = Parameters(m=7.0, sb2=0.6, ss2=0.25, se2=0.15, phi=0.4)
    level = true.m + dice.normal(0, sqrt(true.sb2), (clients, 1))
    state = dice.normal(0, sqrt(true.ss2), (clients, 1))
    wander = [state[:, 0]]
    for _session in range(sessions - 1):
        fresh = dice.normal(0, sqrt(true.ss2 * (1 - true.phi**2)), clients)
        wander.append(true.phi * wander[-1] + fresh)
    ratings = level + np.array(wander).T + dice.normal(0, sqrt(true.se2), (clients, sessions))
    # With so large a nu0 nothing is learnt of a client's own scale, and t is all but normal.
    found = detect_many(ratings, true, Rules(nu0=1e6))
    for session in range(1, sessions):
        for level_of_p in (0.01, 0.05, 0.5):
            share = (found.p[:, session] < level_of_p).mean()
            error = sqrt(level_of_p * (1 - level_of_p) / clients)
            assert abs(share - level_of_p) < 5 * error


# --- One step, many steps, many series ---


@given(series, parameters(), st.sampled_from(sorted(PRESETS)))
def test_many_series_at_once_are_the_same_as_one_after_the_other(ratings, given_parameters, preset):
    found = detect(ratings, given_parameters, PRESETS[preset])
    at_once = detect_many(as_rows(ratings), given_parameters, PRESETS[preset])
    for place, finding in enumerate(found):
        for name in set(FIELDS) - {"y"}:
            assert same(getattr(finding, name), getattr(at_once, name)[0, place], 1e-9), name


@given(st.lists(series, min_size=1, max_size=6), parameters(), st.randoms())
def test_the_order_of_clients_does_not_matter(courses, given_parameters, dice):
    longest = max(map(len, courses))
    padded = np.array([[*as_rows(c)[0], *[nan] * (longest - len(c))] for c in courses])
    order = list(range(len(courses)))
    dice.shuffle(order)
    straight = detect_many(padded, given_parameters)
    shuffled = detect_many(padded[order], given_parameters)
    for name in set(FIELDS) - {"y"}:
        np.testing.assert_array_equal(getattr(straight, name)[order], getattr(shuffled, name))
    np.testing.assert_array_equal(straight.loglik[order], shuffled.loglik)


@given(series, parameters())
def test_a_state_taken_up_from_json_goes_on_to_the_last_bit(ratings, given_parameters):
    replayed = State.first(given_parameters)
    stored = json.dumps(replayed.as_json())
    for y in ratings:
        replayed, finding = advance(replayed, y, given_parameters)
        taken_up = State.from_json(json.loads(stored))
        after, again = advance(taken_up, y, given_parameters)
        stored = json.dumps(after.as_json())
        assert after == replayed
        assert repr(again) == repr(finding)


# --- What must always hold ---


@given(series, parameters())
def test_nothing_is_nan_or_infinite_but_what_is_missing(ratings, given_parameters):
    seen = 0
    for y, finding in zip(ratings, detect(ratings, given_parameters), strict=True):
        missing = {name for name, value in finding._asdict().items() if isnan(value)}
        if y is None:
            assert missing == {"y", "zb", "zi", "p", "cusum", "pr_drop"}
            assert not (finding.watch or finding.alert or finding.drift)
        else:
            assert missing == (set() if seen else {"p", "pr_drop"})
            seen += 1
        assert all(isfinite(value) or name in missing for name, value in finding._asdict().items())
        assert finding.V > 0
        assert finding.Vth >= 0
        assert finding.kap > 0


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)),
    st.sampled_from([PLAIN, CENSORED]),
)
def test_numbers_of_any_size_give_numbers(ratings, given_parameters):
    for place, finding in enumerate(detect(ratings, given_parameters)):
        said = finding._asdict()
        assert all(isfinite(v) for name, v in said.items() if place or name not in {"p", "pr_drop"})


@given(st.integers(0, 200), st.floats(0, 10))
def test_a_constant_series_near_the_mean_raises_nothing_however_long(sessions, mark):
    ours = Parameters(m=mark, sb2=1.1, ss2=0.7, se2=0.45, phi=0.4, ceiling=10)
    for finding in detect([mark] * sessions, ours):
        assert not (finding.watch or finding.alert or finding.drift)


@given(st.floats(0, 10), st.integers(2, 60))
def test_a_constant_series_anywhere_on_the_scale_raises_nothing(mark, sessions):
    ours = Parameters(m=7.5, sb2=1.125, ss2=0.675, se2=0.45, phi=0.4)
    found = detect([mark] * sessions, ours)
    assert not any(finding.watch or finding.alert or finding.drift for finding in found)


@given(series, parameters(), st.floats(-20, 20), st.floats(0.1, 10))
def test_points_of_another_origin_and_size_change_no_verdict(ratings, ours, shift, size):
    moved = Parameters(
        m=shift + size * ours.m,
        sb2=size**2 * ours.sb2,
        ss2=size**2 * ours.ss2,
        se2=size**2 * ours.se2,
        phi=ours.phi,
    )
    plain = Parameters(ours.m, ours.sb2, ours.ss2, ours.se2, ours.phi)
    there = detect([None if y is None else shift + size * y for y in ratings], moved)
    for one, other in zip(detect(ratings, plain), there, strict=True):
        for name in ("zb", "zi", "kap", "p", "cusum", "pr_drop"):
            assert same(getattr(one, name), getattr(other, name), 1e-5)
        assert shift + size * one.b == pytest.approx(other.b, abs=1e-6)
        assert size**2 * one.V == pytest.approx(other.V)


@given(series, parameters(), st.integers(0, 60))
def test_a_missing_rating_is_not_a_rating_and_what_came_before_stays(ratings, ours, place):
    with_gap = [*ratings[:place], None, *ratings[place:]]
    before, after = detect(ratings[:place], ours), detect(with_gap, ours)
    assert repr(before) == repr(after[: len(before)])
    state = State.first(ours)
    for y in ratings[:place]:
        state, _finding = advance(state, y, ours)
    gone_on, _finding = advance(state, None, ours)
    assert (gone_on.rated, gone_on.u, gone_on.cusum) == (state.rated, state.u, state.cusum)
    assert gone_on.scale_sum == state.scale_sum
    assert gone_on.held == state.held + 1


@given(series.filter(lambda ratings: any(y is not None for y in ratings)), parameters())
def test_the_first_rating_is_never_tested(ratings, ours):
    first = next(place for place, y in enumerate(ratings) if y is not None)
    finding = detect(ratings, ours)[first]
    assert isnan(finding.p)
    assert (finding.watch, finding.alert, finding.drift, finding.cusum) == (False, False, False, 0)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20), parameters(), st.floats(0, 10), marks)
def test_a_lower_rating_is_never_less_suspicious(before, ours, y, other):
    low, high = sorted([y, y if other is None else other])
    lower, higher = (detect([*before, last], ours)[-1] for last in (low, high))
    assert lower.p <= higher.p
    assert lower.cusum >= higher.cusum
    assert lower.th <= higher.th + 1e-9


# --- Marks ---


def test_two_marks_running_are_an_alert_and_an_unrated_session_between_does_not_part_them():
    ratings = [37.0, 37.5, 38.0, 37.0, 37.5, 33.0, 31.5]
    together, apart = detect(ratings, PLAIN), detect([*ratings[:6], None, ratings[6]], PLAIN)
    for found in (together, apart):
        assert [finding.watch for finding in found if finding.watch] == [True, True]
        assert not found[5].alert
        assert found[-1].alert
        assert 0.01 < found[-1].p < 0.05


def test_presets_differ_in_what_they_mark():
    found = {
        name: detect([37.0, 37.5, 38.0, 37.0, 37.5, 33.0], PLAIN, rules)[-1]
        for name, rules in PRESETS.items()
    }
    assert {name: finding.p for name, finding in found.items()} == pytest.approx(
        dict.fromkeys(PRESETS, found["standard"].p)
    )
    assert {name: finding.watch for name, finding in found.items()} == {
        "quiet": False,
        "standard": True,
        "sensitive": True,
    }


def test_the_ceiling_aware_form_takes_a_top_mark_as_at_least_that():
    ours = Parameters(m=9.0, sb2=0.6, ss2=0.25, se2=0.15, phi=0.4)
    aware = Parameters(9.0, 0.6, 0.25, 0.15, 0.4, ceiling=10)
    plain, at_least = detect([10.0] * 5, ours)[-1], detect([10.0] * 5, aware)[-1]
    assert at_least.th > plain.th
    assert at_least.Vth > plain.Vth


# --- What is said beside the marks ---


def test_the_usual_range_holds_the_stated_share_of_the_t_distribution_and_narrows():
    found = detect([36.0] * 12, PLAIN)
    for finding in found:
        low, high = usual_range(finding)
        half = (high - low) / 2
        assert finding.b == pytest.approx((low + high) / 2)
        share = student.cdf(half / sqrt(finding.V * finding.kap), finding.df)
        assert share == pytest.approx(0.95)
    widths = [high - low for low, high in map(usual_range, found)]
    assert widths == sorted(widths, reverse=True)
    with pytest.raises(ValueError, match="coverage"):
        usual_range(found[0], coverage=1)


def test_a_client_low_from_the_start_is_seen_without_any_change():
    low = detect([30.0, 30.0, 30.0], PLAIN)
    assert not any(finding.watch for finding in low)
    assert [probability_below(finding, 33.0) for finding in low] == sorted(
        probability_below(finding, 33.0) for finding in low
    )
    assert probability_below(low[-1], 33.0) > 0.8
    assert probability_below(detect([38.0] * 3, PLAIN)[-1], 33.0) < 0.01


@given(st.floats(-1e6, 1e6), parameters(), st.floats(0.001, 0.999))
def test_a_probability_of_a_drop_is_one_and_never_rises_above_the_prior_for_a_high_rating(
    deviation, ours, prior
):
    said = probability_of_drop(
        deviation, variance=ours.sb2 + ours.se2, scale=1.0, df=12, within=1.0, prior=prior
    )
    assert 0 <= said <= 1
    assert deviation <= 0 or said <= prior


# --- Bad input ---


@pytest.mark.parametrize(
    "wrong",
    [
        {"se2": 0},
        {"se2": -1},
        {"sb2": -0.1},
        {"ss2": -0.1},
        {"phi": 1},
        {"phi": -1},
        {"phi": nan},
        {"m": nan},
        {"m": ()},
        {"m": float("inf")},
        {"se2": float("inf")},
        {"sb2": 1e101},
        {"ceiling": nan},
    ],
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        Parameters(**{"m": 7, "sb2": 1, "ss2": 1, "se2": 1, "phi": 0.4, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [{"nu0": 0}, {"h": 0}, {"k": -1}, {"prior": 0}, {"prior": 1}, {"alert": 0.1}, {"watch": nan}],
)
def test_rules_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        Rules(**wrong)


@pytest.mark.parametrize("wrong", [nan, float("inf"), -float("inf"), 1e101])
def test_a_rating_that_is_no_number_is_refused(wrong):
    with pytest.raises(ValueError, match="number"):
        detect([7.0, wrong], PLAIN)


def test_arrays_of_another_shape_or_with_infinity_are_refused():
    with pytest.raises(ValueError, match="dimensions"):
        detect_many([7.0, 8.0], PLAIN)
    with pytest.raises(ValueError, match="number"):
        detect_many([[7.0, float("inf")]], PLAIN)


def test_a_mean_for_each_session_is_used_by_number_and_its_last_goes_on():
    growing = Parameters(m=(5.0, 6.0, 7.0), sb2=1, ss2=1, se2=1, phi=0.4)
    assert [finding.b for finding in detect([None] * 5, growing)] == [5, 6, 7, 7, 7]
