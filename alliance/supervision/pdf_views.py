"""One page of an episode or of an agenda, to take along."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from alliance.asking.sheet_pdf import maker
from alliance.supervision.meeting_pages import present_meeting
from alliance.supervision.models import SupervisionMeeting
from alliance.supervision.pdf import agenda_pdf, episode_pdf
from alliance.trends.pages import present_trend
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, freshly_confirmed
from sessions_app.clients.models import Episode
from sessions_app.openings.models import opening_of


@clinicians_only
@freshly_confirmed
@require_safe
def episode(request, episode_id):
    """Print the trend as the reader sees it, but without the client's name and any comment."""
    _refuse_without_maker()
    episodes = Episode.objects.visible_to(request.user).select_related(
        "client", "therapist__user", "therapist__practice"
    )
    found = get_object_or_404(episodes, pk=episode_id)
    is_holder = Episode.objects.held_by(request.user).filter(pk=found.pk).exists()
    opening = None if is_holder else opening_of(found, request.user)
    record("episode.exported", found, by=request.user, reason=str(opening or ""))
    with found.therapist.practice.clock():
        return _answer(episode_pdf(present_trend(found, is_holder=is_holder)), "episode.pdf")


@clinicians_only
@freshly_confirmed
@require_safe
def agenda(request, meeting_id):
    _refuse_without_maker()
    found = get_object_or_404(
        SupervisionMeeting.objects.visible_to(request.user).select_related(
            "supervision__supervisor__practice", "supervision__therapist"
        ),
        pk=meeting_id,
    )
    record("supervision_meeting.exported", found, by=request.user)
    with found.supervision.supervisor.practice.clock():
        return _answer(agenda_pdf(present_meeting(found, reader=request.user)), "agenda.pdf")


def _refuse_without_maker():
    """A machine without Pango makes no PDF; its pages can still be printed."""
    if maker() is None:
        raise Http404


def _answer(pdf, name):
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)
