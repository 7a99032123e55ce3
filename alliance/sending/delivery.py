"""Sending one message, once, whatever breaks on the way.

A message is claimed and that is committed; then it goes out; then it is closed
as sent. Whoever is killed in between leaves a claim that runs out, and somebody
else takes the message up. So it goes out once, but for one case: the mail
server has said yes, and we are killed before we could write that down. Then it
goes out a second time, with the same Message-ID and the same link.
"""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException
from socket import gaierror

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from alliance.asking.actions import digest
from alliance.asking.arranging import by_day, plan_of
from alliance.ratings.models import RatingRequest
from alliance.sending.letters import letter_of, text_of
from alliance.sending.links import secret_of
from alliance.sending.messengers import NumberRefused, the_messenger
from alliance.sending.models import Message
from sessions_app.access.actions import record
from sessions_app.clients.models import ClientIdentity

logger = logging.getLogger(__name__)

# Longer than a mail server can keep us: each of its answers is waited for ten seconds at most.
CLAIM_LASTS = timedelta(minutes=5)
MOST_UNCLEAR = 5  # Tries, where the last one may have arrived.
TRY_AGAIN_AFTER = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]


class NoAddress(Exception):
    """There is none any more."""


def deliver(message_id):
    """Send one message if it is due; return whether whoever takes it away is at work.

    What a server refuses for good is given up. What did certainly not go out is
    tried again for as long as the form is open; what may have, a few times.
    """
    message = _claim(message_id)
    if message is None:
        return True
    try:
        _send(message)
    except Exception as error:  # A provider of text messages may raise anything.
        is_for_good = _is_for_good(error)
        gives_up = is_for_good or (message.tries >= MOST_UNCLEAR and not _is_clear(error))
        # What it says may name an address.
        name = type(error).__name__
        logger.warning("A message could not be sent at try %d: %s", message.tries, name)
        _put_off(message, name, gives_up=gives_up)
        return is_for_good
    _note_sent(message)
    return True


@transaction.atomic
def _claim(message_id):
    """Keep others away from a message for some minutes; return it, or None if it is not ours."""
    at = timezone.now()
    due = Message.objects.due(at=at).filter(pk=message_id)
    if not due.update(claimed_until=at + CLAIM_LASTS, tries=F("tries") + 1):
        return None
    message = Message.objects.select_related(
        "request__measure_version",
        "request__session__episode__client__practice",
        "request__session__episode__therapist",
    ).get(pk=message_id)
    if _rests(message, at):
        return None
    is_wanted = Message.objects.not_stopped().filter(pk=message_id).exists()
    if not is_wanted or message.request.bounced_at or not message.request.is_open():
        _close(message, Message.Closing.NEEDLESS)
        return None
    _let_its_link_open(message.request)
    return message


def _let_its_link_open(request):
    """Keep the digest of the link that goes out: with another SECRET_KEY it is another link."""
    token_digest = digest(secret_of(request.pk))
    if token_digest != request.token_digest:
        RatingRequest.objects.filter(pk=request.pk).update(token_digest=token_digest)


def _rests(message, at):
    """Leave a message until the morning, unless somebody pressed a button by night: say if so.

    What goes out of itself is due by day, and may still be late.
    """
    with message.request.session.episode.client.practice.clock():
        morning = by_day(at)
        is_asked_by_night = by_day(message.due_at) != message.due_at
    if morning == at or is_asked_by_night:
        return False
    Message.objects.filter(pk=message.pk).update(
        due_at=morning, claimed_until=None, tries=F("tries") - 1
    )
    return True


def _send(message):
    episode = message.request.session.episode
    identity = ClientIdentity.objects.filter(client=episode.client_id).first()
    if message.request.channel == RatingRequest.Channel.SMS:
        the_messenger().send(_given(identity, "phone"), text_of(message))
    else:
        letter_of(message, to=_given(identity, "email")).send()


def _given(identity, name):
    address = getattr(identity, name, "")
    if not address:
        raise NoAddress
    return address


def _is_for_good(error):
    """Whether it is of no use to try again: the address is wrong, or gone."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in error.recipients.values())
    if isinstance(error, SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, NumberRefused | NoAddress)


def _is_clear(error):
    """Whether it is certain that nothing went out: nobody was there, or they said no."""
    said_no = SMTPResponseException | SMTPRecipientsRefused
    return isinstance(error, ConnectionRefusedError | gaierror | said_no)


@transaction.atomic
def _put_off(message, name, *, gives_up):
    if gives_up:
        _close(message, Message.Closing.FAILED, last_error=name)
        record("message.failed", message, by=None)
        return
    wait = TRY_AGAIN_AFTER[min(message.tries, len(TRY_AGAIN_AFTER)) - 1]
    with message.request.session.episode.client.practice.clock():
        again_at = by_day(timezone.now() + wait)
    Message.objects.waiting().filter(pk=message.pk).update(claimed_until=again_at, last_error=name)


@transaction.atomic
def _note_sent(message):
    at = timezone.now()
    _close(message, Message.Closing.SENT, last_error="")
    request = message.request
    noted = RatingRequest.objects.filter(pk=request.pk)
    if message.kind == Message.Kind.REMINDER:
        noted.update(reminded_at=at)
    else:
        noted.update(sent_at=at)
        _plan_reminder(request, at)
    record("message.sent", message, by=None)


def _plan_reminder(request, at):
    """Let one reminder be due, if that was agreed and the form is still open by then."""
    episode = request.session.episode
    days = plan_of(episode).remind_after_days
    if days is None:
        return
    with episode.client.practice.clock():
        due_at = by_day(at + timedelta(days=days))
    if due_at < request.expires_at:
        Message.objects.get_or_create(
            request=request, kind=Message.Kind.REMINDER, defaults={"due_at": due_at}
        )


def _close(message, closing, **values):
    Message.objects.waiting().filter(pk=message.pk).update(
        closed_at=timezone.now(), closing=closing, claimed_until=None, **values
    )
