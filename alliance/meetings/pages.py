"""What the page of a couple, a family or a group shows: the members' lines side by side."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from alliance.charts.together import Apart, Line, draw_together
from alliance.measures.models import Perspective
from alliance.meetings import words
from alliance.psychometrics.scoring import COMPONENTS
from alliance.psychometrics.split import splits
from alliance.ratings.models import Rating
from alliance.trends.cards import Card
from alliance.trends.models import HEAD_START, Reading, Standing
from alliance.trends.own_first import waiting_in
from alliance.trends.words import points, short_names
from sessions_app.access.models import Membership
from sessions_app.clients.models import Episode
from sessions_app.meetings.models import Circle, CircleMember, Meeting
from sessions_app.sessions.models import Session


@dataclass(frozen=True, slots=True)
class Cell:
    """What one member said of one meeting; `what` says why there are no marks."""

    total: str
    parts: str
    what: str


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """One meeting, with a cell for each member in their order.

    `is_shared` says whether the therapist of this seat was there: a second one
    may have come to lead it later.
    """

    meeting: Meeting
    number: int
    cells: list[Cell]
    apart: str
    limit: str
    is_further: bool
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """The circle as one of its therapists is rated: from their own episodes alone."""

    therapist: Membership
    is_own: bool
    members: list[CircleMember]
    episodes: list[Episode]
    lead: str
    suggestion: str
    card: Card | None
    svg: SafeString | None
    rows: list[MeetingRow]
    ratings: list[Rating]


@dataclass(frozen=True, slots=True)
class CirclePage:
    circle: Circle
    seats: list[Seat]
    members: list[CircleMember]
    part_names: str
    may_log: bool
    may_change: bool


def present_together(circle, user):
    """Gather what the members said of each meeting, and how far apart that is.

    Once for each therapist whose episodes `user` may read; of the other nothing
    is fetched.
    """
    reach, own = Membership.objects.reach(user), Membership.objects.own(user)
    members = list(circle.members.select_related("client").order_by("client__code"))
    meetings = list(circle.meetings.order_by("starts_at"))
    return CirclePage(
        circle=circle,
        seats=[
            _seat(circle, therapist, name, members, meetings, is_own=therapist.pk in own)
            for therapist, name in (
                (circle.therapist, "episode_id"),
                (circle.co_therapist, "co_episode_id"),
            )
            if therapist and therapist.pk in reach
        ],
        members=[member for member in members if member.left_on is None],
        part_names=" · ".join(short_names().values()),
        may_log=bool(own & {circle.therapist_id, circle.co_therapist_id}),
        may_change=circle.therapist_id in own,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said from one therapist's clients of all meetings, by meeting and episode."""

    meetings: Sequence[Meeting]
    episodes: Sequence[Episode]
    hidden: Set
    sessions: Mapping[tuple, Session]
    ratings: Mapping[tuple, Rating]

    def rows(self, value):
        """Return a row for each meeting with what `value` says of each member's rating, or None."""
        found = []
        for meeting in self.meetings:
            ratings = [self.ratings.get((meeting.pk, one.pk)) for one in self.episodes]
            found.append([value(rating) if rating else None for rating in ratings])
        return found

    def came(self, meeting, episode):
        session = self.sessions.get((meeting.pk, episode.pk))
        return session is not None and session.status == Session.Status.HELD


def _seat(circle, therapist, name, members, meetings, *, is_own):
    # Who left and came again is a member twice, of one episode.
    by_episode = {getattr(member, name): member for member in members if getattr(member, name)}
    members = list(by_episode.values())
    ids = [getattr(member, name) for member in members]
    by_id = Episode.objects.select_related("client", "therapist__practice").in_bulk(ids)
    episodes = [by_id[pk] for pk in ids]
    said = _gather(meetings, episodes, is_own=is_own)
    compared = splits(
        said.rows(lambda rating: rating.total),
        _variances(episodes),
        said.rows(lambda rating: rating.measure_version_id),
    )
    new = set() if is_own else _not_seen_yet(said, therapist)
    rows = [
        _row(said, number, meeting, split, is_new=meeting.pk in new)
        for number, (meeting, split) in enumerate(zip(meetings, compared, strict=True), 1)
    ]
    latest = compared[-1] if compared else None
    is_new = bool(meetings) and meetings[-1].pk in new
    told = words.lead(
        latest,
        is_couple=circle.kind == Circle.Kind.COUPLE,
        is_new=is_new,
        rated=sum(1 for cell in rows[-1].cells if cell.total) if rows else 0,
        came=sum(said.came(meetings[-1], one) for one in episodes) if meetings else 0,
    )
    return Seat(
        therapist=therapist,
        is_own=is_own,
        members=members,
        episodes=episodes,
        lead=told,
        suggestion=words.suggestion(latest, is_new=is_new),
        card=words.card(latest, len(meetings) - 1) if latest and not is_new else None,
        svg=_draw(said, members, compared, rows, told) if said.ratings else None,
        rows=rows[::-1],
        ratings=list(said.ratings.values()),
    )


def _gather(meetings, episodes, *, is_own):
    sessions = Session.objects.filter(meeting__in=meetings, episode__in=episodes)
    ratings = (
        Rating.objects.standing()
        .of_alliance()
        .filter(
            session__meeting__in=meetings,
            session__episode__in=episodes,
            respondent=Perspective.CLIENT,
        )
        .select_related("session")
    )
    # Who rates first is shown nothing of a rating that waits for theirs.
    hidden = {session for one in episodes for session in waiting_in(one)} if is_own else set()
    ratings = ratings.exclude(session__in=hidden)
    return _Said(
        meetings,
        episodes,
        hidden,
        {(one.meeting_id, one.episode_id): one for one in sessions},
        {(one.session.meeting_id, one.session.episode_id): one for one in ratings},
    )


def _variances(episodes):
    """Return by how much each member's ratings vary around their own level, None where unknown."""
    standings = Standing.objects.filter(episode__in=episodes).select_related("parameters")
    known = {one.episode_id: one.parameters for one in standings if one.parameters}
    return [
        known[one.pk].error + known[one.pk].state if one.pk in known else None for one in episodes
    ]


def _not_seen_yet(said, therapist):
    """Return the meetings with a rating that their therapist has not had the chance to see."""
    recent = timezone.now() - HEAD_START
    fresh = {one.pk: key for key, one in said.ratings.items() if one.submitted_at > recent}
    read = Reading.objects.filter(reader=therapist, rating__in=fresh)
    seen = set(read.values_list("rating", flat=True))
    return {meeting for pk, (meeting, _episode) in fresh.items() if pk not in seen}


def _row(said, number, meeting, split, *, is_new):
    return MeetingRow(
        meeting=meeting,
        number=number,
        cells=[_cell(said, meeting, one) for one in said.episodes],
        apart=points(split.apart if split.distance is None else split.distance),
        limit="" if is_new or split.limit is None else points(split.limit),
        is_further=split.is_further and not is_new,
        is_shared=any((meeting.pk, one.pk) in said.sessions for one in said.episodes),
    )


def _cell(said, meeting, episode):
    rating = said.ratings.get((meeting.pk, episode.pk))
    if rating and rating.has_marks:
        parts = " · ".join(points(getattr(rating, name)) for name in COMPONENTS)
        return Cell(points(rating.total), parts, "")
    session = said.sessions.get((meeting.pk, episode.pk))
    if session and session.pk in said.hidden:
        return Cell("", "", _("A rating has come"))
    return Cell("", "", _why(session, rating))


def _why(session, rating):
    if session is None:
        return _("Not expected")
    if session.status == Session.Status.HELD:
        return _("Sent without marks") if rating else _("No rating")
    if session.status == Session.Status.MISSED:
        return _("Did not come")
    return _("Cancelled")


def _draw(said, members, compared, rows, summary):
    lines = [
        Line(
            label=member.client.code,
            totals=[row[place] for row in said.rows(lambda rating: rating.total)],
            came=[said.came(meeting, said.episodes[place]) for meeting in said.meetings],
        )
        for place, member in enumerate(members)
    ]
    apart = Apart(
        label=_("How far apart"),
        distances=[one.apart if one.distance is None else one.distance for one in compared],
        limits=[one.limit if row.limit else None for one, row in zip(compared, rows, strict=True)],
    )
    ticks = [str(row.number) for row in rows]
    # Made by our own code; every word in it is escaped where it is put in.
    # Made by our own code; every word in it is escaped where it is put in.
    return mark_safe(draw_together(lines, apart, ticks=ticks, summary=summary))  # noqa: S308
