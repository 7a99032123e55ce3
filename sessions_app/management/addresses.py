"""Addresses for whoever reads what a command prints: there is no request to take the host from."""

from django.conf import settings


def absolute(path):
    """Return `path` under the first of ALLOWED_HOSTS, as a browser takes it."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".")
    return f"http://{host}:8000{path}" if settings.IS_LOCAL else f"https://{host}{path}"
