from django.urls import path

from sessions_app.sessions import views

urlpatterns = [
    path("episodes/<uuid:episode_id>/log/", views.session_create, name="session-create"),
    path("sessions/<uuid:session_id>/", views.session_edit, name="session-edit"),
]
