from django.urls import path

from alliance.digests import views

urlpatterns = [path("news/", views.digest, name="digest")]
