"""What the pages about supervision meetings show."""

from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.supervision.models import (
    AgendaItem,
    AgreedAction,
    PrivateNote,
    SupervisionMeeting,
)
from alliance.trends import words
from alliance.trends.models import HEAD_START
from alliance.trends.own_first_models import waiting_ratings
from sessions_app.access.models import Membership, Supervision, today


@dataclass(frozen=True, slots=True)
class Pair:
    """One supervision with its meetings, from where the reader sits."""

    supervision: Supervision
    is_supervisor: bool
    is_over: bool
    meetings: list[SupervisionMeeting]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of an agenda, in words."""

    item: AgendaItem
    code: str
    text: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The points of one kind."""

    title: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class MeetingPage:
    meeting: SupervisionMeeting
    is_supervisor: bool
    may_write: bool
    groups: list[Group]
    actions: list[AgreedAction]
    own_notes: str

    @property
    def other(self):
        """The one whom the reader meets."""
        pair = self.meeting.supervision
        return pair.therapist if self.is_supervisor else pair.supervisor


def present_pairs(user):
    """List the supervisions in which `user` takes part, with their meetings, the latest first."""
    own = Membership.objects.own(user)
    held = Supervision.objects.today().filter(supervisor__in=own)
    meetings = SupervisionMeeting.objects.defer("notes").order_by("-planned_on", "-pk")
    pairs = (
        Supervision.objects.filter(Q(pk__in=held) | Q(therapist__in=own), started_on__lte=today())
        .select_related("supervisor__user", "therapist__user")
        .prefetch_related(Prefetch("meetings", meetings))
        .annotate(undone=Count("agreed_actions", filter=Q(agreed_actions__done_at=None)))
        .order_by("therapist__user__name", "-started_on")
    )
    return [
        Pair(
            supervision=pair,
            is_supervisor=pair.supervisor_id in own,
            is_over=pair.is_over,
            meetings=list(pair.meetings.all()),
        )
        for pair in pairs
    ]


def present_meeting(meeting, *, reader):
    """Gather a meeting: its agenda in words, the notes, and what was agreed and is not done."""
    supervision = meeting.supervision
    is_supervisor = supervision.supervisor.user_id == reader.pk
    items = meeting.agenda.select_related(
        "episode__client",
        "episode__standing",
        "flag__session",
        "action",
        "added_by__user",
    ).order_by("place")
    therapist = supervision.therapist_id
    waiting = waiting_ratings().filter(session__episode__therapist=therapist)
    hidden = set() if is_supervisor else set(waiting.values_list("session", flat=True))
    points: dict[str, list[Point]] = {}
    for item in items:
        points.setdefault(item.kind, []).append(_point(item, is_supervisor, hidden))
    actions = supervision.agreed_actions.filter(Q(meeting=meeting) | Q(done_at=None))
    note = PrivateNote.objects.held_by(reader).filter(meeting=meeting).first()
    return MeetingPage(
        meeting=meeting,
        is_supervisor=is_supervisor,
        may_write=SupervisionMeeting.objects.held_by(reader).filter(pk=meeting.pk).exists(),
        groups=[Group(str(kind.label), points[kind]) for kind in AgendaItem.Kind if kind in points],
        actions=list(actions.select_related("episode__client").order_by("due_on", "agreed_at")),
        own_notes=note.text if note else "",
    )


def _point(item, is_supervisor, hidden):
    return Point(
        item=item,
        code=item.episode.client.code if item.episode else "",
        text=_text(item, is_supervisor, hidden),
        is_over=bool(item.flag and (item.flag.settled_by_id or item.flag.withdrawn_at))
        or bool(item.action and item.action.done_at),
    )


def _text(item, is_supervisor, hidden):
    match item.kind:
        case AgendaItem.Kind.LINE:
            return item.text
        case AgendaItem.Kind.ACTION:
            return item.action.text
        case AgendaItem.Kind.ENDING:
            return _("Ended unplanned")
    flag = item.flag
    # A flag that is told anew is again the therapist's to see first.
    is_told = flag.seen_at or flag.raised_at <= timezone.now() - HEAD_START
    if is_supervisor and not is_told:
        return _("Something new, which the therapist sees first")
    if flag.session_id in hidden:
        return _("A rating has come. Rate first, or show it now")
    return words.reason(item.episode.standing, [flag])
