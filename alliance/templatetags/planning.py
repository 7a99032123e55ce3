"""What other pages show of the plan: `{% load planning %}`."""

from django import template

from sessions_app.sessions.models import Session

register = template.Library()
SHOWN = 5


@register.inclusion_tag("sessions/ahead.html")
def planned_ahead(episode, is_holder):
    """Show its therapist, on a page about an episode, what is planned in it next."""
    planned = Session.objects.planned().filter(episode=episode).order_by("starts_at")
    return {
        "episode": episode,
        "is_shown": is_holder and not episode.ended_on,
        "planned": planned[: SHOWN + 1] if is_holder else [],
        "most": SHOWN,
    }
