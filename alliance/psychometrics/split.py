"""How far apart those who came together rate a meeting, and when that is more than chance.

An alliance is called split where the members of a couple, a family or a group
see their tie to the therapist differently (Pinsof & Catherall, 1986; Muñiz de
la Peña, Friedlander & Escudero, 2009). Two ratings of which nothing has changed
lie apart all the same: each carries the error of measurement and the state of
the day. Only what goes beyond that is said to be more than chance. Which of
them is right is no question that numbers answer.

Pure: numbers in, numbers out. The rule is our own; its false alarms are in
docs/method/split.md.

Pinsof & Catherall (1986), J Marital Fam Ther 12(2), 137-151. Muñiz de la Peña,
Friedlander & Escudero (2009), Psychother Res 19(2), 133-142. In 72 couples,
differences of a single session told nothing of who would end therapy early:
Bartle-Haring, Glebova, Gangamma, Grafsky & Ostrom Delaney (2012), Psychother
Res 22(5), 502-514.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb, isnan, sqrt
from typing import NamedTuple

from alliance.psychometrics.finite import number, positive, quantile_for

# From so many earlier ratings of each, and so many meetings of at least two of them, on.
ENOUGH = 5
# So many in a hundred meetings in which nothing changed stay within the limit, or more.
COVERAGE = 0.95
# Distances that differ by less are the same one, rounded.
ROUNDING = 1e-9

Total = float | None


@dataclass(frozen=True, slots=True)
class Split:
    """How one meeting was rated by those who came.

    `apart`     highest less lowest total, in points; None with fewer than two
    `compared`  places of those with enough earlier ratings, whose distance is
                held against their own earlier ones; none where it is too early
    `distance`  highest less lowest total of those compared
    `usual`     the mean of their distances in earlier meetings
    `limit`     as far apart as chance explains them to be

    Those of the compared are None where it is too early to say.
    """

    apart: Total
    compared: tuple[int, ...] = ()
    distance: Total = None
    usual: Total = None
    limit: Total = None

    @property
    def is_further(self) -> bool:
        """Whether they are further apart than chance explains."""
        if self.distance is None or self.limit is None:
            return False
        return self.distance > self.limit + ROUNDING


class _Level(NamedTuple):
    """Where a member's earlier ratings lie on average, and how far a next one may vary from it."""

    mean: float
    variance: float


def splits(
    totals: Sequence[Sequence[Total]],
    variances: Sequence[float | None],
    lines: Sequence[Sequence[Hashable]] | None = None,
) -> list[Split]:
    """Compare what the members said of each meeting, oldest first.

    `totals` has a row for each meeting and in it a place for each member, None
    or NaN where there is no rating. `variances` are those of a member's ratings
    around their own level: error of measurement and state together, in squared
    points; None where unknown. `lines` names, like `totals`, the wording that
    each rating was given in: only ratings in one wording make a usual level.

    A member's usual level is the mean of their earlier ratings. If nothing has
    changed, a rating less that mean varies by the variance times 1 + 1/n, and
    the range of such differences stays below a known quantile that often.
    The distance of a meeting exceeds that of the usual levels by no more
    than this range, so that COVERAGE of meetings without change stay within the
    limit, or more. Raises ValueError for rows of different lengths, a variance
    that is not above zero, or a total that is infinite.
    """
    places = range(len(variances))
    known = [None if value is None else positive(value, "variance") for value in variances]
    rows = [[_total(value) for value in row] for row in totals]
    told = [list(row) for row in lines] if lines is not None else [[None] * len(places)] * len(rows)
    if any(len(row) != len(places) for row in (*rows, *told)) or len(told) != len(rows):
        raise ValueError("totals, variances and lines are of one length")
    found = []
    for meeting, row in enumerate(rows):
        levels = {}
        for place in places:
            if row[place] is not None and known[place] is not None:
                level = _level(rows, told, meeting, place, known[place])
                if level:
                    levels[place] = level
        found.append(_compare(rows[:meeting], row, levels))
    return found


def _total(value):
    return None if value is None or isnan(value) else number(value, "a total")


def _level(rows, told, meeting, place, variance):
    earlier = [
        row[place]
        for row, line in zip(rows[:meeting], told, strict=False)
        if row[place] is not None and line[place] == told[meeting][place]
    ]
    if len(earlier) < ENOUGH:
        return None
    return _Level(sum(earlier) / len(earlier), variance * (1 + 1 / len(earlier)))


def _compare(earlier, row, levels):
    compared = tuple(levels)
    apart = _range(row)
    before = [
        distance
        for past in earlier
        if (distance := _range([past[place] for place in compared])) is not None
    ]
    if len(compared) < 2 or len(before) < ENOUGH:
        return Split(apart)
    spread = sqrt(max(level.variance for level in levels.values()))
    means = [level.mean for level in levels.values()]
    return Split(
        apart,
        compared,
        distance=_range([row[place] for place in compared]),
        usual=sum(before) / len(before),
        limit=max(means) - min(means) + _quantile(len(compared)) * spread,
    )


def _range(values):
    present = [value for value in values if value is not None]
    return max(present) - min(present) if len(present) >= 2 else None


def _quantile(members: int) -> float:
    """Return what the range of so many standard normal values stays below, COVERAGE of the time.

    Exactly for two; for more by Bonferroni's inequality over their pairs, which
    is a little on the safe side (3.39 for 3.31 with three, 4.77 for 4.62 with twelve).
    """
    return sqrt(2) * quantile_for(1 - (1 - COVERAGE) / comb(members, 2))
