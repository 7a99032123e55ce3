from django.urls import path, re_path

from sessions_app.places import views

urlpatterns = [
    path("practices/<int:practice_id>/people/", views.people, name="people"),
    path("practices/<int:practice_id>/crisis/", views.practice_crisis, name="practice-crisis"),
    path("practices/<int:practice_id>/people/invite/", views.invitation_create, name="invite"),
    path(
        "invitations/<uuid:invitation_id>/revoke/",
        views.invitation_revoke,
        name="invitation-revoke",
    ),
    path("members/<int:member_id>/", views.member, name="member"),
    path("members/<int:member_id>/duties/", views.member_duties, name="member-duties"),
    path("members/<int:member_id>/leave/", views.member_leave, name="member-leave"),
    path("members/<int:member_id>/lock/", views.member_lock, name="member-lock"),
    path("members/<int:member_id>/unlock/", views.member_unlock, name="member-unlock"),
    path(
        "members/<int:member_id>/supervisors/add/",
        views.supervision_create,
        name="supervision-create",
    ),
    path("supervisions/<int:supervision_id>/end/", views.supervision_end, name="supervision-end"),
    path("join/", views.join_own, name="join-own"),
    re_path(r"^join/(?P<secret>[A-Za-z0-9_-]{43})/\Z", views.join, name="join"),
]
