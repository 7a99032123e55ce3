from django.urls import path

from sessions_app.clients import views

urlpatterns = [
    path("clients/add/", views.client_create, name="client-create"),
    path("members/<int:member_id>/hand-over/", views.hand_over, name="hand-over"),
    path("episodes/<uuid:episode_id>/consent/", views.consent, name="consent"),
]
