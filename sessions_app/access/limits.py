"""How often is too often: counted by the minute, and by where a request comes from."""

import time
from functools import wraps
from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render

from sessions_app.access.errors import in_readers_words

MOST_GUESSES = {"GET": 30, "POST": 10}  # A minute, from one neighbourhood.


def limits_guesses(what):
    """Slow down whoever tries secrets: what does not exist is not looked for for ever.

    Only what finds nothing is counted. A secret that admits is never locked.
    """

    def limited(view):
        @wraps(view)
        def answered(request, *args, **kwargs):
            try:
                return view(request, *args, **kwargs)
            except Http404:
                method = "POST" if request.method == "POST" else "GET"
                if not is_too_often(request, f"{what}-{method}", most=MOST_GUESSES[method]):
                    raise
            response = too_often(request)
            response.headers["Retry-After"] = "60"
            return response

        return answered

    return limited


@in_readers_words
def too_often(request):
    """Answer that it was too often."""
    return render(request, "429.html", status=429)


def is_too_often(request, what, *, most):
    """Count one more `what` from this neighbourhood: is that more than `most` this minute?

    Counted in the cache that all server processes share. What is counted must
    never be what a rightful person does: a whole practice may sit behind one
    address.
    """
    key = f"limits:{what}:{neighbourhood(request)}:{time.time() // 60:.0f}"
    if cache.get(key, 0) >= most:
        return True  # A flood is only read, not written, until the minute is over.
    cache.add(key, 0, timeout=120)
    try:
        return cache.incr(key) > most
    except ValueError:  # It was thrown out in between.
        return False


def neighbourhood(request):
    """Return the network that a request comes from: /24, or /48 for IPv6."""
    try:
        address = ip_address(get_adapter().get_client_ip(request))
        address = getattr(address, "ipv4_mapped", None) or address
        return ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    except (PermissionDenied, ValueError):
        return "unknown"
