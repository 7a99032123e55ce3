"""Write docs/method/evidence.md: whether more witnesses see more than one total does.

    .venv/bin/python bench/evidence.py

Everything in the document is made here, its text too. The same seed gives the
same document.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.special import ndtr, ndtri

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alliance.psychometrics.rehearsal import Share, share  # noqa: E402
from alliance.psychometrics.simulation import SCENARIOS  # noqa: E402
from bench.evidence_model import (  # noqa: E402
    MIDDLE,
    SETTINGS,
    SIGMA_W,
    TOTAL,
    Events,
    Judged,
    Said,
    best_power,
    draw_world,
    evidence,
    hear,
    judge,
    scaled,
)
from bench.figures import number, percent, signed, table  # noqa: E402

TARGET = ROOT / "docs" / "method" / "evidence.md"
SEED, COURSES, CALIBRATED_ON, SESSIONS = 20_261_124, 20_000, 40_000, 10
DIPPED_AT = (5, 10)
PREVALENCE = 0.06
# What every rule is brought to: a share of undisturbed courses of ten sessions ever marked; and
# how many undisturbed ratings count towards "twice running".
FALSE_ALARMS, TWICE, STRICTER = 0.06, 0.05, 0.9

WITNESSES = {
    "probability": {},
    "components": {"components": True},
    "skipped": {"skipped": True},
    "question": {"question": True},
    "therapist": {"therapist": True},
    "all": {"components": True, "skipped": True, "question": True, "therapist": True},
}
RULES = ("total", *WITNESSES, "watch and yes")
ONLY_FOR_COMPARISON = "alert or yes"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A mark needs a score above `once`, or above `twice` at two rated sessions running."""

    once: float
    twice: float


@dataclass(frozen=True, slots=True)
class Cell:
    """What a rule does in one scenario and setting."""

    false_alarms: Share
    power: dict[int, Share]
    ppv: Share | None


def scores(judged: Judged, null_r: float, since: int = 0) -> dict[str, np.ndarray]:
    """Return each rule's score at each session: the higher, the more it speaks for a drop."""
    p = judged.total.p[:, since:]
    found = {"total": np.where(np.isnan(p), -np.inf, -p)}
    for name, witnesses in WITNESSES.items():
        found[name] = evidence(judged, null_r=null_r, since=since, **witnesses)
    found["watch and yes"] = found["total"]
    return found


def marked(score, said: Said, threshold: Threshold, *, helped=None):
    """Return where a rule marks; `helped` lets a single score above `twice` suffice."""
    has = ~np.isnan(said.total)
    marks = np.zeros(score.shape, dtype=bool)
    was_above = np.zeros(len(score), dtype=bool)
    for t in range(score.shape[1]):
        is_above = score[:, t] > threshold.twice
        marks[:, t] = (score[:, t] > threshold.once) | (is_above & was_above)
        if helped is not None:
            marks[:, t] |= is_above & helped[:, t]
        was_above = np.where(has[:, t], is_above, was_above)
    return marks


def help_of(name, said):
    return said.yes == 1 if name == "watch and yes" else None


def calibrated(setting, seed):
    """Return thresholds that mark 6 % of undisturbed courses in gauss, and the null correlation."""
    generator = np.random.default_rng(SEED + seed)
    world = draw_world(
        SCENARIOS["gauss"],
        setting,
        courses=CALIBRATED_ON,
        sessions=SESSIONS,
        generator=generator,
    )
    said = hear(world, Events.none(CALIBRATED_ON, SESSIONS))
    judged = judge(said, TOTAL)
    client, his = scaled(judged.total), scaled(judged.therapist)
    both = ~np.isnan(client) & ~np.isnan(his)
    null_r = float(np.corrcoef(client[both], his[both])[0, 1])
    thresholds = {}
    for name, score in scores(judged, null_r).items():
        tested = score[np.isfinite(score)]
        level = TWICE
        while True:
            twice = -level if name in P_RULES else float(np.quantile(tested, 1 - level))
            by_pairs = marked(score, said, Threshold(np.inf, twice), helped=help_of(name, said))
            is_marked = by_pairs.any(axis=1)
            left = round(FALSE_ALARMS * CALIBRATED_ON) - int(is_marked.sum())
            if left > 0:
                break
            level *= STRICTER  # Pairs, or a yes, alone mark too many: take a lower p for them.
        highest = np.sort(score[~is_marked].max(axis=1))
        thresholds[name] = Threshold(float(highest[-left - 1]), twice)
    return thresholds, null_r


P_RULES = ("total", "watch and yes")


def measured(scenario, setting, thresholds, null_r, seed, kind="shared"):
    """Return each rule's `Cell`, and its marks at the last session for comparisons in pairs."""
    generator = np.random.default_rng(SEED + seed)
    told = SCENARIOS[scenario].told(TOTAL)
    world = draw_world(
        SCENARIOS[scenario], setting, courses=COURSES, sessions=SESSIONS, generator=generator
    )
    quiet = hear(world, Events.none(COURSES, SESSIONS))
    undisturbed = judge(quiet, told)
    null = scores(undisturbed, null_r)
    dipped = {}
    for session in DIPPED_AT:
        happened = np.zeros((COURSES, session), dtype=bool)
        happened[:, -1] = True
        said = hear(world, Events.of(happened, kind, generator))
        # Only the last session differs from the undisturbed course.
        last = scores(judge(said, told), null_r, since=session - 1)
        dipped[session] = (
            said,
            {name: np.hstack([null[name][:, : session - 1], last[name]]) for name in null},
        )
    happened = generator.random((COURSES, SESSIONS)) < PREVALENCE
    mixed = hear(world, Events.of(happened, kind, generator))
    among = scores(judge(mixed, told), null_r)
    cells, seen = {}, {}
    for name in (*RULES, ONLY_FOR_COMPARISON):
        rule = "total" if name == ONLY_FOR_COMPARISON else name
        marks = {}
        for case, (said, score) in {
            "quiet": (quiet, null[rule]),
            "among": (mixed, among[rule]),
            **{session: (said, score[rule]) for session, (said, score) in dipped.items()},
        }.items():
            marks[case] = marked(score, said, thresholds[rule], helped=help_of(name, said))
            if name == ONLY_FOR_COMPARISON:
                marks[case] |= said.yes == 1
        rated = {session: ~np.isnan(said.total[:, -1]) for session, (said, _s) in dipped.items()}
        ever = marks["quiet"].any(axis=1)
        cells[name] = Cell(
            false_alarms=share(ever, np.ones(COURSES)),
            power={
                session: share(marks[session][:, -1] & is_rated, is_rated)
                for session, is_rated in rated.items()
            },
            ppv=share(marks["among"] & happened, marks["among"]),
        )
        seen[name] = (ever, marks[SESSIONS][:, -1] & rated[SESSIONS])
    return cells, {name: _apart(*seen[name], *seen["total"], rated[SESSIONS]) for name in seen}


def _apart(ever, at_last, ever_total, at_last_total, rated):
    """Return differences from the total in false alarms and power, each with its standard error."""
    alarms = ever.astype(float) - ever_total
    power = (at_last.astype(float) - at_last_total)[rated]
    return tuple((float(d.mean()), float(d.std() / sqrt(len(d)))) for d in (alarms, power))


def one_cell(job):
    return measured(*job)


WORDS = {
    "total": "total alone (ALERT)",
    "probability": "total, as a Bayes factor",
    "components": "and the three components",
    "skipped": "and skipped questions",
    "question": "and the direct question",
    "therapist": "and the therapist's rating",
    "all": "all together",
    "watch and yes": "WATCH and a yes counts as ALERT",
    ONLY_FOR_COMPARISON: "ALERT, or any yes",
}
# A rule wins where it sees more beyond doubt, and neither its false alarms nor its value are worse.
BEYOND_DOUBT, MORE_ALARMS, LESS_VALUE = 3.0, 0.01, 0.02


def main():
    began = perf_counter()
    with ProcessPoolExecutor(2) as pool:
        found = dict(zip(SETTINGS, pool.map(calibrated, SETTINGS.values(), range(3)), strict=True))
        told, null_r = found["middle"]
        jobs = {
            **{
                ("setting", name): ("gauss", setting, found[name][0], null_r, 50)
                for name, setting in SETTINGS.items()
            },
            **{
                ("taken for middle", name): ("gauss", SETTINGS[name], told, null_r, 60)
                for name in ("optimistic", "pessimistic")
            },
            **{
                ("scenario", name): (name, MIDDLE, told, null_r, 70 + place)
                for place, name in enumerate(SCENARIOS)
                if name != "gauss"
            },
            **{
                ("kind", kind): ("gauss", MIDDLE, told, null_r, 50, kind)
                for kind in ("one", "hidden", "mixed")
            },
        }
        cells = dict(zip(jobs, pool.map(one_cell, jobs.values()), strict=True))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(document(cells, null_r))
    print(f"{TARGET.relative_to(ROOT)}, {perf_counter() - began:.0f} s")


def is_won(cells, name):
    """Whether a rule beats the total in one cell."""
    (alarms, _error), (gain, error) = cells[1][name]
    mine, total = cells[0][name].ppv, cells[0]["total"].ppv
    is_worth_it = mine and total and mine.value > total.value - LESS_VALUE
    return gain > BEYOND_DOUBT * error and alarms < MORE_ALARMS and is_worth_it


def figures(cells, names=(*RULES, ONLY_FOR_COMPARISON)):
    """Write a table of one cell: each rule with its difference from the total."""
    rows = []
    for name in names:
        cell, (alarms, power) = cells[0][name], cells[1][name]
        apart = "" if name == "total" else f" ({signed(alarms[0])} ± {number(alarms[1])})"
        more = "" if name == "total" else f" ({signed(power[0])} ± {number(power[1])})"
        rows.append(
            [
                WORDS[name],
                number(cell.false_alarms.value) + apart,
                number(cell.power[5].value),
                number(cell.power[10].value) + more,
                "–" if cell.ppv is None else number(cell.ppv.value),
            ]
        )
    head = ["rule", "false alarms in 10", "power, session 5", "power, session 10", "value"]
    return table(head, rows)


def by_cell(cells, group, names):
    """Write one line for each cell of a group: power at session 10, false alarms, value."""
    rows = []
    for (kind, name), cell in cells.items():
        if kind != group:
            continue
        total = cell[0]["total"]
        row = [
            name,
            f"{number(total.false_alarms.value)} / {number(total.power[10].value)} / "
            f"{number(total.ppv.value)}",
        ]
        for rule in names:
            mine = cell[0][rule]
            won = " **wins**" if is_won(cell, rule) else ""
            row.append(
                f"{number(mine.false_alarms.value)} / {number(mine.power[10].value)} / "
                f"{number(mine.ppv.value)}{won}"
            )
        rows.append(row)
    return table(["", WORDS["total"], *(WORDS[name] for name in names)], rows)


def document(cells, null_r):
    candidates = [name for name in RULES if name not in ("total", "probability")]
    fair = [key for key in cells if key[0] != "kind"]
    wins = {name: sum(is_won(cells[key], name) for key in fair) for name in candidates}
    everywhere = [name for name in candidates if wins[name] == len(fair)]
    middle = cells["setting", "middle"][0]
    ceiling = best_power(
        (SHARED_DROP_IN_POINTS, 0.0), r=(MIDDLE.level_r, MIDDLE.state_r), sessions=10
    )
    alone = float(ndtr(ceiling - ndtri(1 - FALSE_ALARMS / (SESSIONS - 1))))
    verdict = (
        f"**One rule wins everywhere: {', '.join(WORDS[name] for name in everywhere)}.**"
        if everywhere
        else "**No rule wins everywhere. The total alone stays the default.**"
    )
    counted = "; ".join(f"{WORDS[name]}: {wins[name]} of {len(fair)}" for name in candidates)

    def gain(setting, name):
        return cells["setting", setting][1][name][1][0]

    def power(kind, name):
        return cells["kind", kind][0][name].power[10].value

    settings = table(
        ["", *SETTINGS],
        [
            [said, *(number(getattr(setting, name), 2) for setting in SETTINGS.values())]
            for name, said in SETTING_WORDS.items()
        ],
    )
    return f"""# Would more witnesses see more?

This document is generated, its text too. To make it anew: `make characteristics`
(`.venv/bin/python bench/evidence.py`). Seed {SEED}, {COURSES:,} courses a cell, thresholds on
{CALIBRATED_ON:,} others, a few minutes on two cores. The same seed gives the same document.

## In short

- {verdict} A win is: more power at session 10 beyond {BEYOND_DOUBT:g} standard errors, no more than
  {number(MORE_ALARMS, 2)} more false alarms, and a value that is not lower by more than
  {number(LESS_VALUE, 2)}. Cells won: {counted}.
- In the middle setting, at the same {percent(FALSE_ALARMS)} of undisturbed courses of ten sessions,
  the total alone sees {percent(middle["total"].power[10].value)} of drops of two within-client
  standard deviations on the day; with the direct question it is
  {percent(middle["question"].power[10].value)}, with everything
  {percent(middle["all"].power[10].value)}. The value of a mark rises from
  {percent(middle["total"].ppv.value)} to {percent(middle["all"].ppv.value)}.
- The simple rule, WATCH and a yes counts as ALERT, wins
  {wins["watch and yes"]} of {len(fair)} cells: all but those in which clients seldom say yes when
  something happened. There it loses
  ({signed(gain("pessimistic", "watch and yes"))} at session 10).
- What a yes is worth depends on clients: how many say it when something happened, and how many say
  it anyway. Nobody has measured either for this project. Until a practice's own answers are there,
  a rule that leans on them has no known rate of false alarms.
- Therefore the app does **not** let the direct question move the detector. A yes is shown as what
  it is, the client's own word, at once, beside the rating. It needs no test, and it is heard even
  where no rating drops.

## What was simulated

The total as in [characteristics.md](characteristics.md): {number(TOTAL.sb2, 2)} of the variance
between clients, {number(TOTAL.ss2, 2)} state (correlation {number(TOTAL.phi, 1)}),
{number(TOTAL.se2, 2)} error. Beside it three components whose mean it is, a question that may be
skipped, a direct question ("was there tension or a misunderstanding today?"), and the
therapist's rating. Over all sessions client's and therapist's ratings correlate at .36 (as
published). The detector is told the middle setting, whatever the true one is. A disturbance is a
drop of two within-client standard deviations of the total at one session; in one component only, it
is three of that component's.

{settings}

With all variances known, the best rule for the total alone with these false alarms sees
{percent(alone)} of such drops at session 10.

**Rules.** ALERT: p below a threshold, or p below .05 twice running. The others add the logarithm of
a Bayes factor: how much likelier what was said is if something happened; a mark is one value
above a threshold, or two running above the level that 5 % of undisturbed ratings exceed. Every
threshold was set to mark {percent(FALSE_ALARMS)} of undisturbed courses of ten sessions in the
scenario gauss, and then held fixed. Client's and therapist's deviations correlate at
{number(null_r, 2)} where nothing happened. Brackets: difference from the total alone, with its
standard error (the same courses). Value: share of marks that stand at a session that dipped, if
{percent(PREVALENCE)} do.

## The middle setting

{figures(cells["setting", "middle"])}

The last row is for comparison only: it is not held to the same false alarms.

## Optimistic and pessimistic

Thresholds set anew for each setting, so that false alarms are the same.

Optimistic:

{figures(cells["setting", "optimistic"])}

Pessimistic:

{figures(cells["setting", "pessimistic"])}

If the truth is optimistic or pessimistic while everything was set for the middle (false alarms /
power at session 10 / value):

{by_cell(cells, "taken for middle", SHOWN)}

## When the world is not as assumed

Middle setting, thresholds of gauss (false alarms / power at session 10 / value). The scenarios are
those of characteristics.md.

{by_cell(cells, "scenario", SHOWN)}

## Drops of other kinds

One: in one component only. Hidden: the rating shows nothing, and a client is half as likely to say
yes. Mixed: half shared, a fifth in one component, the rest hidden.

{by_cell(cells, "kind", SHOWN)}

## What follows

- **The components** cost power for drops that all of them share, which is the usual case
  ({signed(gain("middle", "components"))} at session 10), and see what the total can't: a drop in
  one component alone is marked in {percent(power("one", "components"))} of cases, by the total in
  {percent(power("one", "total"))}. Which of the two is commoner nobody knows. They are drawn below
  the mean, and not tested.
- **The therapist's own rating** adds next to nothing ({signed(gain("middle", "therapist"))}): a
  therapist often does not notice, and who did notice knows already.
- **The direct question** is worth most where clients use it as hoped
  ({signed(gain("optimistic", "question"))}) and does harm where they do not
  ({signed(gain("pessimistic", "question"))}). The simple rule, WATCH and a yes, does about as well
  ({signed(gain("optimistic", "watch and yes"))}, {signed(gain("middle", "watch and yes"))} and
  {signed(gain("pessimistic", "watch and yes"))}). When a practice has asked the question for a
  while, its own answers say how often a yes comes with an ordinary rating; only then can a rule
  with a known rate be built on it.
- **What is hidden from the rating** no rule sees that waits for the rating.

All this is invented: it says what could be had if people answered as supposed, not that they do.
"""


SHOWN = ("components", "question", "therapist", "all", "watch and yes")
SETTING_WORDS = {
    "components": "correlation of two components",
    "answered": "direct question answered",
    "yes_event": "a yes where something happened",
    "yes_else": "a yes where nothing did",
    "yes_spread": "clients differ in that (intraclass)",
    "yes_slope": "logits more of a yes for each within-client SD lower by chance",
    "skip_event": "a question skipped where something happened",
    "skip_else": "a question skipped where nothing did",
    "notices": "the therapist notices what happened",
    "therapist_rated": "sessions that the therapist rates",
    "within_r": "correlation of both ratings within a client",
}
SHARED_DROP_IN_POINTS = 2 * SIGMA_W


if __name__ == "__main__":
    main()
