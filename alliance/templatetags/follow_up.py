"""What came of ratings and flags, shown on the pages of other rooms: `{% load follow_up %}`."""

from django import template

from alliance.follow_up.pages import present_last_time, present_what_came

register = template.Library()


@register.inclusion_tag("follow_up/what_came.html", takes_context=True)
def what_came_of_it(context, episode, is_holder):
    """Say how far the latest rating has come, and what became of what was marked.

    To who was let in by a consent or in an emergency nothing is said of it.
    """
    if context.get("opening"):
        return {"page": None}
    user = context["request"].user
    return {"page": present_what_came(episode, is_holder=is_holder, user=user)}


@register.inclusion_tag("follow_up/last_time.html", takes_context=True)
def last_time(context, session):
    """Ask whether what was marked last time was spoken about."""
    return {"last": present_last_time(session), "session": session}
