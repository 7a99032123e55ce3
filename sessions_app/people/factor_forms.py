"""django-allauth's forms for second factors, in our words, and a little stricter."""

import struct
from functools import wraps

from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import context as current
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# --- Codes -----------------------------------------------------------------------------


def _code_field(label, help_text=""):
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class CountsFailures(BaseAuthenticateForm):
    """Counts wrong codes by the day, and forgets none of them when one was right.

    The owner is right several times a day, and each time whoever else tries
    codes would begin anew.
    """

    def clean_code(self):
        counted = ratelimit.consume(
            current.request,
            app="allauth.account",
            action="code_failed",
            key=f"code of {self.user.pk}",
        )
        if counted is None:
            raise account_adapter().validation_error("too_many_login_attempts")
        code = super().clean_code()
        counted.rollback()
        return code


class CodeForm(CountsFailures, AuthenticateForm):
    """The second step of signing in."""

    code = _code_field(_("Code"), _("The six digits from your app, or one of your recovery codes."))


class CodeAgainForm(CountsFailures, ReauthenticateForm):
    """The same step once more, before something that matters."""

    code = _code_field(_("Code"), _("The six digits from your app, or one of your recovery codes."))


class AppForm(ActivateTOTPForm):
    """Setting up an app; the code that was typed here does not work a second time."""

    code = _code_field(_("The six digits that the app shows now"))

    def clean_code(self):
        code = super().clean_code()
        app = Authenticator(
            user=self.user,
            type=Authenticator.Type.TOTP,
            data={"secret": get_adapter().encrypt(self.secret)},
        )
        if not app.wrap().validate_code(code):
            raise get_adapter().validation_error("incorrect_code")
        return code


# --- Passkeys --------------------------------------------------------------------------

UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)


class CredentialField(forms.JSONField):
    """What a browser says for a passkey."""

    def to_python(self, value):
        try:
            return super().to_python(value)
        except (RecursionError, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


def _refusing_rubbish(clean):
    """Refuse what cannot be read, where django-allauth would let the error pass."""

    @wraps(clean)
    def cleaned(form):
        try:
            return clean(form)
        except UNREADABLE:
            raise get_adapter().validation_error("incorrect_code") from None

    return cleaned


class PasskeyStepForm(AuthenticateWebAuthnForm):
    """A passkey as the second step of signing in."""

    credential = CredentialField()
    clean_credential = _refusing_rubbish(AuthenticateWebAuthnForm.clean_credential)


class PasskeyAloneForm(LoginWebAuthnForm):
    """A passkey as the only step."""

    credential = CredentialField()
    clean_credential = _refusing_rubbish(LoginWebAuthnForm.clean_credential)


class PasskeyAgainForm(ReauthenticateWebAuthnForm):
    """A passkey once more, before something that matters."""

    credential = CredentialField()
    clean_credential = _refusing_rubbish(ReauthenticateWebAuthnForm.clean_credential)


class PasskeyForm(AddWebAuthnForm):
    """Adding a passkey, which is always good for signing in without a password."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=60,
        help_text=_("By which you will know it again, such as “my phone”."),
    )
    # django-allauth's script looks whether it is ticked.
    passwordless = forms.BooleanField(
        widget=forms.CheckboxInput(attrs={"hidden": True}), initial=True, required=False
    )
    credential = CredentialField()

    def clean_passwordless(self):
        return True

    @_refusing_rubbish
    def clean(self):
        """Keep what signing in will need, and nothing that came along with it."""
        cleaned = super().clean()
        told = cleaned.get("credential")
        if told:
            extensions = told.get("clientExtensionResults", {})
            cleaned["credential"] = {
                **{name: told[name] for name in ("id", "rawId", "type")},
                "response": {
                    name: told["response"][name] for name in ("clientDataJSON", "attestationObject")
                },
                "clientExtensionResults": {
                    "credProps": {"rk": bool(extensions.get("credProps", {}).get("rk"))}
                },
            }
        return cleaned
