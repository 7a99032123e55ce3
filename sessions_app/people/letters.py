"""Letters to members of staff: short, without names and without a word about health."""

import logging
import threading
from smtplib import SMTPException

from django.core.mail import send_mail
from django.core.signals import request_finished
from django.db import transaction
from django.dispatch import receiver
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
_waiting = threading.local()


def once_answered(do):
    """Do something once whoever asked has their answer, so that how long it takes tells nothing."""
    _waiting.deeds = [*getattr(_waiting, "deeds", []), do]


@receiver(request_finished)
def _do_what_waits(**kwargs):
    deeds, _waiting.deeds = getattr(_waiting, "deeds", []), []
    for do in deeds:
        do()


def send_letter(letter, *, to, context, then=None):
    """Send a letter to each of these addresses, when what it tells of is committed.

    What it tells of stands even if the mail server does not answer: that is for
    the log. `then` is called once the mail server has taken every letter.
    """
    subject = render_to_string(f"emails/{letter}_subject.txt", context).strip()
    body = render_to_string(f"emails/{letter}_message.txt", context)

    def send():
        try:
            for address in to:
                send_mail(subject, body, None, [address])
        except (OSError, SMTPException) as error:
            logger.error("A letter could not be sent: %s", type(error).__name__)
        else:
            if then:
                then()

    transaction.on_commit(send)
