from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.access.actions import appoint_deputy, dismiss_deputy, record
from sessions_app.access.doors import (
    clinicians_only,
    freshly_confirmed,
    managers_only,
    signed_in,
)
from sessions_app.access.factors import ask_to_confirm, must_confirm
from sessions_app.access.models import Deputy, Membership, Practice
from sessions_app.openings.actions import close_emergency, open_in_emergency
from sessions_app.openings.forms import DeputyForm, EmergencyForm
from sessions_app.openings.models import EmergencyAccess
from sessions_app.openings.pages import (
    present_emergencies,
    present_opened_record,
    present_practice_emergencies,
)
from sessions_app.places.forms import explain


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def emergencies(request):
    """Tell a clinician what was opened among their clients; let a deputy open a record."""
    ids = Membership.objects.deputies(request.user)
    places = Membership.objects.filter(pk__in=ids).select_related("practice")
    form = None
    if ids:
        if must_confirm(request):  # Before the reason is typed, so that nothing is lost.
            return ask_to_confirm(request)
        form = EmergencyForm(request.POST if request.method == "POST" else None, members=places)
        if form.is_valid():
            access = _open(request, form)
            if access:
                return redirect("emergency", access.pk)
    for member in request.memberships:
        if member.is_clinician:
            record("emergencies.read", member, by=request.user)
    page = present_emergencies(request.user)
    return render(request, "openings/emergencies.html", {"page": page, "form": form})


@clinicians_only
@require_safe
def emergency(request, access_id):
    """Show the record that one has opened, while it is open; each look is written down."""
    opened = EmergencyAccess.objects.open().opened_by(request.user)
    access = get_object_or_404(
        opened.select_related("client", "member__practice", "member__user"), pk=access_id
    )
    record("emergency.read", access, by=request.user, reason=str(access))
    return render(request, "openings/emergency.html", {"page": present_opened_record(access)})


@signed_in
@require_POST
def emergency_end(request, access_id):
    access = get_object_or_404(EmergencyAccess.objects.endable_by(request.user), pk=access_id)
    close_emergency(access=access, by=request.user)
    messages.success(request, _("Ended. The record is closed again."))
    if request.is_clinician:
        return redirect("emergencies")
    return redirect("practice-emergencies", access.member.practice_id)


@managers_only
@require_safe
def practice_emergencies(request, practice_id):
    """Show who may open a record in an emergency, and what they opened."""
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    return _of_practice(request, practice, DeputyForm(practice=practice))


@managers_only
@require_POST
@freshly_confirmed
def deputy_appoint(request, practice_id):
    practice = get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
    form = DeputyForm(request.POST, practice=practice)
    if form.is_valid():
        try:
            appoint_deputy(by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            messages.success(request, _("Appointed. It holds until you dismiss this person."))
            return redirect("practice-emergencies", practice.pk)
    return _of_practice(request, practice, form)


@managers_only
@require_POST
@freshly_confirmed
def deputy_dismiss(request, deputy_id):
    deputies = Deputy.objects.filter(member__in=Membership.objects.managed_by(request.user))
    deputy = get_object_or_404(
        deputies.filter(dismissed_at=None).select_related("member"), pk=deputy_id
    )
    dismiss_deputy(deputy=deputy, by=request.user)
    messages.success(request, _("Dismissed. What this person had opened is closed."))
    return redirect("practice-emergencies", deputy.member.practice_id)


def _of_practice(request, practice, form):
    record("emergencies.read", practice, by=request.user)
    page = present_practice_emergencies(practice)
    return render(request, "openings/practice.html", {"page": page, "form": form})


def _open(request, form):
    """Open the record that the form names, or say beside the field why not."""
    try:
        return open_in_emergency(
            by=request.user, absolute=request.build_absolute_uri, **form.cleaned_data
        )
    except ValidationError as refusal:
        explain(refusal, form)
        return None
