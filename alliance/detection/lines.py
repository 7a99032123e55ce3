"""The series of a whole practice: what parameters are fitted to, and rules rehearsed on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from sessions_app.sessions.models import Session


@dataclass(slots=True)
class Line:
    """One episode's held sessions in one wording, oldest first.

    `totals`  0 to 10, None where a session has none
    `dates`   when each of them was held
    """

    episode: UUID
    version: int
    totals: list[float | None] = field(default_factory=list)
    dates: list[datetime] = field(default_factory=list)


def lines_of(practice, *, version=None) -> Iterator[Line]:
    """Yield the lines of every episode of `practice`, or only those in one wording.

    Two queries, read as a stream. Another wording begins another line.
    """
    said = {
        session: (version_id, total)
        for session, version_id, total, *parts in Rating.objects.standing()
        .of_alliance()
        .filter(session__episode__therapist__practice=practice, respondent=Perspective.CLIENT)
        .values_list("session", "measure_version", "total", "trust", "goals", "collaboration")
        if any(part is not None for part in parts)
    }
    sessions = (
        Session.objects.filter(episode__therapist__practice=practice)
        .held()
        .order_by("episode", "starts_at")
        .values_list("episode", "pk", "starts_at")
    )
    for episode, held in groupby(sessions.iterator(), key=lambda row: row[0]):
        line = None
        for _episode, session, at in held:
            answered, total = said.get(session, (None, None))
            if answered and (line is None or line.version != answered):
                if line and version in (None, line.version):
                    yield line
                line = Line(episode, answered)
            if line:
                line.totals.append(total)
                line.dates.append(at)
        if line and version in (None, line.version):
            yield line
