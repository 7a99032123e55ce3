"""Putting a rating right, by the therapist whose clients' sessions it is about."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from alliance.asking.correcting_actions import NotMoved, move_rating, sessions_to_move_to
from alliance.asking.correcting_forms import MoveForm, TakeBackForm
from alliance.asking.correcting_pages import preview_move
from alliance.asking.entering_pages import sessions_to_ask
from alliance.asking.second_thoughts import withdraw_rating
from alliance.measures.models import Perspective
from alliance.ratings.models import Rating
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, freshly_confirmed


@clinicians_only
@freshly_confirmed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def move(request, rating_id):
    """Choose the right session, see what will change, and move the rating there."""
    rating = _rating(request, rating_id)
    with rating.session.episode.therapist.practice.clock():
        record("session.read", rating.session, by=request.user)
        return _move(request, rating)


def _move(request, rating):
    sessions = sessions_to_move_to(sessions_to_ask(request.user), rating)
    form = MoveForm(
        request.POST if request.method == "POST" else None,
        sessions=sessions.order_by("-starts_at"),
    )
    context = {"rating": rating, "session": rating.session, "form": form}
    if not form.is_valid():
        return render(request, "asking/move.html", context)
    choice = {"to": form.cleaned_data["session"], "reason": form.cleaned_data["reason"]}
    if request.POST.get("deed") == "change":
        return render(request, "asking/move.html", context)
    try:
        if request.POST.get("deed") != "move":
            context |= choice | {"page": preview_move(rating, by=request.user, **choice)}
            return render(request, "asking/move_sure.html", context)
        moved = move_rating(rating=rating, by=request.user, **choice)
    except NotMoved:
        messages.warning(request, _("Not moved: one of the two has changed meanwhile."))
        return redirect("episode", rating.session.episode_id)
    messages.success(request, _("Moved. To undo it, move it back from the session it is at now."))
    return redirect("episode", moved.session.episode_id)


@clinicians_only
@freshly_confirmed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request, rating_id):
    """Take a rating back because its client asks for it: nothing of its content is kept."""
    rating = _rating(request, rating_id)
    with rating.session.episode.therapist.practice.clock():
        form = TakeBackForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            withdraw_rating(rating=rating, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("Taken back. Nothing of what it said is kept."))
            return redirect("episode", rating.session.episode_id)
        record("session.read", rating.session, by=request.user)
        context = {"rating": rating, "session": rating.session, "form": form}
        return render(request, "asking/take_back.html", context)


def _rating(request, rating_id):
    """Return what a client said of a session of one's own that still stands."""
    ratings = Rating.objects.standing().filter(
        session__in=sessions_to_ask(request.user).values("pk"), respondent=Perspective.CLIENT
    )
    related = ("session__episode__client", "session__episode__therapist__practice")
    return get_object_or_404(ratings.select_related(*related), pk=rating_id)
