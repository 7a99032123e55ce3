"""The list of a therapist's own episodes, and a supervisor's of those she supervises."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString, mark_safe

from alliance.charts.sparkline import sparkline
from alliance.trends import words
from alliance.trends.models import Standing
from sessions_app.clients.models import Episode

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class CaseloadRow:
    """One episode in the list, with the reason why it stands where it stands."""

    episode: Episode
    standing: Standing
    shape: str
    reason: str
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


def present_caseload(standings, *, with_comments, is_ended=False, page=1):
    """List the episodes of `standings`, those most in need of attention first.

    One query over standing rows and one to count them, whatever the number of
    episodes and the length of their histories. `with_comments` is for the
    therapist's own list: comments are written to the therapist.
    """
    standings = (
        standings.filter(episode__ended_on__isnull=not is_ended)
        .select_related("episode__client", "episode__therapist__user")
        .by_need_for_attention(with_comments=with_comments)
    )
    shown = Paginator(standings, PAGE_SIZE).get_page(page)
    return Caseload(
        rows=[_row(standing, with_comments) for standing in shown],
        page=shown,
        is_ended=is_ended,
        component_names=list(words.short_names().values()),
    )


def _row(standing, with_comments):
    return CaseloadRow(
        episode=standing.episode,
        standing=standing,
        shape=words.shape(standing, with_comments=with_comments),
        reason=words.reason(standing),
        has_comment=with_comments and standing.comment_waiting,
        suggestion="" if standing.episode.ended_on else words.suggestion(standing),
        # Drawn from numbers; the one text in it is escaped where it is put in.
        sparkline=mark_safe(  # noqa: S308
            sparkline(standing.spark, summary=words.spark_summary(standing.spark))
        ),
        marks=[words.points(value) for value in standing.scores().values()],
    )
