from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from alliance.goals.actions import (
    agree_on_goal,
    end_goal,
    note_worked_on,
    reword_goal,
    say_how_near,
)
from alliance.goals.forms import EndForm, GoalForm, NearForm, WordsForm
from alliance.goals.models import Goal
from alliance.goals.pages import present_goal, present_goals, present_ticks
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def goals(request, episode_id):
    """Show the goals of an episode to whoever holds it, and take a new one."""
    episodes = Episode.objects.held_by(request.user).select_related("client", "therapist__practice")
    episode = get_object_or_404(episodes, pk=episode_id)
    with episode.therapist.practice.clock():
        return _goals(request, episode)


def _goals(request, episode):
    form = GoalForm(request.POST if request.method == "POST" else None, episode=episode)
    if _carried_out(form, agree_on_goal, episode=episode, by=request.user):
        return redirect("goals", episode.pk)
    record("goal.read", episode, by=request.user)
    latest = Session.objects.filter(episode=episode).held().order_by("starts_at").last()
    context = {
        "episode": episode,
        "form": form,
        "goals": present_goals(episode, with_forms=True),
        "ticks": present_ticks(latest) if latest else None,
    }
    return render(request, "goals/list.html", context)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def goal(request, goal_id):
    """Show all that was said of a goal; change its words, or end it."""
    goal = _held_goal(request, goal_id)
    with goal.episode.therapist.practice.clock():
        return _goal(request, goal)


def _goal(request, goal):
    sent = request.POST if request.method == "POST" else None
    is_end = "ending" in request.POST
    words = WordsForm(None if is_end else sent, goal=goal)
    end = EndForm(sent if is_end else None)
    if _carried_out(end, end_goal, goal=goal, by=request.user) or _carried_out(
        words, reword_goal, goal=goal, by=request.user
    ):
        return redirect("goals", goal.episode_id)
    record("goal.read", goal, by=request.user)
    context = {"page": present_goal(goal), "episode": goal.episode, "words": words, "end": end}
    return render(request, "goals/goal.html", context)


@clinicians_only
@require_POST
def goal_near(request, goal_id):
    """Take how near a goal is, as the two say it today."""
    goal = _held_goal(request, goal_id)
    form = NearForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Not stored: how near runs from 0 to 10."))
    elif form.marks():
        try:
            say_how_near(goal=goal, by=request.user, **form.marks())
        except ValidationError as refusal:
            messages.warning(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("Stored for today."))
    return redirect("goals", goal.episode_id)


@clinicians_only
@require_POST
def worked_on(request, session_id):
    """Take which goals were worked on in a session, and go back to where it was asked."""
    sessions = Session.objects.held_by(request.user).held()
    sessions = sessions.select_related("episode__therapist__practice")
    session = get_object_or_404(sessions, pk=session_id)
    chosen = set(request.POST.getlist("goal"))
    offered = [goal for goal in present_ticks(session).goals if str(goal.pk) in chosen]
    note_worked_on(session=session, goals=offered, by=request.user)
    messages.success(request, _("Noted which goals were worked on."))
    if "from_goals" in request.POST:
        return redirect("goals", session.episode_id)
    return redirect("rating-ask", session.pk)


def _held_goal(request, goal_id):
    goals = Goal.objects.held_by(request.user)
    goals = goals.select_related("episode__client", "episode__therapist__practice")
    return get_object_or_404(goals, pk=goal_id)


def _carried_out(form, action, **given):
    """Do what a form asks for; whether it was done. A refusal is said next to its field."""
    if not form.is_valid():
        return False
    try:
        action(**given, **form.cleaned_data)
    except ValidationError as refusal:
        for name, told in getattr(refusal, "message_dict", {None: refusal.messages}).items():
            form.add_error(name if name in form.fields else None, told)
        return False
    return True
