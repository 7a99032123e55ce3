"""What the pages about couples, families and groups show: lists of them, and who came."""

from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Max, Prefetch, Q

from sessions_app.clients.models import Episode
from sessions_app.meetings.actions import BECAME
from sessions_app.meetings.models import Circle, CircleMember
from sessions_app.sessions.models import Session

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class CircleRow:
    """One couple, family or group; `codes` are those of its present members."""

    circle: Circle
    codes: list[str]
    met_last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Circles:
    rows: list[CircleRow]
    page: Page


def present_circles(user, *, page):
    """List the circles whose work `user` may read, those who met last first."""
    present = CircleMember.objects.present().select_related("client").order_by("client__code")
    circles = (
        Circle.objects.visible_to(user)
        .select_related("therapist__user", "co_therapist__user")
        .prefetch_related(Prefetch("members", present, to_attr="present"))
        .annotate(met_last_at=Max("meetings__starts_at"))
        .order_by("code", "pk")
    )
    shown = Paginator(circles, PER_PAGE).get_page(page)
    rows = [
        CircleRow(circle, [member.client.code for member in circle.present], circle.met_last_at)
        for circle in shown
    ]
    return Circles(rows, shown)


def free_episodes(user):
    """Return the episodes of `user` that are in no circle today."""
    taken = CircleMember.objects.present().values("episode")
    beside = CircleMember.objects.present().exclude(co_episode=None).values("co_episode")
    return (
        Episode.objects.held_by(user)
        .open()
        .exclude(pk__in=taken)
        .exclude(pk__in=beside)
        .select_related("client", "therapist__practice")
        .order_by("client__code")
    )


def present_members(circle):
    """Return who belongs to `circle` today, by their codes."""
    members = circle.members.present().select_related("client__practice")
    return members.order_by("client__code")


def who_may_come(circle, user):
    """Return the members whose therapy with `user` goes on: who could have been at a meeting."""
    mine = Episode.objects.held_by(user).open().values("pk")
    return list(present_members(circle).filter(Q(episode__in=mine) | Q(co_episode__in=mine)))


def who_came(meeting, user):
    """Return the members with a session in `meeting`, and what became of each, as `user` logged it.

    From the sessions of the user's own episodes: those of a second therapist are the same.
    """
    mine = Episode.objects.held_by(user).values("pk")
    sessions = Session.objects.filter(meeting=meeting, episode__in=mine)
    by_episode = {session.episode_id: session for session in sessions}
    keys: dict[tuple[str, str], str] = {value: key for key, value in BECAME.items()}
    members: list[CircleMember] = []
    became: dict = {}
    for member in meeting.circle.members.select_related("client").order_by("client__code"):
        # Each session once: who left and came again is a member twice.
        found = [by_episode.pop(pk) for pk in member.episodes() if pk in by_episode]
        became_of = found and keys.get((found[0].status, found[0].called_off_by))
        if became_of:  # What was corrected to something else by itself stays as it is.
            members.append(member)
            became[member.pk] = became_of
    return members, became
