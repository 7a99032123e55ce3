"""What a paired tablet shows: nothing, a form, thanks, and nothing again."""

from functools import wraps

from django.conf import settings
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.asking.actions import clear_tablet, show_what_became
from alliance.asking.answering import answer_form, asked_with, nothing_here
from alliance.ratings.models import RatingRequest
from sessions_app.access.doors import public
from sessions_app.access.limits import limits_guesses
from sessions_app.access.rows import rows_of_form
from sessions_app.tablets.actions import note_seen
from sessions_app.tablets.models import Tablet
from sessions_app.tablets.seal import stay_paired, unpair


def paired_only(view):
    """Let in a device that has the key of a tablet; any other loses its cookie and finds nothing.

    Wrong keys are slowed down, right ones never.
    """

    @wraps(view)
    def guarded(request, *args):
        key = request.COOKIES.get(settings.TABLET_COOKIE_NAME, "")
        tablet = Tablet.objects.with_key(key).select_related("practice").first()
        if tablet is None:
            return unpair(_unknown(request))
        note_seen(tablet=tablet)
        with rows_of_form(tablet.form_now):
            return view(request, tablet)

    return guarded


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@paired_only
def tablet(request, tablet):
    """Show what was sent to this tablet, or nothing; take the answer to what it shows.

    An answer that was begun on another form than the one that is here now goes nowhere.
    """
    asked = _shown(tablet)
    if asked is None or not asked.admits():
        return _blank(request, tablet)
    if request.method == "POST" and request.POST.get("which") != _which(asked):
        return redirect("tablet")
    try:
        response = answer_form(request, asked, thanks_at=request.path, which=_which(asked))
    except Http404:  # It was closed a moment ago, and a tablet does not stay on an error.
        return redirect("tablet")
    if response.status_code == 302:
        show_what_became(tablet=tablet, request=asked)
    return _renewed(request, response)


@public
@never_cache
@require_safe
@paired_only
def tablet_waiting(request, tablet):
    """Tell the page on the tablet which form there is to show: it asks every few seconds."""
    asked = _shown(tablet)
    is_open = asked is not None and asked.is_open()
    return JsonResponse({"which": _which(asked) if is_open else ""})


@public
@never_cache
@require_POST
@paired_only
def tablet_clear(request, tablet):
    """Make the tablet blank: somebody closed the form or the thanks, or left it lying."""
    asked = _shown(tablet)
    if asked and request.POST.get("which") == _which(asked):
        clear_tablet(tablet=tablet, request=asked)
    return redirect("tablet")


@csrf_exempt  # What does not exist asks for no token.
@public
@paired_only
def nothing_else(request, tablet):
    """Answer as where nothing is, whatever else is asked for on a tablet."""
    return nothing_here(request)


def _shown(tablet):
    """Return the request that is on this tablet now, answered or not."""
    if not tablet.form_now:
        return None
    return asked_with(RatingRequest.objects.on_tablet(), tablet.form_now)


def _which(asked):
    """Return what tells one form on the tablet from the next, and nothing about either."""
    return asked.token_digest[:16]


def _blank(request, tablet):
    if request.method == "POST":
        return redirect("tablet")
    language = tablet.practice.language
    with translation.override(language):
        context = {
            "tablet": tablet,
            "language": language,
            "is_rtl": translation.get_language_bidi(),
        }
        return _renewed(request, render(request, "asking/tablet.html", context))


def _renewed(request, response):
    """Let the key last on from a page that was shown."""
    return stay_paired(response, request.COOKIES[settings.TABLET_COOKIE_NAME])


def _unknown(request):
    try:
        return _guess(request)
    except Http404:
        return nothing_here(request)


@limits_guesses("tablet")
def _guess(request):
    raise Http404
