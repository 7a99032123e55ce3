"""CSV tables, read strictly and written with every digit.

What cannot be read is refused in one plain sentence that names the file and the
line: a number that was guessed is worse than none.
"""

import csv
import io
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import NamedTuple, TextIO

# Beyond this no measurement lies, and the squares of squares are still numbers.
LARGEST = 1e15
# No therapy is longer; a slip of the finger is.
LARGEST_SESSION = 10_000
# Whole files are shown in no message.
LONGEST_QUOTE = 40
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
# Tables that once had gaps come back with 3.0 for 3.
WHOLE = re.compile(r"\+?([0-9]{1,9})(\.0*)?", re.ASCII)

Cell = str | float | int | bool | None


class Refusal(ValueError):
    """Why a command does nothing, in one sentence for the person who typed it."""


class Answer(NamedTuple):
    """What a command has to say: a table, and remarks beside it."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Some columns of a CSV file, as text.

    `name`   the file's name, for messages
    `lines`  the line on which each row ends
    `texts`  the cells of each column, without the blanks around them
    """

    name: str
    lines: list[int]
    texts: dict[str, list[str]]

    def refuse(self, row: int, why: str) -> Refusal:
        """Return a refusal that names the line of a row."""
        return Refusal(f"{self.name}, line {self.lines[row]}: {why}")

    def words(self, column: str) -> list[str]:
        """Return a column of words, none of them empty."""
        for row, text in enumerate(self.texts[column]):
            if not text:
                raise self.refuse(row, f"column {column} is empty")
        return self.texts[column]

    def numbers(self, column: str) -> list[float | None]:
        """Return a column of numbers, None where the cell is empty."""
        return [
            self._number(row, column, text) if text else None
            for row, text in enumerate(self.texts[column])
        ]

    def _number(self, row, column, text):
        if not NUMBER.fullmatch(text):
            raise self.refuse(row, f"{quoted(text)} in column {column} is not a number")
        value = float(text)
        if abs(value) > LARGEST:
            raise self.refuse(row, f"{quoted(text)} in column {column} is too large to reckon with")
        return value

    def sessions(self, column: str) -> list[int]:
        """Return a column of session numbers, whole and from 1 on."""
        numbers = []
        for row, text in enumerate(self.texts[column]):
            whole = WHOLE.fullmatch(text)
            number = int(whole[1]) if whole else 0
            if not 1 <= number <= LARGEST_SESSION:
                raise self.refuse(
                    row,
                    f"{quoted(text)} in column {column} is not a whole number "
                    f"from 1 to {LARGEST_SESSION}",
                )
            numbers.append(number)
        return numbers

    def once(self, keys: Sequence[object], what: str) -> None:
        """Raise Refusal if a key stands for two rows; `what` is filled in with the key."""
        seen = set()
        for row, key in enumerate(keys):
            if key in seen:
                told = key if isinstance(key, tuple) else (key,)
                words = [quoted(part) if isinstance(part, str) else part for part in told]
                raise self.refuse(row, what.format(*words))
            seen.add(key)


def quoted(text: str) -> str:
    """Return a cell as it may stand in a message: in quotes, on one line, and not too long."""
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…")


def read(path: str, columns: Sequence[str]) -> Table:
    """Read the named columns of a CSV file with a head, "-" being standard input.

    Other columns are passed over, and so are empty lines. Raises Refusal for
    what is not there, not text in UTF-8, not a table, or without these columns.
    """
    name = "standard input" if path == "-" else path
    try:
        if path == "-":
            if sys.stdin is None:
                raise Refusal("there is no standard input to read")
            raw = sys.stdin.buffer.read()
        else:
            raw = Path(path).read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"{name} is not text in UTF-8") from error
    except OSError as error:
        raise Refusal(f"{name} cannot be read: {error.strerror or error}") from error
    if "\0" in text:
        raise Refusal(f"{name} is not a CSV file")
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines]
    except csv.Error as error:
        raise Refusal(f"{name}, line {lines.line_num}: {error}") from error
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if not rows:
        raise Refusal(f"{name} is empty")
    (_line, head), *rows = rows
    for column in columns:
        if column not in head:
            hint = "; columns are parted by commas" if ";" in head[0] or "\t" in head[0] else ""
            raise Refusal(f"{name} has no column {column} (needed: {', '.join(columns)}){hint}")
        if head.count(column) > 1:
            raise Refusal(f"{name} has two columns {column}")
    if not rows:
        raise Refusal(f"{name} has a head and nothing below it")
    for line, cells in rows:
        if len(cells) != len(head):
            raise Refusal(f"{name}, line {line}: {len(cells)} cells under a head of {len(head)}")
    return Table(
        name=name,
        lines=[line for line, _cells in rows],
        texts={column: [cells[head.index(column)] for _line, cells in rows] for column in columns},
    )


def write(answer: Answer, out: TextIO) -> None:
    """Write a table as CSV: every digit of a number, nothing where it is missing."""
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(answer.columns)
    for row in answer.rows:
        lines.writerow([_written(cell) for cell in row])


def _written(cell):
    if cell is None or (isinstance(cell, float) and isnan(cell)):
        return ""
    return digits(cell) if isinstance(cell, float) else cell


def digits(value: float) -> str:
    """Return a number with all its digits, so that it reads back as the same."""
    return repr(float(value))  # One of numpy's own would write its type as well.
