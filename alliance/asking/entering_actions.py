"""Asking on paper and aloud: what clients say there is typed in by somebody else."""

from django.db import transaction
from django.utils import timezone

from alliance.asking.actions import (
    AlreadyAsked,
    BeforeTheClient,
    request_rating,
    submit_rating,
)
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.actions import record
from sessions_app.clients.models import Episode


@transaction.atomic
def request_sheet(*, session, replaces, by):
    """Ask for a rating on paper; return the request and the secret of its form.

    `replaces` is the id of the request that was open when the page was shown,
    as text, or nothing. Raises AlreadyAsked where that is another one by now,
    and BeforeTheClient rather than take a form out of somebody's hands.
    """
    Episode.objects.lock(session.episode)
    _refuse_before_the_client(session)
    if open_now(session) != replaces:
        raise AlreadyAsked
    return request_rating(
        session=session,
        respondent=Perspective.CLIENT,
        channel=RatingRequest.Channel.PAPER,
        by=by,
    )


@transaction.atomic
def enter_sheet(*, session, version, by, replaces="", **said):
    """Store what a client filled in on a sheet in the wording of `version`, typed in by `by`.

    A sheet may come back late, or have been filled in without being printed
    here: where no request for it is open, one is made. It ends the one that was
    open when the page was shown, whose id is `replaces`; where that is another
    one by now, AlreadyAsked is raised.
    """
    Episode.objects.lock(session.episode)
    _refuse_before_the_client(session)
    printed = (
        _of_client(session)
        .open()
        .filter(channel=RatingRequest.Channel.PAPER, measure_version=version)
    )
    request = printed.select_related("measure_version__measure").first()
    if request is None:
        if open_now(session) not in ("", replaces):
            raise AlreadyAsked
        request, _secret = request_rating(
            session=session,
            respondent=Perspective.CLIENT,
            channel=RatingRequest.Channel.PAPER,
            by=by,
        )
        request.measure_version = version
        request.save(update_fields=["measure_version"])
    return submit_rating(request=request, entered_by=by, input_mode=Rating.InputMode.PAPER, **said)


def open_now(session):
    """Return the id of the request to the client that is open, as text, or nothing."""
    request = _of_client(session).open().first()
    return str(request.pk) if request else ""


def _of_client(session):
    return RatingRequest.objects.filter(session=session, respondent=Perspective.CLIENT)


def _refuse_before_the_client(session):
    if _of_client(session).before_the_client().exists():
        raise BeforeTheClient


def begin_reading(*, session, by):
    """Ask for a rating that is read aloud; return the request. Nobody is told its secret."""
    request, _secret = request_rating(
        session=session,
        respondent=Perspective.CLIENT,
        channel=RatingRequest.Channel.ALOUD,
        by=by,
    )
    return request


@transaction.atomic
def decline_reading(*, request, by):
    """Close a form because its client, to whom it was read, would rather not answer."""
    still_open = RatingRequest.objects.filter(pk=request.pk, closed_at=None)
    declined = RatingRequest.Closing.DECLINED
    if still_open.update(closed_at=timezone.now(), closing=declined):
        record("rating.declined", request, by=by)


def enter_spoken(*, request, by, **said):
    """Store what a client said while somebody read to them."""
    return submit_rating(request=request, entered_by=by, input_mode=Rating.InputMode.ALOUD, **said)
