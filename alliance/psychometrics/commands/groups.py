"""Commands over many clients, units or dyads at once: change, shrink and agree."""

from argparse import Namespace

from alliance.psychometrics.agreement import (
    LEAST_DYADS,
    LEAST_FOR_CORRELATION,
    LEAST_PAIRS,
    agree,
)
from alliance.psychometrics.change import Sample, assess_changes, choose_cutoff
from alliance.psychometrics.commands.options import Command, Parser, add_file, number
from alliance.psychometrics.commands.tables import Answer, Refusal, digits, read
from alliance.psychometrics.shrinkage import RELIABILITY_FLOOR, shrink

# --- change ---


def _add_change(parser: Parser) -> None:
    add_file(parser, "client, pre, post")
    parser.add_argument(
        "--sd", type=number, metavar="X", help="reference SD (that of pre in complete pairs)"
    )
    parser.add_argument(
        "--reliability", type=number, required=True, metavar="X", help="from 0 up to below 1"
    )
    parser.add_argument("--better", choices=("higher", "lower"), required=True)
    parser.add_argument(
        "--method", choices=("jt", "en"), default="jt", help="Jacobson-Truax or Edwards-Nunnally"
    )
    group = parser.add_argument_group("reference samples, for a cut-off (c of both, a or b of one)")
    for sample in ("clinical", "functional"):
        group.add_argument(f"--{sample}-mean", type=number, metavar="X")
        group.add_argument(f"--{sample}-sd", type=number, metavar="X")


def _sample(options, name):
    mean, sd = (getattr(options, f"{name}_{part}") for part in ("mean", "sd"))
    if (mean is None) != (sd is None):
        raise Refusal(f"--{name}-mean and --{name}-sd go together")
    return None if mean is None or sd is None else Sample(mean, sd)


def _change(options: Namespace) -> Answer:
    cutoff = choose_cutoff(
        clinical=_sample(options, "clinical"),
        functional=_sample(options, "functional"),
        better=options.better,
    )
    table = read(options.file, ("client", "pre", "post"))
    clients, pre, post = table.words("client"), table.numbers("pre"), table.numbers("post")
    table.once(clients, "client {0} appears twice")
    changes = assess_changes(
        pre,
        post,
        reliability=options.reliability,
        better=options.better,
        sd=options.sd,
        method=options.method,
        cutoff=None if cutoff is None else cutoff.value,
    )
    if changes is None:
        raise Refusal(
            "mean and SD of pre take two complete pairs that are not all the same; or give --sd"
        )
    counts = ", ".join(f"{category} {many}" for category, many in changes.counts().items())
    remarks = [
        f"{counts}, missing {changes.missing}",
        f"SD of pre {digits(changes.sd)}, standard error {digits(changes.standard_error)}",
    ]
    if cutoff is not None:
        remarks.append(f"cut-off {cutoff.kind} {digits(cutoff.value)}")
    each = zip(clients, pre, post, changes.index, changes.categories, strict=True)
    return Answer(("client", "pre", "post", "rci", "category"), list(each), remarks)


CHANGE = Command(
    "change",
    "say of each client whether they changed by more than error",
    """\
Say of each client whether the change from the first to the last measurement is
more than error of measurement: the reliable change index and a category
(recovered, improved, unchanged, deteriorated). "Recovered" needs a cut-off, from
the means and SDs of reference samples. For whole courses of therapy, never from
one session to the next.

Sources: Jacobson & Truax (1991), J Consult Clin Psychol 59(1), 12-19; Edwards et
al. (1978), Evaluation Quarterly 2(2), 275-285; Speer (1992), J Consult Clin
Psychol 60(3), 402-408.
""",
    _add_change,
    _change,
)


# --- shrink ---


def _add_shrink(parser: Parser) -> None:
    add_file(parser, "unit, estimate, variance")
    parser.add_argument(
        "--tau2",
        choices=("reml", "pm", "dl"),
        default="reml",
        help="how the variance between units is found (reml)",
    )


def _shrink(options: Namespace) -> Answer:
    table = read(options.file, ("unit", "estimate", "variance"))
    units = table.words("unit")
    table.once(units, "unit {0} appears twice")
    estimates, variances = table.numbers("estimate"), table.numbers("variance")
    for row, variance in enumerate(variances):
        if variance is not None and variance <= 0:
            raise table.refuse(row, f"a variance is above zero, not {digits(variance)}")
    found = shrink(estimates, variances, method=options.tau2)
    if found is None:
        raise Refusal("what lies between units takes two of them, each with its variance")
    remarks = [
        f"tau2 {digits(found.tau2)}, mu {digits(found.mu)}, "
        f"its standard error {digits(found.mu_se)}"
    ]
    if found.tau2 == 0:
        remarks.append("no difference between the units can be shown")
    if not found.reliable.any():
        remarks.append(f"no weight reaches {RELIABILITY_FLOOR}: rank nobody by this")
    return Answer(
        ("unit", "estimate", "variance", "weight", "shrunken", "low", "high"),
        list(
            zip(
                *(units, estimates, variances),
                *(found.weights, found.shrunken, found.low, found.high),
                strict=True,
            )
        ),
        remarks,
    )


SHRINK = Command(
    "shrink",
    "draw units' estimates towards their mean, by how little each is known",
    """\
Draw the estimates of units (therapists, say) towards their mean, each by how
little it is known. Out come the weight that a unit's own estimate has, the
shrunken estimate and its 95 % interval; on standard error the variance between
units, tau2, and their mean, mu. A tau2 of 0 is a legal answer: then no
difference can be shown. A unit without estimate or variance stays missing.

Sources: Raudenbush & Bryk (1985), J Educational Statistics 10, 75-98; Paule &
Mandel (1982), J Research NBS 87, 377-385; DerSimonian & Laird (1986), Controlled
Clinical Trials 7, 177-188.
""",
    _add_shrink,
    _shrink,
)


# --- agree ---


def _add_agree(parser: Parser) -> None:
    add_file(parser, "dyad, occasion, client, therapist")


def _agree(options: Namespace) -> Answer:
    table = read(options.file, ("dyad", "occasion", "client", "therapist"))
    dyads, occasions = table.words("dyad"), table.sessions("occasion")
    table.once(list(zip(dyads, occasions, strict=True)), "occasion {1} of dyad {0} appears twice")
    found = agree(dyads, occasions, table.numbers("client"), table.numbers("therapist"))
    rows = []
    for dyad in found.dyads:
        row: list[str | int | float | bool | None] = [str(dyad.dyad), dyad.pairs]
        for estimate in (dyad.discrepancy, dyad.bias, dyad.tracking):
            row += [None] * 3 if estimate is None else [estimate.value, estimate.low, estimate.high]
        row += [None] * 3 if dyad.correlation is None else list(dyad.correlation)
        rows.append([*row, dyad.marked])
    remarks = [f"{found.described} of {len(rows)} dyads have {LEAST_PAIRS} pairs or more"]
    for name, pooled, few in (
        ("discrepancy", found.typical, f"needs {LEAST_DYADS} dyads"),
        ("tracking", found.tracking, "needs two dyads whose ratings move"),
    ):
        told = (
            few
            if pooled is None
            else f"{digits(pooled.value)} ({digits(pooled.low)} to {digits(pooled.high)})"
        )
        remarks.append(f"mean {name} {told}")
    alike = found.correlation
    remarks.append(
        f"profile correlation needs a dyad with {LEAST_FOR_CORRELATION} pairs that move"
        if alike is None
        else f"mean profile correlation {digits(alike.r)} "
        f"({digits(alike.low)} to {digits(alike.high)})"
    )
    names = ("discrepancy", "bias", "tracking", "correlation")
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    return Answer(("dyad", "pairs", *columns, "marked"), rows, remarks)


AGREE = Command(
    "agree",
    "compare client and therapist over the sessions that both rated",
    """\
Compare the ratings of client and therapist, dyad by dyad, over the sessions that
both rated: the mean discrepancy, therapist minus client; how far the therapist
follows the client up and down (truth and bias, both sides set against the
client's own mean; drawn towards the mean of all dyads); the correlation of the
profiles. Each with its 95 % interval, from five pairs on (a correlation from
six). Marked is a discrepancy that is unusual among these dyads; none of the
figures says how good a therapist is.

Sources: West & Kenny (2011), Psychological Review 118(2), 357-378; Fisher
(1921), Metron 1, 3-32.
""",
    _add_agree,
    _agree,
)
