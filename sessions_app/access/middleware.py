"""What every request of a member of staff carries: their places today, their clock, their words."""

import logging

from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils import translation
from django.utils.cache import patch_cache_control

from sessions_app.access.models import Membership

logger = logging.getLogger(__name__)
SENSES = ", ".join(
    f"{sense}=()"
    for sense in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)


def bodiless_head(get_response):
    """Answer HEAD without a body: on a kept connection it would be read as the next answer."""

    def middleware(request):
        response = get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response

    return middleware


def private(get_response):
    """Keep nothing of what was answered, index nothing, and ask nothing of the device's senses."""

    def middleware(request):
        response = get_response(request)
        # Nothing that was shown to one person may be kept for the next at the same device.
        patch_cache_control(response, no_store=True, private=True)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Permissions-Policy"] = SENSES
        return response

    return middleware


def only_utf8(get_response):
    """Refuse a request that claims another encoding: every browser sends forms as UTF-8."""

    def middleware(request):
        if request.content_params.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            raise BadRequest("another encoding than UTF-8")
        return get_response(request)

    return middleware


class Memberships:
    """Set `request.memberships`, and speak in the practice's time zone and language.

    They are read anew for each request: who left yesterday is out today.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not request.user.is_authenticated:
            request.memberships = []
            request.is_clinician = request.is_manager = request.is_reception = False
            return self.get_response(request)
        request.memberships = list(
            Membership.objects.of(request.user)
            .today()
            .select_related("practice", "user")
            .order_by("started_on", "pk")
        )
        request.is_clinician = any(member.is_clinician for member in request.memberships)
        request.is_manager = any(member.is_manager for member in request.memberships)
        request.is_reception = any(member.is_reception for member in request.memberships)
        response = self._respond(request)
        if response.status_code == 404:
            # Who looks for what is not theirs is answered like a stranger, and remembered.
            logger.warning("Person %s asked for what is not there for them.", request.user.pk)
        return response

    def _respond(self, request):
        if not request.memberships:
            return self.get_response(request)
        practice = request.memberships[0].practice
        wanted = request.user.language or practice.language
        language = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with practice.clock(), translation.override(language):
            return self.get_response(request)
