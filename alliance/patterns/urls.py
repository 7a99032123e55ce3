from django.urls import path

from alliance.patterns import views

urlpatterns = [
    path("patterns/", views.patterns_list, name="patterns-list"),
    path("patterns/<int:member_id>/", views.patterns, name="patterns"),
    path("patterns/<int:member_id>/endings/", views.endings, name="endings"),
    path("practices/<int:practice_id>/numbers/", views.practice_numbers, name="practice-numbers"),
]
