from django.urls import path

from alliance.reception import paper_views, views

urlpatterns = [
    path("reception/", views.reception, name="reception"),
    path("reception/today/", views.reception_today, name="reception-today"),
    path("reception/<uuid:session_id>/ask/", views.reception_ask, name="reception-ask"),
    path("reception/sheets/", paper_views.reception_sheets, name="reception-sheets"),
    path("reception/<uuid:session_id>/sheet/", paper_views.reception_sheet, name="reception-sheet"),
    path(
        "reception/<uuid:session_id>/type-in/",
        paper_views.reception_sheet_enter,
        name="reception-sheet-enter",
    ),
]
