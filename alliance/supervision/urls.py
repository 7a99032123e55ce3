from django.urls import path

from alliance.supervision import pdf_views, views

MEETING = "supervision/meetings/<uuid:meeting_id>/"

urlpatterns = [
    path("caseload/supervised/", views.caseload_supervised, name="caseload-supervised"),
    path("supervision/", views.supervisions, name="supervisions"),
    path("supervision/<int:supervision_id>/plan/", views.plan, name="supervision-plan"),
    path(MEETING, views.meeting, name="supervision-meeting"),
    path(f"{MEETING}refresh/", views.refresh, name="supervision-refresh"),
    path(f"{MEETING}line/", views.line, name="supervision-line"),
    path(f"{MEETING}notes/", views.notes, name="supervision-notes"),
    path(f"{MEETING}own-notes/", views.own_notes, name="supervision-own-notes"),
    path(f"{MEETING}agree/", views.agree, name="supervision-agree"),
    path(f"{MEETING}held/", views.held, name="supervision-held"),
    path(f"{MEETING}agenda.pdf", pdf_views.agenda, name="supervision-agenda"),
    path("supervision/points/<uuid:item_id>/", views.tick, name="supervision-tick"),
    path("supervision/actions/<uuid:action_id>/", views.done, name="supervision-done"),
    path("episodes/<uuid:episode_id>/page.pdf", pdf_views.episode, name="episode-page"),
]
