"""A client's bookmark: its PIN, and the latest form that waits for them."""

from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from alliance.asking.actions import NothingToRate, digest, request_rating
from alliance.asking.answering import answer_form, asked_with, nothing_here
from alliance.asking.entering_pages import sessions_to_ask
from alliance.asking.standing_actions import (
    LOCKED_FOR,
    choose_pin,
    end_standing_link,
    make_standing_link,
    try_pin,
)
from alliance.asking.standing_forms import ChoosePinForm, PinForm
from alliance.asking.standing_models import StandingLink
from alliance.measures.models import Perspective
from alliance.ratings.models import GRACE, RatingRequest
from sessions_app.access.actions import record
from sessions_app.access.cookies import keep
from sessions_app.access.doors import clinicians_only, public
from sessions_app.access.limits import limits_guesses
from sessions_app.access.qr_codes import qr_code
from sessions_app.access.rows import rows_of_form
from sessions_app.clients.models import Episode

SALT = "alliance.asking.standing"


@clinicians_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def standing_make(request, episode_id):
    """Say how it is with a client's bookmark; make one, shown in the answer only, or end it."""
    episodes = Episode.objects.held_by(request.user).exclude(ending=Episode.Ending.TRANSFERRED)
    episode = get_object_or_404(
        episodes.select_related("client", "therapist__practice"), pk=episode_id
    )
    with episode.therapist.practice.clock():
        return _standing_make(request, episode)


def _standing_make(request, episode):
    links = StandingLink.objects.filter(episode=episode).order_by("-made_at")
    if request.method == "POST" and request.POST.get("deed") == "end":
        end_standing_link(episode=episode, by=request.user)
        messages.success(request, _("Ended. The old bookmark opens nothing any more."))
        return redirect("standing-make", episode.pk)
    if request.method == "POST":
        # A reload of the page with the code must not end what was just made.
        if str(getattr(links.first(), "pk", "")) != request.POST.get("replaces", ""):
            return redirect("standing-make", episode.pk)
        _link, secret = make_standing_link(episode=episode, by=request.user)
        address = f"{settings.FORMS_AT}{reverse('standing', args=[secret])}"
        address = request.build_absolute_uri(address)
        context = {"episode": episode, "address": address, "qr": qr_code(address)}
        return render(request, "asking/standing_made.html", context)
    record("standing.read", episode, by=request.user)
    return render(request, "asking/standing_make.html", {"episode": episode, "link": links.first()})


@clinicians_only
@require_POST
def standing_ask(request, session_id):
    """Let a client's bookmark open the form for this session, until it expires."""
    session = get_object_or_404(sessions_to_ask(request.user), pk=session_id)
    if not StandingLink.objects.admitting().filter(episode=session.episode).exists():
        return redirect("standing-make", session.episode_id)
    try:
        asked, _secret = request_rating(
            session=session,
            respondent=Perspective.CLIENT,
            channel=RatingRequest.Channel.STANDING,
            by=request.user,
        )
    except NothingToRate:
        return redirect("rating-ask", session.pk)
    told = _("The form waits behind your client’s bookmark for %(days)s days.")
    messages.success(request, told % {"days": (asked.expires_at - asked.asked_at).days})
    return redirect("episode", session.episode_id)


def for_a_bookmark(view):
    """Open the rows of one episode to whoever has its bookmark, and find the link itself.

    Unknown, ended and replaced secrets look alike. A GET changes nothing.
    """

    @wraps(view)
    def answered(request, secret, **kwargs):
        with rows_of_form(digest(secret)):
            links = StandingLink.objects.admitting().filter(token_digest=digest(secret))
            link = links.select_related("episode__therapist__practice").first()
            if link is None:
                raise Http404
            return view(request, link, secret, **kwargs)

    # The secret in the address is an authority that a forged cross-site request would have to
    # know, and the cookie beside it is not sent along with one.
    return csrf_exempt(
        public(
            never_cache(
                require_http_methods(["GET", "HEAD", "POST"])(limits_guesses("standing")(answered))
            )
        )
    )


@for_a_bookmark
def standing(request, link, secret):
    """Ask for the PIN, or let the client choose one; go on to the latest form that is open."""
    language = _language(link)
    with translation.override(language):
        if link.pin and _has_proof(request, link):
            return _renewed(_go_on(request, link, secret, language), link)
        form = (PinForm if link.pin else ChoosePinForm)(
            request.POST if request.method == "POST" else None
        )
        if form.is_valid() and not link.is_locked:
            link = _after_the_pin(link, form.cleaned_data["pin"])
            if link.revoked_at:
                # Not raised: the try is counted only if the transaction ends well.
                return nothing_here(request)
            if not link.wrong_pins:
                return _renewed(redirect("standing", secret), link)
            form.add_error("pin", _("That was not the right PIN."))
        status = 429 if link.is_locked else 422 if form.is_bound else 200
        context = _context(language) | {"form": form, "link": link}
        return render(request, "asking/standing_pin.html", context, status=status)


def _after_the_pin(link, pin):
    """Choose this PIN where there is none yet, else try it; return the link as it is then."""
    if not link.pin and choose_pin(link=link, pin=pin):
        link.refresh_from_db(fields=["pin"])
        return link
    return try_pin(link=link, pin=pin)


@for_a_bookmark
def standing_form(request, link, secret, which):
    """Show the form that `which` tells, or thanks for it, to whoever has just given the PIN.

    Who takes their time over a form may send it for longer than it is shown.
    """
    within = GRACE if request.method == "POST" else LOCKED_FOR
    if not (link.pin and _has_proof(request, link, within=within)):
        return redirect("standing", secret)
    begun = _requests(link).filter(token_digest__startswith=which)
    asked = asked_with(_requests(link), begun.values_list("token_digest", flat=True).first())
    if asked is None or not asked.admits(grace=request.method == "POST"):
        return redirect("standing", secret)
    with rows_of_form(asked.token_digest):
        try:
            return _renewed(answer_form(request, asked, thanks_at=request.path), link)
        except Http404:  # It was closed a moment ago.
            return redirect("standing", secret)


def _requests(link):
    """Keep what this client was asked in a way that they may answer behind their bookmark."""
    return (
        RatingRequest.objects.with_address()
        .filter(session__episode=link.episode_id, respondent=Perspective.CLIENT)
        .exclude(channel=RatingRequest.Channel.ALOUD)
    )


def _go_on(request, link, secret, language):
    for asked in _requests(link).open().order_by("-asked_at"):
        if asked.is_open():
            return redirect("standing-form", secret=secret, which=asked.token_digest[:16])
    return render(request, "asking/standing_nothing.html", _context(language))


def _context(language):
    return {"language": language, "is_rtl": translation.get_language_bidi()}


def _language(link):
    """Return the language that this client was last asked in, else that of the practice."""
    last = _requests(link).order_by("-asked_at").select_related("measure_version").first()
    return last.measure_version.language if last else link.episode.therapist.practice.language


def _has_proof(request, link, *, within=LOCKED_FOR):
    """Whether the PIN of this very link was given here, or a page behind it used, a while ago."""
    given = request.COOKIES.get(settings.STANDING_COOKIE_NAME, "")
    try:
        return constant_time_compare(_signer().unsign(given, max_age=within), _mark(link))
    except signing.BadSignature:
        return False


def _renewed(answer, link):
    """Note on this device that somebody who gave the PIN is at it now."""
    proof = _signer().sign(_mark(link))
    return keep(answer, settings.STANDING_COOKIE_NAME, proof, lasts=GRACE)


def _signer():
    return signing.TimestampSigner(salt=SALT)


def _mark(link):
    """Return what a proof is about: this link with this PIN, and nothing to read in it."""
    return salted_hmac(SALT, f"{link.pk}:{link.pin}", algorithm="sha256").hexdigest()
