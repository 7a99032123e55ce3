"""What other pages show of the asking: `{% load sending %}`."""

from django import template

from alliance.sending.pages import present_funnel

register = template.Library()


@register.inclusion_tag("sending/details.html")
def asked_so_far(episode, is_own):
    """Fold away, on a page about an episode, what became of each asking."""
    return {"funnel": present_funnel(episode), "is_own": is_own}
