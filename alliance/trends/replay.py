"""From the rows of an episode to its course: session by session, and what it raises.

`Walk` takes one held session at a time, by the parameters and the sensitivity
that were in force for it. `replay` walks the whole episode; `go_on` takes up a
stored standing and walks only its end. Both give the same, and a command
checks that they do. Nothing but parameters to start with is written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.detection.parameters import in_force
from alliance.detection.switches import SWITCHES
from alliance.measures.models import Perspective
from alliance.psychometrics import course as courses
from alliance.psychometrics.course import Course, Mark
from alliance.psychometrics.detector import METHOD, Finding, Parameters
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from alliance.trends.models import Flag, Standing
from sessions_app.access.models import Practice
from sessions_app.sessions.models import Session

SPARK = 12
# Until something is rated, only what is missing can be told.
NOTHING_RATED = Parameters(m=0, sb2=1, ss2=1, se2=1, phi=0)


@dataclass(frozen=True, slots=True)
class Raised:
    """A flag as the numbers have it: its facts, and the session that settled it, if any."""

    facts: Mapping[str, Any]
    parameters: ParameterVersion | None
    settled_by: UUID | None = None


class Step(NamedTuple):
    """What was found at one held session, in the words of the detector.

    `line` counts the wordings: sessions of another line are never compared.
    `is_telling` says whether there were enough ratings to call anything usual.
    """

    total: float | None
    finding: Finding
    line: int
    is_telling: bool


@dataclass
class Walk:
    """Where a walk through an episode's held sessions stands.

    `untaken` are the sessions that it was to take, or None for all of them.
    """

    practice: Practice
    sensitivities: list[Sensitivity]
    course: Course = field(default_factory=lambda: Course.first(NOTHING_RATED))
    parameters: ParameterVersion | None = None
    finding: dict | None = None
    before_last: Course | None = None
    totals: list[float | None] = field(default_factory=list)
    flags: dict[tuple[UUID, str], Raised] = field(default_factory=dict)
    steps: dict[UUID, Step] = field(default_factory=dict)
    line: int = 0
    untaken: list[Session] | None = None
    held: int = 0
    rated: int = 0
    last: Session | None = None
    latest: dict[str, Any] = field(default_factory=lambda: of_latest(None))

    def take(self, session: Session, rating: Rating | None) -> None:
        """Take the next held session with the client's rating, if there is one with marks."""
        self.held += 1
        self.last = session
        if rating is not None:
            self._hear(session, rating)
        if rating is not None and not rating.has_marks:
            rating = None
        if rating is not None:
            self.rated += 1
            self.latest = of_latest(rating)
            if (
                self.parameters is None
                or self.parameters.measure_version_id != rating.measure_version_id
            ):
                self._begin_anew(session, rating)
        self.before_last = self.course
        self.totals.append(None if rating is None else rating.total)
        chosen = self._sensitivity(session)
        mark = Mark(None if rating is None else rating.total, rating is not None)
        self.course, found, events = courses.go_on(
            self.course,
            mark,
            self.parameters.for_detector() if self.parameters else NOTHING_RATED,
            chosen.rules(),
            cutoff=self.parameters.low_cutoff if self.parameters else None,
        )
        self.steps[session.pk] = Step(
            mark.total,
            found,
            self.line,
            self.course.detector.rated >= courses.ENOUGH_TO_COMPARE,
        )
        basis = {"method": METHOD, "preset": chosen.preset}
        if mark.total is not None:
            told = courses.told(found, self.course.detector.rated - 1)
            self.finding = {**told, **basis, "watch": found.watch, "session": str(session.pk)}
            self._compare(session, chosen.comparators)
        for event in events:
            if event.is_raised:
                self._raise(session, event.kind, {**event.facts, **basis})
            else:
                self._settle(session, event.kind)

    def _hear(self, session, rating):
        """Take up what the client answered to the direct question; the next rating settles it."""
        self._settle(session, Flag.Kind.TOLD)
        if rating.tension == Rating.Tension.UNSPOKEN:
            self._raise(session, Flag.Kind.TOLD, {})

    def _begin_anew(self, session, rating):
        """Begin another line where another wording begins; nothing compares across it."""
        self.parameters = in_force(self.practice, rating.measure_version, at=session.starts_at)
        self.course = self.course.begin_anew(self.parameters.for_detector())
        self.line += 1
        self.totals = [None] * len(self.totals)
        self.finding = None
        for kind in (courses.LOWER, courses.SLIDING, courses.LOW, courses.TOP, courses.BACK):
            self._settle(session, kind)
        self._settle(session, Flag.Kind.RULE)

    def _sensitivity(self, session):
        """Return what was chosen by the time of a session; the standard, if nothing was."""
        chosen = [row for row in self.sensitivities if row.chosen_at <= session.starts_at]
        return chosen[-1] if chosen else Sensitivity(practice=self.practice)

    def _compare(self, session, keys):
        """Let the rules that the practice switched on look at the series up to here."""
        self._settle(session, Flag.Kind.RULE)
        marked = [key for key in keys if SWITCHES[key].mark(self.totals)[-1]]
        if marked:
            self._raise(session, Flag.Kind.RULE, {"rules": marked, "rating": self.totals[-1]})

    def _raise(self, session, kind, facts):
        self.flags[session.pk, kind] = Raised(facts, self.parameters)

    def _settle(self, session, kind):
        for key, flag in self.flags.items():
            if key[1] == kind and flag.settled_by is None:
                self.flags[key] = replace(flag, settled_by=session.pk)

    def standing(self) -> dict[str, Any]:
        """Return the fields of the episode's standing, but for the comment that waits."""
        return {
            "sessions_held": self.held,
            "sessions_rated": self.rated,
            "unrated_run": self.course.unrated_run,
            "last_session": self.last,
            "last_session_at": self.last.starts_at if self.last else None,
            **self.latest,
            "compared": self.course.detector.rated,
            "highest": self.course.highest,
            "finding": self.finding,
            "parameters": self.parameters,
            "course": self.before_last.as_json() if self.before_last else None,
            "spark": self.totals[-SPARK:],
        }


def of_latest(rating):
    """Return what a standing says of the latest rating; `rating` may be a standing itself."""
    at = "last_rated_at" if isinstance(rating, Standing) else "submitted_at"
    return {
        "last_rated_at": getattr(rating, at, None),
        **{name: getattr(rating, name, None) for name in (*COMPONENTS, "total")},
    }


def replay(episode, *, without=()) -> Walk:
    """Walk through every held session of `episode` from its beginning, but for those `without`."""
    practice = episode.therapist.practice
    walk = Walk(practice, _sensitivities(practice))
    ratings = {rating.session_id: rating for rating in marked_ratings(episode)}
    held = Session.objects.filter(episode=episode).held().exclude(pk__in=without)
    for session in held.order_by("starts_at"):
        walk.take(session, ratings.get(session.pk))
    return walk


def go_on(episode, session) -> Walk | None:
    """Take up the stored standing of `episode` and walk to `session`, its newest.

    `session` was just logged, or just rated for the first time. None if more
    than that has changed: then only a replay tells. Reads a handful of rows,
    however long the history.
    """
    practice = episode.therapist.practice
    standing = Standing.objects.select_related("parameters").filter(episode=episode).first()
    newest = list(Session.objects.filter(episode=episode).held().order_by("-starts_at")[:2])
    if standing is None or standing.course is None or newest[:1] != [session]:
        return None
    is_logged = len(newest) == 2 and standing.last_session_id == newest[1].pk
    is_rated = standing.last_session_id == session.pk and standing.unrated_run > 0
    if not (is_logged or is_rated):
        return None
    if is_logged and not standing.course["detector"]["held"]:
        return None  # The last session began its line; only a replay knows what it settled.
    untaken = newest[::-1] if is_logged else [session]
    ratings = {rating.session_id: rating for rating in marked_ratings(episode, untaken)}
    marked = {session: rating for session, rating in ratings.items() if rating.has_marks}
    versions = {rating.measure_version_id for rating in marked.values()}
    if standing.parameters and versions - {standing.parameters.measure_version_id}:
        return None
    sensitivities = _sensitivities(practice)
    if any(row.comparators for row in sensitivities):
        return None  # Those look at the whole series.
    was_rated = is_logged and newest[1].pk in marked
    walk = Walk(
        practice,
        sensitivities,
        course=Course.from_json(standing.course),
        parameters=standing.parameters,
        finding=standing.finding,
        totals=standing.spark[:-1],
        flags=_open_flags(episode, untaken),
        untaken=untaken,
        held=standing.sessions_held - 1,
        rated=standing.sessions_rated - was_rated,
        latest=of_latest(standing),
    )
    for one in untaken:
        walk.take(one, ratings.get(one.pk))
    return walk


def marked_ratings(episode, sessions=None):
    """Return the client's standing ratings of `episode` that say anything at all."""
    ratings = (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__episode=episode, respondent=Perspective.CLIENT)
    )
    if sessions is not None:
        ratings = ratings.filter(session__in=sessions)
    return [r for r in ratings.select_related("measure_version") if r.has_marks or r.tension]


def touched_flags(episode, sessions):
    """Return the flags that a walk through `sessions`, the last ones or all, may change."""
    flags = Flag.objects.filter(episode=episode)
    if sessions is None:
        return flags
    return flags.filter(Q(session__in=sessions) | Q(settled_by=None) | Q(settled_by__in=sessions))


def _open_flags(episode, untaken):
    """Return the flags that stood before the sessions that are to be walked through."""
    before = touched_flags(episode, untaken).filter(withdrawn_at=None).exclude(session__in=untaken)
    return {
        (flag.session_id, flag.kind): Raised(flag.facts, flag.parameters)
        for flag in before.select_related("parameters")
    }


def _sensitivities(practice):
    return list(Sensitivity.objects.filter(practice=practice).order_by("chosen_at"))
