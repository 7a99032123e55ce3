"""The list of a therapist's own episodes, and a supervisor's of those she supervises."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from alliance.charts.sparkline import sparkline
from alliance.trends import words
from alliance.trends.models import Flag, Standing
from alliance.trends.own_first import veiled, waiting_by_episode
from sessions_app.clients.models import Episode

PAGE_SIZE = 100
# Good news and top marks are told, but nobody needs to act on them today.
NEEDS_ATTENTION = 30


@dataclass(frozen=True, slots=True)
class CaseloadRow:
    """One episode in the list, with the reason why it stands where it stands."""

    episode: Episode
    standing: Standing
    shape: str
    reason: str
    needs_attention: bool
    has_comment: bool
    suggestion: str
    sparkline: SafeString
    marks: list[str]


@dataclass(frozen=True, slots=True)
class Caseload:
    rows: list[CaseloadRow]
    page: Page
    is_ended: bool
    component_names: list[str]


def present_caseload(standings, *, is_holder, is_ended=False, page=1):
    """List the episodes of `standings`, those most in need of attention first.

    Of those that have ended nobody needs to act on any: the last seen come first.

    One query over standing rows, one to count them and one for their flags,
    whatever the number of episodes and the length of their histories.
    `is_holder` is for the therapist's own list: comments are written to the
    therapist, and the therapist sees a flag first.
    """
    standings = standings.filter(episode__ended_on__isnull=not is_ended).select_related(
        "episode__client", "episode__therapist__user"
    )
    waiting = waiting_by_episode(standings) if is_holder else {}
    standings = (
        standings.by_last_session()
        if is_ended
        else standings.by_need_for_attention(for_holder=is_holder, waiting=waiting)
    )
    shown = Paginator(standings, PAGE_SIZE).get_page(page)
    flags = _flags(shown, is_holder)
    return Caseload(
        rows=[
            _veiled(standing, waiting[standing.pk])
            if standing.pk in waiting
            else _row(standing, flags.get(standing.pk, []), is_holder)
            for standing in shown
        ],
        page=shown,
        is_ended=is_ended,
        component_names=list(words.short_names().values()),
    )


def _flags(standings, is_holder):
    """Return the flags that hold and that the reader may know of, by episode, the first first."""
    flags = Flag.objects.standing().for_reader(is_holder=is_holder)
    found: dict = {}
    for flag in flags.filter(episode__in=[s.pk for s in standings]).order_by(
        "-rank", "-session__starts_at"
    ):
        found.setdefault(flag.episode_id, []).append(flag)
    return found


def _row(standing, flags, is_holder):
    return CaseloadRow(
        episode=standing.episode,
        standing=standing,
        shape=words.shape(standing, flags, with_comments=is_holder),
        reason=words.reason(standing, flags),
        needs_attention=bool(flags)
        and flags[0].rank >= NEEDS_ATTENTION
        and not standing.episode.ended_on,
        has_comment=is_holder and standing.comment_waiting,
        suggestion="" if standing.episode.ended_on else words.suggestion(standing, flags),
        sparkline=_drawn(standing.spark),
        marks=[words.points(value) for value in standing.scores().values()],
    )


def _veiled(standing, sessions):
    """Show of an episode in which a rating waits that it does, and what was known before."""
    return CaseloadRow(
        episode=standing.episode,
        standing=standing,
        shape="◦",
        reason=_("A rating has come. Rate first, or show it now"),
        needs_attention=not standing.episode.ended_on,
        has_comment=standing.comment_waiting,
        suggestion="",
        sparkline=_drawn(veiled(standing, sessions)),
        marks=[words.points(None) for _name in standing.scores()],
    )


def _drawn(spark):
    # Drawn from numbers; the one text in it is escaped where it is put in.
    return mark_safe(sparkline(spark, summary=words.spark_summary(spark)))  # noqa: S308
