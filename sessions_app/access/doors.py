"""May this request come in at all? Every view wears one of these, and a test looks for it.

What a person sees inside is decided by the rows' own `visible_to` and
`held_by`. Whoever is not let in gets 404: a door does not say that it exists.
"""

from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404


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


def _named(view: Any, name: str) -> Any:
    view.door = name
    return view
