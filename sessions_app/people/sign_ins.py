"""What happens beside django-allauth when somebody signs in, fails to, or confirms who they are."""

import logging

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver

from sessions_app.access.limits import neighbourhood

logger = logging.getLogger(__name__)


@receiver(user_login_failed)
def note_failure(*, request=None, **kwargs):
    """Log that a sign-in failed, and in which network; never what was typed."""
    logger.warning("A sign-in failed, in %s.", neighbourhood(request) if request else "no network")


@receiver(authentication_step_completed)
def renew_the_sign_in(*, request, **kwargs):
    """Give whoever has shown their factor once more a new cookie; the earlier one opens nothing."""
    if request.user.is_authenticated:
        before = request.session.session_key
        request.session.cycle_key()
        listed = UserSession.objects.filter(session_key=before)
        listed.update(session_key=request.session.session_key)
