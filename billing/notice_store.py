"""Keeps what a provider told us, once: the row that the inbox applies. Told by a notice or by an answer."""

from datetime import datetime

from django.db import transaction

from billing.models import MerchantAccount, Notice
from billing.providers.base import Delivery, NoticeKind, NoticeRead, Operation
from crm import kick


def store(*, merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery, at: datetime) -> None:
    """Keep a genuine notice and wake a worker after the commit; a second one of its number is the first."""
    row = Notice(
        merchant=merchant,
        kind=notice.kind,
        external_id=notice.external_id,
        body=delivery.body or delivery.query,
        fields=notice.as_json(),
        not_before=at,
        created_at=at,
    )
    with transaction.atomic():
        Notice.objects.bulk_create([row], ignore_conflicts=True)
        kick.soon("billing.apply_notices")


def found(*, merchant: MerchantAccount, operation: Operation, at: datetime) -> None:
    """Take in money that the provider told of when asked, as if its notice had come; both count once."""
    notice = NoticeRead(
        kind=NoticeKind.PAY,
        external_id=operation.external_id,
        order_number=operation.order_number,
        account_id=operation.account_id,
        amount=operation.amount,
        currency=operation.currency,
        at=operation.completed_at,
        test=operation.test,
        method=operation.method,
    )
    told = Delivery(method="GET", body=b"", query=b"", headers={}, content_type="")
    store(merchant=merchant, notice=notice, delivery=told, at=at)


def found_refund(*, merchant: MerchantAccount, operation: Operation, at: datetime) -> None:
    """Take in money that went back, as a provider's registry tells it; it counts once with its notice."""
    notice = NoticeRead(
        kind=NoticeKind.REFUND,
        external_id=operation.external_id,
        payment_external_id=operation.payment_external_id,
        order_number=operation.order_number,
        amount=operation.amount,
        at=operation.completed_at or operation.created_at,
        test=operation.test,
    )
    told = Delivery(method="GET", body=b"", query=b"", headers={}, content_type="")
    store(merchant=merchant, notice=notice, delivery=told, at=at)
