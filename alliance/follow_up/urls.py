from django.urls import path

from alliance.follow_up import views

urlpatterns = [
    path("ratings/<uuid:rating_id>/what-came/", views.rating_follow_up, name="rating-follow-up"),
    path("sessions/<uuid:session_id>/last-time/", views.last_time, name="last-time"),
    path("flags/<uuid:flag_id>/what-came/", views.flag_acknowledge, name="flag-acknowledge"),
]
