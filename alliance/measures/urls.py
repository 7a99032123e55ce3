from django.urls import path

from alliance.measures import views

urlpatterns = [
    path("practices/<int:practice_id>/measures/", views.measures, name="measures"),
    path(
        "practices/<int:practice_id>/measures/upload/", views.measure_upload, name="measure-upload"
    ),
    path("practices/<int:practice_id>/measures/write/", views.measure_write, name="measure-write"),
    path("measures/<int:version_id>/", views.measure, name="measure"),
    path("measures/<int:version_id>/edit/", views.measure_edit, name="measure-edit"),
    path("measures/<int:version_id>/licence/", views.measure_licence, name="measure-licence"),
    path("measures/<int:version_id>/activate/", views.measure_activate, name="measure-activate"),
    path("measures/<int:version_id>/stop/", views.measure_stop, name="measure-stop"),
    path("measures/<int:version_id>/fhir/", views.measure_fhir, name="measure-fhir"),
]
