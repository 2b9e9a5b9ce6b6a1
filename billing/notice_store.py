"""Keeps what a provider told us, once: the row that the inbox applies. Told by a notice or by an answer."""

import json
from datetime import datetime

from django.db import connection

from billing import notice_kicks
from billing.models import MerchantAccount
from billing.providers.base import Delivery, NoticeKind, NoticeRead, Operation

# One statement and one round trip: what a provider waits for is this insert and nothing else.
INSERT = """
    INSERT INTO billing_notice
        (merchant_id, kind, external_id, body, fields, outcome, state, attempts, last_error, not_before,
         created_at)
    VALUES (%s, %s, %s, %s, %s, '', 'waiting', 0, '', %s, %s)
    ON CONFLICT DO NOTHING
"""


def store(*, merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery, at: datetime) -> None:
    """Keep a genuine notice and wake a worker after the commit; a second one of its number is the first."""
    said = delivery.body or delivery.query
    fields = json.dumps(notice.as_json())
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [merchant.pk, str(notice.kind), notice.external_id, said, fields, at, at])
    notice_kicks.soon()


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
