from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session
from sessions_app.sessions.planning_actions import (
    NoLongerPlanned,
    call_off,
    drop_planned,
    move_planned,
    note_outcome,
    plan_sessions,
)
from sessions_app.sessions.planning_forms import MoveForm, PlanForm
from sessions_app.sessions.views import explain, onward


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def session_plan(request, episode_id):
    episodes = (
        Episode.objects.held_by(request.user).open().select_related("client", "therapist__practice")
    )
    episode = get_object_or_404(episodes, pk=episode_id)
    with episode.therapist.practice.clock():
        return _plan(request, episode)


def _plan(request, episode):
    form = PlanForm(request.POST if request.method == "POST" else None, episode=episode)
    if form.is_valid():
        try:
            planned = plan_sessions(episode=episode, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            said = ngettext("One session is planned.", "%(n)s sessions are planned.", len(planned))
            messages.info(request, said % {"n": len(planned)})
            return redirect("episode", episode.pk)
    record("episode.read", episode, by=request.user)
    return render(request, "sessions/plan.html", {"form": form, "episode": episode})


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def session_planned(request, session_id):
    """Show a planned session, and say what becomes of it: one deed for each button."""
    sessions = (
        Session.objects.held_by(request.user)
        .exclude(status=Session.Status.DROPPED)
        .select_related("episode__client", "episode__therapist__practice")
    )
    session = get_object_or_404(sessions, pk=session_id)
    with session.episode.therapist.practice.clock():
        return _planned(request, session)


def _planned(request, session):
    deed = request.POST.get("deed", "")
    form = MoveForm(request.POST if deed == "move" else None, session=session)
    if request.method == "POST":
        if deed not in DEEDS:
            raise Http404
        try:
            answer = DEEDS[deed](request, session, form)
        except NoLongerPlanned:  # A second tap, or somebody was quicker in another tab.
            session.refresh_from_db(fields=["status"])
            answer = onward(session)
        except ValidationError as refusal:
            answer = None
            if deed == "move":
                explain(refusal, form)
            else:
                messages.error(request, " ".join(refusal.messages))
        if answer:
            return answer
    elif session.status != Session.Status.PLANNED:
        return redirect("session-edit", session.pk)
    record("session.read", session, by=request.user)
    context = {"session": session, "episode": session.episode, "form": form}
    return render(request, "sessions/planned.html", context)


def _held(request, session, form):
    return onward(note_outcome(session=session, status=Session.Status.HELD, by=request.user))


def _missed(request, session, form):
    note_outcome(session=session, status=Session.Status.MISSED, by=request.user)
    messages.info(request, _("Noted: the client did not come."))
    return redirect("caseload")


def _off_by(who):
    def called_off(request, session, form):
        call_off(session=session, called_off_by=who, by=request.user)
        messages.info(request, _("The session is called off."))
        return redirect("episode", session.episode_id)

    return called_off


def _drop(request, session, form):
    dropped = drop_planned(session=session, by=request.user, with_rest="with_rest" in request.POST)
    said = ngettext(
        "One session is out of the plan.", "%(n)s sessions are out of the plan.", len(dropped)
    )
    messages.info(request, said % {"n": len(dropped)})
    return redirect("episode", session.episode_id)


def _move(request, session, form):
    if not form.is_valid():
        return None
    move_planned(session=session, by=request.user, **form.cleaned_data)
    messages.info(request, _("The plan is changed."))
    return redirect("episode", session.episode_id)


DEEDS = {
    "held": _held,
    "missed": _missed,
    "off-client": _off_by(Session.CalledOffBy.CLIENT),
    "off-therapist": _off_by(Session.CalledOffBy.THERAPIST),
    "drop": _drop,
    "move": _move,
}
