"""Celery's doors: they read the clock and make one call. Every one may be lost, doubled or late without
harm.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from celery import shared_task
from django.utils import timezone

from billing import (
    deposits,
    inbox,
    invoices,
    messages,
    order_watch,
    orders,
    overdue,
    provider_calls,
    reminders,
    stages,
)
from billing.models import AccountPolicy, FirstAnswer

KEYS_LIVE = timedelta(hours=24)


@shared_task(name="billing.apply_notices")
def apply_notices() -> None:
    inbox.apply_waiting(at=timezone.now())


@shared_task(name="billing.deliver_provider_calls")
def deliver_provider_calls() -> None:
    provider_calls.deliver(at=timezone.now())


@shared_task(name="billing.deliver_messages")
def deliver_messages() -> None:
    messages.deliver(at=timezone.now())


@shared_task(name="billing.issue_due_invoices")
def issue_due_invoices() -> None:
    """Issue for every account whose local hour of issuing has come; what was issued today is not due
    again.
    """
    at = timezone.now()
    for policy in AccountPolicy.objects.select_related("account"):
        local = at.astimezone(ZoneInfo(policy.account.time_zone))
        if local.time() >= policy.issue_at:
            invoices.issue_due(on=local.date(), at=at, account=policy.account)


@shared_task(name="billing.flag_overdue")
def flag_overdue() -> None:
    overdue.flag_now(at=timezone.now())


@shared_task(name="billing.send_reminders")
def send_reminders() -> None:
    reminders.send_due(at=timezone.now())


@shared_task(name="billing.follow_prices")
def follow_prices() -> None:
    deposits.follow_prices(at=timezone.now())


@shared_task(name="billing.expire_orders")
def expire_orders() -> None:
    orders.expire(at=timezone.now())


@shared_task(name="billing.watch_orders")
def watch_orders() -> None:
    order_watch.run(at=timezone.now())


@shared_task(name="billing.complete_served")
def complete_served() -> None:
    stages.complete_served(at=timezone.now())


@shared_task(name="billing.forget_idempotency_keys")
def forget_idempotency_keys() -> None:
    FirstAnswer.objects.filter(created_at__lt=timezone.now() - KEYS_LIVE).delete()
