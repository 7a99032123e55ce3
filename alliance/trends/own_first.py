"""Rating before the client's rating is seen: choosing that, and being shown it without."""

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from alliance.trends.models import Standing
from alliance.trends.own_first_models import OwnFirst, ShownUnrated, waiting_ratings
from sessions_app.access.actions import record
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


@dataclass(frozen=True, slots=True)
class Waiting:
    """A session whose rating has come and is not shown yet, and whether words came with it."""

    session: Session
    has_comment: bool


@transaction.atomic
def choose_own_first(*, practice, is_on, by, member=None):
    """Choose it for a practice, or for one of its members; None is as the practice has it."""
    chosen, _made = OwnFirst.objects.update_or_create(
        practice=practice, member=member, defaults={"is_on": is_on}
    )
    record("own_first.chosen", chosen, by=by, fields=["is_on"])
    return chosen


def of_practice(practice):
    """Whether `practice` has its therapists rate first, where they have not chosen."""
    return OwnFirst.objects.filter(practice=practice, member=None, is_on=True).exists()


def of_member(member):
    """Return what `member` has chosen: True, False, or None for as the practice has it."""
    chosen = OwnFirst.objects.filter(member=member).first()
    return chosen.is_on if chosen else None


def waiting_in(episode):
    """Return the sessions of `episode` whose rating its therapist has chosen not to see yet."""
    return set(waiting_ratings().filter(session__episode=episode).values_list("session", flat=True))


def known_to_holder(flags):
    """Keep the flags that no rating gives away which its therapist has chosen not to see yet."""
    return flags.exclude(session__in=waiting_ratings().values("session"))


def waiting_by_episode(standings):
    """Return the numbers of the sessions whose rating waits, by episode, in one query."""
    found: dict = {}
    waiting = waiting_ratings().filter(session__episode__in=standings.values("episode"))
    for episode, number in waiting.values_list("session__episode", "session__number"):
        found.setdefault(episode, []).append(number)
    return found


def veiled(standing, waiting):
    """Return the totals of the last sessions without those whose numbers are in `waiting`."""
    spark = list(standing.spark)
    last = len(spark) - 1 - standing.sessions_held
    for number in waiting:
        if last + number >= 0:
            spark[last + number] = None
    return spark


@transaction.atomic
def show_unrated(*, session, by):
    """Show the client's rating of `session` to its therapist, who has not rated it.

    It stays on the record, so that a missing rating of theirs is known to have been
    passed over. Where nothing waits, nothing is written but the look.
    """
    Episode.objects.lock(session.episode)
    if waiting_ratings().filter(session=session).exists():
        ShownUnrated.objects.get_or_create(session=session)
    record("rating.shown_unrated", session, by=by)


def veil(rows, hidden):
    """Take out of the rows of a trend what the client said of the sessions in `hidden`.

    Return the rows, and what waits.
    """
    waiting = [
        Waiting(row.session, has_comment=bool(row.comment))
        for row in rows
        if row.session.pk in hidden
    ]
    veiled = [
        replace(
            row,
            rating=None,
            what=_("A rating has come"),
            remarks=[],
            is_other_way=False,
            comment="",
            is_break=False,
            marks=[],
            is_waiting=True,
        )
        if row.session.pk in hidden
        else row
        for row in rows
    ]
    return veiled, waiting


def standing_without(episode, walk):
    """Return how `episode` stood by a walk that left out what waits; it is not stored."""
    return Standing(episode=episode, **walk.standing())
