"""The last few totals of an episode, drawn small enough for a row of a list. Pure."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, PAD = 108, 28, 4


def sparkline(totals: Sequence[float | None], *, summary: str, slots: int = 12) -> str:
    """Draw totals (0–10, None = held but not rated), oldest first, as an SVG element.

    The scale is always 0 to 10 and the newest session stands at the right, so
    that rows can be compared by eye. A missing total breaks the line and shows
    as a hollow ring at the bottom. `summary` says the same in words.

    Raises ValueError for more totals than `slots`.
    """
    if len(totals) > slots:
        raise ValueError(f"{len(totals)} totals do not fit into {slots} slots")
    step = (WIDTH - 2 * PAD) / (slots - 1)
    first = slots - len(totals)
    runs: list[list[str]] = [[]]
    marks = []
    for place, total in enumerate(totals, first):
        x = PAD + place * step
        if total is None:
            runs.append([])
            marks.append(f'<circle class="gap" cx="{x:.1f}" cy="{HEIGHT - PAD}" r="2.5"/>')
            continue
        y = HEIGHT - PAD - total / 10 * (HEIGHT - 2 * PAD)
        runs[-1].append(f"{x:.1f},{y:.1f}")
        if place == slots - 1 or len(totals) == 1:
            marks.append(f'<circle class="now" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        elif _stands_alone(totals, place - first):
            marks.append(f'<circle class="now" cx="{x:.1f}" cy="{y:.1f}" r="1.5"/>')
    lines = "".join(f'<polyline points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
    return (
        f'<svg class="spark" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{escape(summary)}">'
        f'<line class="grid" x1="0" x2="{WIDTH}" y1="{HEIGHT / 2}" y2="{HEIGHT / 2}"/>'
        f"{lines}{''.join(marks)}</svg>"
    )


def _stands_alone(totals, index):
    """Whether a total has no neighbour to draw a line to."""
    before = totals[index - 1] if index > 0 else None
    after = totals[index + 1] if index + 1 < len(totals) else None
    return before is None and after is None
