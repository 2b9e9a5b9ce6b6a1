"""Every address of crm."""

from django.urls import path

from crm import pages, webhooks

urlpatterns = [
    path("webhooks/amocrm/<str:webhook_key>/", webhooks.receive, name="amocrm_webhook"),
    path("oauth/amocrm/callback/", pages.callback, name="amocrm_callback"),
    path("oauth/amocrm/secrets/", pages.secrets, name="amocrm_secrets"),
    path("oauth/amocrm/uninstalled/", pages.uninstalled, name="amocrm_uninstalled"),
]
