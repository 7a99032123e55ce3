"""An episode's numbers as files: no name, no note, no comment."""

import csv
import io
import unicodedata

from alliance.psychometrics.own_total import own_total
from alliance.psychometrics.scoring import COMPONENTS, ScoredItem
from alliance.trends.pages import session_rows
from alliance.trends.replay import replay
from sessions_app.sessions.models import Session


def write_series(episode):
    """Write the totals in the latest wording as the command of the method reads them.

    `client,session,y`: y is empty where a held session has no total to compare.
    With the command that the trend page names, it gives the very numbers of its
    flags and cards.
    """
    walk = replay(episode)
    out = io.StringIO()
    writer = _writer(out)
    writer.writerow(["client", "session", "y"])
    sessions = Session.objects.filter(pk__in=walk.steps).order_by("starts_at")
    for session in sessions:
        step = walk.steps[session.pk]
        if step.line == walk.line:
            total = "" if step.total is None else step.total
            writer.writerow([as_text(episode.client.code), session.number, total])
    return out.getvalue()


def write_csv(episode):
    """Write an episode's sessions and marks as CSV: no name, no note, no comment, no wording.

    `own_total` is in the measure's own points, as its authors count it. A cell
    that a spreadsheet would take for a formula is written as text.
    """
    out = io.StringIO()
    writer = _writer(out)
    writer.writerow(
        ["client", "session", "starts_at", "status", "measure", "version", "language"]
        + [*COMPONENTS, "total"]
        + [f"therapist_{name}" for name in (*COMPONENTS, "total")]
        + ["own_total"]
    )
    items: dict[int, list[ScoredItem]] = {}
    for row in session_rows(episode):
        version = row.rating.measure_version if row.rating else None
        writer.writerow(
            [
                as_text(episode.client.code),
                row.session.number or "",
                row.session.starts_at.isoformat(),
                row.session.status,
                version.measure.key if version else "",
                version.number if version else "",
                version.language if version else "",
                *_numbers(row.rating),
                *_numbers(row.own),
                _own_total(row.rating, items),
            ]
        )
    return out.getvalue()


def _writer(out):
    """Write all text in quotes: a sign that parts the cells in some country parts none of it."""
    return csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)


def _numbers(rating):
    values = [getattr(rating, name, None) for name in (*COMPONENTS, "total")]
    return ["" if value is None else round(value, 4) for value in values]


def _own_total(rating, items):
    """Return the total in the measure's own points; `items` keeps those of each version."""
    if rating is None:
        return ""
    version = rating.measure_version
    if version.pk not in items:
        items[version.pk] = version.scored_items()
    scored = items[version.pk]
    keys = {item.key for item in scored}
    total = own_total(
        {key: mark for key, mark in rating.answers.items() if key in keys},
        scored,
        method=version.method,
        least_answered=version.least_answered,
    )
    return "" if total is None else round(total, 4)


def as_text(cell):
    """Keep a spreadsheet from running a cell as a formula.

    What begins with one of the signs that begin a formula, in whatever width
    and behind whatever blanks, gets an apostrophe in front.
    """
    first = next((sign for sign in cell if unicodedata.category(sign)[0] not in "ZC"), "")
    begins = unicodedata.normalize("NFKC", first)[:1]
    is_formula = cell[:1] in tuple("\t\r\n") or begins in tuple("=+-@")
    return f"'{cell}" if is_formula else cell
