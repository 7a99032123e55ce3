from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from sessions_app.access.doors import clinicians_only, freshly_confirmed, public
from sessions_app.access.limits import limits_guesses
from sessions_app.access.models import Membership
from sessions_app.access.rows import rows_of
from sessions_app.calendars.actions import end_feed, make_feed, note_fetched
from sessions_app.calendars.models import CalendarFeed
from sessions_app.calendars.pages import fingerprint, planned_of, write_calendar


@clinicians_only
@freshly_confirmed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request):
    """Make the address, or end it; its secret is shown in the answer to the POST alone."""
    context = {}
    if "end" in request.POST:
        end_feed(owner=request.user)
        messages.info(request, _("The address shows nothing any more."))
        return redirect("calendar")
    if request.method == "POST":
        _feed, secret = make_feed(owner=request.user)
        address = reverse("calendar-feed", args=[secret])
        context["address"] = request.build_absolute_uri(address)
    context["feed"] = CalendarFeed.objects.in_use().of(request.user).first()
    return render(request, "calendars/calendar.html", context)


@public  # Calendar programs cannot sign in; the secret in the address admits.
@require_safe
@limits_guesses("calendar")
def calendar_feed(request, secret):
    """Give a calendar program what its owner has planned, while they have a place today."""
    feed = CalendarFeed.objects.with_secret(secret).select_related("owner").first()
    if feed is None or not Membership.objects.own(feed.owner):
        raise Http404
    with rows_of(feed.owner):
        sessions = planned_of(feed.owner)
    note_fetched(feed=feed)
    etag = f'W/"{fingerprint(sessions)}"'
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged or HttpResponse(
        write_calendar(sessions), content_type="text/calendar; charset=utf-8"
    )
    response.headers["ETag"] = etag
    return response
