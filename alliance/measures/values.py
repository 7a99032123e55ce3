"""Kinds of values in a file of instruments, each refused with the line where it stands."""

import unicodedata
from math import isfinite

from django.core.validators import slug_re

FURTHEST = 1_000_000  # No scale and no norm needs a number beyond.


class InstrumentError(Exception):
    """A file of instruments that cannot be used; the text says what and where."""


def limit(model, field):
    """Return how many characters the tables keep of a field."""
    return model._meta.get_field(field).max_length


class Values:
    """What a file says, with the lines where it says it. `path` leads to a value or a table."""

    def __init__(self, told, lines, name):
        self.told, self.lines, self.name = told, lines, name

    def need(self, is_so, path, what):
        """Refuse the file unless `is_so`, with the line of `path`."""
        if not is_so:
            raise InstrumentError(f"{self.name}, line {self.lines.of(path)}: {what}")

    def know(self, table, known, path):
        for key in table:
            self.need(key in known, (*path, key), f"nobody knows {key}.")

    def table(self, key):
        said = f"{key} is missing or is not a table."
        self.need(isinstance(self.told.get(key), dict), (key,), said)
        return self.told[key]

    def list_of_tables(self, key):
        said = f"{key} is missing or is not a list of tables."
        self.need(isinstance(self.told.get(key), list), (key,), said)
        return self.told[key]

    def text(self, table, path, key, most, default=None):
        """Return the words at `key`: some unless there is a default, and not too many."""
        value = table.get(key, default)
        here = (*path, key)
        is_text = isinstance(value, str) and (value.strip() != "" or default is not None)
        self.need(is_text, here, f"{key} is missing or is not a text.")
        self.need(len(value) <= most, here, f"{key} has more than {most} characters.")
        is_seen = all(sign == "\n" or unicodedata.category(sign) != "Cc" for sign in value)
        self.need(is_seen, here, f"{key} has a character in it that cannot be seen.")
        return value

    def slug(self, table, path, key, most):
        value = self.text(table, path, key, most)
        said = f"{key} is made of letters, digits, - and _ only."
        self.need(slug_re.match(value), (*path, key), said)
        return value

    def one_of(self, table, path, key, values, default=None):
        value = table.get(key, default)
        said = f"{key} is {', '.join(values[:-1])} or {values[-1]}."
        missing = f"{key} is missing: " if value is None else ""
        self.need(value in values, (*path, key), f"{missing}{said}")
        return value

    def truth(self, table, path, key):
        value = table.get(key)
        said = f"{key} is missing or is not true or false."
        self.need(isinstance(value, bool), (*path, key), said)
        return value

    def is_number(self, value):
        """Whether a value is a number to reckon with; true and false are not."""
        is_kind = isinstance(value, int | float) and not isinstance(value, bool)
        return is_kind and abs(value) <= FURTHEST and isfinite(value)
