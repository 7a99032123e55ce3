"""How django-allauth signs people in here."""

import logging
import unicodedata
from io import BytesIO
from smtplib import SMTPException

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions_app.access.actions import record
from sessions_app.access.encryption import decrypt, encrypt
from sessions_app.access.factors import factors_of, needs_second_factor, was_confirmed_lately
from sessions_app.people.letters import send_letter

logger = logging.getLogger(__name__)
BEGUN_WITH = "sign_in_begun_with"  # In the session: what it was that the first step was taken with.
WHAT_CHANGED = {
    "account/email/password_changed": gettext_lazy("Your password was changed."),
    "account/email/password_set": gettext_lazy("A password was set."),
    "account/email/password_reset": gettext_lazy("Your password was set anew."),
    "mfa/email/totp_activated": gettext_lazy("An authenticator app was added."),
    "mfa/email/totp_deactivated": gettext_lazy("The authenticator app was removed."),
    "mfa/email/webauthn_added": gettext_lazy("A passkey was added."),
    "mfa/email/webauthn_removed": gettext_lazy("A passkey was removed."),
    "mfa/email/recovery_codes_generated": gettext_lazy("New recovery codes were made."),
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are given by a practice, never taken: nobody signs up."""

    def is_open_for_signup(self, request):
        return False

    def is_safe_url(self, url):
        """Lead nowhere else; what cannot even be read as an address is no safe one."""
        try:
            return super().is_safe_url(url)
        except ValueError:
            return False

    def send_mail(self, template_prefix, email, context):
        """Send a letter; that it failed is for the log, and tells nobody who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            logger.error("A letter could not be sent: %s", type(error).__name__)

    def pre_login(self, request, user, **kwargs):
        """Keep which password stood when the first step was taken: the second may come later."""
        request.session[BEGUN_WITH] = user.get_session_auth_hash()
        return super().pre_login(request, user, **kwargs)

    def login(self, request, user):
        """Complete a sign-in; one that began before the password was changed begins anew."""
        begun_with = request.session.pop(BEGUN_WITH, "")
        if not constant_time_compare(begun_with, user.get_session_auth_hash()):
            request.session.flush()
            messages.warning(request, _("Your password was changed meanwhile. Sign in once more."))
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)
        record("account.signed_in", user, by=user)

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """Write down that a person's way of signing in has changed, and tell them.

        One letter serves all changes.
        """
        record(f"account.{template_prefix.rpartition('/')[2]}", user, by=user)
        send_letter("changed", to=[user.email], context={"what": WHAT_CHANGED[template_prefix]})

    def is_reauthentication_required(self, *, app, **kwargs):
        """Ask again for what was last shown some minutes ago; signing in counts as showing."""
        return not was_confirmed_lately(self.request)

    def get_reauthentication_methods(self, user):
        """Offer a password to confirm by only to those who have nothing better.

        Whoever has not even that is sent to set one.
        """
        methods = super().get_reauthentication_methods(user)
        return (
            [told for told in methods if told["id"].startswith("mfa_")]
            or methods
            or [{"id": "none", "description": "", "url": reverse("account_set_password")}]
        )

    def get_password_change_redirect_url(self, request):
        return reverse("mfa_index")

    def _get_login_attempts_cache_key(self, request, **credentials):
        """Count tries by the address alone, whatever its accents and case.

        django-allauth adds the host as the browser tells it, with any port: each
        made-up port would begin a new count.
        """
        typed = unicodedata.normalize("NFKD", credentials.get("email", "").casefold())
        return "".join(letter for letter in typed if not unicodedata.combining(letter))


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: kept encrypted, and not to be given up by those who need one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": gettext_lazy(
            "You need one way at least: add another before you remove this one."
        ),
        "incorrect_code": gettext_lazy(
            "That did not work. A code works once, and only for half a minute."
        ),
    }

    def encrypt(self, text):
        return encrypt(text, context="second factor")

    def decrypt(self, encrypted_text):
        return decrypt(encrypted_text, context="second factor")

    def build_totp_svg(self, url):
        """Draw the code as segno does, which our pages use for all others."""
        drawn = BytesIO()
        segno.make(url, error="m").save(drawn, kind="svg", scale=5, border=4, light="#fff")
        return drawn.getvalue().decode()

    def can_delete_authenticator(self, authenticator):
        others = factors_of(authenticator.user).exclude(pk=authenticator.pk)
        return not needs_second_factor(current.request) or others.exists()

    def generate_authenticator_name(self, user, type):
        number = Authenticator.objects.filter(user=user.pk, type=type).count() + 1
        return _("Passkey %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self):
        return super().get_public_key_credential_rp_entity() | {"name": settings.MFA_TOTP_ISSUER}
