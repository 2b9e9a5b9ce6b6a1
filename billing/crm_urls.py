"""Addresses by which amoCRM asks for money work; one fixed address each, so they never change."""

from django.urls import path

from billing import crm_doors

urlpatterns = [
    path("webhooks/amocrm/pipeline/", crm_doors.pipeline),
    path("webhooks/amocrm/salesbot/", crm_doors.salesbot),
]
