from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from alliance.caseload.agenda import present_agenda
from alliance.caseload.forms import CodeForm, FilterForm
from alliance.caseload.news import present_news
from alliance.caseload.pages import present_caseload
from alliance.trends.models import Standing
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.openings.models import EmergencyAccess


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def caseload(request):
    """Show a therapist's home. A POST looks for a code, which the address must not hold."""
    narrowed, code = FilterForm(request.GET), CodeForm(request.POST)
    standings = code.keep(narrowed.keep(Standing.objects.held_by(request.user)))
    page = _present(request, standings, is_holder=True)
    _record(request, "caseload.read")
    emergencies = EmergencyAccess.objects.lately().among_clients_of(request.user)
    context = {
        "caseload": page,
        "agenda": present_agenda(request.user),
        "news": present_news(request.user),
        "narrowed": narrowed,
        "code": code,
        "is_searched": narrowed.narrows or bool(code.cleaned_data.get("code")),
        "was_opened": emergencies.exists(),
    }
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
