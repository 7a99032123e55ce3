import json
import logging
import re
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sessions_app.access.doors import public
from sessions_app.access.limits import is_too_often

logger = logging.getLogger(__name__)
LONGEST_REPORT = 10_000  # bytes


# Browsers send these by themselves, without a token; all that can be forged is a line in the log.
@csrf_exempt
@public
@require_POST
def policy_report(request):
    """Take a browser's word that a page tried to load what the policy forbids.

    Logged are the directive and the origin of what was blocked. The rest of a
    report names the page, and with it may name a client's secret.
    """
    if is_too_often(request, "policy-report", most=30):
        return HttpResponse(status=429)
    try:
        length = int(request.headers.get("Content-Length") or 0)
        report = json.loads(request.body)["csp-report"] if length <= LONGEST_REPORT else {}
        directive, blocked = report["effective-directive"], report["blocked-uri"]
        is_one = re.fullmatch(r"[a-z-]{1,40}", directive) is not None
        origin = _origin(blocked)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    if not is_one or origin is None:
        return HttpResponse(status=400)
    logger.warning("The policy blocked %s from %s", directive, origin)
    return HttpResponse(status=204)


def _origin(address):
    """Return scheme and host of an address, or a browser's word such as inline; else None."""
    if re.fullmatch(r"[a-z-]{1,40}", address):
        return address
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return origin if re.fullmatch(r"[a-z+.-]{1,20}://[A-Za-z0-9.:\[\]-]{0,260}", origin) else None
