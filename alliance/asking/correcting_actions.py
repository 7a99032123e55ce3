"""Moving a rating to the session that it is of. What was said stays as it was said."""

import uuid

from django.db import transaction
from django.db.models import Exists
from django.utils import timezone

from alliance.follow_up.models import FollowUp
from alliance.ratings.models import Comment, Rating, RatingRequest, next_session
from alliance.trends.actions import review
from alliance.trends.models import Reading
from sessions_app.access.actions import record
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


class NotMoved(Exception):
    """The rating stands no longer, or the other session cannot take it."""


@transaction.atomic
def move_rating(*, rating, to, reason, by):
    """Let what one respondent said of one session be of the session `to`; return the new rating.

    All that they said of it goes along. The old rows stay, say by which newer
    ones they were replaced, and stand no longer; the words themselves move, so
    that they are left in nobody else's record. Both episodes are locked, in
    one order for all, and reviewed.
    """
    episodes = _lock(rating.session.episode_id, to.episode_id)
    session = Session.objects.get(pk=to.pk)
    could_take = Session.objects.held().exclude(episode__ending=Episode.Ending.TRANSFERRED)
    if not sessions_to_move_to(could_take, rating).filter(pk=session.pk).exists():
        raise NotMoved
    said = Rating.objects.standing().filter(session=rating.session_id, respondent=rating.respondent)
    rows = list(said.select_related("session__episode__therapist"))
    if rating.pk not in {row.pk for row in rows} or session.pk == rating.session_id:
        raise NotMoved
    moved = {row.pk: _move(row, session, reason, by) for row in rows}
    RatingRequest.objects.filter(
        session=session, respondent=rating.respondent, closed_at=None
    ).update(closed_at=timezone.now(), closing=RatingRequest.Closing.REPLACED)
    for episode in episodes:
        review(episode)
    return moved[rating.pk]


def _lock(*ids):
    """Lock these episodes, each once, in the order of their ids; return them."""
    return [
        Episode.objects.lock(episode)
        for episode in Episode.objects.filter(pk__in=ids).order_by("pk")
    ]


def _move(old, session, reason, by):
    """Put a copy of `old` into `session`. Its request stays where it was asked."""
    new = Rating.objects.get(pk=old.pk)
    new.pk = uuid.uuid4()
    new._state.adding = True
    new.session, new.request, new.submission = session, None, None
    new.save(force_insert=True)
    old.superseded_by = new
    old.save(update_fields=["superseded_by"])
    _move_words(old, new)
    if session.episode_id == old.session.episode_id:  # Else it was said to somebody else.
        FollowUp.objects.filter(rating=old).update(rating=new)
    for reading in Reading.objects.filter(rating=old, reader=session.episode.therapist_id):
        Reading.objects.create(rating=new, reader=reading.reader, read_at=reading.read_at)
    record("rating.moved_away", old, by=by, fields=["session"], reason=reason)
    record("rating.moved_here", new, by=by, fields=["session"], reason=reason)
    return new


def _move_words(old, new):
    """Move what was written: the therapist who does this may not be able to read it yet."""
    with rows_of_episode(old.session.episode_id):
        written = Comment.objects.filter(rating=old).first()
        if written is None:
            return
        text, written.text = written.text, ""
        written.save(update_fields=["text"])
    with rows_of_episode(new.session.episode_id):
        Comment.objects.create(rating=new, text=text)


def sessions_to_move_to(sessions, rating):
    """Keep of these held sessions those that could take a rating: of its practice, and unrated.

    A move opens nothing: what its client wrote for after the next session goes,
    until then, only to where no next session was held either.
    """
    rated = Rating.objects.standing().filter(respondent=rating.respondent)
    practice = rating.session.episode.therapist.practice_id
    free = sessions.filter(episode__therapist__practice=practice).exclude(
        pk__in=rated.values("session")
    )
    if _is_for_later(rating):
        return free.exclude(Exists(next_session(episode="episode", starts_at="starts_at")))
    return free


def _is_for_later(rating):
    """Whether a comment is moved along that its therapist may not read yet."""
    after = next_session(episode="session__episode", starts_at="session__starts_at")
    said = Rating.objects.standing().filter(session=rating.session_id, respondent=rating.respondent)
    return said.filter(comment_audience=Rating.Audience.LATER).exclude(Exists(after)).exists()
