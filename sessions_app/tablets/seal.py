"""The cookie that makes a device a tablet of the practice, beside which it is nothing else."""

from datetime import timedelta

from django.conf import settings

from sessions_app.access.cookies import drop, forget_all_else, keep

LASTS = timedelta(days=400)  # Browsers keep none for longer; each form renews it.


def pair(response, key):
    """Leave the key on a device that is paired now, and nothing else of ours."""
    return forget_all_else(stay_paired(response, key))


def stay_paired(response, key):
    """Let the key last on from now."""
    return keep(response, settings.TABLET_COOKIE_NAME, key, lasts=LASTS)


def unpair(response):
    """Make a tablet that was revoked a device like any other."""
    return drop(response, settings.TABLET_COOKIE_NAME)
