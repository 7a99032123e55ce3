"""The figures printed beside each preset are those of the document."""

import re
from pathlib import Path

import pytest

from alliance.psychometrics.detector import PRESETS
from alliance.psychometrics.rates import RATES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "method" / "characteristics.md"


def rows(heading, preset):
    """Return the cells of a preset's rows below a heading, as they stand there."""
    section = DOCUMENT.read_text().split(f"## {heading}", 1)[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith(f"| {preset} |")
    ]


def test_each_preset_has_its_rates():
    assert set(RATES) == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_rates_of_a_preset_are_those_of_the_document(preset):
    shares, entries = rows("Presets", preset)
    rates = RATES[preset]
    in_app = [float(share) for share in shares[3].split("/")]
    power = [float(share) for share in shares[4].split("/")]
    assert [rates.in_10, rates.in_20] == in_app
    assert rates.seen_in_10 == power[0]
    assert rates.new_in_100 == float(re.match(r"[\d.]+", entries[1])[0])
