from django.urls import path

from alliance.reception import views

urlpatterns = [
    path("reception/", views.reception, name="reception"),
    path("reception/<uuid:session_id>/ask/", views.reception_ask, name="reception-ask"),
]
