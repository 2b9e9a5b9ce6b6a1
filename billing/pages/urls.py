"""Addresses of the payer (interface.md 5), below /pay/."""

from django.urls import path

from billing.pages import views

urlpatterns = [
    path("<str:token>/", views.page),
    path("<str:token>/go/", views.go),
    path("<str:token>/done/", views.done),
    path("<str:token>/failed/", views.failed),
    path("<str:token>/documents/<int:document_id>/", views.document),
]
