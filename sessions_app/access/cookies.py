"""Cookies that admit a device instead of a person: to what little exists beside them."""

from django.conf import settings


def keep(response, name, secret, *, lasts):
    """Leave a secret on the device, for this site alone, which no script reads."""
    response.set_cookie(
        name,
        secret,
        max_age=lasts,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def forget_all_else(response):
    """Let the browser throw away what it has kept of our pages."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def drop(response, name):
    """Make the device one like any other."""
    response.delete_cookie(name, samesite="Strict")
    return response
