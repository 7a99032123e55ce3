"""What other pages show of goals: `{% load goals %}`."""

from django import template
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from alliance.charts.sparkline import sparkline
from alliance.goals.pages import MOST_SHOWN, present_goals, present_ticks
from alliance.trends.words import points

register = template.Library()


@register.inclusion_tag("goals/beside.html")
def goals_beside(page):
    """Put the goals beside the trend of agreeing on them; `page` is the trend page."""
    held = [row for row in page.rows if row.session.number]
    marks = [row.rating.goals if row.rating else None for row in held][-MOST_SHOWN:]
    summary = _("Agreeing on goals, oldest first: %(marks)s") % {
        "marks": ", ".join(map(points, marks))
    }
    return {
        "goals": present_goals(page.episode),
        "episode": page.episode,
        "is_holder": page.is_holder,
        # Drawn from numbers; the one text in it is escaped where it is put in.
        "drawing": mark_safe(sparkline(marks, summary=summary))  # noqa: S308
        if any(mark is not None for mark in marks)
        else None,
    }


@register.inclusion_tag("goals/worked_on.html", takes_context=True)
def goals_of_session(context, session):
    """Ask, where the rating is asked for, which goals were worked on."""
    return {"ticks": present_ticks(session), "csrf_token": context.get("csrf_token")}
