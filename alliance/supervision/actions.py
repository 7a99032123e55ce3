"""Preparing a supervision meeting, and writing down what came of it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.supervision.models import (
    AgendaItem,
    AgreedAction,
    PrivateNote,
    SupervisionMeeting,
)
from alliance.trends.models import Flag
from sessions_app.access.actions import record
from sessions_app.access.models import Supervision, today
from sessions_app.clients.models import Episode

# Good news and top marks are told in the list, but call for no meeting.
FOR_A_MEETING = Flag.RANKS[Flag.Kind.RULE]


@transaction.atomic
def plan_meeting(*, supervision, planned_on, by):
    """Plan a meeting of the two; its agenda begins with what is known today.

    One that is planned for that day already is returned.
    """
    pair = Supervision.objects.select_for_update(of=("self",), no_key=True).get(pk=supervision.pk)
    twin = SupervisionMeeting.objects.filter(
        supervision=pair, planned_on=planned_on, held_on=None
    ).first()
    if twin:
        return twin
    meeting = SupervisionMeeting(supervision=supervision, planned_on=planned_on)
    meeting.full_clean()
    meeting.save()
    record("supervision_meeting.planned", meeting, by=by)
    _add_what_is_new(meeting)
    return meeting


@transaction.atomic
def refresh_agenda(*, meeting, by):
    """Add to the agenda of an open meeting what has come up since; return how much that is.

    Nothing is taken away: what is over by now says so itself.
    """
    meeting = _lock(meeting)
    if meeting.held_on:
        raise ValidationError(_("This meeting was held; its agenda stays as it was."))
    added = _add_what_is_new(meeting)
    record("supervision_meeting.refreshed", meeting, by=by, fields=["agenda"])
    return added


@transaction.atomic
def add_line(*, meeting, text, by, episode=None):
    """Put a line of one's own on the agenda; the same line sent twice stands there once."""
    meeting = _lock(meeting)
    if meeting.held_on:
        raise ValidationError(_("This meeting was held; its agenda stays as it was."))
    for twin in meeting.agenda.filter(kind=AgendaItem.Kind.LINE, episode=episode):
        if twin.text == text:
            return twin
    item = AgendaItem(
        meeting=meeting,
        kind=AgendaItem.Kind.LINE,
        place=_next_place(meeting, AgendaItem.Kind.LINE),
        episode=episode,
        text=text,
        added_by=_place_of(by, meeting.supervision),
    )
    item.full_clean()
    item.save()
    record("supervision_agenda.line_added", item, by=by)
    return item


@transaction.atomic
def tick(*, item, is_discussed, by):
    """Say whether a point of the agenda was spoken about."""
    item.is_discussed = is_discussed
    item.save(update_fields=["is_discussed"])
    record("supervision_agenda.ticked", item, by=by, fields=["is_discussed"])
    return item


@transaction.atomic
def write_notes(*, meeting, notes, by):
    """Keep the notes that both of the two read and write; the later word stands."""
    meeting = _lock(meeting)
    meeting.notes = notes
    meeting.full_clean()
    meeting.save(update_fields=["notes"])
    record("supervision_meeting.notes_written", meeting, by=by, fields=["notes"])
    return meeting


@transaction.atomic
def write_private_note(*, meeting, text, by):
    """Keep what one of the two notes for themselves."""
    meeting = _lock(meeting)
    writer = _place_of(by, meeting.supervision)
    note = PrivateNote.objects.filter(meeting=meeting, writer=writer).first()
    note = note or PrivateNote(meeting=meeting, writer=writer)
    note.text = text
    note.full_clean()
    note.save()
    record("supervision_note.written", note, by=by, fields=["text"])
    return note


@transaction.atomic
def agree(*, meeting, text, by, episode=None, due_on=None):
    """Write down what the two agreed to do. It comes back at each meeting until it is done.

    The same sent twice is agreed once.
    """
    meeting = _lock(meeting)
    for twin in meeting.agreed_actions.filter(episode=episode, due_on=due_on, done_at=None):
        if twin.text == text:
            return twin
    action = AgreedAction(
        supervision=meeting.supervision,
        meeting=meeting,
        episode=episode,
        text=text,
        due_on=due_on,
    )
    action.full_clean()
    action.save()
    record("supervision_action.agreed", action, by=by)
    return action


@transaction.atomic
def finish(*, action, by, is_done=True):
    """Say that what was agreed is done; or that it is not, after all."""
    action.done_at = timezone.now() if is_done else None
    action.save(update_fields=["done_at"])
    verb = "supervision_action.done" if is_done else "supervision_action.not_done"
    record(verb, action, by=by, fields=["done_at"])
    return action


@transaction.atomic
def hold_meeting(*, meeting, by, on=None):
    """Note that the meeting was held, today if no other day is said.

    Its agenda stays as it is from here on.
    """
    meeting = _lock(meeting)
    if meeting.held_on is None:
        meeting.held_on = on or today()
        meeting.save(update_fields=["held_on"])
        record("supervision_meeting.held", meeting, by=by, fields=["held_on"])
    return meeting


def _lock(meeting):
    """Return the meeting as it is now; who else wants to change it waits for our commit."""
    meetings = SupervisionMeeting.objects.select_for_update(of=("self",))
    return meetings.select_related("supervision__supervisor", "supervision__therapist").get(
        pk=meeting.pk
    )


def _place_of(user, supervision):
    """Return as which of the two `user` takes part."""
    pair = (supervision.supervisor, supervision.therapist)
    return next(member for member in pair if member.user_id == user.pk)


def _next_place(meeting, kind):
    last = meeting.agenda.filter(kind=kind).aggregate(last=Max("place"))["last"]
    return (last or 0) + 1


def _add_what_is_new(meeting):
    """Put on the agenda what is not on it yet; return how many points that are."""
    there = list(meeting.agenda.select_related("flag"))
    kept = {
        "flag": [item.flag for item in there if item.flag],
        "action": {item.action_id for item in there},
        "ending": {item.episode_id for item in there if item.kind == AgendaItem.Kind.ENDING},
    }
    found = [
        *_flags(meeting, kept["flag"]),
        *_endings(meeting, kept["ending"]),
        *_actions(meeting, kept["action"]),
    ]
    places: dict[str, int] = {}
    for item in found:
        if item.kind not in places:
            places[item.kind] = _next_place(meeting, item.kind)
        item.place = places[item.kind]
        places[item.kind] += 1
    AgendaItem.objects.bulk_create(found)
    return len(found)


def _flags(meeting, kept):
    """Return points for what is marked and may be told to both, the first first.

    One for each episode, whatever its sessions raised; a later one when more has come up
    since those that are there.
    """
    flags = (
        Flag.objects.standing()
        .shareable()
        .filter(
            episode__therapist=meeting.supervision.therapist_id,
            episode__ended_on=None,
            rank__gte=FOR_A_MEETING,
        )
        .order_by("-rank", "-session__starts_at")
    )
    latest: dict = {}
    for flag in kept:
        key = _subject(flag)
        latest[key] = max(latest.get(key, flag.raised_at), flag.raised_at)
    found: dict = {}
    for flag in flags:
        key = _subject(flag)
        if key not in latest or flag.raised_at > latest[key]:
            found.setdefault(key, flag)
    return [
        AgendaItem(meeting=meeting, kind=kind, episode_id=episode, flag=flag)
        for (kind, episode), flag in found.items()
    ]


def _subject(flag):
    """Return as which kind of point a flag comes onto an agenda, and of which episode."""
    is_unrated = flag.kind == Flag.Kind.UNRATED
    kind = AgendaItem.Kind.UNRATED if is_unrated else AgendaItem.Kind.FLAG
    return kind, flag.episode_id


def _endings(meeting, kept):
    """Return points for therapies that ended unplanned since the meeting before this one."""
    earlier = meeting.supervision.meetings.exclude(pk=meeting.pk).exclude(held_on=None)
    since = earlier.aggregate(last=Max("held_on"))["last"] or meeting.supervision.started_on
    ended = Episode.objects.filter(
        therapist=meeting.supervision.therapist_id,
        ending=Episode.Ending.UNPLANNED,
        ended_on__gte=since,
    )
    spoken = AgendaItem.objects.filter(
        meeting__in=earlier, kind=AgendaItem.Kind.ENDING, is_discussed=True
    )
    for episode in ended.exclude(pk__in=spoken.values("episode")).order_by("ended_on", "pk"):
        if episode.pk not in kept:
            yield AgendaItem(meeting=meeting, kind=AgendaItem.Kind.ENDING, episode=episode)


def _actions(meeting, kept):
    """Return points for what was agreed earlier and is not done, the most pressing first."""
    actions = meeting.supervision.agreed_actions.open().exclude(meeting=meeting)
    for action in actions.order_by("due_on", "agreed_at"):
        if action.pk not in kept:
            yield AgendaItem(
                meeting=meeting,
                kind=AgendaItem.Kind.ACTION,
                episode_id=action.episode_id,
                action=action,
            )
