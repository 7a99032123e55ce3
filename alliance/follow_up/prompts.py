"""What could help: our own lists, and those that a practice put in their place."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import gettext as _

from alliance.follow_up.own_models import PracticePrompt

FILE = Path(__file__).with_name("prompts.toml")
PARTS = ("help", "openings", "avoid")


@dataclass(frozen=True, slots=True)
class Part:
    """One list: what could help, how one could begin, or what to avoid."""

    key: str
    title: str
    lines: list[str]
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Prompts:
    """What could help with one component, or where one kind of thing was marked."""

    key: str
    name: str
    parts: list[Part]
    sources: list[str]

    @property
    def is_changed(self):
        return any(part.is_changed for part in self.parts)


def titles():
    """Return what the three lists are called."""
    return {
        "help": _("What could help"),
        "openings": _("How you could begin"),
        "avoid": _("What to avoid"),
    }


@cache
def ours():
    """Return our own lists by key, and the sources by theirs."""
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {key: told for key, told in read.items() if key != "sources"}, read["sources"]


def all_prompts(practice):
    """Return all that could help in `practice`, by key: its own words where it has any.

    The sources are those of our own words; where none of them is left, none is named.
    """
    blocks, sources = ours()
    own = dict(PracticePrompt.objects.filter(practice=practice).values_list("key", "text"))
    found = {}
    for key, told in blocks.items():
        parts = []
        for part, title in titles().items():
            changed = own.get(f"{key}.{part}", "")
            lines = changed.splitlines() if changed else told[part]
            parts.append(Part(f"{key}.{part}", title, lines, bool(changed)))
        is_all_theirs = all(part.is_changed for part in parts)
        named = [] if is_all_theirs else [sources[source] for source in told["sources"]]
        found[key] = Prompts(key, told["name"], parts, named)
    return found


def what_could_help(prompts, *, kind, component):
    """Choose what fits a flag: the component that fell most, and the kind of flag.

    What holds for any comes where neither says anything of its own.
    """
    chosen = [prompts[key] for key in (component, kind) if key in prompts]
    return chosen or [prompts["general"]]
