"""Addresses of the page of figures, below /analytics/."""

from django.urls import path

from analytics import pages

urlpatterns = [
    path("", pages.shell),
    path("mobile/", pages.mobile),
    path("open/<str:code>/", pages.enter),
]
