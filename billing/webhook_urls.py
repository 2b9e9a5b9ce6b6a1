"""Addresses of the providers' notices; given to the providers, so they never change."""

from django.urls import path

from billing import webhooks

urlpatterns = [
    path("webhooks/cloudpayments/<slug:merchant_key>/<slug:kind>/", webhooks.cloudpayments),
    path("webhooks/robokassa/<slug:merchant_key>/result/", webhooks.robokassa),
    path("webhooks/robokassa/<slug:merchant_key>/result2/", webhooks.robokassa_signed_state),
]
