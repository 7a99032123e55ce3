from django.urls import path

from sessions_app.trail import views

urlpatterns = [
    path("practices/<int:practice_id>/trail/", views.practice_trail, name="practice-trail"),
    path("trail/", views.clients_trail, name="clients-trail"),
]
