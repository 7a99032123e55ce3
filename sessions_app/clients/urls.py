from django.urls import path

from sessions_app.clients import views

urlpatterns = [
    path("clients/add/", views.client_create, name="client-create"),
]
