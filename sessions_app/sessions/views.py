from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import correct_session, log_session
from sessions_app.sessions.forms import SessionForm
from sessions_app.sessions.models import Session


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def session_create(request, episode_id):
    episodes = (
        Episode.objects.held_by(request.user).open().select_related("client", "therapist__practice")
    )
    episode = get_object_or_404(episodes, pk=episode_id)
    with episode.therapist.practice.clock():
        return _log(request, episode)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def session_edit(request, session_id):
    sessions = (
        Session.objects.held_by(request.user)
        .exclude(status=Session.Status.DROPPED)
        .select_related("episode__client", "episode__therapist__practice")
    )
    session = get_object_or_404(sessions, pk=session_id)
    if session.status == Session.Status.PLANNED:
        return redirect("session-planned", session.pk)
    with session.episode.therapist.practice.clock():
        return _correct(request, session)


def _log(request, episode):
    form = SessionForm(request.POST if request.method == "POST" else None, episode=episode)
    if form.is_valid():
        try:
            session = log_session(episode=episode, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            return onward(session)
    record("episode.read", episode, by=request.user)
    return render(request, "sessions/form.html", {"form": form, "episode": episode})


def _correct(request, session):
    form = SessionForm(
        request.POST if request.method == "POST" else None,
        episode=session.episode,
        session=session,
    )
    if form.is_valid():
        try:
            correct_session(session=session, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            explain(refusal, form)
        else:
            return redirect("episode", session.episode_id)
    record("session.read", session, by=request.user)
    context = {"form": form, "episode": session.episode, "session": session}
    return render(request, "sessions/form.html", context)


def onward(session):
    """Go and ask for the rating, if there was a session to rate."""
    if session.status == Session.Status.HELD:
        return redirect("rating-ask", session.pk)
    return redirect("episode", session.episode_id)


def explain(refusal, form):
    """Say why an action refused, next to the field that it is about."""
    for name, messages in getattr(refusal, "message_dict", {None: refusal.messages}).items():
        field = {"status": "happened", "called_off_by": "happened"}.get(name, name)
        form.add_error(field if field in form.fields else None, messages)
