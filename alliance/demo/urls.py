from django.urls import path

from alliance.demo import views

urlpatterns = [path("demo/<str:token>/", views.sign_in, name="demo-sign-in")]
