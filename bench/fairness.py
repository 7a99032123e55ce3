"""Write docs/method/fairness.md: how often anyone is marked where all therapists are alike.

    make fairness        (or: .venv/bin/python bench/fairness.py)

Everything in the document is made here, its text too. The same seed gives the
same document.
"""

import sys
from dataclasses import replace
from math import ceil, sqrt
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alliance.psychometrics.patterns import ONE_IN, Verdict, describe, place  # noqa: E402
from alliance.psychometrics.shrinkage import RELIABILITY_FLOOR, clients_needed  # noqa: E402
from alliance.psychometrics.simulation import REFERENCE, SCENARIOS, draw  # noqa: E402
from bench.figures import number, table  # noqa: E402

TARGET = ROOT / "docs" / "method" / "fairness.md"
SEED = 20_261_123
# How many practices of how many therapists.
PRACTICES = {5: 2_000, 20: 1_000, 200: 100}
PARTS = 3
SESSIONS = 20
# Scenarios of the simulation, and how much of the variance between clients lies between therapists.
CASES = {
    "alike": ("gauss", 0.0),
    "alike, at the maximum": ("ceiling", 0.0),
    "alike, differing in variability": ("heterogeneous", 0.0),
    "differing: 5 % of the variance": ("gauss", 0.05),
    "differing: 9 % of the variance": ("gauss", 0.09),
}
OUTSIDE = {Verdict.UNSURE, Verdict.ABOVE, Verdict.BELOW}
MARKED = {Verdict.ABOVE, Verdict.BELOW}


class Found(NamedTuple):
    """Shares: of therapists and parts, and of practices with any therapist in any part."""

    outside: float
    marked: float
    any_outside: float
    any_marked: float


def verdicts(therapists, *, scenario, share, generator):
    """Return the verdict of each therapist in each part, in one practice.

    Each therapist has 5 to 40 clients, each of whom rates 1 to 20 sessions; the
    three parts are drawn apart. `share` of the variance between clients lies
    between therapists.
    """
    counts = generator.integers(5, 41, therapists)
    whose = np.repeat(np.arange(therapists), counts)
    rated = generator.integers(1, SESSIONS + 1, len(whose))
    is_rated = np.arange(SESSIONS) < rated[:, None]
    model = replace(REFERENCE, sb2=(1 - share) * REFERENCE.sb2)
    found = []
    for _part in range(PARTS):
        courses = draw(
            SCENARIOS[scenario],
            model,
            courses=len(whose),
            sessions=SESSIONS,
            generator=generator,
        )
        own = sqrt(share * REFERENCE.sb2) * generator.standard_normal(therapists)[whose]
        ratings = courses.ratings(own[:, None] / courses.sigma_w)
        means = np.where(is_rated, ratings, 0).sum(axis=1) / rated
        figures = describe(whose.tolist(), means.tolist())
        sums = np.bincount(whose, means, minlength=therapists)
        found.append(
            [
                place(figures, mean=total / n, clients=int(n)).verdict
                for total, n in zip(sums, counts, strict=True)
            ]
        )
    return found


def simulate(therapists, practices, *, scenario="gauss", share=0.0, seed=SEED):
    """Return how often anyone lies outside the limits, and how often anyone is marked."""
    generator = np.random.default_rng([seed, therapists])
    outside = marked = any_outside = any_marked = 0
    for _practice in range(practices):
        found = verdicts(therapists, scenario=scenario, share=share, generator=generator)
        told = [verdict for part in found for verdict in part]
        is_out = sum(verdict in OUTSIDE for verdict in told)
        is_marked = sum(verdict in MARKED for verdict in told)
        outside, marked = outside + is_out, marked + is_marked
        any_outside, any_marked = any_outside + (is_out > 0), any_marked + (is_marked > 0)
    each = practices * therapists * PARTS
    return Found(outside / each, marked / each, any_outside / practices, any_marked / practices)


TEXT = """# How fairly a therapist is laid beside a practice

Made by `make fairness` in {minutes}, from seed {seed}: the same seed gives the same page.

On the page *Patterns* each client counts once, by the mean of their own ratings. A therapist with
five clients or more is laid beside the practice's average and drawn towards it by how little is
known, with the limits of a funnel around it. Somebody is *marked*, in words and never by a colour
or a rank, only where two things are so: the mean lies outside limits that hold all but one in
{one_in} therapists if all are alike, and its reliability is {floor} or more. Who lies outside
with less is told that it is not known well enough. How often is anyone marked for nothing?

## What is simulated

Practices of 5, 20 and 200 therapists ({practices} of them), each therapist with 5 to 40 clients,
each of whom rates 1 to 20 sessions, all evenly distributed. Ratings come from the model of the
detector ([characteristics](characteristics.md)). The three parts are drawn apart from each other,
so that somebody is marked in any of them more often than if they hang together, as they do.

- **alike**: a therapist makes no difference at all.
- **alike, at the maximum**: the same, and 46 % of ratings are at or near the end of the scale.
- **alike, differing in variability**: the same, and some clients vary much more than others.
- **differing**: 5 or 9 % of the variance between clients lies between therapists. Studies find 3
  to 9 % of the variance of the alliance there.

## How often anyone is marked

*Therapists* is the share of all therapists and parts; *practices* the share of practices in which
anybody is marked in any of the three parts. In brackets: the standard error of the simulation.
Nought means that none was seen: in 1,000 practices, three in a thousand can be missed that way.

{figures}

The limits by themselves would put one in {one_in}, {expected}, outside; it is fewer in small
practices, because a therapist is part of the average, and more in large ones whose ratings are
near the maximum, because such means are not spread evenly. What keeps a practice of 20 or 200 from
marking somebody for nothing in one part or another is the floor of reliability: where therapists
do not differ, the variance between them comes out near nought, and so does every reliability.
With five therapists that variance is itself a guess, and one who lies outside makes it large:
there the floor hardly helps, and the limits carry the promise. Nothing is corrected for the
number of therapists compared; the page says how many are expected outside.

## What it costs

Where therapists differ by as much as studies find, most differences stay untold: of a hundred
therapists and parts less than two are marked at 5 % of the variance, and four or five at 9 %. That
is somebody in some part in most practices of twenty at 9 %, and in more than a third at 5 %.
With five therapists the variance between them is a guess, and somebody is marked in a quarter or
in half of the practices. It takes {needed_5} clients for a reliability of {floor} where 5 % of the
variance of clients' means lies between therapists, and {needed_9} where it is 9 %. A mark says
that there is a difference, not whose doing it is.

## What it can't say

- Who comes to whom is not chance. Nothing is adjusted for: a therapist may lie low because of
  those who come, and work well. No simulation shows that.
- Clients who do not answer are not in it. The share of sessions rated stands beside every figure.
- A client who rated once counts as much as one who rated twenty times; so those who left early
  are not left out.
- Whoever looks again every month sees more chance than one look has. The figures above are of one
  look.
- Beside the year before, a 95 % interval stands: of twenty such comparisons one is told by
  chance. Clients who came in both years count as if they were two, which makes it rarer.

## What a practice's average gives away

It is worked out once a day by the worker, who sees all rows; the pages read the sums alone. There
are none below five therapists with five clients each, and none where somebody who takes off what
they may read would be left with one or two colleagues. Two supervisors who lay together what they
read may come closer. Whoever writes the figures down day by day sees them move with each rating;
whose it is they do not see.

Sources: Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202; Raudenbush & Bryk (1985), J
Educational Statistics 10, 75-98; Welch (1947), Biometrika 34, 28-35.
"""


def main():
    began = perf_counter()
    rows = []
    expected = 1 / ONE_IN
    for name, (scenario, share) in CASES.items():
        for therapists, practices in PRACTICES.items():
            found = simulate(therapists, practices, scenario=scenario, share=share)
            rows.append([name, str(therapists), *_cells(found, therapists, practices)])
            print(*rows[-1], f"{perf_counter() - began:.0f} s", flush=True)
    head = [
        "therapists are",
        "how many",
        "outside the limits: therapists",
        "outside: practices",
        "marked: therapists",
        "marked: practices",
    ]
    minutes = max(1, ceil((perf_counter() - began) / 60))
    TARGET.write_text(
        TEXT.format(
            minutes="under a minute" if minutes == 1 else f"under {minutes} minutes",
            seed=SEED,
            one_in=ONE_IN,
            floor=number(RELIABILITY_FLOOR, 1),
            figures=table(head, rows),
            expected=number(expected),
            practices=", ".join(f"{many:,}" for many in PRACTICES.values()),
            needed_5=clients_needed(0.05),
            needed_9=clients_needed(0.09),
        )
    )
    print(f"{TARGET.relative_to(ROOT)} written in {perf_counter() - began:.0f} s")


def _cells(found, therapists, practices):
    each = practices * therapists * PARTS
    return [
        _with_error(found.outside, each, 4),
        _with_error(found.any_outside, practices, 3),
        _with_error(found.marked, each, 5),
        _with_error(found.any_marked, practices, 4),
    ]


def _with_error(share, many, digits):
    return f"{number(share, digits)} ({number(sqrt(share * (1 - share) / many), digits)})"


if __name__ == "__main__":
    main()
