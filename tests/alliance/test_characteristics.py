"""The generated documents and the code say the same."""

import re
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from alliance.psychometrics.comparators import COMPARATORS
from alliance.psychometrics.detector import PRESETS, detect_many
from alliance.psychometrics.rehearsal import ever_marked, is_listed
from alliance.psychometrics.simulation import REFERENCE, SCENARIOS, dip, draw

METHOD = Path(__file__).resolve().parents[2] / "docs" / "method"
DOCUMENT = (METHOD / "characteristics.md").read_text()
MANY = 6_000
STANDARD = PRESETS["standard"]


def rows(heading):
    """Return the rows of the first table under a heading, each a list of its cells."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = next(line for line in section.split("\n\n") if line.startswith("|")).split("\n")
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]


def figure(cell):
    """Return the share that a cell gives, without what stands in brackets."""
    return float(re.match(r"\d*\.\d+", cell)[0])


def documented(heading, *names, column):
    head, _rule, *body = rows(heading)
    (row,) = [row for row in body if row[: len(names)] == list(names)]
    return figure(row[head.index(column)])


def courses(name="gauss", sessions=20):
    return draw(
        SCENARIOS[name],
        REFERENCE,
        courses=MANY,
        sessions=sessions,
        generator=np.random.default_rng(77),
    )


def near(told, many=MANY):
    """Within four standard errors of what a smaller simulation can tell, and the rounding."""
    return pytest.approx(told, abs=4 * sqrt(told * (1 - told) / many) + 0.001)


def test_the_false_alarms_of_the_standard_preset_are_those_documented():
    found = detect_many(courses().ratings(), REFERENCE, STANDARD)
    listed = found.alert | found.drift
    for name, marks in (("WATCH", found.watch), ("ALERT", found.alert), ("list", listed)):
        for sessions in (5, 10, 20):
            told = documented("False alarms", name, column=f"{sessions} sessions")
            assert ever_marked(marks, sessions).value == near(told), name


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("session", [5, 10, 20])
def test_the_power_of_the_standard_preset_is_that_documented(size, session):
    dipped = courses(sessions=session).ratings(dip(session, at=session, size=size))
    found = detect_many(dipped, REFERENCE, STANDARD)
    for name, marks in (("WATCH", found.watch), ("ALERT", found.alert)):
        told = documented("Power", name, str(size), column=f"session {session}")
        assert marks[:, -1].mean() == near(told), name


@pytest.mark.parametrize("name", ["heavy tails", "ceiling", "missing", "between .40", "phi .65"])
def test_the_false_alarms_of_alert_in_other_worlds_are_those_documented(name):
    told = documented("When the world is not as assumed", name, column="ALERT, false alarms")
    ratings = courses(name, sessions=10).ratings()
    found = detect_many(ratings, SCENARIOS[name].told(REFERENCE), STANDARD)
    assert found.alert.any(axis=1).mean() == near(told)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_each_preset_lists_as_many_undisturbed_courses_as_documented(preset):
    found = detect_many(courses().ratings(), REFERENCE, PRESETS[preset])
    head, _rule, *body = rows("Presets")
    (row,) = [row for row in body if row[0] == preset]
    told = row[head.index("in the app, 10 / 20")].split("/")
    for sessions, share in zip((10, 20), map(figure, map(str.strip, told)), strict=True):
        listed = is_listed(found, PRESETS[preset])
        assert listed[:, :sessions].any(axis=1).mean() == near(share)


def test_the_figures_beside_the_switches_are_those_of_the_document():
    told = {row[0]: row[1:5] for row in rows("The rules of others")[2:]}
    for rule in COMPARATORS.values():
        for known in rule.known:
            cells = told.pop(f"{rule.name}: {known.words}")
            assert list(known.false_alarms.values()) == [figure(cell) for cell in cells]
    assert not told


def test_the_document_says_how_it_is_made_anew():
    for said in ("make characteristics", "bench/characteristics.py", "Seed 20261123", "40,000"):
        assert said in DOCUMENT


def test_figures_far_from_the_specification_are_as_many_as_the_document_says():
    told = re.search(r"Of (\d+) figures\s+compared, (\d+) have a star", DOCUMENT)
    assert DOCUMENT.count(": ") > int(told[1]) > 100
    assert DOCUMENT.count("\\*") == int(told[2]) < 10
