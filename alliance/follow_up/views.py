from dataclasses import replace

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from alliance.follow_up.actions import acknowledge, follow_up
from alliance.follow_up.forms import AcknowledgementForm, FollowUpForm, LastTimeForm
from alliance.follow_up.models import FollowUp
from alliance.follow_up.pages import present_flag, present_last_time
from alliance.follow_up.prompts import all_prompts
from alliance.follow_up.standing_out import Series
from alliance.follow_up.words import ASKS_NOTHING
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from alliance.trends.models import Flag
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def rating_follow_up(request, rating_id):
    """Write down what was spoken about after a rating and what was agreed, a line each."""
    ratings = Rating.objects.standing().of_alliance().filter(respondent=Perspective.CLIENT)
    ratings = ratings.select_related(
        "session__episode__client", "session__episode__therapist__practice"
    )
    held = _held_episodes(request.user)
    rating = get_object_or_404(ratings.filter(session__episode__in=held), pk=rating_id)
    episode = rating.session.episode
    with episode.therapist.practice.clock():
        sent = request.POST if request.method == "POST" else None
        kept = FollowUp.objects.filter(rating=rating).first()
        form = FollowUpForm(sent, kept=kept)
        if form.is_valid():
            follow_up(rating=rating, by=request.user, **form.cleaned_data)
            return _back_to(episode)
        record("episode.read", episode, by=request.user)
        context = {"form": form, "rating": rating, "episode": episode}
        return render(request, "follow_up/rating.html", context)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def last_time(request, session_id):
    """Write one line on the rating before a session that was just logged, and go on asking."""
    sessions = Session.objects.held_by(request.user).filter(
        episode__in=_held_episodes(request.user)
    )
    session = get_object_or_404(
        sessions.select_related("episode__client", "episode__therapist__practice"), pk=session_id
    )
    episode = session.episode
    with episode.therapist.practice.clock():
        found = present_last_time(session)
        if found is None:
            return redirect("rating-ask", session.pk)
        form = LastTimeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            follow_up(rating=found.rating, by=request.user, **form.cleaned_data)
            return redirect("rating-ask", session.pk)
        record("session.read", session, by=request.user)
        context = {"last": replace(found, form=form), "session": session, "episode": episode}
        return render(request, "follow_up/last_time_page.html", context)


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def flag_acknowledge(request, flag_id):
    """Say what became of a flag. Said again, the later word stands."""
    flags = Flag.objects.filter(withdrawn_at=None).exclude(kind__in=ASKS_NOTHING)
    flags = flags.filter(episode__in=_held_episodes(request.user)).select_related(
        "session", "episode__client", "episode__therapist__practice", "acknowledgement"
    )
    flag = get_object_or_404(flags, pk=flag_id)
    with flag.episode.therapist.practice.clock():
        return _acknowledge(request, flag)


def _acknowledge(request, flag):
    kept = getattr(flag, "acknowledgement", None)
    form = AcknowledgementForm(
        request.POST if request.method == "POST" else None, flag=flag, kept=kept
    )
    if form.is_valid():
        try:
            acknowledge(flag=flag, by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _back_to(flag.episode)
    record("episode.read", flag.episode, by=request.user)
    prompts = all_prompts(flag.episode.therapist.practice_id)
    marked = present_flag(flag, Series(flag.episode), prompts, form=form)
    context = {"marked": marked, "episode": flag.episode}
    return render(request, "follow_up/flag.html", context)


def _held_episodes(user):
    """Keep the reader's own episodes, over or not; none that they have handed over."""
    return Episode.objects.held_by(user).exclude(ending=Episode.Ending.TRANSFERRED)


def _back_to(episode):
    return redirect(f"{reverse('episode', args=[episode.pk])}#what-came")
