from django.urls import path

from alliance.detection import views

urlpatterns = [
    path("practices/<int:practice_id>/marks/", views.sensitivity, name="sensitivity"),
]
