"""What exists where the clients' pages are served alone (PUBLIC_ONLY=1)."""

from django.urls import path

from alliance.asking.urls import FORM, STANDING
from sessions_app.access.errors import handler400, handler403, handler404, handler500
from sessions_app.access.urls import urlpatterns as reports
from sessions_app.people.views import health

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [FORM, *STANDING, path("healthz", health, name="health"), *reports]
