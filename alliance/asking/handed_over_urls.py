"""What exists on a device that was handed over. `alliance.asking.seal` chooses this list."""

from django.urls import path, re_path

from alliance.asking import views
from sessions_app.access.urls import urlpatterns as reports
from sessions_app.people.views import health

urlpatterns = [
    path("hand-over/", views.handed_over, name="handed-over"),
    path("hand-over/back/", views.hand_back, name="hand-back"),
    path("healthz", health, name="health"),
    *reports,
    re_path("", views.stray, name="stray"),
]
