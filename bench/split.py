"""Write docs/method/split.md: how often couples and groups are marked, with and without a cause.

    .venv/bin/python bench/split.py

The same seed gives the same document.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alliance.psychometrics.fitting import start_values  # noqa: E402
from alliance.psychometrics.simulation import SCENARIOS, draw  # noqa: E402
from alliance.psychometrics.split import COVERAGE, ENOUGH, splits  # noqa: E402

SEED = 20261123
MANY = 8_000
MEETINGS = (6, 10, 20)
TRIED = ("gauss", "heterogeneous", "heavy tails", "ceiling", "missing", "between .40", "phi .65")
START = start_values(m=7.5, lowest=0, highest=10)
WITHIN = START.ss2 + START.se2
FALLS = (2, 3, 4, 5, 6)

TEXT = """# When a couple, a family or a group is further apart than chance explains

This document is generated, its text too: `.venv/bin/python bench/split.py`. Seed {seed}, {many:,}
couples or groups a cell. The arithmetic is `alliance/psychometrics/split.py`.

## What is said, and what is not

Each member of a couple, a family or a group rates a meeting alone. Their totals (0 to 10) are put
side by side, and the distance between the highest and the lowest is given for each meeting. The
field calls it a split alliance where members see their tie to the therapist differently (Pinsof &
Catherall, 1986; Friedlander, Escudero & Heatherington, 2006). In 40 families most of those that
dropped out had had a marked split in at least one session (Muñiz de la Peña, Friedlander &
Escudero, 2009). In 72 couples, differences at single sessions told nothing of who would end early;
how they changed did (Bartle-Haring et al., 2012). So a distance is something to ask about. It says
neither which of them is right nor why, and nothing here shows that it leads to anything.

## The rule

Two ratings of which nothing has changed lie apart: each varies around its member's own level by
the error of measurement and by the state of the day. Both variances are those that the detector
reckons with for that episode; together {within:.2f} squared points for a new questionnaire, so that
two undisturbed ratings of equal levels lie {typical:.1f} points apart on average.

A member's usual level is the mean of their earlier ratings in the same wording, five at least. The
distance of a meeting is called *further apart than chance explains* where it exceeds the distance
of the usual levels by more than z times the standard deviation of a difference:

    limit = |level A − level B| + {z:.2f} · √(2 · (error + state) · (1 + 1/n))

with n the earlier ratings of whoever has fewer. With more than two members the highest and the
lowest are taken, and z grows as there are more pairs (Bonferroni). By the triangle inequality this
errs on the side of silence: at least {coverage:.0%} of undisturbed meetings stay within the limit.
It is said from the {first}th meeting on; before, that it is too early. Where somebody did not
rate, or rated in another wording than before, they are left out, and nothing is filled in. Two who
come *nearer* to each other than usual are never marked.

With start values and five earlier meetings, a couple whose levels are equal is marked from
{limit:.1f} points on.

## Couples in whom nothing changes

Share of couples that are ever marked, though nothing happens, by number of meetings. What the names
mean is told in [characteristics.md](characteristics.md); all parameters are the start values.

{quiet}

## Groups in which nothing changes

The same for the model as it stands, by the number of members.

{groups}

## A split that is there

Share of couples marked at the very meeting at which one of them falls by so many points for once,
where the other does not; of levels as they come, on an endless scale.

{power}

Most splits of two or three points go unmarked: from two totals no rule sees more without
calling chance a split. The table on the page shows every distance, marked or not.

## Sources

Bartle-Haring, Glebova, Gangamma, Grafsky & Ostrom Delaney (2012), Psychotherapy Research 22(5),
502–514. Friedlander, Escudero & Heatherington (2006), Therapeutic alliances in couple and family
therapy, APA. Friedlander, Escudero, Welmers-van de Poll & Heatherington (2018), Psychotherapy
55(4), 356–371. Muñiz de la Peña, Friedlander & Escudero (2009), Psychotherapy Research 19(2),
133–142. Pinsof & Catherall (1986), Journal of Marital and Family Therapy 12(2), 137–151.
"""


def ratings(name, members, meetings, generator, shift=0.0):
    """Return invented totals, (groups, meetings, members)."""
    drawn = draw(
        SCENARIOS[name],
        START,
        courses=members * MANY,
        sessions=meetings,
        generator=generator,
    )
    return drawn.ratings(shift).reshape(MANY, members, meetings).transpose(0, 2, 1)


def marked(totals):
    """Return which meetings are marked, (groups, meetings)."""
    variances = [WITHIN] * totals.shape[2]
    return np.array([[one.is_further for one in splits(rows, variances)] for rows in totals])


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ever(name, members):
    """Return the share that is ever marked within each number of meetings."""
    found = marked(ratings(name, members, max(MEETINGS), np.random.default_rng(SEED)))
    return [f"{found[:, :meetings].any(axis=1).mean():.3f}" for meetings in MEETINGS]


def power(fall):
    cells = []
    for meeting in (6, 10):
        shift = np.zeros((2 * MANY, meeting))
        shift[::2, -1] = -fall / np.sqrt(WITHIN)
        totals = ratings("gauss", 2, meeting, np.random.default_rng(SEED), shift)
        cells.append(f"{marked(totals)[:, -1].mean():.2f}")
    return cells


def main():
    columns = [f"{meetings} meetings" for meetings in MEETINGS]
    equal = splits([[7.5, 7.5]] * (ENOUGH + 1), [WITHIN, WITHIN])[-1]
    text = TEXT.format(
        seed=SEED,
        many=MANY,
        within=WITHIN,
        typical=np.sqrt(2 * WITHIN) * np.sqrt(2 / np.pi),
        z=equal.limit / np.sqrt(2 * WITHIN * (1 + 1 / ENOUGH)),
        coverage=COVERAGE,
        first=ENOUGH + 1,
        limit=equal.limit,
        quiet=table(["ratings", *columns], [[name, *ever(name, 2)] for name in TRIED]),
        groups=table(["members", *columns], [[str(n), *ever("gauss", n)] for n in (2, 3, 5, 8)]),
        power=table(
            ["fall in points", "6th meeting", "10th meeting"],
            [[str(fall), *power(fall)] for fall in FALLS],
        ),
    )
    (ROOT / "docs" / "method" / "split.md").write_text(text)


if __name__ == "__main__":
    main()
