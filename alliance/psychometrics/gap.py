"""How one therapist's ratings of the sessions with one client lie to the client's own.

From five pairs up; before that nothing is said. The difference and the guess
are means with intervals by Student's t, the standard error allowing for
differences being alike from one session to the next (`agreement`). Whether the
two go up and down together is a correlation; its interval is Fisher's, on as
many pairs as two autocorrelated series are worth (Bartlett 1935, J R Stat Soc
98(3), 536-543):

    n' = n (1 - a b) / (1 + a b)

with a and b the autocorrelations of the two from one session to the next, at
least 0. None of this says how good a therapist is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np

from alliance.psychometrics.agreement import (
    HIGHEST_CORRELATION,
    Correlation,
    Estimate,
    agree,
    profile_correlation,
)
from alliance.psychometrics.finite import numbers, quantile_for, same_length

# Fisher's interval of fewer pairs would reach from end to end.
LEAST_WORTH = 4.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Two views of the same sessions; None where there is too little to say.

    `pairs`       sessions that both rated
    `difference`  mean of client minus therapist, in points
    `tracking`    correlation over sessions
    `worth`       how many independent pairs these are worth for that correlation
    `guesses`     sessions of which the therapist guessed the client's rating
    `guess`       mean of client minus guess, in points
    `off`         how far the guesses lay off on average, either way, in points
    """

    pairs: int
    difference: Estimate | None
    tracking: Correlation | None
    worth: float | None
    guesses: int
    guess: Estimate | None
    off: float | None


def describe_gap(
    occasions: Sequence[float],
    client: Sequence[float | None],
    therapist: Sequence[float | None],
    guesses: Sequence[float | None],
    *,
    coverage: float = 0.95,
) -> Gap:
    """Describe two views of the same sessions, and the guesses.

    One entry for each session: its number, the two ratings and the guess, in
    the same points, None or NaN where missing. Raises ValueError for series of
    different lengths, numbers that are not finite, or an occasion given twice.
    """
    when, c, t, g = (
        numbers(occasions, "occasions"),
        numbers(client, "clients' ratings"),
        numbers(therapist, "therapists' ratings"),
        numbers(guesses, "guesses"),
    )
    same_length(occasions=when, clients=c, therapists=t, guesses=g)
    pairs, difference = _difference(when, c, t, coverage)
    guessed, guess = _difference(when, c, g, coverage)
    off = np.abs(c - g)
    tracking, worth = _tracking(when, c, t, coverage) if difference else (None, None)
    return Gap(
        pairs=pairs,
        difference=difference,
        tracking=tracking,
        worth=worth,
        guesses=guessed,
        guess=guess,
        off=float(off[~np.isnan(off)].mean()) if guess else None,
    )


def _difference(when, client, other, coverage):
    """Return the number of pairs, and from five up the mean of client minus other."""
    # What is set against what is turned round, so that the client's higher rating counts up.
    (found,) = agree([0] * len(when), when, other, client, coverage=coverage).dyads or (None,)
    return (found.pairs, found.discrepancy) if found else (0, None)


def _tracking(when, client, therapist, coverage):
    """Return the correlation with its interval, and what the pairs are worth for it."""
    is_pair = ~np.isnan(client + therapist)
    when, client, therapist = when[is_pair], client[is_pair], therapist[is_pair]
    r = profile_correlation(client, therapist)
    if r is None:
        return None, None
    alike = _autocorrelation(when, client) * _autocorrelation(when, therapist)
    worth = len(when) * (1 - alike) / (1 + alike)
    if worth < LEAST_WORTH:
        return None, worth
    half = quantile_for(coverage) / sqrt(worth - 3)
    z = atanh(max(-HIGHEST_CORRELATION, min(HIGHEST_CORRELATION, r)))
    return Correlation(r, min(r, tanh(z - half)), max(r, tanh(z + half))), worth


def _autocorrelation(when, series):
    """Return how alike one side is from one session to the next, 0 to .9."""
    zeros = np.zeros(len(when))
    return agree([0] * len(when), when, zeros, series).autocorrelation
