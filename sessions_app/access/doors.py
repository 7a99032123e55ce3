"""May this request come in at all? Every view wears one of these, and a test looks for it.

What a person sees inside is decided by the rows' own `visible_to` and
`held_by`. Whoever is not let in gets 404: a door does not say that it exists.
"""

import logging
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist
from django.db import ProgrammingError
from django.http import Http404

from sessions_app.access.factors import ask_to_confirm, must_confirm
from sessions_app.access.rows import rows_of, was_held_back

logger = logging.getLogger(__name__)


def public(view):
    """Let everyone in: no account is needed, or a secret in the address admits."""
    return _named(login_not_required(view), "public")


def signed_in(view):
    """Let in whoever has an account, even without a place in a practice today."""
    return _admitting(view, "signed in", lambda request: True)


def clinicians_only(view):
    """Let in whoever does clinical work in a practice today."""
    return _admitting(view, "clinicians", lambda request: request.is_clinician)


def managers_only(view):
    """Let in whoever manages people and settings of a practice today."""
    return _admitting(view, "managers", lambda request: request.is_manager)


def reception_only(view):
    """Let in whoever works at the reception of a practice today."""
    return _admitting(view, "reception", lambda request: request.is_reception)


def freshly_confirmed(view):
    """Ask for the second factor once more, if it was not shown in the last five minutes.

    Worn under a door, for what must not happen from a screen that was left
    open: exports, erasure, changing people. The demonstration asks nothing.
    """

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if must_confirm(request):
            return ask_to_confirm(request)
        return view(request, *args, **kwargs)

    return guarded


def _admitting(view, name, admits):
    """Let in whom `admits` is true of, and open to them the rows that are theirs."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not admits(request):
            raise Http404
        try:
            with rows_of(request.user):
                return view(request, *args, **kwargs)
        except (ProgrammingError, ObjectDoesNotExist) as error:
            if not was_held_back(error):
                raise
            # Somewhere a scope was forgotten; who asked learns no more than any stranger.
            logger.exception("The second wall held back what %s let through.", view.__name__)
            raise Http404 from None

    return _named(guarded, name)


def _named(view: Any, name: str) -> Any:
    view.door = name
    return view
