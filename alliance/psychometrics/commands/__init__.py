"""The arithmetic on a command line: a table in, a table out.

`main` finds the command, reads, and writes CSV to standard output; remarks go to
standard error. Whatever is wrong with what was typed or with the file ends in
one plain sentence on standard error and exit code 2.
"""

import os
import sys
from collections.abc import Sequence

from alliance.psychometrics.commands.courses import DETECT, FIT, SMOOTH
from alliance.psychometrics.commands.groups import AGREE, CHANGE, SHRINK
from alliance.psychometrics.commands.options import Parser
from alliance.psychometrics.commands.rehearse import REHEARSE
from alliance.psychometrics.commands.tables import Refusal, write

COMMANDS = (DETECT, SMOOTH, CHANGE, SHRINK, AGREE, FIT, REHEARSE)
ABOUT = """\
The arithmetic of this project over a CSV file. A table comes out on standard
output, with every digit; remarks on standard error. Empty cells are missing
values, and stay missing. `COMMAND --help` has the columns and the sources.
"""


def parser() -> Parser:
    """Return the parser of the whole line."""
    whole = Parser(prog="python -m alliance.psychometrics", description=ABOUT)
    commands = whole.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        one = commands.add_parser(command.name, help=command.summary, description=command.help)
        command.add_options(one)
        one.set_defaults(run=command.run)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, that of the process if none is given, and return its exit code."""
    try:
        _answer(arguments)
    except SystemExit as asked_for_help:
        return int(asked_for_help.code or 0)
    except BrokenPipeError:
        # Whoever read has seen enough, as head does.
        _close_output()
    except OSError as error:
        _close_output()
        return _refuse(f"the answer cannot be written: {error.strerror or error}")
    except MemoryError:
        return _refuse("this is too large for the memory of this machine")
    except ValueError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _answer(arguments):
    try:
        options = parser().parse_args(arguments)
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()  # Help may have been piped to what has closed.
    if sys.stdout is None:
        raise Refusal("there is no standard output to write to")
    answer = options.run(options)
    if hasattr(sys.stdout, "reconfigure"):
        # A client's code may have letters that the terminal's own encoding lacks.
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    write(answer, sys.stdout)
    sys.stdout.flush()
    for remark in answer.remarks:
        print(remark, file=sys.stderr)


def _refuse(why):
    print(" ".join(why.split()).rstrip(".") + ".", file=sys.stderr)
    return 2


def _close_output():
    """Let what is still to be written go nowhere, so that the end of Python finds no fault."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
