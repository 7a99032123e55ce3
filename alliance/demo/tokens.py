"""Links that sign an invented person in: they work once, and expire."""

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from sessions_app.access.models import User


class SignInTokens(PasswordResetTokenGenerator):
    """Signs the moment of the last sign-in, so that signing in uses the link up."""

    key_salt = "alliance.demo.SignInTokens"


def sign_in_path(user):
    """Return the path that signs `user` in, once."""
    token = SignInTokens().make_token(user)
    return reverse("demo-sign-in", args=[f"{urlsafe_base64_encode(str(user.pk).encode())}.{token}"])


def user_for(told):
    """Return the person whom a token signs in, or None."""
    number, _dot, token = told.partition(".")
    try:
        user = User.objects.get(pk=int(urlsafe_base64_decode(number)))
    except (ValueError, OverflowError, User.DoesNotExist):
        return None
    is_good = settings.DEMO and user.is_active and SignInTokens().check_token(user, token)
    return user if is_good else None
