"""How a command line is read: numbers, parameters, and refusals in one sentence."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, NoReturn

from alliance.psychometrics.commands.tables import LARGEST, NUMBER, Answer, Refusal, quoted
from alliance.psychometrics.detector import PRESETS, Parameters, Rules

# What is nearer to nought than this is a slip, and its inverse too large to reckon with.
SMALLEST = 1e-15
RULES = ("nu0", "prior", "watch", "alert", "k", "h")


class Parser(ArgumentParser):
    """A parser that refuses in one sentence instead of printing how it is to be used."""

    def __init__(self, **values):
        super().__init__(**values, allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise Refusal(message.removeprefix("argument "))


class Command(NamedTuple):
    """One command: its name, what it does in a line, the text of its help, and its two parts."""

    name: str
    summary: str
    help: str
    add_options: Callable[[Parser], None]
    run: Callable[[Namespace], Answer]


def number(text: str) -> float:
    """Read a number of an option."""
    if not NUMBER.fullmatch(text):
        raise ArgumentTypeError(f"{quoted(text)} is not a number")
    value = float(text)
    if abs(value) > LARGEST or 0 < abs(value) < SMALLEST:
        raise ArgumentTypeError(f"{quoted(text)} is no number to reckon with")
    return value


def count(text: str) -> int:
    """Read a whole number of an option, 1 or more."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise ArgumentTypeError(f"{quoted(text)} is not a whole number from 1 on")
    return int(text)


def add_file(parser: Parser, columns: str) -> None:
    """Add the file to be read; `columns` says what it must have."""
    parser.add_argument("file", metavar="FILE.csv", help=f"columns {columns}; - is standard input")


def add_parameters(parser: Parser, *, required: bool = True) -> None:
    """Add the five parameters of the model, and the ceiling."""
    group = parser.add_argument_group("parameters, in points and squared points")
    for name, told in (
        ("--m", "mean over clients"),
        ("--sb2", "variance between clients, 0 or more"),
        ("--ss2", "variance of the state within a client, 0 or more"),
        ("--se2", "variance of the error of measurement, above 0"),
        ("--phi", "correlation of the state from one held session to the next, -1 to 1"),
    ):
        group.add_argument(name, type=number, required=required, metavar="X", help=told)
    add_ceiling(group)


def add_ceiling(parser) -> None:
    """Add the mark from which on the scale has ended."""
    parser.add_argument(
        "--cens", type=number, metavar="X", help='from here on a mark is read as "at least so much"'
    )


def parameters_of(options: Namespace) -> Parameters:
    """Return the parameters that were given. Raises Refusal where one is missing."""
    missing = [name for name in ("m", "sb2", "ss2", "se2", "phi") if getattr(options, name) is None]
    if missing:
        raise Refusal(f"missing: {', '.join('--' + name for name in missing)}")
    return Parameters(options.m, options.sb2, options.ss2, options.se2, options.phi, options.cens)


def add_rules(parser: Parser) -> None:
    """Add the rules by which a deviation is marked."""
    group = parser.add_argument_group("rules, over those of the preset")
    group.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="standard",
        help="quiet, standard (as if not given) or sensitive",
    )
    for name, field, told in (
        ("--nu0", "nu0", "ratings' worth of as-variable-as-others to begin with"),
        ("--pi", "prior", "share of sessions taken to be real drops beforehand"),
        ("--watch", "watch", "p below which a rating is marked"),
        ("--alert", "alert", "p below which it is flagged; so is a second mark running"),
        ("--k", "k", "slack of the cumulative sum, in standard deviations a session"),
        ("--h", "h", "height at which the cumulative sum is flagged"),
    ):
        group.add_argument(
            name,
            dest=field,
            type=number,
            metavar="X",
            help=f"{told} ({getattr(PRESETS['standard'], field):g})",
        )


def rules_of(options: Namespace) -> Rules:
    """Return the preset, with what was given besides in its place."""
    given = {name: getattr(options, name) for name in RULES if getattr(options, name) is not None}
    return replace(PRESETS[options.preset], **given)
