"""Where a conversation may help most; the meetings about it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from alliance.supervision import actions
from alliance.supervision.forms import (
    ActionForm,
    DoneForm,
    EpisodeFilter,
    LineForm,
    NotesForm,
    PlanForm,
)
from alliance.supervision.meeting_pages import present_meeting, present_pairs
from alliance.supervision.models import AgendaItem, AgreedAction, SupervisionMeeting
from alliance.supervision.pages import present_supervised
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.access.models import Membership, Supervision


@clinicians_only
@require_safe
def caseload_supervised(request):
    therapists = Membership.objects.filter(pk__in=Membership.objects.supervised_by(request.user))
    form = EpisodeFilter(
        request.GET, therapists=therapists.select_related("user").order_by("user__name", "pk")
    )
    form.full_clean()
    page = present_supervised(
        request.user,
        **form.cleaned_data,
        is_ended="ended" in request.GET,
        page=request.GET.get("page"),
    )
    _record_reading(request, "supervised_caseload.read")
    return render(request, "supervision/list.html", {"page": page, "form": form})


@clinicians_only
@require_safe
def supervisions(request):
    pairs = present_pairs(request.user)
    _record_reading(request, "supervision_meetings.read")
    context = {
        "supervising": [pair for pair in pairs if pair.is_supervisor],
        "supervised": [pair for pair in pairs if not pair.is_supervisor],
        "form": PlanForm(),
    }
    return render(request, "supervision/meetings.html", context)


@clinicians_only
@require_POST
def plan(request, supervision_id):
    supervision = get_object_or_404(
        Supervision.objects.today().filter(_is_one_of(request.user)), pk=supervision_id
    )
    form = PlanForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say on which day you meet."))
        return redirect("supervisions")
    meeting = actions.plan_meeting(supervision=supervision, by=request.user, **form.cleaned_data)
    return redirect("supervision-meeting", meeting.pk)


@clinicians_only
@require_safe
def meeting(request, meeting_id):
    return _show(request, _meeting(SupervisionMeeting.objects.visible_to(request.user), meeting_id))


@clinicians_only
@require_POST
def refresh(request, meeting_id):
    found = _own_meeting(request, meeting_id)
    try:
        added = actions.refresh_agenda(meeting=found, by=request.user)
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        told = ngettext("%(n)s point was added.", "%(n)s points were added.", added)
        messages.success(request, told % {"n": added} if added else _("Nothing new has come up."))
    return redirect("supervision-meeting", found.pk)


@clinicians_only
@require_POST
def line(request, meeting_id):
    found = _own_meeting(request, meeting_id)
    if found.held_on:  # Its agenda stays as it was.
        return redirect("supervision-meeting", found.pk)
    form = LineForm(request.POST, supervision=found.supervision)
    if not form.is_valid():
        return _show(request, found, line_form=form)
    actions.add_line(meeting=found, by=request.user, **form.cleaned_data)
    return redirect("supervision-meeting", found.pk)


@clinicians_only
@require_POST
def tick(request, item_id):
    items = AgendaItem.objects.held_by(request.user).select_related("meeting__supervision")
    item = get_object_or_404(items, pk=item_id)
    actions.tick(item=item, is_discussed="is_discussed" in request.POST, by=request.user)
    return redirect("supervision-meeting", item.meeting_id)


@clinicians_only
@require_POST
def notes(request, meeting_id):
    return _write(request, meeting_id, is_private=False)


@clinicians_only
@require_POST
def own_notes(request, meeting_id):
    return _write(request, meeting_id, is_private=True)


@clinicians_only
@require_POST
def agree(request, meeting_id):
    found = _own_meeting(request, meeting_id)
    form = ActionForm(request.POST, supervision=found.supervision)
    if not form.is_valid():
        return _show(request, found, action_form=form)
    actions.agree(meeting=found, by=request.user, **form.cleaned_data)
    return redirect("supervision-meeting", found.pk)


@clinicians_only
@require_POST
def done(request, action_id):
    action = get_object_or_404(
        AgreedAction.objects.held_by(request.user).select_related("supervision__supervisor"),
        pk=action_id,
    )
    form = DoneForm(request.POST, supervision=action.supervision)
    form.full_clean()
    actions.finish(action=action, is_done=form.cleaned_data["is_done"], by=request.user)
    back = form.cleaned_data.get("meeting")
    return redirect("supervision-meeting", back.pk if back else action.meeting_id)


@clinicians_only
@require_POST
def held(request, meeting_id):
    found = _own_meeting(request, meeting_id)
    actions.hold_meeting(meeting=found, by=request.user)
    return redirect("supervision-meeting", found.pk)


def _is_one_of(user):
    """Return the condition under which `user` is one of the two."""
    own = Membership.objects.own(user)
    return Q(supervisor__in=own) | Q(therapist__in=own)


def _meeting(meetings, meeting_id):
    pair = "supervision__supervisor__user", "supervision__therapist__user"
    return get_object_or_404(meetings.select_related(*pair), pk=meeting_id)


def _own_meeting(request, meeting_id):
    return _meeting(SupervisionMeeting.objects.held_by(request.user), meeting_id)


def _write(request, meeting_id, *, is_private):
    """Keep a page of notes, or say beside it why it cannot be kept."""
    found = _own_meeting(request, meeting_id)
    form = NotesForm(request.POST, is_private=is_private)
    if not form.is_valid():
        return _show(request, found, **{"own_form" if is_private else "notes_form": form})
    text = form.cleaned_data["notes"]
    if is_private:
        actions.write_private_note(meeting=found, text=text, by=request.user)
    else:
        actions.write_notes(meeting=found, notes=text, by=request.user)
    messages.success(request, _("Kept."))
    return redirect("supervision-meeting", found.pk)


def _show(request, found, **forms):
    """Show a meeting, with the forms of whoever may write in it."""
    page = present_meeting(found, reader=request.user)
    record("supervision_meeting.read", found, by=request.user)
    context = {
        "page": page,
        "meeting": found,
        "line_form": LineForm(supervision=found.supervision),
        "action_form": ActionForm(supervision=found.supervision),
        "notes_form": NotesForm(initial={"notes": found.notes}, is_private=False),
        "own_form": NotesForm(initial={"notes": page.own_notes}, is_private=True),
    }
    return render(request, "supervision/meeting.html", context | forms)


def _record_reading(request, verb):
    """Write the reading down in each practice of which the page may show rows."""
    for member in request.memberships:
        if member.is_clinician:
            record(verb, member, by=request.user)
