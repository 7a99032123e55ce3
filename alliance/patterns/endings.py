"""Courses of therapy that have ended, with how it went before: to learn from, not to foretell."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.charts.sparkline import sparkline
from alliance.detection.words import percent
from alliance.psychometrics.completeness import completion
from alliance.psychometrics.patterns import FEWEST_CLIENTS
from alliance.trends.models import Standing
from alliance.trends.own_first import veiled, waiting_by_episode
from alliance.trends.words import spark_summary
from sessions_app.clients.models import Episode

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Ended:
    """One course that ended, and what came before."""

    episode: Episode
    sparkline: SafeString
    sessions: str
    last_rating: str


@dataclass(frozen=True, slots=True)
class Endings:
    rows: list[Ended]
    page: Page
    how: str
    choices: list[tuple[str, str]]
    counts: str
    caution: str


def present_endings(member, *, how="", page=1):
    """List the ended courses of `member`, the last first; `how` keeps those of one kind.

    One query to count by kind, one for the rows of the page, whatever the histories.
    """
    of_member = Standing.objects.filter(
        episode__therapist=member, episode__ended_on__isnull=False
    ).order_by()
    counts = dict(
        of_member.values("episode__ending")
        .annotate(n=Count("pk"))
        .values_list("episode__ending", "n")
    )
    how = how if how in Episode.Ending.values else ""
    shown = of_member.filter(episode__ending=how) if how else of_member
    rows = Paginator(
        shown.select_related("episode__client").order_by("-episode__ended_on", "pk"), PAGE_SIZE
    ).get_page(page)
    waiting = waiting_by_episode(shown)
    return Endings(
        rows=[_row(standing, waiting.get(standing.pk, [])) for standing in rows],
        page=rows,
        how=how,
        choices=[("", _("All")), *((key, str(name)) for key, name in Episode.Ending.choices)],
        counts=_counted(counts),
        caution=_caution(counts),
    )


def _row(standing, waiting):
    spark = veiled(standing, waiting)
    return Ended(
        episode=standing.episode,
        # Drawn from numbers; the one text in it is escaped where it is put in.
        sparkline=mark_safe(  # noqa: S308
            sparkline(spark, summary=spark_summary(spark))
        ),
        sessions=_("%(held)s held, %(rated)s rated")
        % {"held": standing.sessions_held, "rated": standing.sessions_rated},
        last_rating=_last_rating(standing),
    )


def _last_rating(standing):
    """Say how long before the end the last rating was, and how many sessions went without one."""
    if standing.last_rated_at is None:
        return _("Never rated.")
    days = max(0, (standing.episode.ended_on - localdate(standing.last_rated_at)).days)
    told = (
        ngettext(
            "Last rated %(n)s day before the end.", "Last rated %(n)s days before the end.", days
        )
        % {"n": days}
        if days
        else _("Last rated on the day it ended.")
    )
    if not standing.unrated_run:
        return told
    missed = ngettext(
        "The last session was not rated.",
        "The last %(n)s sessions were not rated.",
        standing.unrated_run,
    ) % {"n": standing.unrated_run}
    return f"{told} {missed}"


def _counted(counts):
    """Say in words how many courses ended, and how."""
    total = sum(counts.values())
    if not total:
        return _("No course of therapy has ended yet.")
    ended = ngettext("%(n)s course has ended", "%(n)s courses have ended", total) % {"n": total}
    kinds = [
        told % {"n": counts[kind]}
        for kind, told in (
            (Episode.Ending.PLANNED, _("%(n)s as planned")),
            (Episode.Ending.UNPLANNED, _("%(n)s unplanned")),
            (Episode.Ending.TRANSFERRED, _("%(n)s handed over")),
        )
        if kind in counts
    ]
    return f"{ended}: {', '.join(kinds)}."


def _caution(counts):
    """Say what so few endings cannot carry."""
    decided = counts.get(Episode.Ending.PLANNED, 0) + counts.get(Episode.Ending.UNPLANNED, 0)
    found = completion(counts.get(Episode.Ending.UNPLANNED, 0), decided)
    if found is None:
        return ""
    if found.held < FEWEST_CLIENTS:
        return _("So few say nothing about how it usually goes.")
    return _(
        "%(unplanned)s unplanned of %(all)s that were not handed over: by chance alone such a "
        "count comes from anything between %(low)s and %(high)s in the long run."
    ) % {
        "unplanned": found.rated,
        "all": found.held,
        "low": percent(found.low),
        "high": percent(found.high),
    }
