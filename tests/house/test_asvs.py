"""The table of docs/security/asvs.md: complete, each number once, and what it names exists."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security" / "asvs.md").read_text()
STATES = {"met", "met by operation", "accepted deviation", "not met"}
OPERATIONS = "docs/operations.md"

# What applies of level 1 and 2, and fourteen of level 3, section by section.
APPLY = {
    "V1.1": "1 2",
    "V1.2": "1 2 3 4 5 9",
    "V1.3": "1 2 3 5 6 7 10 11",
    "V1.5": "2",
    "V2.1": "1 2 3",
    "V2.2": "1 2 3",
    "V2.3": "1 2 3 4",
    "V2.4": "1",
    "V3.2": "1 2",
    "V3.3": "1 2 3 4",
    "V3.4": "1 2 3 4 5 6 8",
    "V3.5": "1 3 4 7",
    "V3.6": "1",
    "V3.7": "1 2",
    "V4.1": "1 2 3",
    "V4.2": "1",
    "V5.1": "1",
    "V5.2": "1 2 3",
    "V5.3": "1 2",
    "V5.4": "1 2 3",
    "V6.1": "1 2 3",
    "V6.2": "1 2 3 4 5 6 7 8 9 10 11 12",
    "V6.3": "1 2 3 4 7 8",
    "V6.4": "1 2 3 4",
    "V6.5": "1 2 3 4 5",
    "V6.6": "2 3",
    "V7.1": "1 2",
    "V7.2": "1 2 3 4",
    "V7.3": "1 2",
    "V7.4": "1 2 3 4 5",
    "V7.5": "1 2 3",
    "V7.6": "2",
    "V8.1": "1 2",
    "V8.2": "1 2 3",
    "V8.3": "1 2",
    "V8.4": "1",
    "V11.1": "1 2",
    "V11.2": "1 2 3 4",
    "V11.3": "1 2 3 4",
    "V11.4": "1 2 3 4",
    "V11.5": "1",
    "V11.6": "1",
    "V12.1": "1 2",
    "V12.2": "1 2",
    "V12.3": "1 2 3 4",
    "V13.1": "1",
    "V13.2": "1 2 3 4 5",
    "V13.3": "1 2",
    "V13.4": "1 2 3 4 5",
    "V14.1": "1 2",
    "V14.2": "1 2 3 4 6 7",
    "V14.3": "1 2 3",
    "V15.1": "1 2 3",
    "V15.2": "1 2 3",
    "V15.3": "1 3 4 5 6 7",
    "V15.4": "2 3",
    "V16.1": "1",
    "V16.2": "1 2 3 4 5",
    "V16.3": "1 2 3 4",
    "V16.4": "1 2 3",
    "V16.5": "1 2 3 4",
}
IDS = [f"{section}.{number}" for section, numbers in APPLY.items() for number in numbers.split()]


def rows():
    """Yield each row of the table with the chapter under which it stands."""
    chapter = ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            chapter = line.split()[1]
        elif re.match(r"\| V\d", line):
            yield chapter, [cell.strip() for cell in line.strip("| ").split(" | ")]


ROWS = list(rows())
BY_ID = {cells[0]: cells for _chapter, cells in ROWS}
NAMED = sorted({name for _chapter, cells in ROWS for name in re.findall(r"`([^`]+)`", cells[3])})
MENTIONED = sorted(set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|txt|html|toml|js))`", PAGE)))


def test_every_requirement_stands_there_once_and_no_other():
    assert len(IDS) == 183 + 14
    assert Counter(cells[0] for _chapter, cells in ROWS) == Counter(IDS)


def test_each_row_stands_in_its_chapter_and_in_order():
    assert [cells[0] for _chapter, cells in ROWS] == IDS
    assert all(cells[0].startswith(f"{chapter}.") for chapter, cells in ROWS)


@pytest.mark.parametrize("number", IDS)
def test_each_row_says_what_is_asked_how_it_is_met_and_in_which_state(number):
    _number, asks, how, test, state = BY_ID[number]
    assert 2 <= len(asks.removeprefix("(L3) ").split()) <= 15
    assert how
    assert test == "by reading" or re.fullmatch(r"`[^`]+`(, `[^`]+`)*", test)
    assert state in STATES


@pytest.mark.parametrize("named", NAMED)
def test_each_test_that_is_named_exists(named):
    path, _colons, name = named.partition("::")
    assert (ROOT / path).is_file()
    assert name or path == OPERATIONS
    if name:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.M)


@pytest.mark.parametrize("path", MENTIONED)
def test_each_file_that_is_mentioned_exists(path):
    assert (ROOT / path).is_file()


def test_what_is_left_to_the_operator_is_in_the_manual_or_has_a_test():
    for _chapter, (number, _asks, _how, test, state) in ROWS:
        assert state != "met by operation" or test != "by reading", number


def test_each_part_that_is_pointed_to_exists():
    """Links within the page, and to the parts of other pages."""
    links = re.findall(r"\]\(([^)#]*)#([\w-]+)\)", PAGE)
    assert len(links) > 10
    for path, part in links:
        text = (ROOT / "docs" / "security" / path).resolve().read_text() if path else PAGE
        headings = re.findall(r"^#+ (.*)$", text, re.M)
        assert part in {re.sub(r"[^\w -]", "", told.lower()).replace(" ", "-") for told in headings}
