"""With what a person has signed in, and how lately they have shown it."""

import time

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.shortcuts import redirect


def factors_of(user):
    """Return the second factors of `user`; recovery codes are a spare key, not a factor."""
    return Authenticator.objects.filter(user=user.pk).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )


def needs_second_factor(request):
    """Say whether this person may not work without a second factor.

    Those are all who can read clinical rows, and managers, because they
    change who can. No practice can switch it off; the demonstration does.
    """
    return settings.SECOND_FACTOR_IS_COMPULSORY and (request.is_clinician or request.is_manager)


def was_confirmed_lately(request):
    """Say whether this person has shown in the last minutes that it is them.

    By a second factor if they have one, else by their password. Signing in
    counts as well, and so does a password that was shown before the first
    factor was set up.
    """
    first = factors_of(request.user).order_by("created_at").first()
    shown = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record["method"] == "mfa"
        or (
            record["method"] == "password"
            and (first is None or record["at"] < first.created_at.timestamp())
        )
    ]
    return time.time() - max(shown, default=0) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def must_confirm(request):
    """Say whether this person shows their factor once more before something that matters."""
    return settings.SECOND_FACTOR_IS_COMPULSORY and not was_confirmed_lately(request)


def ask_to_confirm(request):
    """Send this person to show their factor, and back; what they had sent is not kept.

    Whoever lacks the factor that they need is sent to set one up.
    """
    if needs_second_factor(request) and not factors_of(request.user).exists():
        return redirect("mfa_index")
    raise ReauthenticationRequired
