from django.shortcuts import render
from django.views.decorators.http import require_safe

from alliance.caseload.pages import present_caseload
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.access.models import Membership


@clinicians_only
@require_safe
def caseload(request):
    therapists = Membership.objects.own(request.user)
    return _caseload(request, therapists, "caseload/own.html", "caseload.read")


@clinicians_only
@require_safe
def caseload_supervised(request):
    therapists = Membership.objects.supervised_by(request.user)
    return _caseload(request, therapists, "caseload/supervised.html", "supervised_caseload.read")


def _caseload(request, therapists, template, verb):
    page = present_caseload(
        therapists, is_ended="ended" in request.GET, page=request.GET.get("page")
    )
    record(verb, request.memberships[0], by=request.user)
    return render(request, template, {"caseload": page})
