"""What must hold for a one-time code to work once only: looked at before anything starts."""

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import Error, Tags, register


@register(Tags.security)
def codes_work_once(app_configs, **kwargs):
    """Refuse a cache that each process has to itself, and codes that live for longer than marks."""
    found = []
    if isinstance(caches["default"], LocMemCache | DummyCache):
        found.append(
            Error(
                "The cache is not shared by all server processes: a one-time code would work "
                "once in each of them, and tries to sign in would be counted apart.",
                hint="Leave CACHES as it is, or name another that all processes share.",
                id="people.E001",
            )
        )
    if settings.MFA_TOTP_TOLERANCE != 0:
        found.append(
            Error(
                "MFA_TOTP_TOLERANCE must be 0: a code that lives for longer than the mark that "
                "it was used would work twice.",
                hint="Let the server's clock be set by NTP instead.",
                id="people.E002",
            )
        )
    return found
