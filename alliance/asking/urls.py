from django.urls import path

from alliance.asking import views

urlpatterns = [
    path("sessions/<uuid:session_id>/ask/", views.ask, name="rating-ask"),
    path("sessions/<uuid:session_id>/rate/", views.rate_own, name="rating-own"),
    path("r/<str:secret>/", views.rate, name="rate"),
]
