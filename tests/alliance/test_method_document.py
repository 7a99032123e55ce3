"""What docs/method.md shows is what comes out, and what it names is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alliance.psychometrics.commands import COMMANDS
from alliance.psychometrics.detector import PRESETS, Finding

ROOT = Path(__file__).resolve().parents[2]
METHOD = (ROOT / "docs" / "method.md").read_text()
# A block of commands, and what comes out of it, if the document shows that.
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```(?:\n\n```text\n(.*?)```)?", METHOD, flags=re.S)
NUMBER = r"-?\d+\.\d+(?:e-?\d+)?"


def parts(text):
    """Part a text into its words and its numbers with a decimal point."""
    return re.sub(NUMBER, "#", text), [float(number) for number in re.findall(NUMBER, text)]


def test_each_example_does_what_the_document_shows(tmp_path):
    """In a folder of its own, one after the other, as a reader would run them."""
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    assert len(BLOCKS) >= 7
    for language, block, shown in BLOCKS:
        line = ["bash", "-euo", "pipefail", "-c", block]
        done = subprocess.run(
            line if language == "sh" else [sys.executable, "-c", block],
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        if shown:
            words, numbers = parts(done.stdout)
            told_words, told_numbers = parts(shown)
            assert words == told_words
            assert numbers == pytest.approx(told_numbers, rel=1e-6)


def test_each_command_column_and_preset_is_in_the_document():
    for command in COMMANDS:
        assert f"alliance.psychometrics {command.name} " in METHOD, command.name
    table = METHOD.split("| column |")[1].split("\n\n")[0]
    for name in ("client", "session", *Finding._fields):
        assert re.search(rf"\b{name}\b", table), name
    for name, rules in PRESETS.items():
        told = [f"{value:g}".removeprefix("0") for value in (rules.watch, rules.alert, rules.h)]
        row = re.search(rf"^\| {name} \|(.*)\|$", METHOD, flags=re.M)[1]
        assert [float(cell) for cell in row.split("|")] == [float(cell) for cell in told]


def test_the_document_says_that_our_questions_are_not_validated():
    assert "**not validated**" in METHOD
