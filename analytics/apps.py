"""The app of figures and exports."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
