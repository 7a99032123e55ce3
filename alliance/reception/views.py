from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.asking.actions import (
    AlreadyAsked,
    BeforeTheClient,
    NothingToRate,
    request_at_reception,
)
from alliance.reception.pages import present_reception, reception_sessions
from alliance.sending.pages import present_today
from alliance.sending.views import ask_all, say_how_many
from sessions_app.access.actions import record
from sessions_app.access.doors import reception_only
from sessions_app.access.qr_codes import qr_code
from sessions_app.access.rows import rows_of_episode


@reception_only
@require_safe
def reception(request):
    """List held sessions by code: whether a rating was asked, and whether it has come."""
    pages = []
    for member in request.memberships:
        if member.is_reception:
            with member.practice.clock():
                pages.append(present_reception(request.user, member.practice))
            record("reception.read", member, by=request.user)
    return render(request, "reception/list.html", {"pages": pages})


@reception_only
@never_cache
@require_POST
def reception_ask(request, session_id):
    """Ask for a rating; the link is shown in the answer to this, and never again."""
    sessions = reception_sessions(request.user).select_related(
        "episode__client__practice", "episode__therapist__practice"
    )
    session = get_object_or_404(sessions, pk=session_id)
    try:
        # Asking needs more of the episode than reception sees, such as the client's language.
        with rows_of_episode(session.episode_id):
            # A reload of the page with the code must not end the link that the client has open.
            asked, secret = request_at_reception(
                session=session, replaces=request.POST.get("replaces", ""), by=request.user
            )
    except BeforeTheClient:
        messages.warning(
            request,
            _("Not asked: this client has the form open, on a tablet or a device handed to them."),
        )
        return redirect("reception")
    except (AlreadyAsked, NothingToRate):
        return redirect("reception")
    address = request.build_absolute_uri(f"{settings.FORMS_AT}{reverse('rate', args=[secret])}")
    context = {"session": session, "address": address, "qr": qr_code(address), "asked": asked}
    with session.episode.therapist.practice.clock():
        return render(request, "reception/link.html", context)


@reception_only
@require_http_methods(["GET", "HEAD", "POST"])
def reception_today(request):
    """Ask about all sessions of today that were not asked about, each client as agreed."""
    rows = present_today(reception_sessions(request.user), knows_addresses=False)
    if request.method == "POST":
        asked = 0
        for row in rows:
            # Asking needs more of the episode than reception sees, such as where a message goes.
            with rows_of_episode(row.session.episode_id):
                asked += ask_all([row], by=request.user)
        say_how_many(request, asked)
        return redirect("reception-today")
    for member in request.memberships:
        if member.is_reception:
            record("asking.read", member, by=request.user)
    return render(request, "sending/today.html", {"rows": rows, "is_own": False})
