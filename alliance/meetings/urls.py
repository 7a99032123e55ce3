from django.urls import path

from alliance.meetings import views

urlpatterns = [
    path("circles/<uuid:circle_id>/", views.circle, name="circle"),
    path("meetings/<uuid:meeting_id>/ask/", views.meeting_ask, name="meeting-ask"),
]
