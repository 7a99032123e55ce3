"""Changes to what is planned: sessions ahead, one or a series; moving, calling off, dropping."""

import uuid
from datetime import UTC, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from sessions_app.access.actions import record
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import log_session, refuse_after_the_end
from sessions_app.sessions.models import Session


class NoLongerPlanned(Exception):
    """What became of this session is known, or it was taken out of the plan."""


@transaction.atomic
def plan_sessions(
    *,
    episode,
    starts_at,
    by,
    times=1,
    every_weeks=1,
    minutes=50,
    setting=Session.Setting.IN_PERSON,
):
    """Plan one session of `episode`, or a series at the same hour of the practice's clock.

    What is planned already for such a moment stays, so that a double click plans
    nothing twice. Raises ValidationError where something else stands there.
    """
    episode = Episode.objects.lock(episode)
    if episode.ended_on is not None:
        raise ValidationError(_("This episode has ended. Nothing can be planned in it."))
    practice = episode.therapist.practice
    first, step = _wall(practice, starts_at), timedelta(weeks=every_weeks)
    moments = [_moment(practice, first + step * place) for place in range(times)]
    taken = {
        session.starts_at: session
        for session in Session.objects.filter(episode=episode, starts_at__in=moments).exclude(
            status=Session.Status.DROPPED
        )
    }
    series = uuid.uuid4() if times > 1 else None
    planned = []
    for moment in moments:
        session = taken.get(moment)
        if session is None:
            session = Session(
                episode=episode,
                starts_at=moment,
                minutes=minutes,
                setting=setting,
                status=Session.Status.PLANNED,
                series=series,
            )
            session.full_clean()
            session.save()
            record("session.planned", session, by=by)
        elif session.status != Session.Status.PLANNED:
            raise ValidationError({"starts_at": _already(session)})
        planned.append(session)
    return planned


@transaction.atomic
def note_outcome(*, session, status, by):
    """Say of a planned session, once its time has come, that it was held, or that nobody came."""
    session = _lock(session)
    if not session.has_come:
        raise ValidationError(_("Its time has not come yet. You can move it."))
    return log_session(
        episode=session.episode,
        starts_at=session.starts_at,
        by=by,
        minutes=session.minutes,
        setting=session.setting,
        status=status,
        note=session.note,
    )


@transaction.atomic
def move_planned(*, session, starts_at, minutes, setting, by, with_rest=False):
    """Move a planned session, and `with_rest` those of its series that follow it, alike.

    Alike by the practice's clock: nine o'clock stays nine o'clock across a clock change.
    """
    session = _lock(session)
    moved = [session, *(_rest(session) if with_rest else [])]
    # From the far end, so that nothing is moved onto what is still to be moved away.
    practice = session.episode.therapist.practice
    by_clock = _wall(practice, starts_at) - _wall(practice, session.starts_at)
    for one in sorted(moved, key=lambda one: one.starts_at, reverse=by_clock > timedelta()):
        values = {
            "starts_at": _moment(practice, _wall(practice, one.starts_at) + by_clock),
            "minutes": minutes,
            "setting": setting,
        }
        changed = [name for name, value in values.items() if getattr(one, name) != value]
        for name in changed:
            setattr(one, name, values[name])
        if changed:
            refuse_after_the_end(one)
            one.full_clean()
            one.save(update_fields=changed)
            record("session.moved", one, by=by, fields=changed)
    return session


@transaction.atomic
def call_off(*, session, called_off_by, by):
    """Cancel a planned session, and say who called it off."""
    session = _lock(session)
    session.status, session.called_off_by = Session.Status.CANCELLED, called_off_by
    session.full_clean()
    session.save(update_fields=["status", "called_off_by"])
    record("session.called_off", session, by=by, fields=["called_off_by"])
    return session


@transaction.atomic
def drop_planned(*, session, by, with_rest=False):
    """Take a session out of the plan, or `with_rest` those of its series that follow it too.

    Nobody called them off: they just no longer are to be.
    """
    session = _lock(session)
    dropped = [session, *(_rest(session) if with_rest else [])]
    for one in dropped:
        one.status = Session.Status.DROPPED
        one.save(update_fields=["status"])
        record("session.dropped", one, by=by)
    return dropped


def _lock(session):
    """Return a planned session as it is now, after whoever else is changing its episode."""
    episode = Episode.objects.lock(session.episode)
    session = Session.objects.get(pk=session.pk)
    session.episode = episode
    if session.status != Session.Status.PLANNED:
        raise NoLongerPlanned
    return session


def _rest(session):
    """Return what is planned in the same series after `session`."""
    if session.series is None:
        return []
    later = Session.objects.planned().filter(
        episode=session.episode, series=session.series, starts_at__gt=session.starts_at
    )
    rest = list(later.order_by("starts_at"))
    for one in rest:
        one.episode = session.episode
    return rest


def _wall(practice, moment):
    """Return a moment as the practice's clocks show it, without its zone."""
    with practice.clock():
        return timezone.make_naive(moment)


def _moment(practice, wall):
    """Return the moment at which the practice's clocks show `wall`.

    What a clock change skips comes an hour later; of what it doubles, the first.
    """
    with practice.clock():
        return timezone.make_aware(wall).astimezone(UTC)


def _already(session):
    with session.episode.therapist.practice.clock():
        day = date_format(timezone.localtime(session.starts_at), "j M Y, H:i")
    return _("On %(day)s there is a session already: %(what)s.") % {
        "day": day,
        "what": session.get_status_display().lower(),
    }
