"""What a client does besides answering: touch the form, skip it, take it back, stop being asked."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from alliance.asking.actions import AlreadyClosed, is_rated
from alliance.asking.models import Arrangement
from alliance.ratings.models import SETTLED, Comment, Rating, RatingRequest
from alliance.trends.actions import review
from sessions_app.access.actions import record
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.models import Episode

TAKE_BACK_WITHIN = timedelta(minutes=15)
# What is changed in a rating that is taken back: all that it said, and nothing else.
EMPTIED = ["answers", "unsaid", "tension", "trust", "goals", "collaboration", "total"]
EMPTIED += ["guess", "submission", "comment_audience", "comment_read_at", "withdrawn_at"]


class TooLate(Exception):
    """What was sent can no longer be taken back by its page: whoever wants to asks for it."""


def note_opened(*, request):
    """Note when a person first touched the form; what only fetches the page touches nothing."""
    untouched = RatingRequest.objects.filter(pk=request.pk, closed_at=None, opened_at=None)
    untouched.update(opened_at=timezone.now())


@transaction.atomic
def decline(*, request):
    """Close a form that the client chose to skip today: that is not the same as no reply."""
    at = timezone.now()
    still_open = RatingRequest.objects.open(grace=True).filter(pk=request.pk)
    closed = still_open.update(
        closed_at=at,
        closing=RatingRequest.Closing.DECLINED,
        opened_at=Coalesce("opened_at", at),
    )
    if closed:
        record("rating.declined", request, by=None)


def can_take_back(request):
    """Whether what was sent by this form may still be taken back by its page."""
    since = timezone.now() - TAKE_BACK_WITHIN
    sent = Rating.objects.standing().filter(request=request, submitted_at__gt=since)
    return request.was_answered and sent.exists()


@transaction.atomic
def take_back(*, request):
    """Take back what was sent by this form, within a quarter of an hour. Raises TooLate."""
    episode = Episode.objects.lock(request.session.episode)
    request.refresh_from_db(fields=["closing"])
    if not can_take_back(request):
        raise TooLate
    for rating in Rating.objects.standing().filter(request=request):
        _empty(rating, by=None)
    RatingRequest.objects.filter(pk=request.pk).update(closing=RatingRequest.Closing.WITHDRAWN)
    review(episode)


@transaction.atomic
def withdraw_rating(*, rating, by, reason=""):
    """Take back a rating because its client asked `by` for it; nothing of its content is kept.

    Nor of what was answered besides, nor of the rows that it was moved from.
    """
    episode = Episode.objects.lock(rating.session.episode)
    said = Rating.objects.standing().filter(session=rating.session_id, respondent=rating.respondent)
    for one in said:
        while one is not None:
            with rows_of_episode(one.session.episode_id):
                _empty(one, by=by, reason=reason)
                RatingRequest.objects.filter(pk=one.request_id).update(
                    closing=RatingRequest.Closing.ERASED
                )
                one = Rating.objects.filter(superseded_by=one).first()
    review(episode)


def _empty(rating, *, by, reason=""):
    """Erase what a rating says; that there was one, and when, stays."""
    written = Comment.objects.filter(rating=rating).first()
    if written:
        written.text = ""
        written.save()
    rating.answers = dict.fromkeys(rating.answers)
    rating.unsaid, rating.tension, rating.guess, rating.submission = [], "", None, None
    rating.trust = rating.goals = rating.collaboration = rating.total = None
    rating.comment_audience, rating.comment_read_at = "", None
    rating.withdrawn_at = timezone.now()
    rating.save(update_fields=EMPTIED)
    record("rating.withdrawn", rating, by=by, reason=reason)


@transaction.atomic
def open_again(*, request):
    """Let the client fill in anew what they have just taken back or skipped."""
    Episode.objects.lock(request.session.episode)
    others = RatingRequest.objects.filter(session=request.session, respondent=request.respondent)
    is_newer = others.exclude(pk=request.pk).filter(asked_at__gte=request.asked_at).exists()
    if is_newer or is_rated(request.session_id, request.respondent):
        raise AlreadyClosed
    undone = set(SETTLED) - {RatingRequest.Closing.ANSWERED}
    again = others.filter(pk=request.pk, closing__in=undone, expires_at__gt=timezone.now())
    if not again.update(closed_at=None, closing=""):
        raise AlreadyClosed
    record("rating.opened_again", request, by=None)


@transaction.atomic
def stop_asking(*, request):
    """Send no message to this client any more, because they said so on a form or in a message."""
    arranged, _made = Arrangement.objects.get_or_create(episode_id=request.session.episode_id)
    if arranged.stopped_at is None:
        arranged.stopped_at = timezone.now()
        arranged.stopped_by = Arrangement.StoppedBy.CLIENT
        arranged.save(update_fields=["stopped_at", "stopped_by"])
        record("asking.stopped", arranged, by=None)
