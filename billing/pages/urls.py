"""Addresses of the payer (interface.md 5), below /pay/."""

from django.urls import path

from billing.pages import acts, views

urlpatterns = [
    path("<str:token>/", views.page),
    path("<str:token>/go/", views.go),
    path("<str:token>/transfer/", views.transfer),
    path("<str:token>/promise/", acts.promise),
    path("<str:token>/date/", acts.ask_date),
    path("<str:token>/transferred/", acts.claim),
    path("<str:token>/reminders/", acts.choose),
    path("<str:token>/card/", acts.card),
    path("<str:token>/done/", views.done),
    path("<str:token>/failed/", views.failed),
    path("<str:token>/documents/<int:document_id>/", views.document),
]
