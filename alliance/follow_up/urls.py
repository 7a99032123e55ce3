from django.urls import path

from alliance.follow_up import own_views, views

urlpatterns = [
    path("ratings/<uuid:rating_id>/what-came/", views.rating_follow_up, name="rating-follow-up"),
    path("sessions/<uuid:session_id>/last-time/", views.last_time, name="last-time"),
    path("flags/<uuid:flag_id>/what-came/", views.flag_acknowledge, name="flag-acknowledge"),
    path("caseload/marked/", own_views.marked_own, name="marked-own"),
    path("practices/<int:practice_id>/prompts/", own_views.prompts, name="prompts"),
    path(
        "practices/<int:practice_id>/prompts/<slug:key>/",
        own_views.prompts_change,
        name="prompts-change",
    ),
    path("episodes/<uuid:episode_id>/reflection/", own_views.reflection, name="reflection"),
    path(
        "reflections/<uuid:reflection_id>/empty/",
        own_views.reflection_empty,
        name="reflection-empty",
    ),
]
