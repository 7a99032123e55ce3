"""Working out what an episode's ratings amount to, and noting that they were read."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.measures.models import Perspective
from alliance.psychometrics.course import describe
from alliance.psychometrics.scoring import COMPONENTS
from alliance.ratings.models import Rating
from alliance.trends.models import Reading, Standing
from sessions_app.access.actions import record
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

SPARK = 12
UNRATED_TO_NOTICE = 3
ATTENTION = {
    Standing.Signal.UNRATED: 2,
    Standing.Signal.LOWEST: 2,
    Standing.Signal.EARLY: 0,
    Standing.Signal.NONE: 0,
}


@transaction.atomic
def review(episode):
    """Bring the standing of `episode` up to what its sessions and ratings say now.

    Only ratings in the wording of the latest one are compared with each other.
    Raises ValidationError where a session that somebody rated is no longer held.
    """
    # Of two who change an episode at once the second waits here, and sees what the first did.
    episode = Episode.objects.lock(episode)
    if (
        Rating.objects.standing()
        .filter(session__episode=episode)
        .exclude(session__status=Session.Status.HELD)
        .exists()
    ):
        raise ValidationError({"status": _("This session has been rated, so it stays as held.")})

    sessions = list(Session.objects.filter(episode=episode).held().order_by("starts_at"))
    ratings = {
        rating.session_id: rating
        for rating in Rating.objects.standing().filter(
            session__episode=episode, respondent=Perspective.CLIENT
        )
        if rating.has_marks
    }
    marked = [session for session in sessions if session.pk in ratings]
    latest = ratings[marked[-1].pk] if marked else None
    totals = [
        rating.total
        if latest
        and (rating := ratings.get(session.pk))
        and rating.measure_version_id == latest.measure_version_id
        else None
        for session in sessions
    ]
    course = describe(totals, [session.pk in ratings for session in sessions])
    signal = _signal(course, latest)
    Standing.objects.update_or_create(
        episode=episode,
        defaults={
            "sessions_held": course.held,
            "sessions_rated": course.rated,
            "unrated_run": course.unrated_run,
            "last_session_at": sessions[-1].starts_at if sessions else None,
            "last_rated_at": latest.submitted_at if latest else None,
            **{name: getattr(latest, name, None) for name in (*COMPONENTS, "total")},
            "usual": course.usual,
            "below_usual": course.below_usual,
            "compared": course.compared,
            "lowest": min(_components(ratings.values()), default=None),
            "highest": max((total for total in totals if total is not None), default=None),
            "signal": signal,
            "attention": 0 if episode.ended_on else ATTENTION[signal],
            "comment_waiting": _unread(episode).exclude(comment="").exists(),
            "spark": totals[-SPARK:],
        },
    )


def _components(ratings):
    """Return every component that was given in any of these ratings."""
    given = (getattr(rating, name) for rating in ratings for name in COMPONENTS)
    return [value for value in given if value is not None]


def _signal(course, latest):
    if course.unrated_run >= UNRATED_TO_NOTICE:
        return Standing.Signal.UNRATED
    # The lowest only while it is the latest word: a rating given in part says nothing of it.
    if course.is_lowest and latest.total is not None:
        return Standing.Signal.LOWEST
    if course.usual is None:
        return Standing.Signal.EARLY
    return Standing.Signal.NONE


def _unread(episode):
    """Return the client's ratings that the therapist has not opened yet."""
    read = Reading.objects.filter(rating=OuterRef("pk"), reader=episode.therapist_id)
    return (
        Rating.objects.standing()
        .filter(session__episode=episode, respondent=Perspective.CLIENT)
        .exclude(Exists(read))
    )


@transaction.atomic
def open_trend(*, episode, by, shown):
    """Note that `by` opened the trend of `episode`, and what they were shown as its holder.

    `shown` is empty for everyone else: a supervisor's look does not read what
    was written to the therapist.
    """
    record("episode.read", episode, by=by)
    unread = set(_unread(episode).values_list("pk", flat=True)) if shown else set()
    if not unread:
        return
    Episode.objects.lock(episode)
    now = timezone.now()
    Reading.objects.bulk_create(
        (
            Reading(rating=rating, reader_id=episode.therapist_id, read_at=now)
            for rating in shown
            if rating.pk in unread
        ),
        ignore_conflicts=True,
    )
    Standing.objects.filter(episode=episode).update(
        comment_waiting=_unread(episode).exclude(comment="").exists()
    )
