from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.follow_up.actions import change_prompts, empty_reflection, reflect
from alliance.follow_up.forms import PromptsForm, ReflectionForm
from alliance.follow_up.own_models import Reflection
from alliance.follow_up.own_pages import present_figures, present_reflections
from alliance.follow_up.prompts import all_prompts
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, managers_only
from sessions_app.access.models import Practice
from sessions_app.clients.models import Episode


@managers_only
@require_safe
def prompts(request, practice_id):
    """Show what could help where something is marked, in our words or the practice's own."""
    practice = _managed(request, practice_id)
    record("prompts.read", practice, by=request.user)
    found = all_prompts(practice.pk).values()
    return render(request, "follow_up/practice.html", {"practice": practice, "all": found})


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def prompts_change(request, practice_id, key):
    """Put the practice's own words in the place of ours."""
    practice = _managed(request, practice_id)
    found = all_prompts(practice.pk).get(key)
    if found is None:
        raise Http404
    form = PromptsForm(request.POST if request.method == "POST" else None, prompts=found)
    if form.is_valid():
        change_prompts(practice=practice, key=key, by=request.user, **form.cleaned_data)
        messages.success(request, _("Stored."))
        return redirect("prompts", practice.pk)
    context = {"practice": practice, "prompts": found, "form": form}
    return render(request, "follow_up/practice_change.html", context)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def reflection(request, episode_id):
    """Think for two minutes about how one is with this client, for oneself alone."""
    episodes = Episode.objects.held_by(request.user).select_related("client", "therapist__practice")
    episode = get_object_or_404(episodes, pk=episode_id)
    with episode.therapist.practice.clock():
        form = ReflectionForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            reflect(episode=episode, said=form.cleaned_data, by=request.user)
            messages.success(request, _("Kept, for you alone."))
            return redirect("reflection", episode.pk)
        record("episode.read", episode, by=request.user)
        kept = present_reflections(episode, user=request.user)
        context = {"episode": episode, "form": form, "kept": kept}
        return render(request, "follow_up/reflection.html", context)


@clinicians_only
@require_POST
def reflection_empty(request, reflection_id):
    """Empty what one wrote."""
    kept = get_object_or_404(Reflection.objects.own(request.user), pk=reflection_id)
    empty_reflection(reflection=kept, by=request.user)
    messages.success(request, _("Emptied. Nothing of it is left."))
    return redirect("reflection", kept.episode_id)


@clinicians_only
@require_safe
def marked_own(request):
    """Say of one's own flags of the last twelve months what came of them."""
    for member in request.memberships:
        if member.is_clinician:
            record("flags.counted", member, by=request.user)
    return render(request, "follow_up/figures.html", {"page": present_figures(request.user)})


def _managed(request, practice_id):
    return get_object_or_404(Practice.objects.managed_by(request.user), pk=practice_id)
