from django.urls import path

from sessions_app.calendars import views

urlpatterns = [
    path("my-calendar/", views.calendar, name="calendar"),
    path("c/<str:secret>/planned.ics", views.calendar_feed, name="calendar-feed"),
]
