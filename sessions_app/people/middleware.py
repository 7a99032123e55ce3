"""How long a sign-in lasts, and what opens without a second factor."""

import time
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from sessions_app.access.factors import factors_of, needs_second_factor
from sessions_app.people.actions import grant_first_sign_in

SIGN_IN = "sign_in"  # In the session: when it began, when it was last seen, whether with a place.
FIRST = "first_without_second_factor"
STEP = 30  # Seconds for which nothing is written; a sign-in may end that much too early.


class TimeLimits:
    """End a sign-in that is idle or too old, or whose last place in a practice has ended.

    Whoever is sent to sign in again is told why, and that what they had just
    sent was not kept.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        why = ""
        if request.user.is_authenticated:
            why = _why_it_ends(request)
            if why:
                logout(request)
                request.memberships = []
                request.is_clinician = request.is_manager = request.is_reception = False
            else:
                _stay(request)
                request.idle_minutes = _idle_minutes(request)
        elif SESSION_KEY in request.session:  # The account was closed.
            request.session.flush()
        response = self.get_response(request)
        if why and _leads_to_sign_in(response):
            if request.method not in {"GET", "HEAD"}:
                why = f"{why} {_('What you had just sent was not kept.')}"
                response.headers["Location"] = resolve_url(settings.LOGIN_URL)
            messages.warning(request, why)
        return response


def _why_it_ends(request):
    """Return the sentence that says why this sign-in is over, or nothing."""
    begun = request.session.get(SIGN_IN)
    if begun is None:
        return ""
    now = time.time()
    if begun["has_place"] and not request.memberships:
        return _("You were signed out because your place in the practice has ended.")
    if now - begun["at"] > settings.SIGN_OUT_AFTER:
        return _("You were signed out because you had signed in twelve hours ago.")
    idle = _idle_minutes(request)
    if idle and now - begun["seen"] > idle * 60:
        return _("You were signed out after %(count)s minutes without doing anything.") % {
            "count": idle
        }
    return ""


def _idle_minutes(request):
    """Return after how long without a request a sign-in ends: in the strictest practice."""
    if not settings.SIGN_OUT_WHEN_IDLE:
        return None
    return min((member.practice.idle_minutes for member in request.memberships), default=30)


def _stay(request):
    """Note that this person is still there: at most twice a minute."""
    now = time.time()
    begun = request.session.get(SIGN_IN, {"at": now, "seen": 0, "has_place": False})
    has_place = bool(request.memberships)
    if now - begun["seen"] < STEP and begun["has_place"] == has_place:
        return
    request.session[SIGN_IN] = {**begun, "seen": now, "has_place": has_place}
    known = UserSession.objects.filter(session_key=request.session.session_key)
    if not known.update(last_seen_at=timezone.now()):
        UserSession.objects.create_from_request(request)


def _leads_to_sign_in(response):
    where = response.headers.get("Location", "").partition("?")[0]
    return response.status_code == 302 and where == resolve_url(settings.LOGIN_URL)


class SecondFactor:
    """Let whoever needs a second factor and has none set one up, and do nothing else.

    The first sign-in without it is let through, once; every page says then
    that it is the last. What is open to everyone stays open.
    """

    OPEN = frozenset(
        {
            "account_change_password",
            "account_login",
            "account_logout",
            "account_reauthenticate",
            "account_reset_password",
            "account_reset_password_done",
            "account_reset_password_from_key",
            "account_reset_password_from_key_done",
            "account_set_password",
            "mfa_activate_totp",
            "mfa_add_webauthn",
            "mfa_index",
            "mfa_view_recovery_codes",
        }
    )

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        is_due = needs_second_factor(request) and not factors_of(request.user).exists()
        request.second_factor_is_due = is_due
        is_open = (
            not is_due
            or getattr(view, "door", "") == "public"
            or _is_first_sign_in(request)
            or request.resolver_match.url_name in self.OPEN
        )
        return None if is_open else redirect("mfa_index")


class ConfirmFirst:
    """Send whoever must confirm to do so, and keep nothing of what they had sent.

    django-allauth would keep it and carry it out once somebody has confirmed:
    somebody else may have sent it, from a screen that was left open.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, ReauthenticationRequired):
            return None
        after = request.get_full_path()
        if request.method not in {"GET", "HEAD"}:
            messages.warning(
                request, _("Nothing has been done yet. Confirm that it is you, then do it again.")
            )
            back = request.POST.get("back", request.path)
            is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
            after = back if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)
        (way, *_others) = get_adapter().get_reauthentication_methods(request.user)
        return redirect(f"{way['url']}?{urlencode({'next': after})}")


def _is_first_sign_in(request):
    """Say whether this is the one sign-in for which the second factor may still be missing."""
    if FIRST not in request.session and grant_first_sign_in(user=request.user):
        request.session[FIRST] = True
        request.session.save()
    return FIRST in request.session
