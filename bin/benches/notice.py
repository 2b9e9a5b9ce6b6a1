"""A signed payment notice verified and stored by the inbox, against one committed INSERT of its bytes."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlencode

from _progress import Failed
from benches.measure import Benchmark, Figure, Size, measure

_NUMBERS = count(1)
_AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def run(name: str, size: Size) -> Figure:
    from django.db import connection

    from billing import inbox
    from billing.models import MerchantAccount
    from billing.providers.base import Delivery, NoticeKind

    merchant = MerchantAccount.objects.get(key="school-cloud")
    secret = json.loads(merchant.secrets_json)["api_secret"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE reference (id bigint PRIMARY KEY, body text NOT NULL)")

    def work() -> None:
        signed = _body(next(_NUMBERS))
        mac = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        delivery = Delivery(
            method="POST",
            body=signed,
            query=b"",
            headers={"Content-HMAC": mac},
            content_type="application/x-www-form-urlencoded",
        )
        answer = inbox.take(
            provider=merchant.provider,
            merchant_key=merchant.key,
            kind=NoticeKind.PAY,
            delivery=delivery,
            at=_AT,
        )
        if answer.status != 200:
            raise Failed(f"The inbox answered {answer.status} {answer.body!r}.")

    def least() -> None:
        number = next(_NUMBERS)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO reference VALUES (%s, %s)", [number, _body(number).decode()])

    return measure(name, Benchmark("one committed INSERT", work, least, size.times(200)), turns=size.turns)


def _body(number: int) -> bytes:
    fields = {"TransactionId": number, "Amount": "1000.00", "Currency": "RUB", "OperationType": "Payment"}
    rest = {"InvoiceId": f"bench-{number}", "Status": "Completed", "DateTime": "2026-11-22 08:59:05"}
    return urlencode({**fields, **rest, "TestMode": 0, "Data": ""}).encode()
