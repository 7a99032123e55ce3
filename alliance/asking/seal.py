"""Seals: cookies that admit a device to forms, and beside which only a list of addresses exists."""

from django.conf import settings

from alliance.asking.actions import EXPIRES_AFTER
from alliance.ratings.models import RatingRequest
from sessions_app.access.cookies import drop, forget_all_else, keep

ADDRESSES = "alliance.asking.handed_over_urls"
# A tablet of the practice is nobody's own, so where both cookies are, no way leads back to staff.
SEALS = (
    (settings.TABLET_COOKIE_NAME, settings.TABLET_ADDRESSES),
    (settings.HAND_OVER_COOKIE_NAME, ADDRESSES),
)


def seal(response, secret):
    """Leave on the device what admits to one form, for a quarter of an hour, and nothing else."""
    lasts = EXPIRES_AFTER[RatingRequest.Channel.DEVICE]
    return forget_all_else(keep(response, settings.HAND_OVER_COOKIE_NAME, secret, lasts=lasts))


def break_seal(response):
    """Make the device one on which nobody is signed in, like any other."""
    return drop(response, settings.HAND_OVER_COOKIE_NAME)


def sealed(get_response):
    """Let nothing exist on a device that was handed over, or is a tablet, but the form.

    The addresses of staff are not forbidden there: they are not in the list of
    addresses at all. Whatever session there may be, it is not looked at.
    """

    def middleware(request):
        for cookie, addresses in SEALS:
            if request.COOKIES.get(cookie):
                request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
                request.urlconf = addresses
                break
        return get_response(request)

    return middleware
