from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from alliance.trends.actions import open_trend
from alliance.trends.exports import write_csv, write_series
from alliance.trends.pages import present_trend
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, freshly_confirmed
from sessions_app.clients.models import Episode
from sessions_app.openings.models import opening_of


@clinicians_only
@require_safe
def episode(request, episode_id):
    episode = _fetch(request, episode_id)
    is_holder = Episode.objects.held_by(request.user).filter(pk=episode.pk).exists()
    opening = None if is_holder else opening_of(episode, request.user)
    with episode.therapist.practice.clock():
        page = present_trend(episode, is_holder=is_holder, reader=request.user)
        is_seen = is_holder and request.method == "GET"
        open_trend(
            episode=episode,
            by=request.user,
            shown=page.ratings if is_seen else None,
            reason=str(opening or ""),
        )
        context = {"page": page, "episode": episode, "opening": opening}
        return render(request, "trends/episode.html", context)


@clinicians_only
@freshly_confirmed
@require_safe
def episode_csv(request, episode_id):
    return _export(request, episode_id, write_csv, "ratings.csv")


@clinicians_only
@freshly_confirmed
@require_safe
def episode_series(request, episode_id):
    return _export(request, episode_id, write_series, "series.csv")


def _export(request, episode_id, write, name):
    episode = _fetch(request, episode_id)
    opening = opening_of(episode, request.user)
    record("episode.exported", episode, by=request.user, reason=str(opening or ""))
    return HttpResponse(
        write(episode),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _fetch(request, episode_id):
    episodes = Episode.objects.visible_to(request.user).select_related(
        "client", "therapist__user", "therapist__practice"
    )
    return get_object_or_404(episodes, pk=episode_id)
