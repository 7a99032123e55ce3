"""The command rehearse: what each rule does with invented courses, or with a history."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from math import sqrt

from alliance.psychometrics.commands.courses import COUNTING, clients_of
from alliance.psychometrics.commands.options import (
    RULES,
    Command,
    Parser,
    add_parameters,
    add_rules,
    count,
    number,
    parameters_of,
    rules_of,
)
from alliance.psychometrics.commands.tables import Answer, Cell, Refusal, digits, read
from alliance.psychometrics.comparators import COMPARATORS
from alliance.psychometrics.detector import PRESETS, Parameters
from alliance.psychometrics.rehearsal import (
    DIP_SHARE,
    DIP_SIZE,
    Rule,
    Share,
    rehearse_courses,
    rehearse_history,
)
from alliance.psychometrics.simulation import REFERENCE, SCENARIOS

SESSIONS, COURSES, REPEATS = 10, 2_000, 20
# More ratings than this at once take a gigabyte.
MOST_RATINGS = 2_000_000
SCENARIO_NAMES = {name.replace(" ", "-"): name for name in SCENARIOS}
PARAMETERS = ("m", "sb2", "ss2", "se2", "phi")


def _add_rehearse(parser: Parser) -> None:
    parser.add_argument(
        "--history",
        metavar="FILE.csv",
        help="columns client, session, y; - is standard input; without it, invented courses",
    )
    add_parameters(parser, required=False)
    invented = parser.add_argument_group("invented courses")
    invented.add_argument("--scenario", choices=SCENARIO_NAMES, help="how they are drawn (gauss)")
    invented.add_argument("--sessions", type=count, metavar="N", help=f"of each ({SESSIONS})")
    invented.add_argument("--courses", type=count, metavar="N", help=f"how many ({COURSES:,})")
    invented.add_argument(
        "--size", type=number, metavar="X", help=f"of a dip, in within-client SD ({DIP_SIZE:g})"
    )
    history = parser.add_argument_group("a history")
    history.add_argument(
        "--repeats", type=count, metavar="N", help=f"invented histories beside it ({REPEATS})"
    )
    parser.add_argument("--seed", type=count, default=1, metavar="N", help="of all that is drawn")
    add_rules(parser)


def _rehearse(options: Namespace) -> Answer:
    given = [name for name in PARAMETERS if getattr(options, name) is not None]
    parameters = parameters_of(options) if given or options.history is not None else REFERENCE
    rules = rules_for(parameters)
    if any(getattr(options, name) is not None for name in RULES):
        rules["as given"] = rules_of(options)
    if options.history is None:
        if options.repeats is not None:
            raise Refusal("--repeats goes with --history")
        return _invented(options, parameters, rules)
    for name in ("scenario", "sessions", "courses", "size"):
        if getattr(options, name) is not None:
            raise Refusal(f"--{name} does not go with --history")
    return _history(options, parameters, rules)


def rules_for(parameters: Parameters) -> dict[str, Rule]:
    """Return the detector's presets, and the rules of others brought to this scale.

    Those are known at settings for a scale with the mean and SD of the
    reference model; here they keep their distance in SD.
    """
    factor = _sd(parameters) / _sd(REFERENCE)
    rules: dict[str, Rule] = {f"detector ({name})": rules for name, rules in PRESETS.items()}
    for comparator in COMPARATORS.values():
        for known in comparator.known:
            settings = dict(known.settings)
            for name in {"points", "sd"} & set(settings):
                settings[name] *= factor
            if "cutoff" in settings:
                away = settings["cutoff"] - REFERENCE.mean_at(1)
                settings["cutoff"] = parameters.mean_at(1) + away * factor
            mark: Callable = partial(comparator.mark, **settings)
            rules[f"{comparator.name.lower()}: {known.words}"] = mark
    return rules


def _sd(parameters):
    return sqrt(parameters.sb2 + parameters.ss2 + parameters.se2)


def _invented(options, parameters, rules):
    sessions, courses = options.sessions or SESSIONS, options.courses or COURSES
    if sessions * courses > MOST_RATINGS:
        raise Refusal(f"{courses} courses of {sessions} sessions are too many at once")
    size = DIP_SIZE if options.size is None else options.size
    scenario = SCENARIOS[SCENARIO_NAMES[options.scenario or "gauss"]]
    found = rehearse_courses(
        rules,
        parameters,
        scenario=scenario,
        sessions=sessions,
        courses=courses,
        seed=options.seed,
        size=size,
    )
    rows: list[list[Cell]] = [
        [name, *_told(one.false_alarms), *_told(one.power), *_told(one.ppv), one.flags_per_100]
        for name, one in found.items()
    ]
    shares = ("false_alarms", "power", "ppv")
    columns = [f"{name}{end}" for name in shares for end in ("", "_se")]
    return Answer(
        ("rule", *columns, "flags_per_100"),
        rows,
        (
            f"{courses} courses of {sessions} sessions, seed {options.seed}",
            scenario.words,
            f"power: a dip of {digits(size)} within-client SD at the last session; "
            f"ppv: one at {DIP_SHARE:.0%} of sessions",
        ),
    )


def _told(share: Share | None) -> tuple[float | None, float | None]:
    return (None, None) if share is None else (share.value, share.standard_error)


def _history(options, parameters, rules):
    clients = clients_of(read(options.history, ("client", "session", "y")))
    histories = [series.ratings for series in clients.values()]
    repeats = options.repeats or REPEATS
    if repeats * len(histories) * max(map(len, histories)) > MOST_RATINGS:
        raise Refusal("this is too much history for so many --repeats")
    found = rehearse_history(histories, parameters, rules, repeats=repeats, seed=options.seed)
    names = ("clients", "held", "rated", "marks", "flags", "clients_flagged", "followed", "back")
    return Answer(
        ("rule", *names, "flags_by_chance", "clients_flagged_by_chance"),
        [
            [
                rule,
                *(getattr(one, name) for name in names),
                *(
                    (None, None)
                    if one.by_chance is None
                    else (one.by_chance.flags, one.by_chance.clients_flagged)
                ),
            ]
            for rule, one in found.items()
        ],
        (f"by chance: means over {repeats} invented histories, seed {options.seed}",),
    )


REHEARSE = Command(
    "rehearse",
    "try the rules on invented courses, or on a history, before one is used",
    f"""\
Try rules before one is used: the presets of the detector, rules that others use,
and the rule made of the options below, if any is given.

Without --history, on invented courses, by default around the reference model
(between clients .60 of the variance, state .25, error .15, phi .4):
  false_alarms  share of undisturbed courses with at least one mark
  power         share marked at once when the last session dips
  ppv           share of marks that stand at a session that dipped
  flags_per_100 new entries on the list in a hundred undisturbed sessions
each share with its Monte-Carlo standard error (_se).

With --history, on columns client, session, y and the five parameters:
  marks, flags, clients_flagged   how often each rule would have fired, how often
                anew, and on how many clients
  followed, back  flags with a later rating; of those, how many were back in the
                usual range by then
  ..._by_chance what to expect of clients with whom nothing ever happened

{COUNTING}
Sources: the model is the detector's (Harvey, 1989); Jacobson & Truax (1991) for
reliable change; Eubanks-Carter, Gorman & Muran (2012), Psychother Res 22(4), for
the individuals chart; scenarios and sizes are our own: docs/method.md.
""",
    _add_rehearse,
    _rehearse,
)
