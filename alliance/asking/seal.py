"""The seal on a device that was handed over: a cookie, beside which only the form exists."""

from django.conf import settings

from alliance.asking.actions import EXPIRES_AFTER
from alliance.ratings.models import RatingRequest

ADDRESSES = "alliance.asking.handed_over_urls"


def seal(response, secret):
    """Leave on the device what admits to one form, for a quarter of an hour, and nothing else."""
    response.set_cookie(
        settings.HAND_OVER_COOKIE_NAME,
        secret,
        max_age=EXPIRES_AFTER[RatingRequest.Channel.DEVICE],
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def break_seal(response):
    """Make the device one on which nobody is signed in, like any other."""
    response.delete_cookie(settings.HAND_OVER_COOKIE_NAME, samesite="Strict")
    return response


def sealed(get_response):
    """Let nothing exist on a device that was handed over but the form.

    The addresses of staff are not forbidden there: they are not in the list of
    addresses at all. Whatever session there may be, it is not looked at.
    """

    def middleware(request):
        if request.COOKIES.get(settings.HAND_OVER_COOKIE_NAME):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
            request.urlconf = ADDRESSES
        return get_response(request)

    return middleware
