from django.urls import path

from alliance.goals import views

urlpatterns = [
    path("episodes/<uuid:episode_id>/goals/", views.goals, name="goals"),
    path("goals/<uuid:goal_id>/", views.goal, name="goal"),
    path("goals/<uuid:goal_id>/near/", views.goal_near, name="goal-near"),
    path("sessions/<uuid:session_id>/goals/", views.worked_on, name="goals-worked-on"),
]
