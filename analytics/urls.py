"""Addresses of /api/v1/analytics/."""

from django.urls import path

from analytics.api import doors, tab, workbooks

urlpatterns = [
    path("summary/", doors.Summary.as_view()),
    path("payments/", doors.Payments.as_view()),
    path("aging/", doors.Aging.as_view()),
    path("filters/", doors.Filters.as_view()),
    path("tab/", tab.Tab.as_view()),
    path("export.xlsx", workbooks.Workbook.as_view()),
    path("exports/", workbooks.Exports.as_view()),
    path("exports/<int:export_id>/", workbooks.OneExport.as_view()),
    path("exports/open/<str:ticket>/", workbooks.open_ticket),
]
