from django.shortcuts import render
from django.views.decorators.http import require_safe

from alliance.caseload.pages import present_caseload
from alliance.trends.models import Standing
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.openings.models import EmergencyAccess


@clinicians_only
@require_safe
def caseload(request):
    page = _present(request, Standing.objects.held_by(request.user), is_holder=True)
    _record(request, "caseload.read")
    emergencies = EmergencyAccess.objects.lately().among_clients_of(request.user)
    context = {"caseload": page, "was_opened": emergencies.exists()}
    return render(request, "caseload/own.html", context)


def _present(request, standings, *, is_holder):
    return present_caseload(
        standings,
        is_holder=is_holder,
        is_ended="ended" in request.GET,
        page=request.GET.get("page"),
    )


def _record(request, verb):
    """Write the reading down in each practice of which the list may show rows."""
    for member in request.memberships:
        if member.is_clinician:
            record(verb, member, by=request.user)
