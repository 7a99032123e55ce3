"""What exists on a device that was handed over. `alliance.asking.seal` chooses this list."""

from django.urls import path, re_path

from alliance.asking import views
from sessions_app.access.errors import handler400, handler403, handler404, handler500
from sessions_app.access.urls import urlpatterns as reports
from sessions_app.people.views import health

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("hand-over/", views.handed_over, name="handed-over"),
    path("hand-over/back/", views.hand_back, name="hand-back"),
    path("healthz", health, name="health"),
    *reports,
    re_path("", views.stray, name="stray"),
]
