from functools import wraps

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from alliance.asking.actions import (
    AlreadyClosed,
    NothingToRate,
    digest,
    request_rating,
    submit_rating,
)
from alliance.asking.forms import RatingForm
from alliance.asking.pages import present_asking, qr_code, who_reads
from alliance.measures.models import Perspective
from alliance.ratings.models import RatingRequest
from sessions_app.access.actions import record
from sessions_app.access.doors import clinicians_only, public
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session


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
        if channel not in RatingRequest.Channel.values:
            raise Http404
        # A reload of the page with the code must not end the link that the client has open.
        replaces = request.POST.get("replaces", "")
        if str(getattr(present_asking(session)["open"], "pk", "")) != replaces:
            return redirect("rating-ask", session.pk)
        try:
            asked, secret = request_rating(
                session=session, respondent=Perspective.CLIENT, channel=channel, by=request.user
            )
        except NothingToRate:
            return redirect("rating-ask", session.pk)
        address = reverse("rate", args=[secret])
        if channel == RatingRequest.Channel.DEVICE:
            return redirect(address)
        address = request.build_absolute_uri(address)
        context = {**present_asking(session), "address": address, "qr": qr_code(address)}
        return render(request, "asking/link.html", {**context, "expires_at": asked.expires_at})
    record("session.read", session, by=request.user)
    return render(request, "asking/ask.html", present_asking(session))


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


def without_address_in_referer(view):
    """Let a page ask for its own style sheet without telling its address, secret and all."""

    @wraps(view)
    def answered(*args, **kwargs):
        response = view(*args, **kwargs)
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return answered


# The secret in the address is the authority and no cookie is used, so there is
# nothing for a forged cross-site request to ride on.
@csrf_exempt
@public
@never_cache
@without_address_in_referer
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request, secret):
    """Show the form and take the answer. A GET changes nothing, however often it comes.

    Unknown, expired and replaced secrets look alike.
    """
    form_was_open = request.method == "POST"  # Then it may have been opened in time.
    asked = (
        RatingRequest.objects.filter(token_digest=digest(secret))
        .exclude(closing=RatingRequest.Closing.REPLACED)
        .select_related(
            "session__episode__client",
            "session__episode__therapist__practice",
            "measure_version__measure",
            "asked_by",
        )
        .first()
    )
    if asked is None or not asked.admits(grace=form_was_open):
        raise Http404
    if asked.respondent == Perspective.THERAPIST and not _is_therapist(asked, request.user):
        raise Http404
    with translation.override(asked.measure_version.language):
        context = {
            "asked": asked,
            "practice": asked.session.episode.therapist.practice,
            "version": asked.measure_version,
            "language": asked.measure_version.language,
            "is_rtl": translation.get_language_bidi(),
        }
        if asked.was_answered:
            return render(request, "asking/thanks.html", context)
        sent = (request.POST, request.FILES) if form_was_open else ()
        form = RatingForm(*sent, version=asked.measure_version)
        if form.is_valid():
            try:
                submit_rating(
                    request=asked,
                    answers=form.answers(),
                    comment=form.cleaned_data.get("comment", ""),
                )
            except AlreadyClosed:
                # Somebody sent the same form a moment earlier: that one is kept.
                asked.refresh_from_db(fields=["closing"])
                if not asked.was_answered:
                    raise Http404 from None
            except NothingToRate:
                raise Http404 from None
            return redirect("rate", secret)
        context |= {"form": form, "who_reads": who_reads(asked)}
        status = 422 if form.is_bound else 200
        return render(request, "asking/rate.html", context, status=status)
