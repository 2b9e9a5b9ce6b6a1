"""Keeps what a provider told us, once: the row that the inbox applies. Told by a notice or by an answer."""

import json
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from billing import known_shops, notice_kicks
from billing.models import MerchantAccount
from billing.providers.base import Delivery, NoticeKind, NoticeRead, Operation
from crm.models import encrypted

# One statement and one round trip: what a provider waits for is this insert and nothing else. It says whether
# the shop is still the one whose secret the notice was verified with.
INSERT = f"""
    WITH shop AS (
        SELECT id FROM billing_merchantaccount
        WHERE id = %(merchant)s AND (%(stamp)s = '' OR {known_shops.STAMP} = %(stamp)s)
    ), kept AS (
        INSERT INTO billing_notice
            (merchant_id, kind, external_id, body, fields, outcome, state, attempts, last_error, not_before,
             created_at)
        SELECT id, %(kind)s, %(external_id)s, %(body)s, %(fields)s, '', 'waiting', 0, '', %(at)s, %(at)s
        FROM shop
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM shop
"""  # noqa: S608 - of constants


def store(
    *, merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery, at: datetime, stamp: str = ""
) -> bool:
    """Keep a genuine notice and wake a worker after the commit; a second one of its number is the first.

    False, with nothing kept, when the shop is not the version of the `stamp` any more.
    """
    words: dict[str, Any] = {
        "merchant": merchant.pk,
        "stamp": stamp,
        "kind": str(notice.kind),
        "external_id": notice.external_id,
        "body": encrypted.seal(delivery.body or delivery.query),
        "fields": json.dumps(notice.as_json()),
        "at": at,
    }
    is_kept = _insert(words)
    if is_kept:
        notice_kicks.soon()
    return is_kept


def _insert(words: dict[str, Any]) -> bool:
    """Whether the connection lives the insert finds out by itself: it may be repeated, so a broken one costs
    a second try, and no notice a question before it.
    """
    # Django's own mark, which its stubs do not know.
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _executed(words)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or not _is_broken():
            raise
        connection.close()
        return _executed(words)


def _executed(words: dict[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, words)
        return bool(cursor.fetchone()[0] == 1)


def _is_broken() -> bool:
    return connection.connection is not None and connection.connection.closed != 0


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
