"""Doors for Celery: kicks and sweeps of crm (the beat table is in config/celery.py)."""

from celery import shared_task
from django.utils import timezone

from crm import connection, deals, delivery


@shared_task(name="crm.refresh_hinted_deals")
def refresh_hinted_deals() -> None:
    """Look up the leads that amoCRM said had changed."""
    deals.refresh_hinted(at=timezone.now())


@shared_task(name="crm.deliver_outbox")
def deliver_outbox() -> None:
    """Send what waits for amoCRM."""
    delivery.deliver(at=timezone.now())


@shared_task(name="crm.refresh_tokens")
def refresh_tokens() -> None:
    """Renew the tokens that have little of their life left."""
    connection.refresh_early(at=timezone.now())
