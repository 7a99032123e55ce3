"""Who did what, without contents: for managers; and who read one's clients, for therapists."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils import timezone
from django.utils.timezone import make_aware

from sessions_app.access.models import AuditEvent, Membership, Practice, Supervision
from sessions_app.clients.models import Client, Episode
from sessions_app.openings.models import Consent, EmergencyAccess
from sessions_app.tablets.models import Tablet
from sessions_app.trail.words import said

PAGE_SIZE = 50
READINGS = ("episode.read", "episode.exported")
OPENINGS = (
    *("consent.given", "consent.withdrawn"),
    *("emergency.opened", "emergency.read", "emergency.ended"),
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One event in words: who did what, when. `on` names a member of staff, or one's own client."""

    at: datetime
    who: str
    what: str
    on: str
    fields: list[str]
    was_opened: bool


@dataclass(frozen=True, slots=True)
class PracticeTrail:
    practice: Practice
    deeds: list[Deed]
    page: Page


@dataclass(frozen=True, slots=True)
class ClientsTrail:
    deeds: list[Deed]
    page: Page


def present_practice_trail(practice, *, person=None, day=None, page=1):
    """List what was done in `practice`, the latest first; of one person or one day if chosen.

    Members of staff are named, clients are not: neither by name nor by code.
    """
    events = AuditEvent.objects.filter(practice=practice)
    if person:
        events = events.filter(actor=person)
    if day:
        begins = make_aware(datetime.combine(day, time()))
        ends = make_aware(datetime.combine(day + timedelta(days=1), time()))
        events = events.filter(at__gte=begins, at__lt=ends)
    shown = Paginator(_latest(events), PAGE_SIZE).get_page(page)
    on = _staff(shown)
    deeds = [_deed(event, on.get((event.target_model, event.target_id), "")) for event in shown]
    return PracticeTrail(practice=practice, deeds=deeds, page=shown)


def present_clients_trail(user, *, page=1):
    """List who else read the episodes that `user` holds, or was let in to them, the latest first.

    A supervisor's list shows marks too, so it counts for all whom she
    supervised on that day. What became of a client elsewhere is not told.
    """
    own = Membership.objects.own(user)
    episodes = dict(Episode.objects.filter(therapist__in=own).values_list("pk", "client__code"))
    openings = [
        *Consent.objects.filter(episode__in=episodes).values_list("pk", flat=True),
        *EmergencyAccess.objects.among_clients_of(user).values_list("pk", flat=True),
    ]
    told = Q(
        verb__in=READINGS,
        target_model=Episode._meta.label,
        target_id__in=[str(pk) for pk in episodes],
    ) | Q(verb__in=OPENINGS, target_id__in=[str(pk) for pk in openings])
    for supervision in Supervision.objects.filter(therapist__in=own).select_related("supervisor"):
        told |= _lists_read_in(supervision)
    events = AuditEvent.objects.filter(told).exclude(actor=user.pk)
    shown = Paginator(_latest(events), PAGE_SIZE).get_page(page)
    codes = _codes(shown, own)
    deeds = [_deed(event, codes.get(event.client_id, "")) for event in shown]
    return ClientsTrail(deeds=deeds, page=shown)


def _lists_read_in(supervision):
    """Return what keeps the events in which a supervisor read her list, while this held."""
    zone = timezone.get_default_timezone()
    began = make_aware(datetime.combine(supervision.started_on, time()), zone)
    told = Q(
        verb="supervised_caseload.read",
        actor=supervision.supervisor.user_id,
        practice=supervision.supervisor.practice_id,
        at__gte=began,
    )
    if supervision.ended_on:
        after = supervision.ended_on + timedelta(days=1)
        told &= Q(at__lt=make_aware(datetime.combine(after, time()), zone))
    return told


def _codes(events, own):
    """Return the codes of the reader's own clients in these events, by id."""
    ids = {event.client_id for event in events if event.client_id}
    clients = Client.objects.filter(pk__in=ids, episodes__therapist__in=own)
    return dict(clients.values_list("pk", "code"))


def _staff(events):
    """Return the names of the members of staff, or of the tablets, that these events are about."""
    found = {}
    for model, relations in (
        (Membership, ["user"]),
        (Supervision, ["supervisor__user", "therapist__user"]),
        (Tablet, ["practice"]),
    ):
        label = model._meta.label
        ids = [event.target_id for event in events if event.target_model == label]
        for row in model.objects.filter(pk__in=ids).select_related(*relations):
            found[label, str(row.pk)] = str(row)
    return found


def _latest(events):
    return events.select_related("actor").order_by("-at", "-pk")


def _deed(event, on):
    return Deed(
        at=event.at,
        who=str(event.actor) if event.actor else "",
        what=str(said(event.verb)),
        on=on,
        fields=event.fields,
        was_opened=bool(event.reason) and event.verb in READINGS,
    )
