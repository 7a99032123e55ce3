"""Sheets at reception: printed, found by their code, typed in. No rating is shown."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alliance.asking.entering_views import find_sheet, give_sheet, take_sheet
from alliance.reception.pages import reception_sessions, sessions_to_type_in
from sessions_app.access.doors import reception_only
from sessions_app.access.rows import rows_of_episode


@reception_only
@never_cache
@require_POST
def reception_sheet(request, session_id):
    """Make a sheet to print, shown in the answer only."""
    return _at_reception(request, reception_sessions(request.user), session_id, give_sheet)


@reception_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reception_sheet_enter(request, session_id):
    """Type in what a client marked on a sheet; afterwards it is not shown here any more."""
    sessions = sessions_to_type_in(request.user)
    return _at_reception(request, sessions, session_id, take_sheet, done=reverse("reception"))


@reception_only
@require_http_methods(["GET", "HEAD", "POST"])
def reception_sheets(request):
    """Find the session of a sheet by the code on it."""
    sessions = reception_sessions(request.user)
    return find_sheet(request, sessions, "reception-sheet-enter", back=reverse("reception"))


def _at_reception(request, sessions, session_id, do, **where):
    related = ("episode__client__practice", "episode__therapist__practice")
    session = get_object_or_404(sessions.select_related(*related).defer("note"), pk=session_id)
    # A sheet needs more of the episode than reception sees, such as the client's language.
    with session.episode.therapist.practice.clock(), rows_of_episode(session.episode_id):
        return do(request, session, back=reverse("reception"), **where)
