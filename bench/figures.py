"""How figures are written in the generated documents of docs/method."""

from math import sqrt

from alliance.psychometrics.rehearsal import Share

# The specification's figures come from 20,000 courses a cell and are printed to two decimals.
SPEC_COURSES, SPEC_ROUNDING = 20_000, 0.01 / sqrt(12)


def number(value, digits=3):
    """Write a share without its leading nought, as in .056."""
    value = round(value, digits) or 0.0
    said = f"{value:.{digits}f}"
    return said.replace("-", "−").replace("0.", ".", 1) if abs(value) < 1 else said


def signed(value, digits=3):
    """Write a difference with its sign, and none where it rounds to nothing."""
    return ("+" if round(value, digits) > 0 else "") + number(value, digits)


def percent(value):
    return f"{100 * value:.0f} %"


def table(head, rows):
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


class Comparison:
    """Writes shares beside the specification's, and counts how many are far from it."""

    def __init__(self, courses: int):
        self.courses, self.compared, self.far = courses, 0, 0

    def beside(self, found: Share | None, spec=None, rounding=SPEC_ROUNDING):
        """Write a share; in brackets the specification's, the difference, its standard error.

        The standard error holds both simulations and the rounding of the
        specification's figure, which may also be a range. A star marks a
        difference of more than three of them.
        """
        if found is None:
            return "–"
        if spec is None:
            return number(found.value)
        low, high = spec if isinstance(spec, tuple) else (spec, spec)
        error = sqrt(found.standard_error**2 * (1 + self.courses / SPEC_COURSES) + rounding**2)
        apart = found.value - min(max(found.value, low), high)
        is_far = abs(apart) > 3 * error
        self.compared, self.far = self.compared + 1, self.far + is_far
        digits = 2 if round(100 * low, 6).is_integer() else 3
        said = "–".join(number(end, digits) for end in sorted({low, high}))
        star = "\\*" if is_far else ""
        return f"{number(found.value)} ({said}: {signed(apart)} ± {number(error)}){star}"
