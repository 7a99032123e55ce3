from django.urls import path

from alliance.trends import views

urlpatterns = [
    path("episodes/<uuid:episode_id>/", views.episode, name="episode"),
    path("episodes/<uuid:episode_id>/ratings.csv", views.episode_csv, name="episode-csv"),
    path("episodes/<uuid:episode_id>/series.csv", views.episode_series, name="episode-series"),
]
