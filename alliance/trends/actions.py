"""Working out what an episode's ratings amount to, and noting that they were read."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.replay import go_on, replay, touched_flags
from sessions_app.access.actions import record
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


@transaction.atomic
def review(episode, session=None, at=None):
    """Bring the standing and the flags of `episode` up to its sessions and ratings.

    `session` is the one that was just logged, or rated for the first time: if
    it is the newest, one step is taken and the cost does not grow with the
    history. Without it, or where more has changed, all is worked out anew.
    Raises ValidationError where a session that somebody rated is no longer held.
    """
    with rows_of_episode(episode.pk):
        # Of two who change an episode at once the second waits here, and sees what the first did.
        _review(Episode.objects.lock(episode), session, at)


def _review(episode, session, at):
    walk = go_on(episode, session) if session else None
    if walk is None:
        _refuse_ratings_without_a_session(episode)
        walk = replay(episode)
    _store_flags(episode, walk, at or timezone.now())
    Standing.objects.update_or_create(
        episode=episode,
        defaults={
            **walk.standing(),
            "comment_waiting": _comment_waits(episode),
        },
    )


def _refuse_ratings_without_a_session(episode):
    rated = Rating.objects.standing().filter(session__episode=episode)
    if rated.exclude(session__status=Session.Status.HELD).exists():
        raise ValidationError({"status": _("This session has been rated, so it stays as held.")})


def _store_flags(episode, walk, at):
    """Make the stored flags those of the walk; what was told on the day stays as it was."""
    stored = {(flag.session_id, flag.kind): flag for flag in touched_flags(episode, walk.untaken)}
    for key, flag in stored.items():
        raised = walk.flags.get(key)
        settled_by = raised.settled_by if raised else None
        withdrawn_at = None if raised else flag.withdrawn_at or at
        if (flag.settled_by_id, flag.withdrawn_at) != (settled_by, withdrawn_at):
            if raised and flag.withdrawn_at:
                # Told anew, so that its therapist is again the first to see it.
                flag.facts, flag.parameters = raised.facts, raised.parameters
                flag.raised_at, flag.seen_at = at, None
            flag.settled_by_id, flag.withdrawn_at = settled_by, withdrawn_at
            flag.save()
    Flag.objects.bulk_create(
        Flag(
            episode=episode,
            session_id=session,
            kind=kind,
            rank=Flag.RANKS[kind],
            facts=raised.facts,
            parameters=raised.parameters,
            raised_at=at,
            settled_by_id=raised.settled_by,
        )
        for (session, kind), raised in walk.flags.items()
        if (session, kind) not in stored
    )


def _comment_waits(episode):
    """Whether something is written to the therapist that they have not had before them."""
    return Rating.objects.with_comment_waiting().filter(session__episode=episode).exists()


def _unread(episode):
    """Return the client's ratings that the therapist has not opened yet."""
    read = Reading.objects.filter(rating=OuterRef("pk"), reader=episode.therapist_id)
    return (
        Rating.objects.standing()
        .of_alliance()
        .filter(session__episode=episode, respondent=Perspective.CLIENT)
        .exclude(Exists(read))
    )


@transaction.atomic
def open_trend(*, episode, by, shown, at=None, reason="", sees_flags=True):
    """Note that `by` opened the trend of `episode`, and what they were shown as its holder.

    `shown` are the ratings, with the comments that may be read by now. It is None
    for everyone else: a supervisor's look neither reads what was written to the
    therapist, nor counts as the therapist's. Where a page shows ratings and says
    nothing of what was marked, `sees_flags` is False. `reason` names the consent or the
    emergency by which they were let in, if by one.
    """
    record("episode.read", episode, by=by, reason=reason)
    if shown is None:
        return
    at = at or timezone.now()
    unread = set(_unread(episode).values_list("pk", flat=True))
    came_since = unread - {rating.pk for rating in shown}
    unseen = Flag.objects.filter(episode=episode, seen_at=None, withdrawn_at=None).exclude(
        session__ratings__in=came_since
    )
    if not sees_flags:
        unseen = unseen.none()
    waiting = Rating.objects.with_comment_waiting().filter(
        session__episode=episode, pk__in=[rating.pk for rating in shown]
    )
    if not unread and not unseen.exists() and not waiting.exists():
        return
    Episode.objects.lock(episode)
    unseen.update(seen_at=at)
    Reading.objects.bulk_create(
        (
            Reading(rating=rating, reader_id=episode.therapist_id, read_at=at)
            for rating in shown
            if rating.pk in unread
        ),
        ignore_conflicts=True,
    )
    waiting.update(comment_read_at=at)
    Standing.objects.filter(episode=episode).update(comment_waiting=_comment_waits(episode))


@transaction.atomic
def differences(episode):
    """Return the names of what is stored of `episode` and differs from a replay; writes nothing.

    A flag's facts are not compared: they stay as they were told on the day.
    """
    episode = Episode.objects.lock(episode)
    walk = replay(episode)
    standing = Standing.objects.filter(episode=episode).first()
    if standing is None:
        return ["standing"]
    expected = walk.standing() | {
        "comment_waiting": _comment_waits(episode),
    }
    found = [name for name, value in expected.items() if getattr(standing, name) != value]
    flags = {
        (flag.session_id, flag.kind): flag.settled_by_id
        for flag in Flag.objects.filter(episode=episode, withdrawn_at=None)
    }
    if flags != {key: raised.settled_by for key, raised in walk.flags.items()}:
        found.append("flags")
    return found
