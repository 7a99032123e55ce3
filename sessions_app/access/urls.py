from django.urls import path

from sessions_app.access import views

urlpatterns = [path("policy-report/", views.policy_report, name="policy-report")]
