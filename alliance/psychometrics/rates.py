"""How often each preset flags courses in which nothing happened: what is printed beside it.

Shares of undisturbed courses with at least one flag (lower than usual, or
gradually lower), as the app counts: from the third rating on. By simulation;
docs/method/characteristics.md has the tables and the command that makes them
anew, and a test holds the two equal.
"""

from typing import NamedTuple


class Rates(NamedTuple):
    """What a preset flags by chance.

    `in_10`, `in_20`   share of undisturbed courses of ten and twenty sessions
                       that are ever flagged, 0 to 1
    `new_in_100`       new entries in a hundred undisturbed sessions
    `seen_in_10`       share of real drops of two within-client standard
                       deviations that are flagged on the same day, at the
                       tenth session, 0 to 1
    """

    in_10: float
    in_20: float
    new_in_100: float
    seen_in_10: float


RATES = {
    "quiet": Rates(in_10=0.030, in_20=0.121, new_in_100=0.64, seen_in_10=0.224),
    "standard": Rates(in_10=0.087, in_20=0.247, new_in_100=1.35, seen_in_10=0.353),
    "sensitive": Rates(in_10=0.184, in_20=0.416, new_in_100=2.39, seen_in_10=0.480),
}
