"""The content of an episode's trend page, and of the same numbers as a file."""

import csv
import io
from dataclasses import dataclass

from django.utils import translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from alliance.charts.trend import Point, as_figure, as_svg, lay_out
from alliance.measures.models import Perspective
from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from alliance.trends import words
from alliance.trends.models import Standing
from sessions_app.clients.models import ClientIdentity, Episode
from sessions_app.sessions.models import Session

NOT_HELD = {Session.Status.MISSED: "×", Session.Status.CANCELLED: "–"}


@dataclass(frozen=True, slots=True)
class Row:
    """One session with what was said of it: a line of the table and of the file."""

    session: Session
    rating: Rating | None
    own: Rating | None
    what: str
    is_break: bool
    marks: list[str]
    own_marks: list[str]


@dataclass(frozen=True, slots=True)
class TrendPage:
    episode: Episode
    identity: ClientIdentity | None
    is_holder: bool
    standing: Standing
    lead: str
    details: list[str]
    suggestion: str
    svg: SafeString | None
    figure: dict | None
    rows: list[Row]
    component_names: list[str]
    columns: int
    has_own: bool
    has_unrated: bool
    has_break: bool
    form_language: str
    statuses: set[str]

    @property
    def latest(self):
        """The rows, the latest first."""
        return self.rows[::-1]

    @property
    def ratings(self):
        """The client's ratings that the page shows."""
        return [row.rating for row in self.rows if row.rating]


def present_trend(episode, *, is_holder):
    """Gather an episode's sessions and ratings, say what they amount to, and draw them.

    The client's name and comments are for the therapist who holds the episode
    (`is_holder`) and for nobody else; they are not even fetched for others.
    """
    rows = _rows(episode, with_comments=is_holder)
    names = words.component_names()
    standing = Standing.objects.get(episode=episode)
    totals, earlier = _compared(rows)
    lead, *details = words.summarise(standing, totals, earlier)
    layout = lay_out([_point(row) for row in rows], names)
    has_own = any(row.own for row in rows)
    has_ratings = has_own or any(row.rating for row in rows)
    return TrendPage(
        episode=episode,
        identity=ClientIdentity.objects.filter(client=episode.client_id).first()
        if is_holder and episode.ending != Episode.Ending.TRANSFERRED
        else None,
        is_holder=is_holder,
        standing=standing,
        lead=lead,
        details=details,
        suggestion="" if episode.ended_on else words.suggestion(standing),
        # Made by our own code; every word in it is escaped where it is put in.
        svg=mark_safe(as_svg(layout, summary=" ".join([lead, *details]))) if has_ratings else None,  # noqa: S308
        figure=as_figure(
            layout,
            names={"unrated": _("No mark"), "own": _("Therapist’s own rating")},
        ).to_plotly_json()
        if has_ratings
        else None,
        rows=rows,
        component_names=list(words.short_names().values()),
        columns=5 + has_own,
        has_own=has_own,
        has_unrated=any(panel.unrated for panel in layout.panels),
        has_break=any(row.is_break for row in rows),
        form_language=_form_language(rows, episode.therapist.practice),
        statuses={row.session.status for row in rows},
    )


def _rows(episode, *, with_comments):
    sessions = Session.objects.filter(episode=episode).order_by("starts_at")
    ratings = (
        Rating.objects.standing()
        .filter(session__episode=episode)
        .select_related("measure_version__measure")
    )
    if not with_comments:
        ratings = ratings.defer("comment")
    said = {(rating.session_id, rating.respondent): rating for rating in ratings}
    rows = []
    version = None
    for session in sessions:
        rating = said.get((session.pk, Perspective.CLIENT))
        own = said.get((session.pk, Perspective.THERAPIST))
        changed = False
        if rating and rating.has_marks:
            changed = version not in (None, rating.measure_version_id)
            version = rating.measure_version_id
        rows.append(
            Row(
                session=session,
                rating=rating,
                own=own,
                what=_what(session, rating),
                is_break=changed,
                marks=_marks(rating),
                own_marks=_marks(own),
            )
        )
    return rows


def _form_language(rows, practice):
    """Name the language that the client answered in last, if it is not the practice's."""
    rated = [row.rating for row in rows if row.rating]
    if not rated or rated[-1].measure_version.language == practice.language:
        return ""
    return translation.get_language_info(rated[-1].measure_version.language)["name"]


def _what(session, rating):
    """Say what became of a session, where there are no marks to show."""
    if session.status == Session.Status.CANCELLED:
        by_client = session.called_off_by == Session.CalledOffBy.CLIENT
        return _("Cancelled by the client") if by_client else _("Cancelled by the therapist")
    if session.status == Session.Status.MISSED:
        return _("The client did not come")
    if session.status == Session.Status.PLANNED:
        return _("Planned")
    if rating is None:
        return _("No rating")
    if not rating.has_marks:
        return _("Sent without marks")
    return ""


def _marks(rating):
    if rating is None:
        return []
    return [words.points(getattr(rating, name)) for name in (*COMPONENTS, "total")]


def _point(row):
    day = date_format(localtime(row.session.starts_at), "SHORT_DATE_FORMAT")
    number = row.session.number
    said = _("Session %(number)s, %(day)s") % {"number": number, "day": day}
    return Point(
        label=str(number) if number else NOT_HELD.get(row.session.status, "·"),
        said=said if number else f"{row.what}, {day}",
        scores={name: getattr(row.rating, name, None) for name in COMPONENTS},
        own={name: getattr(row.own, name, None) for name in COMPONENTS},
        is_held=row.session.status == Session.Status.HELD,
        is_break=row.is_break,
    )


def _compared(rows):
    """Return the comparable totals, and each component's mean before the latest rating."""
    rated = [row.rating for row in rows if row.rating and row.rating.has_marks]
    current = [
        rating for rating in rated if rating.measure_version_id == rated[-1].measure_version_id
    ]
    earlier = {}
    for name in COMPONENTS:
        past = [value for r in current[:-1] if (value := getattr(r, name)) is not None]
        if len(past) >= ENOUGH_TO_COMPARE:
            earlier[name] = sum(past) / len(past)
    return [rating.total for rating in current], earlier


def write_csv(episode):
    """Write an episode's sessions and marks as CSV: no name, no note, no comment.

    A cell that a spreadsheet would take for a formula is written as text.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["client", "session", "starts_at", "status", "measure", "version", "language"]
        + [*COMPONENTS, "total"]
        + [f"therapist_{name}" for name in (*COMPONENTS, "total")]
    )
    for row in _rows(episode, with_comments=False):
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
            ]
        )
    return out.getvalue()


def _numbers(rating):
    values = [getattr(rating, name, None) for name in (*COMPONENTS, "total")]
    return ["" if value is None else round(value, 4) for value in values]


def as_text(cell):
    """Keep a spreadsheet from running a cell as a formula."""
    is_formula = cell[:1] in tuple("\t\r\n") or cell.lstrip()[:1] in tuple("=+-@＝＋－＠")
    return f"'{cell}" if is_formula else cell
