from django.urls import path

from alliance.caseload import views

urlpatterns = [
    path("caseload/", views.caseload, name="caseload"),
]
