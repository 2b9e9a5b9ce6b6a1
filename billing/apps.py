"""Django's handle of the app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
