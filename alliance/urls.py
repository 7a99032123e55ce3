"""Every address of the project, room by room."""

from django.conf import settings
from django.urls import include, path

from sessions_app.access.errors import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include("sessions_app.access.urls")),
    path("", include("sessions_app.people.urls")),
    path("", include("sessions_app.places.urls")),
    path("", include("sessions_app.tablets.urls")),
    path("", include("sessions_app.openings.urls")),
    path("", include("sessions_app.clients.urls")),
    path("", include("sessions_app.sessions.urls")),
    path("", include("sessions_app.calendars.urls")),
    path("", include("sessions_app.meetings.urls")),
    path("", include("sessions_app.trail.urls")),
    path("", include("alliance.measures.urls")),
    path("", include("alliance.detection.urls")),
    path("", include("alliance.goals.urls")),
    path("", include("alliance.trends.urls")),
    path("", include("alliance.follow_up.urls")),
    path("", include("alliance.asking.urls")),
    path("", include("alliance.meetings.urls")),
    path("", include("alliance.sending.urls")),
    path("", include("alliance.reception.urls")),
    path("", include("alliance.caseload.urls")),
    path("", include("alliance.supervision.urls")),
    path("", include("alliance.patterns.urls")),
    path("", include("alliance.digests.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("", include("alliance.demo.urls")))
