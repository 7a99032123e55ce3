"""Scaffolds of questionnaires that are not ours: numbers, keying, scoring, and no wording.

Whoever holds a licence fills in the words from their own copy.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from alliance.psychometrics.scoring import COMPONENTS, ScoredItem

CERTAINTY = {
    "read": _("as read in a source"),
    "remembered": _("from memory"),
    "unsure": _("not sure"),
}
FOLDER = Path(__file__).parent / "scaffolds"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of a questionnaire, who says so, and how sure that is."""

    says: str
    source: str
    certainty: str

    @property
    def how_sure(self):
        return CERTAINTY[self.certainty]


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What a questionnaire is made of, without its words.

    `components` and `reverse` have one entry for each item, in their order.
    `needs` says which kind of licence its use in a practice takes.
    """

    key: str
    name: str
    perspective: str
    minimum: float
    maximum: float
    step: float
    method: str
    least_answered: float
    components: tuple[str, ...]
    reverse: tuple[bool, ...]
    whose: str
    needs: str
    facts: tuple[Fact, ...]

    def scored_items(self):
        """Return its items as scoring needs to know them, under their numbers."""
        return [
            ScoredItem(str(place), component, self.minimum, self.maximum, reverse)
            for place, (component, reverse) in enumerate(
                zip(self.components, self.reverse, strict=True), 1
            )
        ]


@cache
def scaffolds() -> dict[str, Scaffold]:
    """Return the scaffolds that come with the project, by key."""
    found = [_scaffold(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {scaffold.key: scaffold for scaffold in found}


def _scaffold(path):
    told = tomllib.loads(path.read_text())
    numbers = range(1, told["items"] + 1)
    parts = {
        number: component
        for component in COMPONENTS
        for number in told["components"].get(component, [])
    }
    return Scaffold(
        key=told["key"],
        name=told["name"],
        perspective=told["perspective"],
        **told["scale"],
        **told["scoring"],
        components=tuple(parts.get(number, "") for number in numbers),
        reverse=tuple(number in told.get("reverse", []) for number in numbers),
        whose=told["whose"],
        needs=told["needs"],
        facts=tuple(Fact(**fact) for fact in told["facts"]),
    )
