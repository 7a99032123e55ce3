"""May this request come in at all? Every view wears one of these, and a test looks for it.

What a person sees inside is decided by the rows' own `visible_to` and
`held_by`. Whoever is not let in gets 404: a door does not say that it exists.
"""

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404

from sessions_app.access.factors import ask_to_confirm, was_confirmed_lately


def public(view):
    """Let everyone in: no account is needed, or a secret in the address admits."""
    return _named(login_not_required(view), "public")


def signed_in(view):
    """Let in whoever has an account, even without a place in a practice today."""
    return _named(view, "signed in")


def clinicians_only(view):
    """Let in whoever does clinical work in a practice today."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.is_clinician:
            raise Http404
        return view(request, *args, **kwargs)

    return _named(guarded, "clinicians")


def managers_only(view):
    """Let in whoever manages people and settings of a practice today."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.is_manager:
            raise Http404
        return view(request, *args, **kwargs)

    return _named(guarded, "managers")


def reception_only(view):
    """Let in whoever works at the reception of a practice today."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.is_reception:
            raise Http404
        return view(request, *args, **kwargs)

    return _named(guarded, "reception")


def freshly_confirmed(view):
    """Ask for the second factor once more, if it was not shown in the last five minutes.

    Worn under a door, for what must not happen from a screen that was left
    open: exports, erasure, changing people. The demonstration asks nothing.
    """

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if settings.SECOND_FACTOR_IS_COMPULSORY and not was_confirmed_lately(request):
            return ask_to_confirm(request)
        return view(request, *args, **kwargs)

    return guarded


def _named(view: Any, name: str) -> Any:
    view.door = name
    return view
