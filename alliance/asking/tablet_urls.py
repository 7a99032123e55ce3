"""What exists on a tablet of the practice. `alliance.asking.seal` chooses this list."""

from django.urls import path, re_path

from alliance.asking import tablet_views as views
from sessions_app.access.errors import handler400, handler403, handler404, handler500
from sessions_app.access.urls import urlpatterns as reports
from sessions_app.people.views import health

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("tablet/", views.tablet, name="tablet"),
    path("tablet/waiting/", views.tablet_waiting, name="tablet-waiting"),
    path("tablet/clear/", views.tablet_clear, name="tablet-clear"),
    path("healthz", health, name="health"),
    *reports,
    re_path("", views.nothing_else, name="nothing-else"),
]
