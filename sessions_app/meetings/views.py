from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, freshly_confirmed
from sessions_app.clients.models import Episode
from sessions_app.meetings.actions import (
    add_to_circle,
    correct_meeting,
    lead_alone,
    lead_together,
    leave_circle,
    log_meeting,
    make_circle,
)
from sessions_app.meetings.forms import (
    CircleForm,
    JoinCircleForm,
    LeadTogetherForm,
    MeetingForm,
)
from sessions_app.meetings.models import Circle, CircleMember, Meeting
from sessions_app.meetings.pages import (
    free_episodes,
    present_circles,
    present_members,
    who_came,
    who_may_come,
)
from sessions_app.places.forms import explain
from sessions_app.sessions.models import Session

BOTH = ["GET", "HEAD", "POST"]


@clinicians_only
@require_safe
def circles(request):
    """List one's own couples, families and groups, and those of whom one supervises."""
    page = present_circles(request.user, page=request.GET.get("page"))
    for member in request.memberships:
        if member.is_clinician:
            record("circles.read", member, by=request.user)
    return render(request, "meetings/list.html", {"circles": page})


@clinicians_only
@require_http_methods(BOTH)
def circle_create(request):
    form = CircleForm(_posted(request), episodes=free_episodes(request.user))
    if form.is_valid():
        try:
            circle = make_circle(by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            return redirect("circle", circle.pk)
    _record_codes(request)
    return render(request, "meetings/create.html", {"form": form})


@clinicians_only
@require_http_methods(BOTH)
def circle_members(request, circle_id):
    """Say who belongs to it: add somebody from now on; who leaves has a button."""
    circle = _fetch(Circle.objects.led_by(request.user), circle_id)
    free = free_episodes(request.user).filter(therapist=circle.therapist_id)
    form = JoinCircleForm(_posted(request), episodes=free)
    if form.is_valid():
        try:
            add_to_circle(circle=circle, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            return redirect("circle-members", circle.pk)
    members = present_members(circle)
    _record_reading(request, circle, members)
    context = {"form": form, "circle": circle, "members": members, "can_add": free.exists()}
    return render(request, "meetings/members.html", context)


@clinicians_only
@require_POST
def circle_leave(request, member_id):
    led = Circle.objects.led_by(request.user)
    members = CircleMember.objects.filter(circle__in=led).present()
    member = get_object_or_404(members.select_related("client__practice"), pk=member_id)
    leave_circle(member=member, by=request.user)
    messages.success(request, _("Noted. Nothing changes for the others."))
    return redirect("circle-members", member.circle_id)


@clinicians_only
@require_http_methods(BOTH)
@freshly_confirmed
def circle_lead(request, circle_id):
    """Let a colleague lead it too: they get an episode of their own with each member."""
    circle = _fetch(Circle.objects.led_by(request.user).filter(co_therapist=None), circle_id)
    form = LeadTogetherForm(_posted(request), circle=circle)
    if form.is_valid():
        try:
            lead_together(circle=circle, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            return redirect("circle", circle.pk)
    members = present_members(circle)
    _record_reading(request, circle, members)
    context = {"form": form, "circle": circle, "members": members}
    return render(request, "meetings/lead.html", context)


@clinicians_only
@require_POST
def circle_lead_alone(request, circle_id):
    circle = _fetch(Circle.objects.led_by(request.user), circle_id)
    lead_alone(circle=circle, by=request.user)
    messages.success(request, _("You lead it alone now."))
    return redirect("circle-members", circle.pk)


@clinicians_only
@require_http_methods(BOTH)
def meeting_log(request, circle_id):
    circle = _fetch(Circle.objects.held_by(request.user), circle_id)
    with circle.therapist.practice.clock():
        members = who_may_come(circle, request.user)
        before = circle.meetings.order_by("starts_at").last()
        form = MeetingForm(_posted(request), members=members, before=before)
        if form.is_valid():
            try:
                meeting = log_meeting(circle=circle, by=request.user, **form.values())
            except ValidationError as refusal:
                explain(refusal, form)
            else:
                return redirect("meeting-ask", meeting.pk)
        _record_reading(request, circle, members)
        return render(request, "meetings/form.html", {"form": form, "circle": circle})


@clinicians_only
@require_http_methods(BOTH)
def meeting_correct(request, meeting_id):
    mine = Episode.objects.held_by(request.user)
    meetings = Meeting.objects.held_by(request.user).filter(
        pk__in=Session.objects.filter(episode__in=mine).exclude(meeting=None).values("meeting")
    )
    meeting = _fetch(meetings, meeting_id, "circle__")
    with meeting.circle.therapist.practice.clock():
        members, became = who_came(meeting, request.user)
        form = MeetingForm(_posted(request), members=members, meeting=meeting, became=became)
        if form.is_valid():
            try:
                correct_meeting(meeting=meeting, by=request.user, **form.values())
            except ValidationError as refusal:
                explain(refusal, form)
            else:
                return redirect("circle", meeting.circle_id)
        _record_reading(request, meeting, members)
        context = {"form": form, "circle": meeting.circle, "meeting": meeting}
        return render(request, "meetings/form.html", context)


def _posted(request):
    return request.POST if request.method == "POST" else None


def _fetch(rows, pk, circle=""):
    return get_object_or_404(rows.select_related(f"{circle}therapist__practice"), pk=pk)


def _record_reading(request, target, members):
    """Write the reading down, for whatever it is and for each client whose code is shown."""
    for read in (target, *members):
        record(f"{read._meta.model_name}.read", read, by=request.user)


def _record_codes(request):
    for member in request.memberships:
        if member.is_clinician:
            record("caseload.read", member, by=request.user)
