"""What was agreed about asking: whom, by which way, when; and changing it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from alliance.asking.models import Arrangement, AskingRules, Way, When
from alliance.asking.standing_models import StandingLink
from alliance.trends.actions import review
from sessions_app.access.actions import record
from sessions_app.access.models import Practice
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.models import ClientIdentity, Episode

IDENTITY = ("email", "phone", "language")
AGREED = ("measure_id", "way", "when", "remind_after_days", "stopped_at", "stopped_by")
MORNING = time(8)
NIGHT = time(21)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one client is asked: as agreed with them, and else as the practice has it."""

    way: str
    when: str
    remind_after_days: int | None
    stopped_at: datetime | None = None

    def due_at(self, session):
        """Return when a message about `session` is due, by the practice's clock, never at night."""
        ended_at = session.starts_at + timedelta(minutes=session.minutes)
        if self.when == When.HOUR:
            return by_day(ended_at + timedelta(hours=1))
        if self.when == When.MORNING:
            return _morning_of(timezone.localtime(ended_at).date() + timedelta(days=1))
        return by_day(ended_at)


def by_day(moment):
    """Return `moment`, or eight in the morning where it falls into the night."""
    local = timezone.localtime(moment)
    if local.time() < MORNING:
        return _morning_of(local.date())
    if local.time() >= NIGHT:
        return _morning_of(local.date() + timedelta(days=1))
    return moment


def _morning_of(day):
    return timezone.make_aware(datetime.combine(day, MORNING))


def plans_of(episodes):
    """Return the plan of each of these episodes, by its id, in three queries.

    What a client said about messages holds for all that they are in, or were.
    """
    clients = {episode.pk: episode.client_id for episode in episodes}
    practices = {episode.pk: episode.client.practice_id for episode in episodes}
    rules: dict[int, AskingRules] = defaultdict(AskingRules)
    rules.update(AskingRules.objects.in_bulk(set(practices.values())))
    arranged = Arrangement.objects.in_bulk(set(practices))
    stopped = dict(
        Arrangement.objects.filter(episode__client__in=set(clients.values()))
        .exclude(stopped_at=None)
        .values_list("episode__client", "stopped_at")
    )
    return {
        pk: _plan(arranged.get(pk) or Arrangement(), rules[practice], stopped.get(clients[pk]))
        for pk, practice in practices.items()
    }


def plan_of(episode):
    """Return how the client of one episode is asked."""
    return plans_of([episode])[episode.pk]


def _plan(arranged, rules, stopped_at):
    days = arranged.remind_after_days
    return Plan(
        way=arranged.way or rules.way,
        when=arranged.when or rules.when,
        remind_after_days=(rules.remind_after_days if days is None else days) or None,
        stopped_at=stopped_at,
    )


def ways_to_send(episode):
    """Return by which ways a message can reach the client of `episode` right now."""
    identity = ClientIdentity.objects.filter(client=episode.client_id).first()
    if identity is None or plan_of(episode).stopped_at:
        return []
    can_text = bool(settings.MESSENGER and identity.phone)
    known = {Way.EMAIL: bool(identity.email), Way.SMS: can_text}
    return [way for way, is_known in known.items() if is_known]


def has_bookmark(episode):
    """Whether the client of `episode` has a link of their own that opens what is asked."""
    return StandingLink.objects.admitting().filter(episode=episode).exists()


@transaction.atomic
def arrange(*, episode, by, measure, way, when, remind_after_days, **identity):
    """Note what was agreed with a client: how to ask, and where messages go.

    Addresses stay in the table that says who a client is, and their names
    alone reach the trail.
    """
    episode = Episode.objects.lock(episode)
    told = {"measure": measure, "way": way, "when": when, "remind_after_days": remind_after_days}
    arranged = Arrangement.objects.filter(episode=episode).first() or Arrangement(episode=episode)
    who = ClientIdentity.objects.filter(client=episode.client_id).first()
    who = who or ClientIdentity(client=episode.client)
    changed = _change(arranged, told) + _change(
        who, {name: identity[name] for name in IDENTITY if name in identity}
    )
    if changed:
        record("asking.arranged", arranged, by=by, fields=changed)
    return arranged


def _change(row, values):
    """Store `values` in `row` where they differ; return the names of those that did."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, values[name])
        row.full_clean(validate_unique=False, validate_constraints=False)
        row.save()
    return changed


@transaction.atomic
def stop_messages(*, episode, by):
    """Send no message to this client any more: they told a member of staff so."""
    episode = Episode.objects.lock(episode)
    arranged, _made = Arrangement.objects.get_or_create(episode=episode)
    if arranged.stopped_at is None:
        arranged.stopped_at = timezone.now()
        arranged.stopped_by = Arrangement.StoppedBy.STAFF
        arranged.save(update_fields=["stopped_at", "stopped_by"])
        record("asking.stopped", arranged, by=by)


@transaction.atomic
def resume_messages(*, episode, by):
    """Send messages to this client again, because they agree: whichever link they stopped them by.

    The second wall shows a therapist nothing of earlier episodes: these are opened one by one.
    """
    Episode.objects.lock(episode)
    resumed = _resume(Arrangement.objects.filter(episode__client=episode.client_id))
    earlier_id = episode.follows_id
    while earlier_id:
        with rows_of_episode(earlier_id):
            resumed += _resume(Arrangement.objects.filter(episode=earlier_id))
            earlier_id = Episode.objects.values_list("follows", flat=True).get(pk=earlier_id)
    if resumed:
        record("asking.resumed", episode, by=by)


def _resume(arrangements):
    return arrangements.exclude(stopped_at=None).update(stopped_at=None, stopped_by="")


@transaction.atomic
def follow(episode, session=None):
    """Bring an episode up to a change in it, and to what was agreed in the one that it follows.

    A client who is handed over is asked as before, and gets no messages where
    they want none.
    """
    review(episode, session)
    if session is None and episode.follows_id:
        with rows_of_episode(episode.follows_id):
            agreed = Arrangement.objects.filter(episode=episode.follows_id).values(*AGREED).first()
        with rows_of_episode(episode.pk):
            if agreed and not Arrangement.objects.filter(episode=episode).exists():
                arranged = Arrangement.objects.create(episode=episode, **agreed)
                told = [name for name, value in agreed.items() if value not in (None, "")]
                record("asking.arranged", arranged, by=None, fields=told)


@transaction.atomic
def carry_stops_along():
    """Note with the next therapist that a client stopped messages by an earlier one's link."""
    stopped = Arrangement.objects.exclude(stopped_at=None).filter(
        episode__followed_by__isnull=False, episode__followed_by__arrangement__stopped_at=None
    )
    for earlier in stopped.select_related("episode__followed_by__therapist"):
        episode = Episode.objects.lock(earlier.episode.followed_by)
        arranged, _made = Arrangement.objects.get_or_create(episode=episode)
        _change(arranged, {"stopped_at": earlier.stopped_at, "stopped_by": earlier.stopped_by})
        record("asking.stopped", arranged, by=None)


@transaction.atomic
def choose_rules(*, practice, by, **values):
    """Choose how `practice` asks its clients, where nothing else was agreed with one of them."""
    Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)
    rules = AskingRules.objects.filter(practice=practice).first() or AskingRules(practice=practice)
    changed = _change(rules, values)
    if changed:
        record("asking_rules.chosen", rules, by=by, fields=changed)
    return rules
