from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from alliance.patterns.endings import present_endings
from alliance.patterns.numbers import present_numbers
from alliance.patterns.pages import present_list, present_patterns
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, managers_only
from sessions_app.access.models import Membership, Practice


@clinicians_only
@require_safe
def patterns_list(request):
    """List oneself and those whom one supervises, by name."""
    lines = present_list(request.user)
    for line in lines:
        record("patterns.listed", line.member, by=request.user)
    return render(request, "patterns/list.html", {"lines": lines})


@clinicians_only
@require_safe
def patterns(request, member_id):
    """Show how somebody's clients rate, to them and to who supervises them: the same page."""
    member = _reached(request, member_id)
    record("patterns.read", member, by=request.user)
    with member.practice.clock():
        context = {"patterns": present_patterns(member, request.user)}
        return render(request, "patterns/one.html", context)


@clinicians_only
@require_safe
def endings(request, member_id):
    """Show the ended courses of somebody, with how it went before."""
    member = _reached(request, member_id)
    record("endings.read", member, by=request.user)
    with member.practice.clock():
        found = present_endings(
            member, how=request.GET.get("how", ""), page=request.GET.get("page")
        )
        return render(request, "patterns/endings.html", {"member": member, "endings": found})


@managers_only
@require_safe
def practice_numbers(request, practice_id):
    """Show a practice in counts."""
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    record("numbers.read", practice, by=request.user)
    with practice.clock():
        context = {"practice": practice, "numbers": present_numbers(practice)}
        return render(request, "patterns/numbers.html", context)


def _reached(request, member_id):
    """Fetch a place whose clinical work the reader may read today, or 404."""
    reached = Membership.objects.filter(pk__in=Membership.objects.reach(request.user))
    return get_object_or_404(reached.select_related("user", "practice"), pk=member_id)
