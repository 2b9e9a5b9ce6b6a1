"""Doors for Celery: kicks and sweeps of crm (the beat table is in config/celery.py)."""

from celery import shared_task
from django.utils import timezone

from crm import alerts, chats, connection, deals, delivery, repair, stage_names, upkeep, users


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


@shared_task(name="crm.check_connections")
def check_connections() -> None:
    """Look once a day, and after every new connection, whether calls and web hooks of an account work."""
    if upkeep.check_due(at=timezone.now()):
        hear_names()


@shared_task(name="crm.send_alerts")
def send_alerts() -> None:
    """Mail to the owners what they were not told yet."""
    alerts.deliver(at=timezone.now())


@shared_task(name="crm.read_events")
def read_events() -> None:
    """Find in amoCRM's list of events what a lost web hook did not tell."""
    repair.read_due(at=timezone.now())


@shared_task(name="crm.look_into_chats")
def look_into_chats() -> None:
    """See which messages of bots have reached their clients."""
    chats.look(at=timezone.now())


@shared_task(name="crm.hear_names")
def hear_names() -> None:
    """Hear what the people, pipelines and stages of each account are called."""
    users.ask_all(at=timezone.now())
    stage_names.ask_all(at=timezone.now())
