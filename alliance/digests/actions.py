"""Choosing news by e-mail, and sending them: counts and a link, no name and no code."""

import logging
from datetime import datetime, time, timedelta
from socket import gaierror

from django.db import transaction
from django.utils import timezone

from alliance.digests.letters import letter_of
from alliance.digests.models import Digest
from alliance.digests.pages import count_news
from sessions_app.access.actions import record
from sessions_app.access.models import Membership

logger = logging.getLogger(__name__)

AT = time(7)
NIGHT = time(21)
MONDAY = 0
TRY_AGAIN_AFTER = timedelta(hours=1)
# Nobody was there, so nothing went out.
NOBODY_THERE = (ConnectionRefusedError, gaierror)
Every = Digest.Every


def next_due(every, *, after):
    """Return when news are due next: at seven by the clock that is set, each day or on Monday."""
    if every == Every.NEVER:
        return None
    local = timezone.localtime(after)
    day = local.date() if local.time() < AT else local.date() + timedelta(days=1)
    if every == Every.WEEK:
        day += timedelta(days=(MONDAY - day.weekday()) % 7)
    return timezone.make_aware(datetime.combine(day, AT))


@transaction.atomic
def choose_digest(*, member, every, by, at=None):
    """Keep how often a member wants news; what came before now is not told any more."""
    at = at or timezone.now()
    Membership.objects.select_for_update(of=("self",), no_key=True).get(pk=member.pk)
    kept = Digest.objects.select_for_update(of=("self",)).filter(member=member).first()
    kept = kept or Digest(member=member)
    if kept.every == every:
        return
    with member.practice.clock():
        kept.every, kept.due_at = every, next_due(every, after=at)
    kept.told_until = at
    kept.full_clean()
    kept.save()
    record("digest.chosen", kept, by=by, fields=["every"])


def send_digests(*, at=None, is_over=lambda: False):
    """Send what is due, once: it moves on to the next time before its letter goes out.

    Whoever is killed in between leaves no second letter. What was not told is
    counted in the next one.
    """
    at = at or timezone.now()
    for pk in list(Digest.objects.due(at=at).order_by("due_at", "pk").values_list("pk", flat=True)):
        if is_over():
            return
        digest = _claim(pk, at)
        if digest is None:
            continue
        news = count_news(digest, until=at)
        if not news.is_something:
            continue
        try:
            letter_of(digest, news).send()
        except Exception as error:  # What it says may name an address.
            logger.warning("News could not be sent: %s", type(error).__name__)
            if isinstance(error, NOBODY_THERE):
                still = Digest.objects.filter(pk=pk).exclude(every=Every.NEVER)
                still.update(due_at=at + TRY_AGAIN_AFTER)
        else:
            Digest.objects.filter(pk=pk).update(sent_at=at, told_until=at)


@transaction.atomic
def _claim(pk, at):
    """Move a digest on to its next time; return it, or None if another took it or it is night."""
    digest = (
        Digest.objects.due(at=at)
        .select_for_update(of=("self",))
        .select_related("member__practice", "member__user")
        .filter(pk=pk)
        .first()
    )
    if digest is None:
        return None
    with digest.member.practice.clock():
        is_by_day = AT <= timezone.localtime(at).time() < NIGHT
        due_at = next_due(digest.every if is_by_day else Every.DAY, after=at)
    Digest.objects.filter(pk=pk).update(due_at=due_at)
    return digest if is_by_day else None
