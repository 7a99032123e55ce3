from django.urls import path, re_path

from alliance.asking import (
    correcting_views,
    entering_views,
    previews,
    standing_views,
    views,
)

FORM = re_path(r"^r/(?P<secret>[A-Za-z0-9_-]{43})/\Z", views.rate, name="rate")
# A client's bookmark, and behind its PIN the form that waits.
STANDING = [
    re_path(r"^s/(?P<secret>[A-Za-z0-9_-]{43})/\Z", standing_views.standing, name="standing"),
    re_path(
        r"^s/(?P<secret>[A-Za-z0-9_-]{43})/(?P<which>[0-9a-f]{16})/\Z",
        standing_views.standing_form,
        name="standing-form",
    ),
]

urlpatterns = [
    path("sessions/<uuid:session_id>/ask/", views.ask, name="rating-ask"),
    path("sessions/<uuid:session_id>/rate/", views.rate_own, name="rating-own"),
    # Also here: on the page with the thanks it is pressed when the seal has ended by itself.
    path("hand-over/back/", views.hand_back, name="hand-back"),
    path("measures/<int:version_id>/preview/", previews.measure_preview, name="measure-preview"),
    FORM,
    *STANDING,
    path(
        "episodes/<uuid:episode_id>/bookmark/", standing_views.standing_make, name="standing-make"
    ),
    path("sessions/<uuid:session_id>/bookmark/", standing_views.standing_ask, name="standing-ask"),
    path("sheets/", entering_views.sheets, name="sheets"),
    path("sessions/<uuid:session_id>/sheet/", entering_views.sheet, name="sheet"),
    path("sessions/<uuid:session_id>/type-in/", entering_views.sheet_enter, name="sheet-enter"),
    path("sessions/<uuid:session_id>/aloud/", entering_views.aloud, name="rating-aloud"),
    path("ratings/<uuid:rating_id>/move/", correcting_views.move, name="rating-move"),
    path(
        "ratings/<uuid:rating_id>/take-back/", correcting_views.take_back, name="rating-take-back"
    ),
]
