from django.urls import path

from sessions_app.openings import views

urlpatterns = [
    path("emergencies/", views.emergencies, name="emergencies"),
    path("emergencies/<uuid:access_id>/", views.emergency, name="emergency"),
    path("emergencies/<uuid:access_id>/end/", views.emergency_end, name="emergency-end"),
    path(
        "practices/<int:practice_id>/emergencies/",
        views.practice_emergencies,
        name="practice-emergencies",
    ),
    path(
        "practices/<int:practice_id>/deputies/appoint/",
        views.deputy_appoint,
        name="deputy-appoint",
    ),
    path("deputies/<int:deputy_id>/dismiss/", views.deputy_dismiss, name="deputy-dismiss"),
]
