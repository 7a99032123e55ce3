from django.urls import path

from alliance.sending import bounces, views

urlpatterns = [
    path("episodes/<uuid:episode_id>/asking/", views.episode_asking, name="episode-asking"),
    path("episodes/<uuid:episode_id>/asking/stop/", views.asking_stop, name="asking-stop"),
    path("episodes/<uuid:episode_id>/asking/again/", views.asking_resume, name="asking-resume"),
    path("asked/<uuid:request_id>/came-back/", views.asked_bounced, name="asked-bounced"),
    path("sessions/<uuid:session_id>/send/", views.rating_send, name="rating-send"),
    path("caseload/today/", views.ask_today, name="ask-today"),
    path("practices/<int:practice_id>/asking/", views.practice_asking, name="practice-asking"),
    path(
        "practices/<int:practice_id>/asking/rules/",
        views.practice_asking_rules,
        name="practice-asking-rules",
    ),
    path(
        "practices/<int:practice_id>/asking/sample/",
        views.practice_asking_sample,
        name="practice-asking-sample",
    ),
    path("bounces/", bounces.bounces, name="bounces"),
]
