"""Celery's doors: they read the clock and make one call. Every one may be lost, doubled or late without
harm.
"""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from billing import (
    auto_charges,
    auto_rendering,
    credit_returns,
    crm_requests,
    deposit_deadlines,
    deposits,
    field_refills,
    inbox,
    invoices,
    late_fees,
    lead_prices,
    lost_deals,
    messages,
    order_watch,
    orders,
    overdue,
    promises,
    provider_calls,
    reconciliation,
    registry_watch,
    reminders,
    service_rendered,
    stage_gates,
    stages,
)
from billing.models import FirstAnswer

KEYS_LIVE = timedelta(hours=24)


@shared_task(name="billing.apply_notices")
def apply_notices() -> None:
    inbox.apply_waiting(at=timezone.now())


@shared_task(name="billing.refill_fields")
def refill_fields() -> None:
    field_refills.run(at=timezone.now())


@shared_task(name="billing.deliver_provider_calls")
def deliver_provider_calls() -> None:
    provider_calls.deliver(at=timezone.now())


@shared_task(name="billing.deliver_messages")
def deliver_messages() -> None:
    messages.deliver(at=timezone.now())


@shared_task(name="billing.issue_due_invoices")
def issue_due_invoices() -> None:
    invoices.issue_now(at=timezone.now())


@shared_task(name="billing.flag_overdue")
def flag_overdue() -> None:
    overdue.flag_now(at=timezone.now())


@shared_task(name="billing.charge_late_fees")
def charge_late_fees() -> None:
    late_fees.charge_now(at=timezone.now())


@shared_task(name="billing.break_promises")
def break_promises() -> None:
    promises.break_overdue(at=timezone.now())


@shared_task(name="billing.release_unpaid_deposits")
def release_unpaid_deposits() -> None:
    deposit_deadlines.pass_due(at=timezone.now())


@shared_task(name="billing.charge_saved_cards")
def charge_saved_cards() -> None:
    auto_charges.run(at=timezone.now())


@shared_task(name="billing.send_reminders")
def send_reminders() -> None:
    reminders.send_now(at=timezone.now())


@shared_task(name="billing.follow_prices")
def follow_prices() -> None:
    deposits.follow_prices(at=timezone.now())


@shared_task(name="billing.apply_crm_requests")
def apply_crm_requests() -> None:
    """Do what amoCRM's pipelines and bots asked."""
    crm_requests.apply_waiting(at=timezone.now())


@shared_task(name="billing.follow_leads")
def follow_leads() -> None:
    """What amoCRM's managers changed: lost and returned deals, budgets that no longer fit, gates."""
    at = timezone.now()
    lost_deals.follow(at=at)
    lead_prices.warn(at=at)
    stage_gates.hold(at=at)


@shared_task(name="billing.expire_orders")
def expire_orders() -> None:
    orders.expire(at=timezone.now())


@shared_task(name="billing.watch_orders")
def watch_orders() -> None:
    order_watch.run(at=timezone.now())


@shared_task(name="billing.complete_served")
def complete_served() -> None:
    stages.complete_served(at=timezone.now())


@shared_task(name="billing.request_reconciliations")
def request_reconciliations() -> None:
    """Every shop's day that is over, again until the provider has answered."""
    reconciliation.request_yesterday(at=timezone.now())


@shared_task(name="billing.reconcile")
def reconcile() -> None:
    reconciliation.perform(at=timezone.now())


@shared_task(name="billing.watch_registries")
def watch_registries() -> None:
    registry_watch.run(at=timezone.now())


@shared_task(name="billing.render_services")
def render_services() -> None:
    """What the cohorts' calendars say was rendered by the day that is over."""
    at = timezone.now()
    service_rendered.render_due(on=(at - timedelta(days=1)).date(), at=at)


@shared_task(name="billing.render_by_itself")
def render_by_itself() -> None:
    """What the day of service or a stage of the deal says was rendered."""
    auto_rendering.run(at=timezone.now())


@shared_task(name="billing.close_late_money")
def close_late_money() -> None:
    at = timezone.now()
    service_rendered.close_late(since=at - timedelta(days=3), at=at)


@shared_task(name="billing.list_credit_returns")
def list_credit_returns() -> None:
    """What was handed over on credit and nobody will pay, because the deal costs less by now."""
    at = timezone.now()
    credit_returns.follow(since=at - timedelta(days=3), at=at)


@shared_task(name="billing.forget_idempotency_keys")
def forget_idempotency_keys() -> None:
    FirstAnswer.objects.filter(created_at__lt=timezone.now() - KEYS_LIVE).delete()
