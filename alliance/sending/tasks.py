"""What the worker is nudged to do at once. Arguments are ids; no address is ever among them."""

from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from alliance.sending.delivery import deliver
from alliance.sending.letters import sample_letter
from sessions_app.access.models import Practice, User

SAMPLE_LASTS = timedelta(days=7)


class NotSent(Exception):
    """Stands in for what a mail server said, which may name an address."""


@task()
def send_one(message_id: int) -> None:
    """Send one message, unless it has gone out or somebody is sending it."""
    deliver(message_id)


@task()
def send_sample(practice_id: int, user_id: int) -> None:
    """Send a member of staff an e-mail like those that clients get."""
    practice = Practice.objects.get(pk=practice_id)
    user = User.objects.get(pk=user_id)
    until = timezone.now() + SAMPLE_LASTS
    try:
        sample_letter(to=user.email, practice=practice, until=until).send()
    except Exception as error:
        raise NotSent(type(error).__name__) from None
