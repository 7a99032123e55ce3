"""Changes to how a person signs in."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from sessions_app.access.actions import record
from sessions_app.access.models import User


@transaction.atomic
def grant_first_sign_in(*, user):
    """Let `user` in once without the second factor that they need; return whether it is now.

    The moment is kept on their row, so of two sign-ins at once one is the first.
    """
    first = User.objects.filter(pk=user.pk, second_factor_asked_at=None)
    if not first.update(second_factor_asked_at=timezone.now()):
        return False
    record("account.asked_for_second_factor", user, by=user, fields=["second_factor_asked_at"])
    return True


@transaction.atomic
def forget_second_factors(*, user, by=None, reason=""):
    """Take away the second factors of `user`, who has lost them, and sign them out everywhere.

    Their next sign-in is once more the one in which they set up another.
    """
    Authenticator.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(second_factor_asked_at=None)
    end_sign_ins(user=user)
    record("account.second_factor_forgotten", user, by=by, reason=reason)


def end_sign_ins(*, user):
    """Sign `user` out everywhere, now."""
    for session in UserSession.objects.filter(user=user):
        session.end()
