from django.urls import path

from sessions_app.sessions import planning_views, views

urlpatterns = [
    path("episodes/<uuid:episode_id>/log/", views.session_create, name="session-create"),
    path("sessions/<uuid:session_id>/", views.session_edit, name="session-edit"),
    path("episodes/<uuid:episode_id>/plan/", planning_views.session_plan, name="session-plan"),
    path(
        "sessions/<uuid:session_id>/planned/",
        planning_views.session_planned,
        name="session-planned",
    ),
]
