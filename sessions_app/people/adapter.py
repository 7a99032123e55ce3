"""How django-allauth signs people in here."""

import logging
from smtplib import SMTPException

from allauth.account.adapter import DefaultAccountAdapter

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are given by a practice, never taken: nobody signs up."""

    def is_open_for_signup(self, request):
        return False

    def send_mail(self, template_prefix, email, context):
        """Send a letter; that it failed is for the log, and tells nobody who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            logger.error("A letter could not be sent: %s", type(error).__name__)
