from functools import wraps

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST

from alliance.asking.actions import (
    NothingToRate,
    digest,
    end_hand_over,
    note_stray,
    request_rating,
    send_to_tablet,
)
from alliance.asking.answering import (
    answer_form,
    asked_with,
    nothing_here,
    stop_by_message,
    wants_to_stop,
)
from alliance.asking.pages import present_asking
from alliance.asking.seal import ADDRESSES, break_seal, seal
from alliance.measures.models import Perspective
from alliance.ratings.models import RatingRequest
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, public
from sessions_app.access.limits import limits_guesses
from sessions_app.access.qr_codes import qr_code
from sessions_app.access.rows import rows_of_form
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session
from sessions_app.tablets.actions import TabletRevoked
from sessions_app.tablets.models import Tablet

BY_BUTTON = {RatingRequest.Channel.LINK, RatingRequest.Channel.DEVICE}


@clinicians_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request, session_id):
    """Offer the ways to ask; the secret is shown in the answer to the POST, and never again."""
    session = _held_session(request, session_id)
    with session.episode.therapist.practice.clock():
        return _ask(request, session)


def _ask(request, session):
    if request.method == "POST":
        channel = request.POST.get("channel")
        tablet = _tablet(request, session)
        if tablet is None and channel not in BY_BUTTON:
            raise Http404
        # A reload of the page with the code must not end the link that the client has open.
        replaces = request.POST.get("replaces", "")
        if str(getattr(present_asking(session)["open"], "pk", "")) != replaces:
            return redirect("rating-ask", session.pk)
        besides = "besides" in request.POST
        try:
            if tablet:
                asked = send_to_tablet(
                    session=session, tablet=tablet, by=request.user, besides=besides
                )
                context = {"episode": session.episode, "session": session, "tablet": tablet}
                return render(request, "asking/sent.html", {**context, "asked": asked})
            asked, secret = request_rating(
                session=session,
                respondent=Perspective.CLIENT,
                channel=channel,
                by=request.user,
                besides=besides,
            )
        except (NothingToRate, TabletRevoked):
            return redirect("rating-ask", session.pk)
        if channel == RatingRequest.Channel.DEVICE:
            return _hand_over(request, secret)
        address = f"{settings.FORMS_AT}{reverse('rate', args=[secret])}"
        address = request.build_absolute_uri(address)
        context = {**present_asking(session), "address": address, "qr": qr_code(address)}
        return render(request, "asking/link.html", {**context, "expires_at": asked.expires_at})
    record("session.read", session, by=request.user)
    return render(request, "asking/ask.html", present_asking(session))


def _tablet(request, session):
    """Return the tablet that was chosen, if one was: of the therapist's own practice."""
    if "tablet" not in request.POST:
        return None
    tablets = Tablet.objects.at_hand_of(session.episode.therapist)
    try:
        return get_object_or_404(tablets, pk=request.POST["tablet"])
    except ValidationError:  # It looks like no id of a tablet.
        raise Http404 from None


def _hand_over(request, secret):
    """Sign out on this device, and leave on it nothing but what admits to one form."""
    logout(request)
    return seal(redirect(reverse("handed-over", urlconf=ADDRESSES)), secret)


@clinicians_only
@require_POST
def rate_own(request, session_id):
    """Let the therapist rate the session from the other seat, on the same kind of form."""
    session = _held_session(request, session_id)
    try:
        _asked, secret = request_rating(
            session=session,
            respondent=Perspective.THERAPIST,
            channel=RatingRequest.Channel.DEVICE,
            by=request.user,
        )
    except NothingToRate:
        return redirect("rating-ask", session.pk)
    return redirect("rate", secret)


def _is_therapist(asked, user):
    """Whether it is `user` who was asked for the therapist's own rating, and still holds it."""
    return asked.asked_by == user and (
        Session.objects.held_by(user).filter(pk=asked.session_id).exists()
    )


def _held_session(request, session_id):
    sessions = (
        Session.objects.held_by(request.user)
        .held()
        .exclude(episode__ending=Episode.Ending.TRANSFERRED)
        .select_related("episode__client__practice", "episode__therapist__practice")
    )
    return get_object_or_404(sessions, pk=session_id)


def for_its_secret(view):
    """Open the rows of one form, to whoever has its secret: in the address, or in the cookie."""

    @wraps(view)
    def answered(request, *args, **kwargs):
        secret = kwargs.get("secret") or request.COOKIES.get(settings.HAND_OVER_COOKIE_NAME, "")
        with rows_of_form(digest(secret)):
            return view(request, *args, **kwargs)

    return answered


# The secret in the address is the authority and no cookie is used, so there is
# nothing for a forged cross-site request to ride on.
@csrf_exempt
@public
@never_cache
@gzip_page  # Nothing in this page is secret from whoever has its address.
@require_http_methods(["GET", "HEAD", "POST"])
@limits_guesses("form")
@for_its_secret
def rate(request, secret):
    """Show the form and take the answer. A GET changes nothing, however often it comes.

    Unknown, expired and replaced secrets look alike.
    """
    asked = asked_with(RatingRequest.objects.with_address(), digest(secret))
    # Where the clients' pages are served alone, nobody is ever signed in.
    if asked and asked.respondent == Perspective.THERAPIST:
        asked = asked if _is_therapist(asked, getattr(request, "user", None)) else None
    if asked is None:
        raise Http404
    # A form that is sent may have been opened in time.
    admits = asked.admits(grace=request.method == "POST")
    if wants_to_stop(request, asked, is_over=not admits):
        return stop_by_message(request, asked)
    if not admits:
        raise Http404
    return answer_form(request, asked, thanks_at=reverse("rate", args=[secret]))


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_its_secret
def handed_over(request):
    """Show the form on the device that was handed over; its cookie admits, not its address."""
    asked = _handed_over(request)
    if asked is None or not asked.admits():
        return break_seal(nothing_here(request))
    return answer_form(request, asked, thanks_at=reverse("handed-over"))


@public
@require_POST
@for_its_secret
def hand_back(request):
    """End the form on the device that was handed over: whoever goes on from here signs in."""
    asked = _handed_over(request)
    if asked:
        end_hand_over(request=asked)
    return break_seal(redirect(reverse("account_login", urlconf=settings.ROOT_URLCONF)))


@csrf_exempt  # What does not exist asks for no token.
@public
@for_its_secret
def stray(request, *args):
    """Answer as where nothing is, whatever is asked for on a device that was handed over.

    What a browser fetches by itself (an icon, say) is not held against anybody.
    """
    asked = _handed_over(request)
    if asked is None:
        return break_seal(nothing_here(request))
    if request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        note_stray(request=asked)
    return nothing_here(request)


def _handed_over(request):
    secret = request.COOKIES.get(settings.HAND_OVER_COOKIE_NAME, "")
    return asked_with(RatingRequest.objects.handed_over(), digest(secret))
