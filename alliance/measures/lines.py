"""Where in the text of a TOML file something is said: the parser itself does not tell."""

import re
from collections import Counter

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_START = re.compile(
    rf"[ \t]*(?:(?P<is_list>\[?)\[[ \t]*(?P<table>{_DOTTED})|(?P<key>{_DOTTED})[ \t]*=)"
)
_PART = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*|[\[{]|[\]}]|\n",
    re.DOTALL,
)


class Lines:
    """The lines of a text that is TOML already, by the path to what they say.

    A path is made of keys, and of numbers from 0 within a list of tables, like
    `("items", 2, "text")`.
    """

    def __init__(self, text):
        self._lines = {}
        self._lists: Counter[tuple] = Counter()
        table: tuple = ()
        place, line = 0, 1
        while place < len(text):
            start = _START.match(text, place)
            if start is None:
                end = text.find("\n", place) + 1 or len(text)
            elif start["key"]:
                self._note((*table, *self._parts(start["key"])), line)
                end = _end_of_value(text, start.end())
            else:
                table = self._enter(self._parts(start["table"]), is_list=start["is_list"])
                self._note(table, line)
                end = text.find("\n", start.end()) + 1 or len(text)
            line += text.count("\n", place, end)
            place = end

    def of(self, path):
        """Return the line of `path`, or else of the nearest table around it, counted from 1."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _note(self, path, line):
        for end in range(1, len(path) + 1):
            self._lines.setdefault(path[:end], line)

    def _parts(self, dotted):
        return [part.strip("\"'") for part in re.findall(_KEY, dotted)]

    def _enter(self, parts, *, is_list):
        path: tuple = ()
        for place, part in enumerate(parts, 1):
            path = (*path, part)
            if is_list and place == len(parts):
                self._lists[path] += 1
            if path in self._lists:
                path = (*path, self._lists[path] - 1)
        return path


def _end_of_value(text, place):
    """Return where the line begins that comes after the value at `place`."""
    depth = 0
    while part := _PART.search(text, place):
        place = part.end()
        if part[0] == "\n" and depth == 0:
            return place
        depth += (part[0] in ("[", "{")) - (part[0] in ("]", "}"))
    return len(text)
