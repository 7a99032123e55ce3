"""What moving a rating would change: found out by moving it, and undoing that."""

from dataclasses import dataclass

from django.db import transaction

from alliance.asking.correcting_actions import move_rating
from alliance.trends.models import Flag
from alliance.trends.own_first import waiting_in
from sessions_app.clients.models import Episode


@dataclass(frozen=True, slots=True)
class Change:
    """One episode: what is marked in it now, and what will be."""

    episode: Episode
    before: list[str]
    after: list[str]

    @property
    def is_same(self):
        return self.before == self.after


def preview_move(rating, *, to, reason, by):
    """Say of each of the two episodes what is marked before and after. Writes nothing."""
    episodes = {episode.pk: episode for episode in (rating.session.episode, to.episode)}
    before = {key: _marked(key) for key in episodes}
    with transaction.atomic():
        move_rating(rating=rating, to=to, reason=reason, by=by)
        after = {key: _marked(key) for key in episodes}
        transaction.set_rollback(True)
    return [Change(episodes[key], before[key], after[key]) for key in episodes]


def _marked(episode_id):
    """Return what stands out in an episode, in words, by session."""
    flags = Flag.objects.filter(episode=episode_id, withdrawn_at=None, settled_by=None)
    flags = flags.exclude(session__in=waiting_in(episode_id))
    return [
        f"{flag.session.number} · {flag.get_kind_display()}"
        for flag in flags.select_related("session").order_by("session__starts_at", "-rank")
    ]
