"""Puts a call to a provider into its queue, in the transaction of the fact that causes it; once per key."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from billing.models import MerchantAccount, ProviderCall, ProviderOrder, Receipt, RefundOrder
from crm import kick


def add(
    *,
    merchant: MerchantAccount,
    kind: ProviderCall.Kind,
    key: str,
    at: datetime,
    order: ProviderOrder | None = None,
    receipt: Receipt | None = None,
    refund_order: RefundOrder | None = None,
    not_before: datetime | None = None,
) -> None:
    """Add the call and wake a worker after the commit; a second call with the same key does nothing.

    `key` is also the idempotency key on the provider's wire, so it is never reused for another body.
    """
    row = ProviderCall(
        merchant=merchant,
        kind=kind,
        key=key,
        order=order,
        receipt=receipt,
        refund_order=refund_order,
        not_before=not_before or at,
        created_at=at,
    )
    with transaction.atomic():
        put([row])


def put(rows: Sequence[ProviderCall]) -> None:
    """Put calls into the queue in the caller's transaction; one whose key is known changes nothing."""
    ProviderCall.objects.bulk_create(rows, ignore_conflicts=True)
    kick.soon("billing.deliver_provider_calls")
