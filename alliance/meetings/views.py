from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alliance.meetings.asking import present_meeting
from alliance.meetings.pages import present_together
from alliance.trends.actions import open_trend
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.meetings.models import Circle, Meeting


@clinicians_only
@require_safe
def circle(request, circle_id):
    """Show a couple, a family or a group: what its members said of each meeting, side by side."""
    circles = Circle.objects.visible_to(request.user).select_related(
        "therapist__practice", "therapist__user", "co_therapist__user"
    )
    found = get_object_or_404(circles, pk=circle_id)
    with found.therapist.practice.clock():
        page = present_together(found, request.user)
        record("circle.read", found, by=request.user)
        for seat in page.seats:
            is_seen = seat.is_own and request.method == "GET"
            for episode in seat.episodes:
                # Whoever holds them has now seen these marks; comments are on the page of each.
                shown = [one for one in seat.ratings if one.session.episode_id == episode.pk]
                open_trend(
                    episode=episode,
                    by=request.user,
                    shown=[one for one in shown if not one.comment_audience] if is_seen else None,
                    sees_flags=False,
                )
        return render(request, "meetings/circle.html", {"page": page, "circle": found})


@clinicians_only
@never_cache
@require_safe
def meeting_ask(request, meeting_id):
    """After a meeting: each member with buttons and a secret of their own."""
    meetings = Meeting.objects.held_by(request.user).select_related(
        "circle__therapist__practice", "circle__co_therapist"
    )
    meeting = get_object_or_404(meetings, pk=meeting_id)
    with meeting.circle.therapist.practice.clock():
        page = present_meeting(meeting, request.user)
        record("meeting.read", meeting, by=request.user)
        for row in page.rows:
            record("session.read", row.session, by=request.user)
        return render(request, "meetings/ask.html", {"page": page, "circle": meeting.circle})
