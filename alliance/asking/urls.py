from django.urls import path, re_path

from alliance.asking import previews, views

FORM = re_path(r"^r/(?P<secret>[A-Za-z0-9_-]{43})/\Z", views.rate, name="rate")

urlpatterns = [
    path("sessions/<uuid:session_id>/ask/", views.ask, name="rating-ask"),
    path("sessions/<uuid:session_id>/rate/", views.rate_own, name="rating-own"),
    # Also here: on the page with the thanks it is pressed when the seal has ended by itself.
    path("hand-over/back/", views.hand_back, name="hand-back"),
    path("measures/<int:version_id>/preview/", previews.measure_preview, name="measure-preview"),
    FORM,
]
