from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, managers_only
from sessions_app.access.models import Practice
from sessions_app.trail.forms import TrailFilter
from sessions_app.trail.pages import present_clients_trail, present_practice_trail


@managers_only
@require_safe
def practice_trail(request, practice_id):
    """Who did what in the practice; looking is itself written down."""
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    form = TrailFilter(request.GET or None, practice=practice)
    chosen = form.cleaned_data if form.is_valid() else {}
    with practice.clock():
        page = present_practice_trail(practice, page=request.GET.get("page"), **chosen)
        record("trail.read", practice, by=request.user)
        return render(request, "trail/practice.html", {"page": page, "form": form})


@clinicians_only
@require_safe
def clients_trail(request):
    """Who else has read the clients whom one sees oneself."""
    page = present_clients_trail(request.user, page=request.GET.get("page"))
    return render(request, "trail/clients.html", {"page": page})
