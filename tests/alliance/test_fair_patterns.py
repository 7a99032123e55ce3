"""The arithmetic of patterns: published figures, closed forms, and therapists who are all alike."""

import csv
import json
import re
from math import sqrt
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from alliance.psychometrics.patterns import (
    MARKED_IF_ALIKE,
    Figures,
    Verdict,
    change,
    describe,
    limits,
    own_mean,
    place,
)
from alliance.psychometrics.shrinkage import shrink
from bench.fairness import PARTS, simulate

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "cases"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "method" / "fairness.md"
FIGURES = Figures(8, 120, 7.4, 0.08, 0.04, 1.2)


def columns(name):
    with (BESIDE / name).open() as lines:
        rows = list(csv.DictReader(lines))
    return {key: [row[key] for row in rows] for key in rows[0]}


if BESIDE.is_dir():

    def test_units_are_placed_where_they_were_published():
        """P09: with one client's variance told as n times that of the mean, the same estimates."""
        table = columns("P09_eb_known_se_table.csv")
        y, v = np.array(table["yi"], float), np.array(table["vi"], float)
        told = shrink(y, v)
        for mean, variance, estimate, low, high in zip(
            y, v, told.shrunken, told.low, told.high, strict=True
        ):
            figures = Figures(19, 190, told.mu, told.mu_se, told.tau2, 10 * variance)
            found = place(figures, mean=mean, clients=10)
            assert (found.estimate, found.low, found.high) == pytest.approx((estimate, low, high))
        published = json.loads((BESIDE / "P09_eb_known_se.json").read_text())["expected"]["REML"]
        assert told.mu == pytest.approx(published["mu"], abs=1e-4)

    def test_eighteen_subjects_differ_as_was_published():
        """P08: in a balanced design each coefficient by itself has the mixed model's figures."""
        table = columns("P08_blup_sleepstudy_data.csv")
        expected = json.loads((BESIDE / "P08_blup_sleepstudy.json").read_text())["expected"]
        days, times = np.array(table["Days"], float), np.array(table["Reaction"], float)
        subjects = np.array(table["Subject"])
        fits = np.array(
            [
                np.polyfit(days[subjects == one], times[subjects == one], 1)
                for one in dict.fromkeys(table["Subject"])
            ]
        )
        own = days[subjects == subjects[0]]
        spread = ((own - own.mean()) ** 2).sum()
        errors = {1: 1 / len(own) + own.mean() ** 2 / spread, 0: 1 / spread}
        for place_in_fit, which in ((1, 0), (0, 1)):
            variance = expected["sigma"] ** 2 * errors[place_in_fit]
            found = shrink(fits[:, place_in_fit], [variance] * len(fits))
            assert found.mu == pytest.approx(expected["fixef"][which], abs=1e-3)
            assert found.mu_se == pytest.approx(expected["se"][which], abs=1e-3)
            assert sqrt(found.tau2) == pytest.approx(expected["sd"][which], abs=1e-3)

    def test_the_limits_are_those_of_the_normal_theory_for_means():
        """P14: m ± z sqrt(variance of a client / n), with z for all but one in 500."""
        told = json.loads((BESIDE / "P14_funnel.json").read_text())["expected"]
        assert "sqrt(sigma_w2_client/n_j)" in told["normal_theory_for_means"]
        low, high = limits(FIGURES, [5, 20, 80])
        for n, least, most in zip((5, 20, 80), low, high, strict=True):
            assert most - FIGURES.mu == pytest.approx(3.0902323 * sqrt(1.2 / n))
            assert FIGURES.mu - least == pytest.approx(most - FIGURES.mu)


# --- What is said, and when ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "clients", "tau2", "verdict"),
    [
        (7.4, 20, 0.04, Verdict.ALIKE),
        (8.1, 20, 0.04, Verdict.ALIKE),  # Within the limits.
        (9.0, 20, 0.0, Verdict.UNSURE),  # Outside, where no difference can be shown.
        (9.0, 20, 0.13, Verdict.UNSURE),  # A reliability of .68.
        (9.0, 20, 0.15, Verdict.ABOVE),  # Of .71.
        (5.8, 20, 0.15, Verdict.BELOW),
    ],
)
def test_somebody_is_marked_only_outside_the_limits_and_above_the_floor(
    mean, clients, tau2, verdict
):
    figures = Figures(8, 120, 7.4, 0.08, tau2, 1.2)
    assert place(figures, mean=mean, clients=clients).verdict == verdict


def test_below_five_clients_nothing_is_worked_out():
    assert place(FIGURES, mean=9, clients=4) is None
    assert own_mean([7, 8, 9, 9]) is None
    assert change([7, 8, 9, 9], [7, 8, 9, 9, 9]) is None
    assert change([7, 8, 9, 9, 9], [7, 8, 9, 9]) is None


def test_where_no_difference_can_be_shown_all_get_the_average():
    found = place(Figures(8, 120, 7.4, 0.08, 0.0, 1.2), mean=9, clients=30)
    assert (found.reliability, found.estimate) == (0, 7.4)
    assert Figures(8, 120, 7.4, 0.08, 0.0, 1.2).clients_for_reliability is None
    assert FIGURES.clients_for_reliability == 70


marks = st.lists(st.floats(0, 10), min_size=5, max_size=20)


@given(now=marks, before=marks)
def test_two_years_are_compared_as_by_welch(now, before):
    found = change(now, before)
    if found is None:
        assert np.var(now) + np.var(before) == pytest.approx(0, abs=1e-6)
        return
    told = ttest_ind(now, before, equal_var=False)
    low, high = told.confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx(
        (fmean(now) - fmean(before), low, high), rel=1e-6, abs=1e-6
    )


def test_a_practice_of_four_or_of_clients_who_do_not_differ_is_not_described():
    four = [name for name in "abcd" for _client in range(5)]
    assert describe(four, [6, 7, 7, 8, 9] * 4) is None
    five = [name for name in "abcde" for _client in range(5)]
    assert describe(five, [7] * 25) is None
    assert describe(five, [6, 7, 7, 8, 9] * 5).therapists == 5


def test_who_has_fewer_than_five_clients_is_not_in_the_average():
    five = [name for name in "abcde" for _client in range(5)]
    told = describe([*five, "f", "f", "f", "f"], [6, 7, 7, 8, 9] * 5 + [0, 0, 0, 0])
    assert told == describe(five, [6, 7, 7, 8, 9] * 5)


# --- Where all are alike ------------------------------------------------------------------


def documented(name, therapists):
    """Return the shares that the document tells of a practice of so many: outside, and marked."""
    (line,) = [
        line
        for line in DOCUMENT.read_text().splitlines()
        if line.startswith(f"| {name} | {therapists} |")
    ]
    return [float(cell) for cell in re.findall(r"\| (\d*\.\d+) \(", line)]


@pytest.mark.parametrize("therapists", [5, 20])
def test_where_all_are_alike_as_few_are_marked_as_the_document_says(therapists):
    practices = 400
    found = simulate(therapists, practices, seed=77)
    outside, any_outside, marked, any_marked = documented("alike", therapists)
    for told, share, many in (
        (outside, found.outside, practices * therapists * PARTS),
        (any_outside, found.any_outside, practices),
        (marked, found.marked, practices * therapists * PARTS),
        (any_marked, found.any_marked, practices),
    ):
        assert share == pytest.approx(told, abs=4 * sqrt(told * (1 - told) / many) + 0.001)


@pytest.mark.parametrize("therapists", MARKED_IF_ALIKE)
def test_the_page_says_what_the_document_says(therapists):
    *_others, any_marked = documented("alike", therapists)
    assert MARKED_IF_ALIKE[therapists] == pytest.approx(any_marked, abs=5e-4)


@pytest.mark.parametrize("therapists", [5, 20, 200])
@pytest.mark.parametrize(
    "case", ["alike", "alike, at the maximum", "alike, differing in variability"]
)
def test_fewer_are_marked_than_the_limits_by_themselves_would_mark(case, therapists):
    outside, _any, marked, any_marked = documented(case, therapists)
    assert marked <= outside <= 2 / 500
    assert any_marked <= 0.05
