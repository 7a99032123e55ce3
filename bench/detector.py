"""What the arithmetic costs: a step of the detector, many series, a fit.

Figures drift with the machine; the ratio of a step at session 1,000 to one at
session 10 is what counts. The two are timed in turns in one run, so that what
slows the machine slows both.
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alliance.psychometrics.detector import (  # noqa: E402 - the path comes first
    PRESETS,
    Parameters,
    State,
    advance,
    detect,
    detect_many,
)
from alliance.psychometrics.fitting import fit_parameters  # noqa: E402
from alliance.psychometrics.smoother import smooth  # noqa: E402

PARAMETERS = Parameters(m=8.5, sb2=1.1, ss2=0.7, se2=0.45, phi=0.4, ceiling=9.9)
EARLY, LATE = 10, 1_000
SERIES, SESSIONS, CLIENTS = 1_000, 40, 500
ROUNDS, STEPS = 15, 2_000


def main():
    ratings = draw(SERIES, SESSIONS)
    early, late = steps()
    print(f"{'what':44}{'time':>14}")
    tell(f"a step at session {EARLY}", early, "µs")
    tell(f"a step at session {LATE:,}", late, "µs")
    print(f"{'the later to the earlier':44}{late / early:>12.2f} times")
    one_by_one = [[None if np.isnan(y) else float(y) for y in row] for row in ratings]
    standard = PRESETS["standard"]
    for words, call in (
        ("in arrays", lambda: detect_many(ratings, PARAMETERS)),
        ("one by one", lambda: [detect(row, PARAMETERS, standard) for row in one_by_one]),
        ("smoothed", lambda: [smooth(row, PARAMETERS) for row in one_by_one[:100]]),
    ):
        many = 100 if words == "smoothed" else SERIES
        tell(f"{many:,} series of {SESSIONS}, {words}", timed(call), "ms")
    some = ratings[:CLIENTS]
    tell(f"a fit on {CLIENTS} clients", timed(lambda: fit_parameters(some)), "ms")
    at_top = timed(lambda: fit_parameters(some, ceiling=PARAMETERS.ceiling))
    tell(f"a fit on {CLIENTS} clients, ceiling-aware", at_top, "ms")


def tell(words, seconds, unit):
    print(f"{words:44}{seconds * {'µs': 1e6, 'ms': 1e3}[unit]:>11.1f} {unit}")


def draw(series, sessions):
    """Draw courses of the model, a tenth of the sessions unrated, marks up to 10."""
    dice = np.random.default_rng(1)
    level = dice.normal(PARAMETERS.m, PARAMETERS.sb2**0.5, (series, 1))
    state = dice.normal(0, PARAMETERS.ss2**0.5, (series, sessions))
    for t in range(1, sessions):
        state[:, t] *= (1 - PARAMETERS.phi**2) ** 0.5
        state[:, t] += PARAMETERS.phi * state[:, t - 1]
    ratings = level + state + dice.normal(0, PARAMETERS.se2**0.5, (series, sessions))
    ratings = np.clip(np.round(ratings, 1), 0, 10)
    ratings[dice.random(ratings.shape) < 0.1] = np.nan
    return ratings


def steps():
    """Return the seconds that a step takes early and late in a history, by turns."""
    history = [None if np.isnan(y) else float(y) for y in draw(1, LATE)[0]]
    state, states = State.first(PARAMETERS), {}
    for held, y in enumerate(history, 1):
        if held in (EARLY, LATE):
            states[held] = state
        state, _finding = advance(state, y, PARAMETERS)
    times = {held: [] for held in states}
    for _round in range(ROUNDS):
        for held, before in states.items():
            began = perf_counter()
            for _step in range(STEPS):
                advance(before, 6.5, PARAMETERS)
            times[held].append((perf_counter() - began) / STEPS)
    return median(times[EARLY]), median(times[LATE])


def timed(call):
    """Return the median seconds of five calls."""
    times = []
    for _round in range(5):
        began = perf_counter()
        call()
        times.append(perf_counter() - began)
    return median(times)


if __name__ == "__main__":
    main()
