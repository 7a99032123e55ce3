"""What other pages show of couples, families and groups: `{% load meetings %}`."""

from django import template

from sessions_app.meetings.models import CircleMember

register = template.Library()


@register.inclusion_tag("meetings/belongs.html")
def comes_together(episode):
    """Say, on the page of an episode, with which circle its client comes today."""
    own = CircleMember.objects.present().select_related("circle")
    member = own.filter(episode=episode).first() or own.filter(co_episode=episode).first()
    return {"circle": member.circle if member else None}


@register.inclusion_tag("meetings/back.html")
def the_others(session):
    """Lead back, from asking about one session of a meeting, to the others who came."""
    return {"meeting_id": session.meeting_id}
