from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from sessions_app.access.doors import public, signed_in
from sessions_app.access.models import Membership


@signed_in
@require_safe
def home(request):
    """Go where this person's work is; who has none yet is told so in plain words."""
    if request.is_clinician:
        return redirect("caseload-supervised" if _only_supervises(request.user) else "caseload")
    return render(request, "people/home.html", {"memberships": request.memberships})


@public
@require_safe
def health(request):
    """Say that the server answers; it reads nothing."""
    return render(request, "people/health.txt", content_type="text/plain")


def _only_supervises(user):
    own = Membership.objects.own(user)
    return not Membership.objects.filter(pk__in=own, episodes__isnull=False).exists() and bool(
        Membership.objects.supervised_by(user)
    )
