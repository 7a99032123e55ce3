"""Whether ratings after a drop are back to what was usual before it.

What was usual is frozen at the drop, and the ratings that follow, up to five,
are weighed between two accounts: the client is back at the usual level, or
still lower by most of the drop. A rating regained is not a tension talked
through; that can only be asked.

Pure: numbers in, numbers out. The rule is our own; its rates are in
docs/method/characteristics.md.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import isfinite, sqrt
from typing import NamedTuple

from scipy.special import expit

from alliance.psychometrics.detector import LARGEST, Parameters

# After so many ratings without an answer the search ends.
MOST_RATINGS = 5
# "Still lower" means lower by this share of the drop, and by so many
# within-client standard deviations at least.
DEPTH, LEAST_DEPTH = 0.6, 0.75
# What the usual level itself is uncertain by, in within-client variances.
DOUBT = 0.15
SURE = 0.8


class Verdict(StrEnum):
    """What the ratings after a drop amount to."""

    BACK = "back to usual"
    LOWER = "still lower"
    UNCLEAR = "unclear"
    NOT_REGAINED = "not regained"


class Repair(NamedTuple):
    """A verdict, and the probability (0 to 1) that the client is back to usual.

    The probability is None before the first rating after the drop.
    """

    verdict: Verdict
    probability: float | None


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop as it stood on the day, and the ratings since.

    `session`  number of the held session at which it was seen, from 1
    `usual`    what was usual before it, in points (`b` of the finding)
    `rating`   the rating itself, in points
    `scale`    the client's own scale factor on that day (`kap`), above 0
    `after`    the ratings since: pairs of the held session's number and the
               rating, oldest first, five at most

    Raises ValueError for what is not finite or beyond 1e100, a scale factor
    that is not above zero, sessions out of order, or more than five ratings.
    """

    session: int
    usual: float
    rating: float
    scale: float
    after: tuple[tuple[int, float], ...] = ()

    def __post_init__(self):
        for value in (self.usual, self.rating, self.scale, *(y for _held, y in self.after)):
            if not (isfinite(value) and abs(value) <= LARGEST):
                raise ValueError(f"{value} is not a number to reckon with")
        if self.scale <= 0:
            raise ValueError("the scale factor is above zero")
        if any(a >= b for a, b in pairwise([self.session, *(held for held, _y in self.after)])):
            raise ValueError("the sessions after a drop come one after the other")
        if len(self.after) > MOST_RATINGS:
            raise ValueError(f"a drop is followed for {MOST_RATINGS} ratings")

    def followed_by(self, *, session: int, rating: float) -> "Drop":
        """Return the drop with one more rating, that of the held session of this number.

        Sessions held without a rating are left out: their numbers tell. After
        five ratings there is nothing more to follow, and the drop stays as it
        is. Raises ValueError as the class does.
        """
        if len(self.after) == MOST_RATINGS:
            return self
        return replace(self, after=(*self.after, (session, rating)))

    def as_json(self) -> dict:
        """Return a dict that JSON keeps to the last bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict) -> "Drop":
        """Take up again what `as_json` gave. Raises TypeError or KeyError for anything else."""
        return cls(**{**told, "after": tuple((held, y) for held, y in told["after"])})


def judge(drop: Drop, parameters: Parameters) -> Repair:
    """Weigh the ratings since a drop: back to usual, still lower, or neither.

    To be asked after each rating, until the first "back to usual". From .8 on
    the client is back to usual, up to .2 still lower, between them it is
    unclear; and the fifth rating that leaves them short of .8 ends the search
    with "not regained". Neighbouring ratings tell less than distant ones, by
    the correlation of the state between held sessions. Before the first rating
    it is unclear, without a probability.

    Bayes' rule between two normal accounts that are taken to be as likely as
    each other.
    """
    ratings = len(drop.after)
    if not ratings:
        return Repair(Verdict.UNCLEAR, None)
    sd = sqrt(parameters.ss2 + parameters.se2)
    # All in within-client standard deviations, so that no square grows too large.
    above = sum(y / sd for _held, y in drop.after) / ratings - drop.usual / sd
    depth = max(DEPTH * (drop.usual / sd - drop.rating / sd), LEAST_DEPTH)
    alike = _mean_correlation([held for held, _y in drop.after], parameters)
    odds = depth * (2 * above + depth) / (2 * (drop.scale * alike + DOUBT))
    probability = float(expit(odds))
    if probability >= SURE:
        return Repair(Verdict.BACK, probability)
    if ratings == MOST_RATINGS:
        return Repair(Verdict.NOT_REGAINED, probability)
    if probability <= 1 - SURE:
        return Repair(Verdict.LOWER, probability)
    return Repair(Verdict.UNCLEAR, probability)


def _mean_correlation(sessions, parameters):
    """Return the mean correlation over all pairs of ratings, each with itself included."""
    share = parameters.ss2 / (parameters.ss2 + parameters.se2)
    total = sum(
        1.0 if one == other else share * parameters.phi ** abs(one - other)
        for one in sessions
        for other in sessions
    )
    return total / len(sessions) ** 2
