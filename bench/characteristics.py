"""Write docs/method/characteristics.md: how often the detector is right, and how often wrong.

    make characteristics        (or: .venv/bin/python bench/characteristics.py)

Everything in the document is made here, its text too. The same seed gives the
same document.
"""

import sys
from math import ceil, sqrt
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.special import ndtr, ndtri

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alliance.psychometrics.comparators import COMPARATORS  # noqa: E402
from alliance.psychometrics.detector import (  # noqa: E402
    PRESETS,
    Parameters,
    State,
    advance,
    detect_many,
)
from alliance.psychometrics.rehearsal import (  # noqa: E402
    entries_of,
    ever_marked,
    is_listed,
    new_entries,
    share,
)
from alliance.psychometrics.repair import Drop, Verdict, judge  # noqa: E402
from alliance.psychometrics.simulation import (  # noqa: E402
    REFERENCE,
    SCENARIOS,
    dip,
    draw,
    drift,
    random_dips,
    step,
    u_shape,
)
from bench.figures import SPEC_ROUNDING, Comparison, number, percent, table  # noqa: E402

TARGET = ROOT / "docs" / "method" / "characteristics.md"
SEED, COURSES, SESSIONS = 20_261_123, 40_000, 20
LENGTHS, DIPPED_AT = (3, 5, 10, 20), (5, 10, 20)
PREVALENCE, ONSET, REPAIRS = 0.06, 10, 8_000
STANDARD = PRESETS["standard"]
MARKS = ("WATCH", "ALERT", "DRIFT", "list")

# The specification's figures.
SPEC_FALSE_ALARMS = {
    "WATCH": (0.07, 0.14, 0.31, 0.57),
    "ALERT": (0.01, 0.02, 0.06, 0.15),
    "DRIFT": (0.00, 0.01, 0.06, 0.19),
    "list": (0.01, 0.02, 0.09, 0.25),
}
SPEC_POWER = {
    ("WATCH", 2): (0.53, 0.58, 0.61),
    ("ALERT", 2): (0.24, 0.29, 0.34),
    ("DRIFT", 2): (0.09, 0.19, 0.26),
    ("list", 2): (0.25, 0.35, 0.43),
    ("WATCH", 3): (0.84, 0.88, 0.89),
    ("ALERT", 3): (0.57, 0.64, 0.69),
}
SPEC_PPV = {"WATCH": 0.48, "ALERT": 0.72, "list": 0.40}
# Rule and place among its known settings: false alarms, power at 5, 10 and 20, PPV.
SPEC_COMPARATORS = {
    ("below_cutoff", 0): ((0.41, 0.50, 0.61, 0.71), None, None),
    ("drop_since_last", 0): ((0.68, 0.94, 1.00, 1.00), (0.90, 0.91, 0.91), 0.13),
    ("drop_since_last", 2): ((0.15, 0.29, 0.54, 0.81), (0.57, 0.58, 0.58), 0.33),
    ("reliable_change_since_last", 0): ((0.21, 0.40, 0.69, 0.92), (0.64, 0.66, 0.65), 0.28),
    ("reliable_change_since_last", 1): ((0.03, 0.06, 0.14, 0.27), (0.30, 0.30, 0.30), 0.57),
    ("individuals_chart", 0): ((0.00, 0.10, 0.20, 0.30), (0.37, 0.33, 0.31), 0.43),
}
SPEC_SUSTAINED = {
    "U, 2": (0.42, 0.54),
    "step, 1.5": (0.42, 0.60),
    "step, 2.5": (None, 0.92),
    "drift, 1.5": (0.43, (0.66, 0.71)),
}
SPEC_SCENARIOS = {
    "gauss": 0.06,
    "heterogeneous": 0.08,
    "heavy tails": 0.08,
    "growth": 0.06,
    "ceiling": 0.05,
    "ceiling, plain form": (0.12, 0.17),
    "missing": 0.05,
    "missing, ten ratings": 0.05,
    "between .40": 0.14,
    "between .75": 0.02,
    "phi .65": 0.05,
    "cautious start": 0.03,
    "between .50, cautious start": 0.06,
    "between .40, cautious start": 0.08,
}
SPEC_PRESETS = {
    "quiet": (0.034, 0.12, 0.8),
    "standard": (0.089, 0.25, 1.75),
    "sensitive": (0.19, 0.42, 3.1),
}
# The band of "could be a real drop, could be chance" that lies below one half.
CHANCE_OR_REAL = 3
BANDS = ((0.0, 0.05), (0.05, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 1.0))
SPEC_CALIBRATION = {2: (0.17, 0.20), 3: (0.39, 0.48), 4: (0.59, 0.75), 5: (0.78, 0.93)}
SPEC_BEST = (0.31, 0.32, 0.35, 0.36)
SPEC_REPAIR = {
    ("dip of 2 for one session", "WATCH"): (0.33, 0.46, 0.54, 0.06),
    ("step of 2 that stays", "WATCH"): (0.01, 0.01, 0.01, None),
}
CAUTIOUS = Parameters(m=REFERENCE.m, sb2=10.125, ss2=6.075, se2=4.05, phi=0.4)

COMPARISON = Comparison(COURSES)
beside = COMPARISON.beside

rng = np.random.default_rng


# --- What is measured ----------------------------------------------------------------------


def detector_marks(ratings, parameters, rules=STANDARD):
    found = detect_many(ratings, parameters, rules)
    marks = (found.watch, found.alert, found.drift, found.alert | found.drift)
    return dict(zip(MARKS, marks, strict=True)), found


def drawn(name, seed, sessions=SESSIONS, assumed=REFERENCE):
    return draw(
        SCENARIOS[name], assumed, courses=COURSES, sessions=sessions, generator=rng(SEED + seed)
    )


def at(marks, session, rated=None):
    is_rated = np.ones(len(marks), dtype=bool) if rated is None else rated[:, session - 1]
    return share(marks[:, session - 1] & is_rated, is_rated)


def within(marks, first, last):
    ever = np.any(marks[:, first - 1 : last], axis=1)
    return share(ever, np.ones_like(ever))


def false_alarms_and_power():
    courses = drawn("gauss", 0)
    undisturbed, _ = detector_marks(courses.ratings(), REFERENCE)
    false_alarms = [
        [f"**{name}**"]
        + [
            beside(ever_marked(undisturbed[name], length), spec)
            for length, spec in zip(LENGTHS, SPEC_FALSE_ALARMS[name], strict=True)
        ]
        for name in MARKS
    ]
    power, found = [], {}
    for size in (2, 3):
        for session in DIPPED_AT:
            dipped = courses.ratings(dip(SESSIONS, at=session, size=size))[:, :session]
            marks, _ = detector_marks(dipped, REFERENCE)
            for name in MARKS:
                found[name, size, session] = at(marks[name], session)
        for name in MARKS:
            spec = SPEC_POWER.get((name, size), (None,) * 3)
            cells = [
                beside(found[name, size, session], known)
                for session, known in zip(DIPPED_AT, spec, strict=True)
            ]
            power.append([f"**{name}**", str(size), *cells])
    fourth = courses.ratings(dip(SESSIONS, at=4, size=2))[:, :4]
    marks, _ = detector_marks(fourth, REFERENCE)
    at_four = {name: at(marks[name], 4).value for name in MARKS}
    short = {
        f"{name.lower()}_{length}": percent(ever_marked(undisturbed[name], length).value)
        for name in ("WATCH", "ALERT", "list")
        for length in (10, 20)
    }
    gains = (
        found[name, size, 5].value - spec[0] for (name, size), spec in SPEC_POWER.items() if spec
    )
    short["fifth"] = number(max(gains))
    short |= {f"seen_{n.lower()}": percent(found[n, 2, 10].value) for n in ("WATCH", "list")}
    return false_alarms, power, at_four, short


def predictive_values():
    """Return what marks are worth, and what was stated, where any session may have dipped."""
    courses = drawn("gauss", 1)
    rows = {name: [] for name in (*MARKS, "new entries")}
    stated, values = {}, {}
    for length in (6, 10, 14, 20):
        dips = random_dips(COURSES, length, share=PREVALENCE, generator=rng(SEED + 3))
        marks, found = detector_marks(courses.latent[:, :length] - sized(dips), REFERENCE)
        marks["new entries"] = entries_of(found, STANDARD)
        stated[f"any, {length}"] = dips, found.pr_drop
        for name, marked in marks.items():
            spec = SPEC_PPV.get(name) if length == 10 else None
            values[name, length] = share(marked & dips, marked)
            if length != 14:
                rows[name].append(beside(values[name, length], spec))
    for session in (5, 10):
        dips = np.zeros((COURSES, session), dtype=bool)
        dips[:, -1] = rng(SEED + 2).random(COURSES) < PREVALENCE
        _, found = detector_marks(courses.latent[:, :session] - sized(dips), REFERENCE)
        stated[f"one, {session}"] = dips[:, -1:], found.pr_drop[:, -1:]
    rows = [[f"**{name}**", *cells] for name, cells in rows.items()]
    return rows, stated, {case: one.value for case, one in values.items()}


def sized(dips, size=2.0):
    """Return dips of so many within-client SDs in points."""
    return size * dips * sqrt(REFERENCE.ss2 + REFERENCE.se2)


def first_ten(courses, dips):
    """Return the first ten ratings, with dips of 2 within-client SDs where they are due."""
    return courses.ratings(-2.0 * np.pad(dips, ((0, 0), (0, SESSIONS - 10))))[:, :10]


def calibration(known):
    rows, true_of = [], {}
    for band, (low, high) in enumerate(BANDS):
        cells = []
        for case in ("one, 5", "one, 10", "any, 10", "any, 20"):
            dips, stated = known[case]
            is_in = (stated >= low) & (stated < high)
            true = share(dips & is_in, is_in)
            true_of.setdefault(band, []).append(true.value)
            cells.append(
                f"{number(stated[is_in].mean(), 2)} → {number(true.value, 2)} "
                f"± {number(true.standard_error, 2)}"
            )
        spec = SPEC_CALIBRATION.get(band)
        said = f"{number(spec[0], 2)} → {number(spec[1], 2)}" if spec else "–"
        rows.append([f"{number(low, 2)} to {number(high, 2)}", *cells, said])
    return rows, {
        "said_low": number(min(true_of[CHANCE_OR_REAL]), 2),
        "said_high": number(max(true_of[CHANCE_OR_REAL]), 2),
    }


def sustained():
    courses = drawn("gauss", 4)
    shapes = {
        "U, 2": (u_shape(SESSIONS, start=ONSET, size=2), 3),
        "step, 1.5": (step(SESSIONS, start=ONSET, size=1.5), 3),
        "step, 2.5": (step(SESSIONS, start=ONSET, size=2.5), 3),
        "drift, 1.5": (drift(SESSIONS, start=ONSET, size=1.5), 6),
        "drift, 2.5": (drift(SESSIONS, start=ONSET, size=2.5), 6),
    }
    rows, listed_in = [], {}
    for name, (shift, more) in shapes.items():
        marks, _ = detector_marks(courses.ratings(shift), REFERENCE)
        listed_in[name] = within(marks["list"], ONSET, ONSET + more).value
        alert, listed = SPEC_SUSTAINED.get(name, (None, None))
        specs = {"ALERT": alert, "list": listed}
        rows.append(
            [name, f"+{more}"]
            + [beside(within(marks[kind], ONSET, ONSET + more), specs.get(kind)) for kind in MARKS]
        )
    marks, _ = detector_marks(courses.ratings(), REFERENCE)
    for more in (3, 6):
        chance = [beside(within(marks[kind], ONSET, ONSET + more)) for kind in MARKS]
        rows.append(["nothing", f"+{more}", *chance])
    late, _ = detector_marks(courses.ratings(drift(SESSIONS, start=ONSET + 1, size=1.5)), REFERENCE)
    later = [within(late[name], ONSET, ONSET + 6).value for name in ("list", "ALERT")]
    return rows, listed_in["step, 2.5"], later


def scenario_cases():
    """Yield a name, the scenario, its courses, and what the detector is told."""
    for place, (name, scenario) in enumerate(SCENARIOS.items()):
        courses = drawn(name, 100 + place)
        yield name, courses, scenario.told(REFERENCE)
        if name == "ceiling":
            yield "ceiling, plain form", courses, as_they_are(courses.ratings())
        if name in ("gauss", "between .50", "between .40"):
            yield f"{name}, cautious start".removeprefix("gauss, "), courses, CAUTIOUS


def as_they_are(ratings):
    """Return parameters with the mean and variances of clipped ratings, and the usual split."""
    mean, total = float(ratings.mean()), float(ratings.var())
    between = float(np.cov(ratings[:, 0], ratings[:, -1])[0, 1])
    within = total - between
    return Parameters(m=mean, sb2=between, ss2=0.625 * within, se2=0.375 * within, phi=0.4)


def scenarios():
    short, full, found_alerts = [], [], {}
    for name, courses, told in scenario_cases():
        ratings = courses.ratings()
        marks, _ = detector_marks(ratings, told)
        dipped = courses.ratings(dip(SESSIONS, at=10, size=2))[:, :10]
        seen, _ = detector_marks(dipped, told)
        dips = random_dips(COURSES, 10, share=PREVALENCE, generator=rng(SEED + 5))
        among, _ = detector_marks(first_ten(courses, dips), told)
        dips &= courses.rated[:, :10]
        alert = ever_marked(marks["ALERT"], 10)
        found_alerts[name] = alert.value
        short.append(
            [
                name,
                beside(alert, SPEC_SCENARIOS.get(name)),
                beside(at(seen["WATCH"], 10, courses.rated)),
                beside(at(seen["ALERT"], 10, courses.rated)),
                beside(at(seen["list"], 10, courses.rated)),
                *(beside(share(among[kind] & dips, among[kind])) for kind in ("ALERT", "list")),
            ]
        )
        if name == "missing":
            rated = courses.rated.cumsum(axis=1)
            enough = rated[:, -1] >= 10
            in_ten = np.any(marks["ALERT"] & (rated <= 10), axis=1)
            ten = share(in_ten & enough, enough)
            short.append(["missing, ten ratings", beside(ten, 0.05), *["–"] * 5])
        full.append(
            [name]
            + [
                " / ".join(number(ever_marked(marks[kind], length).value, 2) for length in LENGTHS)
                for kind in MARKS
            ]
        )
    return short, full, found_alerts


def presets():
    courses = drawn("gauss", 6)
    ratings = courses.ratings()
    dipped = {
        session: courses.ratings(dip(SESSIONS, at=session, size=2))[:, :session]
        for session in (10, 20)
    }
    dips = random_dips(COURSES, 10, share=PREVALENCE, generator=rng(SEED + 7))
    among = courses.latent[:, :10] - sized(dips)
    rows, entries, weekly = [], [], {}
    tested = COURSES * (SESSIONS - 1)
    for name, rules in PRESETS.items():
        marks, found = detector_marks(ratings, REFERENCE, rules)
        in_10, in_20, new_in_100 = SPEC_PRESETS[name]
        fine = SPEC_ROUNDING if in_10 > 0.1 else SPEC_ROUNDING / 10
        listed = is_listed(found, rules)
        seen = [
            at(detector_marks(dipped[session], REFERENCE, rules)[0]["list"], session)
            for session in (10, 20)
        ]
        hits = detector_marks(among, REFERENCE, rules)[0]["list"]
        rows.append(
            [
                name,
                beside(ever_marked(marks["list"], 10), in_10, fine),
                beside(ever_marked(marks["list"], 20), in_20),
                " / ".join(number(ever_marked(listed, length).value) for length in (10, 20)),
                " / ".join(number(one.value) for one in seen),
                beside(share(hits & dips, hits)),
            ]
        )
        new = {
            "by": entries_of(found, rules).sum(),
            # What the specification seems to have counted: see the text.
            "looser": new_entries(marks["list"], (found.cusum < rules.h) & (found.p > 0.10)).sum(),
        }
        a_session = {way: 100 * count / tested for way, count in new.items()}
        entries.append(
            [
                name,
                f"{a_session['by']:.2f}",
                f"{a_session['looser']:.2f}",
                f"{new_in_100:g}",
                f"{0.6 * a_session['by']:.1f}",
                f"{0.6 * a_session['looser']:.1f}",
            ]
        )
        weekly[name] = f"{0.6 * a_session['by']:.1f}"
    return rows, entries, weekly["standard"]


def comparators():
    rows = []
    for key, rule in COMPARATORS.items():
        for place, known in enumerate(rule.known):
            spec, spec_power, spec_ppv = SPEC_COMPARATORS.get(
                (key, place), ((None,) * 4, None, None)
            )
            courses = drawn(known.scenario, 8)
            marks = rule.mark(courses.ratings(), **known.settings)
            power = [
                at(rule.mark(courses.ratings(dip(SESSIONS, at=s, size=2)), **known.settings), s)
                for s in DIPPED_AT
            ]
            dips = random_dips(COURSES, 10, share=PREVALENCE, generator=rng(SEED + 9))
            among = rule.mark(first_ten(courses, dips), **known.settings)
            rows.append(
                [
                    f"{rule.name}: {known.words}",
                    *(
                        beside(ever_marked(marks, length), one)
                        for length, one in zip(LENGTHS, spec, strict=True)
                    ),
                    *(
                        beside(one, told)
                        for one, told in zip(power, spec_power or (None,) * 3, strict=True)
                    ),
                    beside(share(among & dips, among), spec_ppv),
                ]
            )
    return rows


def best_possible():
    """Return power of the best test with 1 % false alarms a session, all variances known."""
    state, cells = State.first(REFERENCE), []
    size = 2 * sqrt(REFERENCE.ss2 + REFERENCE.se2)
    for session in range(1, SESSIONS + 1):
        after, finding = advance(state, REFERENCE.mean_at(session), REFERENCE)
        if session in LENGTHS:
            predicted = finding.V - REFERENCE.ss2 + _state_variance(state)
            cells.append([finding.V, predicted])
        state = after
    return [
        [name, *(number(float(ndtr(ndtri(0.01) + size / sqrt(pair[place]))), 3) for pair in cells)]
        for place, name in enumerate(("around the usual level", "around what was predicted"))
    ]


def _state_variance(state):
    if not state.held:
        return state.pss
    return REFERENCE.phi**2 * state.pss + REFERENCE.ss2 * (1 - REFERENCE.phi**2)


def repairs():
    """Return what is said of ratings after a marked drop, by the number of ratings since."""
    courses, rows = drawn("gauss", 10), []
    for name, shift in (
        ("dip of 2 for one session", dip(SESSIONS, at=ONSET, size=2)),
        ("step of 2 that stays", step(SESSIONS, start=ONSET, size=2)),
    ):
        ratings = courses.ratings(shift)
        marks, found = detector_marks(ratings, REFERENCE)
        for condition in ("WATCH", "ALERT"):
            chosen = np.flatnonzero(marks[condition][:, ONSET - 1])[:REPAIRS]
            verdicts = np.array([_judged(ratings[row], found, row) for row in chosen])
            is_back = verdicts == Verdict.BACK
            spec = SPEC_REPAIR.get((name, condition), (None,) * 4)
            said = (*is_back.T, verdicts[:, 2] == Verdict.LOWER)
            shares = [
                beside(share(cases, np.ones(len(chosen))), told)
                for cases, told in zip(said, spec, strict=True)
            ]
            by_then = beside(share(is_back.any(axis=1), np.ones(len(chosen))))
            rows.append([name, condition, *shares[:3], by_then, shares[3]])
    return rows


def _judged(ratings, found, row):
    """Return the verdicts after one, two and three ratings since the drop."""
    onset = ONSET - 1
    drop = Drop(
        session=ONSET,
        usual=float(found.b[row, onset]),
        rating=float(ratings[onset]),
        scale=float(found.kap[row, onset]),
    )
    verdicts = []
    for since in range(1, 4):
        drop = drop.followed_by(session=ONSET + since, rating=float(ratings[onset + since]))
        verdicts.append(judge(drop, REFERENCE).verdict)
    return verdicts


TEXT = """\
# How often the detector is right, and how often it is wrong

This document is generated, its text too. To make it anew: `make characteristics`
(`.venv/bin/python bench/characteristics.py`). Seed {seed}, {courses:,} courses a cell, numpy's
PCG64 generator, run time {minutes} on two cores. The same seed gives the same document.

## In short

- In **ten sessions in which nothing happens**, the standard preset puts {list_10} of courses on
  the list at some point, and {list_20} in twenty sessions. ALERT alone: {alert_10} and
  {alert_20}. On the client's own chart a marker appears in {watch_10} and {watch_20}.
- A **drop of two within-client standard deviations for one session**, at session 10, is on the
  list the same day in {seen_list} of cases, and marked on the chart in {seen_watch}. Most such
  drops are therefore *not* listed. From one total, the best possible rule with 1 % false alarms a
  session sees about as many (see "What is possible at all").
- If 6 % of sessions bring such a drop, {ppv_alert} of ALERTs in ten sessions are real. The others
  are chance.
- Lasting changes are seen better: a step of 2.5 is listed within three sessions in {step} of
  cases.
- The detector's false alarms depend on its parameters. If clients differ less than assumed (.40
  of the variance instead of .60), ALERT's false alarms rise from {alert_10} to {alert_40}.
  Therefore it starts with cautious values, and is fitted to a service's own ratings later.

Everything here holds for invented courses. Nothing here shows that a lower rating is a rupture,
nor that a rating that stays the same is none.

## What was simulated

A rating is the client's own level, plus a state that wanders from session to session, plus error
of measurement. Of the variance, .60 lies between clients, .25 in the state (correlation from
session to session .4) and .15 in error; so two neighbouring ratings correlate at .70. Sizes are
in within-client standard deviations, called SD below; one is .63 of the standard deviation of all
ratings (2.85 points on a scale of 40 with a standard deviation of 4.5). Unless it is said
otherwise the detector knows these figures. "At the same session" means: marked on the day, not
later. WATCH, ALERT, DRIFT as in `alliance/psychometrics/detector.py`; "list" is ALERT or DRIFT.

How to read a cell: `.058 (.06: −.002 ± .004)` is the share found here; in brackets the figure of
the specification, the difference, and the standard error of that difference. The standard error
holds both simulations (the specification's had 20,000 courses) and the rounding of the printed
figure. A star marks a difference of more than three standard errors. Of {compared} figures
compared, {far} have a star; they are explained at the end.

## False alarms

Share of undisturbed courses with at least one mark, by number of sessions.

{false_alarms}

## Power

Share of courses marked at the very session that dips, by the size of the dip in SD and the number
of the session. Nothing happened before it.

{power}

## What a mark is worth

Each session, the first included, dips by 2 SD with probability .06, independently. The share of
marks that stand at a session that dipped, in courses of 6, 10 and 20 sessions. "New entries":
only marks that begin an entry on the list, as the app lists them.

{ppv}

The value of WATCH and ALERT hardly depends on the length of the course. That of DRIFT, and with
it that of the list, does: the cumulative sum stays up for some sessions after a dip, and is
marked at each of them. What a reader meets is a new entry, and its value is that of the last row.

## Is the stated probability honest?

The app shows a probability that a drop is real. Each cell gives its mean in that band, and the
true share of dips among these ratings with its standard error. "One": a single session may have
dipped (probability .06), all others are undisturbed. "Any": each session may have.

{calibration}

It is cautious: where it says about .39, between {said_low} and {said_high} are real. It is most
cautious where earlier sessions may have dipped too, because an earlier dip pulls the usual level
down. The specification's figures are those of a single possible dip.

## Changes that last

The disturbance begins at session 10 of 20. Marked at that session or within the sessions that
follow (first column). U: half a sine over three sessions. Drift: a quarter of the size more at
each of four sessions, then it stays. The last two rows show what chance alone marks in such a
window.

{sustained}

## When the world is not as assumed

In each scenario one thing differs from what the detector is told.

{words}
- **ceiling, plain form**: the same ratings, but the detector is not told of the maximum, and is
  given the mean and variances of the ratings as they are.
- **cautious start**: the detector is given the values that a new measure starts with (between
  clients .50, state .30, error .20).
- **missing, ten ratings**: counted until ten ratings are in, instead of ten sessions.

ALERT's false alarms in ten sessions, power for a dip of 2 SD at session 10 where it is rated, and
value where 6 % of the sessions of ten dip. An SD is that of the scenario.

{scenarios}

Share of undisturbed courses with at least one mark in 3 / 5 / 10 / 20 sessions:

{full}

What costs most is a share between clients that is lower than assumed, and a ceiling that is not
taken into account. What is wrong in the other direction (a higher share, unknown growth) costs
power. Clients who differ in variability, and heavy tails, add about a third to ALERT's false
alarms.

## Presets

Share of undisturbed courses ever listed, in 10 and 20 sessions. The column "in the app" leaves
out what comes before the third rating, as the app does. Power at sessions 10 / 20: a dip of 2 SD,
listed the same day. Value: of marks on the list, 6 % dips, ten sessions.

{presets}

New entries by chance for each 100 sessions that can be tested (all but the first). An entry ends
by itself when the cumulative sum is below h/2 and the last p above .10. The second column counts
as the specification seems to have done: ended when the sum is below h and p above .10.

{entries}

For 60 undisturbed clients a week, the standard preset lists about {weekly} by chance weekly.

## The rules of others

The same courses, judged by rules that are in use. None of them is on unless somebody switches it
on.

{comparators}

"Below a cut-off" is judged on the scale with a ceiling, all others on the endless one. The
figures beside the switches in `alliance/psychometrics/comparators.py` are those of this table.

## What is possible at all

With every variance known, a rule that marks 1 % of undisturbed ratings sees a dip of 2 SD in this
share of cases. First row: the rating is set against the usual level, as the detector does. Second
row: against what was predicted from the last state too. By calculation, not simulation.
Specification: {best}.

{possible}

## After a drop

What the repair rule says of the ratings after a marked drop at session 10. "Back at 1, 2, 3": its
verdict after so many ratings. "Back by 3": at any of them. "Lower at 3": still called lower after
three.

{repairs}

## Where these figures differ from the specification, and why

1. **Dips at session 5** come out up to {fifth} higher here. The specification's figures ran low
   there. It can be seen at the rules that look at the last rating only: their power is the same
   at each session, for "1 point of 40" exactly {exact}. The specification has .90 at session 5
   and .91 at 10 and 20; for reliable change .64, .66 and .65, where the exact value is
   {exact_reliable}. Probably the same sample made all its figures for session 5. At
   session 4 we find {four_watch} for WATCH and {four_alert} for ALERT, so another way of counting
   sessions does not explain it.
2. **Value of the list.** It falls with the length of the course ({list_6} at six sessions,
   {list_value_20} at twenty). The specification's .40 is what we find at about 14 sessions
   ({list_14}); it does not say which length it took.
3. **New entries.** By the rule as the specification writes it (below h/2) we count fewer than it
   prints. With "below h" we find its figures. The app follows the written rule, so its figure is
   the smaller one.
4. **Missing ratings.** With a quarter missing, ten sessions hold seven and a half ratings, and
   false alarms are fewer. Counted over ten ratings they are those of complete courses. The
   specification's .05 lies between.
5. **U and drift.** The specification does not say what shape its U has, nor whether a drift's
   first step counts as its first session. With the drift's first step one session later it is
   listed in {drift_later} and marked ALERT in {drift_later_alert} (specification .66 to .71, and
   .43). Probably it counted in both ways.
6. **The cut-off** marks about .01 fewer courses: the specification says that 40 to 45 % of
   ratings are at or near the maximum, and here it is 46 %. How the scale ends is not told
   exactly.
7. **After a drop.** The specification's figures are those for drops marked WATCH. For ALERTs, the
   drops that the app follows, they are better.

## What none of this shows

The model is an assumption. Public session-by-session ratings of the alliance, on which to check
it, were not found. A "drop" is a lower rating by construction; clients report fewer ruptures than
observers see, so a client who hides a tension is not in these figures. Whether 6 % of sessions
dip, and by how much, is not known. The share of true marks depends on it: with half as many dips,
the odds that a mark is true are about halved, so that of ALERTs in ten sessions about {ppv_half}
instead of {ppv_alert} are real.
"""


def halved(value):
    """Return a share whose odds are half of those of `value`."""
    return value / (2 - value)


def main():
    began = perf_counter()
    alarms, power, four, short = false_alarms_and_power()
    ppv, stated, values = predictive_values()
    by_scenario, full, alerts = scenarios()
    by_preset, entries, weekly = presets()
    lasting, step_listed, later = sustained()
    calibrated, bands = calibration(stated)
    text = {
        "false_alarms": table(["mark", *(f"{length} sessions" for length in LENGTHS)], alarms),
        "power": table(["mark", "dip", *(f"session {s}" for s in DIPPED_AT)], power),
        "ppv": table(["mark", "6 sessions", "10 sessions", "20 sessions"], ppv),
        "calibration": table(
            [
                "stated",
                "one, session 5",
                "one, session 10",
                "any of 10",
                "any of 20",
                "specification",
            ],
            calibrated,
        ),
        "sustained": table(["change", "within", *MARKS], lasting),
        "scenarios": table(
            [
                "scenario",
                "ALERT, false alarms",
                "WATCH, power",
                "ALERT, power",
                "list, power",
                "ALERT, value",
                "list, value",
            ],
            by_scenario,
        ),
        "full": table(["scenario", *MARKS], full),
        "presets": table(
            [
                "preset",
                "ever listed in 10",
                "in 20",
                "in the app, 10 / 20",
                "power, 10 / 20",
                "value",
            ],
            by_preset,
        ),
        "entries": table(
            [
                "preset",
                "as the app ends them",
                "ended below h",
                "specification",
                "60 clients a week, as the app ends them",
                "ended below h",
            ],
            entries,
        ),
        "comparators": table(
            [
                "rule",
                *(f"{length} sessions" for length in LENGTHS),
                *(f"power, session {s}" for s in DIPPED_AT),
                "value",
            ],
            comparators(),
        ),
        "possible": table(["test", *(f"session {length}" for length in LENGTHS)], best_possible()),
        "repairs": table(
            [
                "what happened",
                "marked",
                "back at 1",
                "back at 2",
                "back at 3",
                "back by 3",
                "lower at 3",
            ],
            repairs(),
        ),
    }
    minutes = max(1, ceil((perf_counter() - began) / 60))
    size = 2 * sqrt(REFERENCE.ss2 + REFERENCE.se2)
    change = sqrt(2 * (REFERENCE.ss2 * (1 - REFERENCE.phi) + REFERENCE.se2))
    reliable = 1.96 * sqrt(2) * 4.5 * sqrt(1 - 0.88)
    written = TEXT.format(
        **text,
        **short,
        **bands,
        seed=SEED,
        courses=COURSES,
        minutes="under a minute" if minutes == 1 else f"under {minutes} minutes",
        compared=COMPARISON.compared,
        far=COMPARISON.far,
        words="\n".join(f"- **{name}**: {one.words}" for name, one in SCENARIOS.items()),
        alert_40=percent(alerts["between .40"]),
        ppv_alert=percent(values["ALERT", 10]),
        ppv_half=percent(halved(values["ALERT", 10])),
        list_6=number(values["list", 6], 2),
        list_14=number(values["list", 14], 2),
        list_value_20=number(values["list", 20], 2),
        drift_later=number(later[0], 2),
        drift_later_alert=number(later[1], 2),
        step=percent(step_listed),
        weekly=weekly,
        best=", ".join(number(one, 2) for one in SPEC_BEST),
        exact=number(float(ndtr((size - 1) / change))),
        exact_reliable=number(float(ndtr((size - reliable) / change))),
        four_watch=number(four["WATCH"]),
        four_alert=number(four["ALERT"]),
    )
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(written)
    print(f"{TARGET.relative_to(ROOT)} written in {perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
