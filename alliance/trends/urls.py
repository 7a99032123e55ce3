from django.urls import path

from alliance.trends import own_first_views, views

urlpatterns = [
    path("episodes/<uuid:episode_id>/", views.episode, name="episode"),
    path("episodes/<uuid:episode_id>/ratings.csv", views.episode_csv, name="episode-csv"),
    path("episodes/<uuid:episode_id>/series.csv", views.episode_series, name="episode-series"),
    path("own-rating-first/", own_first_views.own_first, name="own-first"),
    path(
        "practices/<int:practice_id>/own-rating-first/",
        own_first_views.practice_own_first,
        name="practice-own-first",
    ),
    path("sessions/<uuid:session_id>/show/", own_first_views.rating_show, name="rating-show"),
]
