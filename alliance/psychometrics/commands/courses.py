"""Commands over series of sessions: detect, smooth and fit."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from typing import NamedTuple

from alliance.psychometrics.commands.options import (
    Command,
    Parser,
    add_ceiling,
    add_file,
    add_parameters,
    add_rules,
    number,
    parameters_of,
    rules_of,
)
from alliance.psychometrics.commands.tables import Answer, Refusal, Table, digits, read
from alliance.psychometrics.detector import Finding, detect
from alliance.psychometrics.fitting import (
    ENOUGH_CLIENTS,
    ENOUGH_RATINGS,
    Errors,
    as_rows,
    blend,
    clients_with_enough,
    fit_parameters,
    start_values,
)
from alliance.psychometrics.smoother import (
    ENOUGH_TO_FIT,
    Smoothed,
    fit_local_level,
    smooth,
    smooth_local_level,
)

COUNTING = """\
A row is a held session. An empty y is a session held without a rating; so is one
that does not appear between two that do. What came before a client's first row
does not count. Rows may stand in any order; clients come out in the order in
which they first appear. Other columns are passed over.
"""


class Series(NamedTuple):
    """A client's held sessions in a row: the number of the first, and a rating or None each."""

    first: int
    ratings: list[float | None]


def series_of(sessions: Sequence[int], ratings: Sequence[float | None]) -> Series:
    """Put sessions in order, and those that are missing between two in their places."""
    told = dict(zip(sessions, ratings, strict=True))
    first, last = min(told), max(told)
    return Series(first, [told.get(session) for session in range(first, last + 1)])


def clients_of(table: Table) -> dict[str, Series]:
    """Return each client's series, by columns client, session and y."""
    clients = table.words("client")
    sessions, ratings = table.sessions("session"), table.numbers("y")
    table.once(list(zip(clients, sessions, strict=True)), "session {1} of client {0} appears twice")
    rows: dict[str, list[int]] = {}
    for row, client in enumerate(clients):
        rows.setdefault(client, []).append(row)
    return {
        client: series_of([sessions[row] for row in mine], [ratings[row] for row in mine])
        for client, mine in rows.items()
    }


# --- detect ---


def _add_detect(parser: Parser) -> None:
    add_file(parser, "client, session, y")
    add_parameters(parser)
    add_rules(parser)


def _detect(options: Namespace) -> Answer:
    parameters, rules = parameters_of(options), rules_of(options)
    clients = clients_of(read(options.file, ("client", "session", "y")))
    return Answer(
        ("client", "session", *Finding._fields),
        [
            (client, session, *finding)
            for client, series in clients.items()
            for session, finding in enumerate(
                detect(series.ratings, parameters, rules), series.first
            )
        ],
    )


DETECT = Command(
    "detect",
    "say of each rating whether it is lower than is usual for the client",
    f"""\
Say of each rating whether it is lower than is usual for this client.

{COUNTING}
Out come client, session, y and for each held session
  b, V          the usual level before the rating; variance of a rating around it
  zb, zi        deviation from the usual level, from what was predicted, in SD
  kap, df       the client's own scale factor; degrees of freedom
  p             one-sided probability of so low a rating by chance
  th, Vth       the client's level at this session; its variance
  watch, alert, drift   whether it was marked, and how
  cusum         cumulative sum of lower-than-predicted ratings
  pr_drop       probability that the drop is real
Empty is missing: the first rating is not tested, and no session without one.

Sources: Harvey (1989), Forecasting, Structural Time Series Models and the Kalman
Filter, ch. 3; Page (1954), Biometrika 41, 100-115; Greene (2012), Econometric
Analysis, 7th ed., ch. 19.2. The combination is our own: docs/method.md.
""",
    _add_detect,
    _detect,
)


# --- smooth ---


def _add_smooth(parser: Parser) -> None:
    add_file(parser, "session, y")
    parser.add_argument(
        "--model",
        choices=("alliance", "local-level"),
        default="alliance",
        help="a level and a state around it (as if not given), or a level that wanders",
    )
    add_parameters(parser, required=False)
    group = parser.add_argument_group("variances of the local level model, in squared points")
    group.add_argument("--obs-var", type=number, metavar="X", help="of a rating around the level")
    group.add_argument("--level-var", type=number, metavar="X", help="of a step of the level")
    group.add_argument(
        "--fit", action="store_true", help="by maximum likelihood; only the other with --obs-var"
    )


def _smooth(options: Namespace) -> Answer:
    is_local = options.model == "local-level"
    theirs = ("m", "sb2", "ss2", "se2", "phi", "cens") if is_local else ("obs_var", "level_var")
    strange = [name for name in theirs if getattr(options, name) is not None]
    if options.fit and not is_local:
        strange.append("fit")
    if strange:
        names = ", ".join("--" + name.replace("_", "-") for name in strange)
        raise Refusal(f"{names} does not go with the model {options.model}")
    parameters = None if is_local else parameters_of(options)
    table = read(options.file, ("session", "y"))
    sessions = table.sessions("session")
    table.once(sessions, "session {0} appears twice, and smooth takes one series at a time")
    series = series_of(sessions, table.numbers("y"))
    if parameters is None:
        smoothed, remarks = _smooth_local_level(options, series.ratings)
    else:
        smoothed, remarks = smooth(series.ratings, parameters), []
    each = zip(series.ratings, smoothed.level, smoothed.variance, strict=True)
    return Answer(
        ("session", "y", "level", "level_var"),
        [(session, *told) for session, told in enumerate(each, series.first)],
        [*remarks, f"log-likelihood {digits(smoothed.loglik)}"],
    )


def _smooth_local_level(options, ratings) -> tuple[Smoothed, list[str]]:
    obs_var, level_var, remarks = options.obs_var, options.level_var, []
    if options.fit:
        if level_var is not None:
            raise Refusal("--level-var is what --fit looks for")
        fitted = fit_local_level(ratings, obs_var=obs_var)
        if fitted is None:
            raise Refusal(f"a fit needs {ENOUGH_TO_FIT} ratings that are not all the same")
        obs_var, level_var = fitted.obs_var, fitted.level_var
        remarks = [f"obs-var {digits(obs_var)}, level-var {digits(level_var)}"]
    elif obs_var is None or level_var is None:
        raise Refusal("the local level model takes --obs-var and --level-var, or --fit")
    smoothed = smooth_local_level(ratings, obs_var=obs_var, level_var=level_var)
    if smoothed is None:
        raise Refusal("there is no rating")
    return smoothed, remarks


SMOOTH = Command(
    "smooth",
    "draw a line through one series, given all of it",
    f"""\
Return the level at each held session of one series, given the whole of it.

It uses later ratings: a line to look back on, and never a judgement of the day.
Out come session, y, level and level_var (its variance), and on standard error
the log-likelihood (for a local level, of the ratings after the first).

{COUNTING}
Sources: Durbin & Koopman (2012), Time Series Analysis by State Space Methods,
2nd ed., ch. 2, 4.4 and 5 (exact diffuse start of the local level).
""",
    _add_smooth,
    _smooth,
)


# --- fit ---


def _add_fit(parser: Parser) -> None:
    add_file(parser, "client, session, y")
    add_ceiling(parser)
    group = parser.add_argument_group("blending with the values that a new measure starts with")
    group.add_argument("--lowest", type=number, metavar="X", help="lowest mark of the scale")
    group.add_argument("--highest", type=number, metavar="X", help="highest mark of the scale")
    group.add_argument("--start-m", type=number, metavar="X", help="mean to be expected")
    group.add_argument(
        "--start-sd", type=number, metavar="X", help="SD to be expected (15 %% of the range)"
    )
    group.add_argument(
        "--reliability", type=number, metavar="X", help="of a single rating: sets the least se2"
    )


def _fit(options: Namespace) -> Answer:
    needed = (options.lowest, options.highest, options.start_m)
    is_blended = any(
        value is not None for value in (*needed, options.start_sd, options.reliability)
    )
    if is_blended and None in needed:
        raise Refusal("a blend takes --lowest, --highest and --start-m")
    clients = clients_of(read(options.file, ("client", "session", "y")))
    rows = as_rows([series.ratings for series in clients.values()])
    fit = fit_parameters(rows, ceiling=options.cens)
    if fit is None:
        enough = clients_with_enough(rows)
        if enough < ENOUGH_CLIENTS:
            raise Refusal(
                f"a fit needs {ENOUGH_CLIENTS} clients with {ENOUGH_RATINGS} ratings or more, "
                f"and there are {enough}"
            )
        raise Refusal("all ratings are the same: there is nothing to fit")
    names = [field.name for field in fields(Errors)]
    told = asdict(fit.parameters)
    columns: list[Sequence[float | str | None]] = [
        names,
        [told[name] for name in names],
        astuple(fit.errors),
    ]
    if is_blended:
        start = start_values(
            m=options.start_m, lowest=options.lowest, highest=options.highest, sd=options.start_sd
        )
        blended = asdict(blend(fit, start, reliability=options.reliability))
        columns.append([blended[name] for name in names])
    form = "plain" if fit.parameters.ceiling is None else "ceiling-aware"
    remarks = [
        f"{fit.ratings} ratings, {fit.clients} clients with {ENOUGH_RATINGS} or more; "
        f"{form} form; log-likelihood {digits(fit.loglik)}"
    ]
    if fit.at_end:
        remarks.append(
            f"at the end of its range, so without a standard error: {', '.join(fit.at_end)}"
        )
    return Answer(
        ("parameter", "estimate", "standard_error", *(["blended"] if is_blended else [])),
        list(zip(*columns, strict=True)),
        remarks,
    )


FIT = Command(
    "fit",
    "estimate the five parameters from the series of many clients",
    f"""\
Estimate m, sb2, ss2, se2 and phi from the series of many clients, by maximum
likelihood, with standard errors; {ENOUGH_CLIENTS} clients with {ENOUGH_RATINGS} ratings at least.

With --cens the ceiling-aware form is used if a tenth of the ratings lie there.
With --lowest, --highest and --start-m a column `blended` is added: the start
values moved towards the estimates by n / (n + 30) for n clients. Those are what
the detector should be given.

{COUNTING}
Sources: Harvey (1989), Forecasting, Structural Time Series Models and the Kalman
Filter, ch. 3.4; Pawitan (2001), In All Likelihood, ch. 2 and 9. The rule of
blending is our own: docs/method.md.
""",
    _add_fit,
    _fit,
)
