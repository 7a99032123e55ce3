"""Changes to sessions: log one, correct one."""

from datetime import datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_app.access.actions import record
from sessions_app.clients.models import Episode
from sessions_app.hooks import episode_changed
from sessions_app.sessions.models import Session

# Numbers are lifted out of the way while they are dealt out anew: a unique
# constraint looks at each row as it changes.
_OUT_OF_THE_WAY = 1_000_000


@transaction.atomic
def log_session(
    *,
    episode,
    starts_at,
    by,
    minutes=50,
    setting=Session.Setting.IN_PERSON,
    status=Session.Status.HELD,
    called_off_by="",
    note="",
):
    """Log a session of `episode`; if it was held, its number follows by its date.

    What was planned for that moment, or else for that day, is filled in. Logging
    the very same session twice, as an impatient double click does, stores it
    once and returns it.
    """
    episode = Episode.objects.lock(episode)
    values = {
        "minutes": minutes,
        "setting": setting,
        "status": status,
        "called_off_by": called_off_by,
        "note": note,
    }
    there = Session.objects.filter(episode=episode, starts_at=starts_at)
    twin = there.exclude(status=Session.Status.DROPPED).first()
    if twin and all(getattr(twin, name) == value for name, value in values.items()):
        return twin
    session = _planned_for(episode, starts_at) or Session(episode=episode)
    for name, value in {**values, "starts_at": starts_at}.items():
        setattr(session, name, value)
    refuse_after_the_end(session)
    session.number = _last_number(episode) + 1 if status == Session.Status.HELD else None
    session.full_clean()
    session.save()
    record("session.logged", session, by=by)
    _begin_with(session, by)
    if Session.objects.filter(episode=episode, starts_at__gt=starts_at).held().exists():
        _renumber(episode)
    episode_changed(episode, session)
    session.refresh_from_db(fields=["number"])
    return session


@transaction.atomic
def correct_session(*, session, by, **changes):
    """Change what was logged of `session`, and keep on the record which fields changed.

    Whoever is told of the change may refuse it: a session that somebody has
    rated stays held.
    """
    episode = Episode.objects.lock(session.episode)
    session = Session.objects.get(pk=session.pk)
    session.episode = episode
    changed = [name for name, value in changes.items() if getattr(session, name) != value]
    if not changed:
        return session
    was_held = session.status == Session.Status.HELD
    for name in changed:
        setattr(session, name, changes[name])
    if "starts_at" in changed:
        refuse_after_the_end(session)
    is_held = session.status == Session.Status.HELD
    if was_held and not is_held:
        session.number = None
    elif is_held and not was_held:
        session.number = _last_number(episode) + 1
    session.full_clean()
    session.save()
    record("session.corrected", session, by=by, fields=changed)
    _begin_with(session, by)
    _renumber(episode)
    episode_changed(episode)
    session.refresh_from_db(fields=["number"])
    return session


def _planned_for(episode, starts_at):
    """Return the session that was planned for this moment, or nearest to it on the same day."""
    with episode.therapist.practice.clock():
        day = timezone.localdate(starts_at)
        begins = timezone.make_aware(datetime.combine(day, time()))
        ends = timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
    planned = Session.objects.planned().filter(episode=episode)
    on_the_day = planned.filter(starts_at__gte=begins, starts_at__lt=ends)
    session = min(on_the_day, key=lambda one: abs(one.starts_at - starts_at), default=None)
    if session:
        session.episode = episode
    return session


def refuse_after_the_end(session):
    """Refuse a session that would begin when its episode had ended."""
    ended_on = session.episode.ended_on
    if ended_on and session.held_on > ended_on:
        raise ValidationError({"starts_at": _("This episode had already ended by then.")})


def _begin_with(session, by):
    """Let an episode begin with its earliest session, where that was logged afterwards."""
    episode = session.episode
    if session.status == Session.Status.HELD and session.held_on < episode.started_on:
        episode.started_on = session.held_on
        episode.save(update_fields=["started_on"])
        record("episode.corrected", episode, by=by, fields=["started_on"])


def _last_number(episode):
    last = Session.objects.filter(episode=episode).held().order_by("-number").first()
    return last.number if last else 0


def _renumber(episode):
    """Number the held sessions 1, 2, 3 … by date, touching nothing if they already are."""
    held = list(Session.objects.filter(episode=episode).held().order_by("starts_at"))
    if all(session.number == place for place, session in enumerate(held, 1)):
        return
    for place, session in enumerate(held, 1):
        session.number = place + _OUT_OF_THE_WAY
    Session.objects.bulk_update(held, ["number"])
    for place, session in enumerate(held, 1):
        session.number = place
    Session.objects.bulk_update(held, ["number"])
