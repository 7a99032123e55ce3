"""The content of an episode's trend page."""

from dataclasses import dataclass, replace

import numpy as np
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from alliance.charts.figure import as_figure
from alliance.charts.trend import TOTAL, Point, as_svg, keep_known, lay_out, sign_svg
from alliance.measures.models import Perspective
from alliance.psychometrics.course import ENOUGH_TO_COMPARE
from alliance.psychometrics.detector import usual_range
from alliance.psychometrics.scoring import COMPONENTS
from alliance.psychometrics.smoother import smooth
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.trends import words
from alliance.trends.beside import Beside, present_beside
from alliance.trends.cards import Card, of_the_figures
from alliance.trends.gap import Views, present_views
from alliance.trends.models import HEAD_START, Flag, Reading, Standing
from alliance.trends.own_first import Waiting, standing_without, veil, waiting_in
from alliance.trends.replay import replay
from alliance.trends.statements import Statement, accuracy, command, summarise
from sessions_app.clients.models import ClientIdentity, Episode
from sessions_app.sessions.models import Session

# Nine in ten under a normal distribution, as many as the usual range holds.
COVERAGE_90 = 1.645
# A client's own hand: nobody typed it in for them.
OWN_HAND = [Rating.InputMode.LINE, Rating.InputMode.BUTTONS]
NOT_HELD = {Session.Status.MISSED: "×", Session.Status.CANCELLED: "–"}


@dataclass(frozen=True, slots=True)
class Row:
    """One session with what was said of it: a line of the table and of the file."""

    session: Session
    rating: Rating | None
    own: Rating | None
    what: str
    remarks: list[str]
    is_other_way: bool
    comment: str
    is_break: bool
    marks: list[str]
    own_marks: list[str]
    is_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """One line of the list of what was marked on the chart."""

    drawing: SafeString
    text: str


@dataclass(frozen=True, slots=True)
class TrendPage:
    episode: Episode
    identity: ClientIdentity | None
    is_holder: bool
    standing: Standing
    lead: Statement
    details: list[Statement]
    figures: Card
    suggestion: str
    accuracy: str
    svg: SafeString | None
    figure: dict | None
    marked: list[Marked]
    rows: list[Row]
    component_names: list[str]
    columns: int
    has_own: bool
    has_unrated: bool
    has_range: bool
    has_break: bool
    form_language: str
    statuses: set[str]
    command: str
    beside: Beside
    waiting: list[Waiting]
    views: Views | None

    @property
    def latest(self):
        """The rows, the latest first."""
        return self.rows[::-1]

    @property
    def ratings(self):
        """The client's ratings that the page shows."""
        return [row.rating for row in self.rows if row.rating]


def present_trend(episode, *, is_holder, reader=None):
    """Gather an episode's sessions and ratings, say what they amount to, and draw them.

    The client's name is for the therapist who holds the episode (`is_holder`)
    and for nobody else; it is not even fetched for others. Comments are those
    that their writers let `reader` read. Nor is anyone else told what a rating
    amounts to before its therapist could see it. Who rates first is shown nothing
    of a rating that waits for theirs: all is as it was before it came.
    """
    hidden = waiting_in(episode) if is_holder else set()
    rows, waiting = veil(session_rows(episode, reader=reader), hidden)
    walk = replay(episode, without=hidden)
    standing = (
        standing_without(episode, walk)
        if hidden
        else Standing.objects.select_related("parameters").get(episode=episode)
    )
    flags = Flag.objects.filter(episode=episode, withdrawn_at=None).for_reader(is_holder=is_holder)
    flags = list(
        flags.exclude(session__in=hidden).select_related("session", "parameters").order_by("-rank")
    )
    holding = [flag for flag in flags if flag.settled_by_id in hidden | {None}]
    new = hidden if is_holder else _not_seen_yet(episode)
    rows = [replace(row, remarks=[]) if row.session.pk in new else row for row in rows]
    seen = [row for row in rows if row.session.pk not in new]
    totals, earlier = _compared(rows)
    said = summarise(
        standing,
        holding,
        totals=totals,
        earlier=earlier,
        is_new=not is_holder and _latest_rated(rows) in new,
    )
    if waiting and not standing.sessions_held:
        said = [Statement(_("No other rating has come yet."))]
    lead, *details = said
    points = _points(rows, walk, flags, new)
    layout = lay_out(points, _panel_names())
    has_own = any(row.own for row in rows)
    has_ratings = has_own or any(row.rating for row in rows)
    summary = " ".join(statement.text for statement in (lead, *details))
    return TrendPage(
        episode=episode,
        identity=ClientIdentity.objects.filter(client=episode.client_id).first()
        if is_holder and episode.ending != Episode.Ending.TRANSFERRED
        else None,
        is_holder=is_holder,
        standing=standing,
        lead=lead,
        details=details,
        figures=of_the_figures(standing, _latest_wording(rows)),
        suggestion="" if episode.ended_on else words.suggestion(standing, holding),
        accuracy=accuracy(standing),
        # Made by our own code; every word in it is escaped where it is put in.
        svg=mark_safe(as_svg(layout, summary=summary)) if has_ratings else None,  # noqa: S308
        figure=as_figure(layout, names=_figure_names()).to_plotly_json() if has_ratings else None,
        marked=_marked(rows, points),
        rows=rows,
        component_names=list(words.short_names().values()),
        columns=5 + has_own,
        has_own=has_own,
        has_unrated=any(panel.unrated for panel in layout.panels),
        has_range=bool(layout.ranges),
        has_break=any(row.is_break for row in rows),
        form_language=_form_language(rows, episode.therapist.practice),
        statuses={row.session.status for row in rows},
        command=command(standing),
        beside=present_beside(episode, seen, without=new),
        waiting=waiting,
        views=present_views(seen),
    )


def _panel_names():
    return {TOTAL: _("All three together"), **words.component_names()}


def _figure_names():
    return {
        "unrated": _("No mark"),
        "own": _("Therapist’s own rating"),
        "usual": _("Usual range"),
        "level": _("Smoothed course"),
        **words.sign_names(),
    }


def _not_seen_yet(episode):
    """Return the sessions with a rating that its therapist has not had the chance to see."""
    recent = timezone.now() - HEAD_START
    ratings = (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__episode=episode, respondent=Perspective.CLIENT, submitted_at__gt=recent)
    )
    read = Reading.objects.filter(reader=episode.therapist_id).values("rating")
    return set(ratings.exclude(pk__in=read).values_list("session", flat=True))


def _latest_rated(rows):
    """Return the session of the latest rating with marks, whatever was held since."""
    rated = [row.session.pk for row in rows if row.rating and row.rating.has_marks]
    return rated[-1] if rated else None


def _points(rows, walk, flags, new):
    """Return the points of the chart, with what is usual, the smoothed course, and the signs."""
    signs: dict = {}
    for flag in flags:
        signs.setdefault(flag.session_id, []).append(flag.kind)
    for session, step in walk.steps.items():
        if step.finding.watch and session not in signs and step.is_telling:
            signs[session] = ["watch"]
    for row in rows:
        if row.is_other_way:
            signs.setdefault(row.session.pk, []).append("mode")
    levels = _smoothed(walk)
    return [
        _point(row, walk.steps.get(row.session.pk), levels, signs)
        if row.session.pk not in new
        else _point(row, None, {}, {})
        for row in rows
    ]


def _smoothed(walk):
    """Return the level at each rated session, given all ratings in the present wording.

    With the ends of its band. Nothing is drawn where there was no rating.
    """
    line = {key: step for key, step in walk.steps.items() if step.line == walk.line}
    if walk.parameters is None or walk.course.detector.rated < ENOUGH_TO_COMPARE:
        return {}
    smoothed = smooth([step.total for step in line.values()], walk.parameters.for_detector())
    half = COVERAGE_90 * np.sqrt(smoothed.variance)
    ends = zip(smoothed.level, smoothed.level - half, smoothed.level + half, strict=True)
    return {
        key: tuple(map(float, level))
        for (key, step), level in zip(line.items(), ends, strict=True)
        if step.total is not None
    }


def _marked(rows, points):
    """List what is marked on the chart, oldest first, each with its shape and in words."""
    names = words.sign_names()
    return [
        Marked(
            drawing=mark_safe(sign_svg(sign)),  # noqa: S308 - drawn from constants
            text=_("Session %(number)s, %(day)s: %(what)s")
            % {
                "number": row.session.number,
                "day": date_format(localtime(row.session.starts_at), "j M Y"),
                "what": names[sign],
            },
        )
        for row, point in zip(rows, points, strict=True)
        for sign in point.signs
    ]


def session_rows(episode, *, reader=None):
    """Return every session of an episode with what was said of it, oldest first.

    With the comments that `reader` may read; without a reader, with none.
    """
    sessions = Session.objects.filter(episode=episode).known().order_by("starts_at")
    ratings = (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__episode=episode)
        .select_related("measure_version__measure", "entered_by")
    )
    comments = Comment.objects.filter(rating__session__episode=episode)
    comments = comments.readable_by(reader) if reader else comments.none()
    undone = _undone(episode)
    written = {comment.rating_id: comment.text for comment in comments}
    said = {(rating.session_id, rating.respondent): rating for rating in ratings}
    rows = []
    version = mode = None
    for session in sessions:
        rating = said.get((session.pk, Perspective.CLIENT))
        own = said.get((session.pk, Perspective.THERAPIST))
        changed = False
        if rating and rating.has_marks:
            changed = version not in (None, rating.measure_version_id)
            version = rating.measure_version_id
        is_other_way = False
        if rating and rating.has_marks:
            is_other_way = mode not in (None, rating.input_mode)
            mode = rating.input_mode
        rows.append(
            Row(
                session=session,
                rating=rating,
                own=own,
                what=_what(session, rating, undone.get(session.pk, "")),
                remarks=_remarks(rating, is_other_way=is_other_way),
                is_other_way=is_other_way,
                comment=written.get(rating.pk, "") if rating else "",
                is_break=changed,
                marks=_marks(rating),
                own_marks=_marks(own),
            )
        )
    return rows


def _latest_wording(rows):
    """Return the version that the client answered last, or None."""
    rated = [row.rating for row in rows if row.rating]
    return rated[-1].measure_version if rated else None


def _form_language(rows, practice):
    """Name the language that the client answered in last, if it is not the practice's."""
    wording = _latest_wording(rows)
    if wording is None or wording.language == practice.language:
        return ""
    return translation.get_language_info(wording.language)["name"]


def _remarks(rating, *, is_other_way):
    """Say what belongs to a rating besides its marks.

    In which way it was given is told where that is another than before, or
    where somebody typed it in for the client.
    """
    if rating is None:
        return []
    by_another = rating.input_mode not in OWN_HAND
    way = words.way(rating) if is_other_way or by_another else ""
    return [remark for remark in (words.tension(rating), way) if remark]


def _undone(episode):
    """Say, by session, what became of a form that was skipped or an answer that is gone."""
    gone = (
        Rating.objects.of_alliance()
        .filter(session__episode=episode, respondent=Perspective.CLIENT)
        .exclude(superseded_by=None, withdrawn_at=None)
    )
    erased = _("Answered, and erased by staff as the client wished")
    moved = _("Answered, and moved to another session")
    found = {
        session: moved if moved_to else erased
        for session, moved_to in gone.values_list("session", "superseded_by")
    }
    closings: dict[str, str] = {
        RatingRequest.Closing.DECLINED: _("Skipped by the client"),
        RatingRequest.Closing.WITHDRAWN: _("Answered, and taken back by the client"),
        RatingRequest.Closing.ERASED: erased,
    }
    requests = RatingRequest.objects.filter(
        session__episode=episode, respondent=Perspective.CLIENT, closing__in=closings
    ).order_by("asked_at")
    told = requests.values_list("session", "closing")
    return found | {session: closings[closing] for session, closing in told}


def _what(session, rating, undone=""):
    """Say what became of a session, where there are no marks to show."""
    if session.status == Session.Status.CANCELLED:
        by_client = session.called_off_by == Session.CalledOffBy.CLIENT
        return _("Cancelled by the client") if by_client else _("Cancelled by the therapist")
    if session.status == Session.Status.MISSED:
        return _("The client did not come")
    if rating is None:
        return undone or _("No rating")
    if not rating.has_marks:
        return _("Sent without marks")
    return ""


def _marks(rating):
    if rating is None:
        return []
    return [words.points(getattr(rating, name)) for name in (*COMPONENTS, "total")]


def _point(row, step, levels, signs):
    day = date_format(localtime(row.session.starts_at), "j M Y")
    number = row.session.number
    said = _("Session %(number)s, %(day)s") % {"number": number, "day": day}
    knows = step is not None and step.line > 0
    return Point(
        label=str(number) if number else NOT_HELD.get(row.session.status, "·"),
        said=said if number else f"{row.what}, {day}",
        scores={name: getattr(row.rating, name, None) for name in (*COMPONENTS, TOTAL)},
        own={name: getattr(row.own, name, None) for name in (*COMPONENTS, TOTAL)},
        usual=usual_range(step.finding) if knows else None,
        middle=step.finding.b if knows else None,
        level=levels.get(row.session.pk),
        signs=keep_known(signs.get(row.session.pk, ())),
        is_held=row.session.status == Session.Status.HELD,
        is_break=row.is_break,
    )


def _compared(rows):
    """Return the comparable totals, and each component's mean before the latest rating."""
    begins = max((place for place, row in enumerate(rows) if row.is_break), default=0)
    current = [row.rating for row in rows[begins:] if row.rating and row.rating.has_marks]
    earlier = {}
    for name in COMPONENTS:
        past = [value for r in current[:-1] if (value := getattr(r, name)) is not None]
        if len(past) >= ENOUGH_TO_COMPARE:
            earlier[name] = sum(past) / len(past)
    return [rating.total for rating in current], earlier
