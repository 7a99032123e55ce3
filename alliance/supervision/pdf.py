"""One page of paper for a supervision meeting: code names only, and no comment."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from alliance.asking.sheet_pdf import maker, refuse
from alliance.supervision.meeting_pages import Group

# So many sessions or points are tried, the most first: what does not fit on one page is left out.
SESSIONS = (12, 8, 5, 3, 1, 0)
WIDTH = 640
_OPENED = re.compile(r'(<svg[^>]*aria-hidden="true">)')


def episode_pdf(page):
    """Return a trend page as a PDF of one page: its words, its chart, its last sessions."""
    context = {"page": page, "chart": _chart(page.svg), "today": timezone.localdate()}
    return _one_page(
        "supervision/episode_pdf.html",
        ({**context, "rows": page.latest[:most]} for most in SESSIONS),
    )


def agenda_pdf(page):
    """Return the agenda of a meeting as a PDF of one page, without notes."""
    there = sum(len(group.points) for group in page.groups)
    context = {"page": page, "today": timezone.localdate()}
    return _one_page(
        "supervision/agenda_pdf.html",
        (
            {**context, "groups": _first(page.groups, most), "left_out": there - most}
            for most in _fewer(there)
        ),
    )


def _one_page(template, contexts):
    """Lay out what is offered, the fullest first, and return the first that fits on one page."""
    weasyprint = maker()
    style = weasyprint.CSS(string=_style("supervision-pdf.css"), url_fetcher=refuse)
    for context in contexts:
        html = render_to_string(template, context)
        laid_out = weasyprint.HTML(string=html, url_fetcher=refuse).render(stylesheets=[style])
        if len(laid_out.pages) == 1:
            break
    return laid_out.write_pdf()


def _fewer(most):
    """Return this many, and ever fewer by a quarter, down to none."""
    while most > 0:
        yield most
        most = most * 3 // 4
    yield 0


def _first(groups, most):
    """Return the first points of an agenda, in their groups."""
    kept = []
    for group in groups:
        points = group.points[:most]
        most -= len(points)
        if points:
            kept.append(Group(group.title, points))
    return kept


def _chart(svg):
    """Return the chart of the page as paper takes it: a drawing knows no style but its own."""
    if not svg:
        return ""
    style = f"<style>{_style('chart-pdf.css')}</style>"
    drawn = _OPENED.sub(rf"\1{style}", svg.replace('class="plot" width="100%"', f'width="{WIDTH}"'))
    # Our own drawing, with a style sheet of our own.
    return mark_safe(drawn)  # noqa: S308


@cache
def _style(name):
    return Path(settings.BASE_DIR, "static", "css", name).read_text()
