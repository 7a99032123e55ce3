"""Where a conversation may help most, across all whom somebody supervises."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Subquery
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from alliance.follow_up.models import Acknowledgement, FollowUp
from alliance.supervision.heat import WIDTH, Cell, cells, last_said, lowest_part
from alliance.trends import words
from alliance.trends.models import Flag, Standing
from sessions_app.clients.models import Episode

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One episode: why it is here, since when, and whether it was read and spoken about.

    `part` is the part that lies farthest below its own usual, in words.
    """

    episode: Episode
    flag: Flag | None
    shape: str
    reason: str
    part: str
    spoken: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """The episodes that are here for one reason."""

    kind: str
    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class SupervisedPage:
    """`others` are the episodes in which nothing is marked; `ago` heads the table's columns."""

    sections: list[Section]
    others: list[Row]
    rows: list[Row]
    page: Page
    is_ended: bool
    ago: list[int]


def present_supervised(user, *, therapist=None, signal="", component="", is_ended=False, page=1):
    """List the episodes of those whom `user` supervises today, by reason, the worst first.

    No flag and no rating that the therapist has not had the chance to see. A
    handful of queries, whatever the number of episodes and sessions.
    """
    standings = Standing.objects.supervised_by(user).filter(episode__ended_on__isnull=not is_ended)
    if therapist:
        standings = standings.filter(episode__therapist=therapist)
    if signal:
        flags = Flag.objects.standing().shareable().filter(episode=OuterRef("pk"), kind=signal)
        standings = standings.filter(Exists(flags))
    if component:
        said = last_said(standings.values("pk"))
        standings = standings.filter(
            pk__in=[key for key, ratings in said.items() if lowest_part(ratings) == component]
        )
    standings = standings.select_related("episode__client", "episode__therapist__user")
    shown = Paginator(standings.by_need_for_attention(for_holder=False), PAGE_SIZE).get_page(page)
    keys = [standing.pk for standing in shown]
    flags, said = _flags(keys, signal), last_said(keys)
    rows = [_row(one, flags.get(one.pk, []), said.get(one.pk, [])) for one in shown]
    return SupervisedPage(
        sections=_sections(rows),
        others=[row for row in rows if row.flag is None],
        rows=rows,
        page=shown,
        is_ended=is_ended,
        ago=list(range(WIDTH - 1, 0, -1)),
    )


def _flags(episodes, signal):
    """Return the flags that hold and may be told, by episode, the first first.

    Each knows whether what the client said of its session was spoken about. Where one
    kind of flag is looked for, that kind is what an episode is here for.
    """
    spoken = FollowUp.objects.filter(
        rating__session=OuterRef("session"), rating__superseded_by=None
    )
    flags = (
        Flag.objects.standing()
        .shareable()
        .filter(episode__in=episodes, **({"kind": signal} if signal else {}))
        .select_related("session", "acknowledgement")
        .annotate(discussed_at=Subquery(spoken.values("discussed_at")[:1]))
        .order_by("-rank", "-session__starts_at")
    )
    found: dict = {}
    for flag in flags:
        found.setdefault(flag.episode_id, []).append(flag)
    return found


def _row(standing, flags, said):
    flag = flags[0] if flags else None
    if flag is None and any(one.is_unseen for one in said):
        shape, reason = "·", _("A new rating, which the therapist sees first")
    else:
        shape = words.shape(standing, flags, with_comments=False)
        reason = words.reason(standing, flags)
    part = lowest_part(said)
    return Row(
        episode=standing.episode,
        flag=flag,
        shape=shape,
        reason=reason,
        part=words.component_names()[part] if part else "",
        spoken=_spoken(flag) if flag else "",
        cells=cells(standing, said),
    )


def _spoken(flag):
    """Say what became of a flag, as its therapist wrote it down."""
    told = getattr(flag, "acknowledgement", None)
    if told and told.outcome == Acknowledgement.Outcome.UNSPOKEN:
        return _("not spoken about: %(why)s") % {"why": told.remark}
    if told:
        return str(told.get_outcome_display())
    if flag.discussed_at:
        day = date_format(localtime(flag.discussed_at), "j M Y")
        return _("yes, on %(day)s") % {"day": day}
    return _("not yet")


def _sections(rows):
    """Group the rows by what they are here for, the worst first."""
    found = [
        Section(kind, str(kind.label), [row for row in rows if row.flag and row.flag.kind == kind])
        for kind in sorted(Flag.RANKS, key=lambda kind: -Flag.RANKS[kind])
    ]
    return [section for section in found if section.rows]
