from django.urls import path, re_path

from sessions_app.tablets import views

urlpatterns = [
    path("practices/<int:practice_id>/tablets/", views.tablets, name="tablets"),
    path("practices/<int:practice_id>/tablets/add/", views.tablet_invite, name="tablet-invite"),
    path("tablets/<uuid:tablet_id>/revoke/", views.tablet_revoke, name="tablet-revoke"),
    re_path(r"^pair/(?P<secret>[A-Za-z0-9_-]{43})/\Z", views.tablet_pair, name="tablet-pair"),
]
