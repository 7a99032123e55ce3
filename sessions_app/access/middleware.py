"""What every request of a member of staff carries: their places today, their clock, their words."""

import zoneinfo

from django.utils import timezone, translation
from django.utils.cache import patch_cache_control

from sessions_app.access.models import Membership


class Memberships:
    """Set `request.memberships`, and speak in the practice's time zone and language.

    They are read anew for each request: who left yesterday is out today.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self._respond(request)
        # Nothing that was shown to one person may be kept for the next at the same device.
        patch_cache_control(response, no_store=True, private=True)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    def _respond(self, request):
        if not request.user.is_authenticated:
            request.memberships = []
            return self.get_response(request)
        request.memberships = list(
            Membership.objects.of(request.user)
            .today()
            .select_related("practice", "user")
            .order_by("started_on", "pk")
        )
        if not request.memberships:
            return self.get_response(request)
        practice = request.memberships[0].practice
        with (
            timezone.override(zoneinfo.ZoneInfo(practice.time_zone)),
            translation.override(request.user.language or practice.language),
        ):
            return self.get_response(request)
