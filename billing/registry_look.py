"""What a provider says of one day of one shop: its registry, or its answers about what we know of that day.

Asks, and writes nothing. A registry row belongs to the day on which it was created there.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from billing import providers
from billing.models import MerchantAccount, Payment, ProviderOrder, Refund
from billing.providers.base import Chargeback, Operation, OperationStatus, Provider, Unsupported

# Providers count their days here.
BUSINESS_ZONE = ZoneInfo("Europe/Moscow")
TIMEOUT_SECONDS = 25.0
ASKED_MAX = 2000


@dataclass(frozen=True)
class Look:
    """What one shop says of one day."""

    merchant: MerchantAccount
    day: date
    operations: list[Operation]
    chargebacks: list[Chargeback]
    has_registry: bool


def fetch(merchant: MerchantAccount, day: date) -> Look:
    provider = providers.of(merchant)
    try:
        operations = provider.registry(day=day, timeout=TIMEOUT_SECONDS)
    except Unsupported:
        return Look(merchant, day, _asked(provider, merchant, day), [], has_registry=False)
    try:
        chargebacks = provider.chargebacks(day=day, timeout=TIMEOUT_SECONDS)
    except Unsupported:
        chargebacks = []
    listed = {operation.external_id for operation in operations}
    # A payment of the last minute stands in the day on which it was created.
    elsewhere = (
        payments_of(merchant, day).exclude(external_id__in=listed).values_list("external_id", flat=True)
    )
    for external_id in elsewhere[:ASKED_MAX]:
        found = provider.find_operation(external_id=external_id, timeout=TIMEOUT_SECONDS)
        operations += [found] if found else []
    return Look(merchant, day, operations, chargebacks, has_registry=True)


def _asked(provider: Provider, merchant: MerchantAccount, day: date) -> list[Operation]:
    """No registry: ask about our orders and our payments of that day. Test payments are not served there."""
    if merchant.settings.get("test"):
        return []
    start, end = bounds(day)
    orders = ProviderOrder.objects.filter(merchant=merchant, opened_at__gte=start, opened_at__lt=end)
    numbers = set(orders.values_list("number", flat=True)[:ASKED_MAX])
    numbers |= set(payments_of(merchant, day).values_list("external_id", flat=True)[:ASKED_MAX])
    found = [
        provider.find_payment(order_number=number, timeout=TIMEOUT_SECONDS) for number in sorted(numbers)
    ]
    return [operation for operation in found if operation is not None]


def is_money(operation: Operation) -> bool:
    return operation.status is OperationStatus.COMPLETED and not operation.test


def known_payments(merchant: MerchantAccount, ids: set[str]) -> dict[str, Payment]:
    found = Payment.objects.filter(merchant=merchant, external_id__in=ids)
    return {payment.external_id: payment for payment in found}


def known_refunds(merchant: MerchantAccount, ids: set[str]) -> dict[str, Refund]:
    found = Refund.objects.filter(merchant=merchant, external_id__in=ids).select_related("payment")
    return {refund.external_id: refund for refund in found}


def payments_of(merchant: MerchantAccount, day: date) -> "QuerySet[Payment]":
    start, end = bounds(day)
    return Payment.objects.filter(merchant=merchant, received_at__gte=start, received_at__lt=end).order_by(
        "id"
    )


def bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(0), tzinfo=BUSINESS_ZONE)
    return start, start + timedelta(days=1)
