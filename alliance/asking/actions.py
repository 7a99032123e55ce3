"""Asking for a rating, and storing the answer."""

import secrets
import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alliance.asking.besides import offered_besides
from alliance.asking.models import Arrangement, AskingRules
from alliance.measures.models import MeasureVersion, Perspective
from alliance.psychometrics.scoring import score
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.trends.actions import review
from sessions_app.access.actions import record
from sessions_app.access.models import Membership
from sessions_app.clients.models import ClientIdentity, Episode
from sessions_app.sessions.models import Session
from sessions_app.tablets.actions import show_form, show_no_longer

MEASURES = {Perspective.CLIENT: "session", Perspective.THERAPIST: "session-therapist"}
EXPIRES_AFTER = {
    RatingRequest.Channel.DEVICE: timedelta(minutes=15),
    RatingRequest.Channel.LINK: timedelta(hours=72),
    RatingRequest.Channel.TABLET: timedelta(minutes=15),
    RatingRequest.Channel.EMAIL: timedelta(days=7),
    RatingRequest.Channel.SMS: timedelta(days=7),
    RatingRequest.Channel.STANDING: timedelta(days=7),
    RatingRequest.Channel.PAPER: timedelta(days=14),
    RatingRequest.Channel.ALOUD: timedelta(minutes=30),
}
THANKS_LAST = timedelta(seconds=20)  # On a tablet; then it is blank.
MOST_STRAYS = 3  # Looks at other addresses on a device that was handed over.
MOST_COUNTED = 100


class AlreadyClosed(Exception):
    """The request has been answered, or replaced, or has expired."""


class NothingToRate(Exception):
    """The session was not held, or has been rated from this seat already."""


class AlreadyAsked(Exception):
    """Another request is open than the one that was to be replaced."""


class BeforeTheClient(Exception):
    """The client has the form before them, on a device or a tablet."""


def digest(secret):
    """Return what is stored of a secret: useless to whoever reads the table."""
    return salted_hmac("alliance.asking", secret, algorithm="sha256").hexdigest()


@transaction.atomic
def request_rating(*, session, respondent, channel, by, at=None, besides=False, make_secret=None):
    """Ask one person for a rating of `session`; return the request and its secret.

    The secret (256 bits) is known only to the caller: the row keeps a digest.
    `make_secret` makes it of the request's id, where a message carries it later.
    An open request to the same person is replaced, so that one link works at a
    time. `at` is now, unless invented data are being made. With `besides` a client
    is also asked how it is to work together, whether it is their turn or not. `by`
    is None where it was agreed that nobody needs to press a button.
    """
    at = at or timezone.now()
    Episode.objects.lock(session.episode)
    session = Session.objects.select_related("episode__client__practice").get(pk=session.pk)
    if not _can_be_rated(session.pk):
        raise NothingToRate
    RatingRequest.objects.filter(session=session, respondent=respondent, closed_at=None).update(
        closed_at=at, closing=RatingRequest.Closing.REPLACED
    )
    if is_rated(session.pk, respondent):
        raise NothingToRate
    request_id = uuid.uuid4()
    secret = make_secret(request_id) if make_secret else secrets.token_urlsafe(32)
    language = _language(session, respondent, by)
    request = RatingRequest.objects.create(
        id=request_id,
        session=session,
        respondent=respondent,
        measure_version=version_to_ask(session, respondent, by),
        extra_version=offered_besides(
            session=session, respondent=respondent, language=language, on_demand=besides
        ),
        channel=channel,
        token_digest=digest(secret),
        asked_at=at,
        asked_by=by or session.episode.therapist.user,
        expires_at=at + EXPIRES_AFTER[channel],
    )
    record("rating.asked", request, by=by)
    return request, secret


@transaction.atomic
def request_at_reception(*, session, replaces, by):
    """Ask the client for a rating by a link; return the request and its secret.

    `replaces` is the id of the request that reception saw open, as text, or
    nothing. Raises AlreadyAsked where that is another one by now, and
    BeforeTheClient rather than take a form out of somebody's hands.
    """
    Episode.objects.lock(session.episode)
    of_client = RatingRequest.objects.filter(session=session, respondent=Perspective.CLIENT)
    if of_client.before_the_client().exists():
        raise BeforeTheClient
    still_open = of_client.open().first()
    if str(still_open.pk if still_open else "") != replaces:
        raise AlreadyAsked
    return request_rating(
        session=session,
        respondent=Perspective.CLIENT,
        channel=RatingRequest.Channel.LINK,
        by=by,
    )


def is_rated(session_id, respondent):
    """Whether this respondent's rating of the session stands, in whatever words it was asked."""
    rated = Rating.objects.standing().of_alliance()
    return rated.filter(session=session_id, respondent=respondent).exists()


def _can_be_rated(session_id):
    """Whether a session was held, and its client is still with a therapist who has a place."""
    held = Session.objects.held().exclude(episode__ending=Episode.Ending.TRANSFERRED)
    therapists = Membership.objects.today()
    return held.filter(pk=session_id, episode__therapist__in=therapists).exists()


def version_to_ask(session, respondent, by):
    """Return the wording in which somebody would be asked to rate `session` today."""
    return MeasureVersion.objects.to_ask(
        key=_measure(session, respondent),
        language=_language(session, respondent, by),
        practice=session.episode.client.practice,
    )


def _measure(session, respondent):
    """Return the key of what is asked: as agreed with this client, else as the practice has it."""
    if respondent == Perspective.CLIENT:
        arranged = Arrangement.objects.select_related("measure").filter(episode=session.episode_id)
        rules = AskingRules.objects.of(session.episode.client.practice)
        chosen = (arranged.first() or rules).measure or rules.measure
        if chosen:
            return chosen.key
    return MEASURES[respondent]


def _language(session, respondent, by):
    practice = session.episode.client.practice
    if respondent == Perspective.THERAPIST:
        return by.language or practice.language
    identity = ClientIdentity.objects.filter(client=session.episode.client_id).first()
    return (identity.language if identity else "") or practice.language


@transaction.atomic
def submit_rating(
    *,
    request,
    answers,
    unsaid=(),
    besides=None,
    unsaid_besides=(),
    comment="",
    audience=Rating.Audience.THERAPIST,
    tension="",
    entered_by=None,
    at=None,
    **how,
):
    """Store what was answered, and review the episode; return the rating of the alliance.

    Closing the request happens once: of two simultaneous submissions the
    second raises AlreadyClosed and leaves no trace. A session that turned out
    not to have been held, whose therapist has left or whose client was handed
    over, raises NothingToRate.
    Whoever changes an episode locks it before anything else, so that no two
    wait for each other. `answers` maps each item's key to its mark, or to None
    where it was skipped; `unsaid` are the keys that the client would rather not
    answer, and `besides` are answers to what was offered besides. `audience` is
    for whom the comment was written. `entered_by` is who typed it in for
    somebody else; `how` are further fields, such as the input mode.
    """
    at = at or timezone.now()
    episode = Episode.objects.lock(request.session.episode)
    closed = (
        RatingRequest.objects.open(at=at, grace=True)
        .filter(pk=request.pk)
        .update(
            closed_at=at,
            closing=RatingRequest.Closing.ANSWERED,
            # Nobody opened what somebody types in for the client.
            opened_at=F("opened_at") if entered_by else Coalesce("opened_at", at),
        )
    )
    if not closed:
        raise AlreadyClosed
    if not _can_be_rated(request.session_id) or is_rated(request.session_id, request.respondent):
        raise NothingToRate
    if request.respondent == Perspective.THERAPIST:
        entered_by = request.asked_by
    said = {"request": request, "at": at, "entered_by": entered_by, **how}
    rating = _store(
        version=request.measure_version,
        answers=answers,
        unsaid=list(unsaid),
        comment_audience=audience if comment else "",
        tension=tension,
        **said,
    )
    if comment:
        Comment.objects.create(rating=rating, text=comment)
    if besides and (any(mark is not None for mark in besides.values()) or unsaid_besides):
        _store(version=request.extra_version, answers=besides, unsaid=list(unsaid_besides), **said)
    review(episode, request.session, at=at)
    return rating


def _store(*, request, version, answers, at, **said):
    scores = score(answers, version.scored_items(), least_answered=version.least_answered)
    rating = Rating.objects.create(
        session=request.session,
        respondent=request.respondent,
        measure=version.measure,
        measure_version=version,
        request=request,
        answers=answers,
        trust=scores.trust,
        goals=scores.goals,
        collaboration=scores.collaboration,
        total=scores.total,
        submitted_at=at,
        **said,
    )
    record("rating.submitted", rating, by=rating.entered_by)
    return rating


@transaction.atomic
def end_hand_over(*, request):
    """Let a device that was handed over admit to the form no longer.

    What was answered stays; what was not sent is lost, and the request is closed.
    """
    _end(request, "rating.hand_over_ended")


def _end(request, verb):
    still_open = RatingRequest.objects.filter(pk=request.pk, closed_at=None)
    if still_open.update(closed_at=timezone.now(), closing=RatingRequest.Closing.ENDED):
        record(verb, request, by=None)


@transaction.atomic
def note_stray(*, request):
    """Count that another address was tried on the device handed over; the third try ends it.

    Once the form is closed there is nothing to end, and nothing is counted.
    """
    still_open = RatingRequest.objects.filter(pk=request.pk, closed_at=None)
    counted = still_open.filter(strays__lt=MOST_COUNTED).update(strays=F("strays") + 1)
    request.refresh_from_db(fields=["strays"])
    if counted and request.strays == 1:
        record("rating.device_strayed", request, by=None)
    if request.strays >= MOST_STRAYS:
        end_hand_over(request=request)


@transaction.atomic
def send_to_tablet(*, session, tablet, by, besides=False):
    """Ask the client for a rating of `session` on a tablet, instead of what it showed before.

    Nobody is told the secret. What was on the tablet is left to run out: it may
    be a colleague's. Raises TabletRevoked where the tablet is one no longer.
    """
    request, _secret = request_rating(
        session=session,
        respondent=Perspective.CLIENT,
        channel=RatingRequest.Channel.TABLET,
        by=by,
        besides=besides,
    )
    show_form(tablet=tablet, form_digest=request.token_digest, until=request.expires_at)
    return request


def show_what_became(*, tablet, request):
    """Let a tablet show the thanks for a while, or the form that was opened again for its time."""
    request.refresh_from_db(fields=["closing"])
    until = timezone.now() + THANKS_LAST if request.is_settled else request.expires_at
    show_no_longer(tablet=tablet, form_digest=request.token_digest, until=until)


@transaction.atomic
def clear_tablet(*, tablet, request):
    """Make a tablet blank at once; what was not sent is lost, and the request is closed."""
    _end(request, "rating.ended_on_tablet")
    show_no_longer(tablet=tablet, form_digest=request.token_digest)
