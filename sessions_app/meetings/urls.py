from django.urls import path

from sessions_app.meetings import views

urlpatterns = [
    path("circles/", views.circles, name="circles"),
    path("circles/make/", views.circle_create, name="circle-create"),
    path("circles/<uuid:circle_id>/members/", views.circle_members, name="circle-members"),
    path("circles/members/<uuid:member_id>/leave/", views.circle_leave, name="circle-leave"),
    path("circles/<uuid:circle_id>/lead/", views.circle_lead, name="circle-lead"),
    path("circles/<uuid:circle_id>/lead/alone/", views.circle_lead_alone, name="circle-lead-alone"),
    path("circles/<uuid:circle_id>/log/", views.meeting_log, name="meeting-log"),
    path("meetings/<uuid:meeting_id>/", views.meeting_correct, name="meeting-correct"),
]
