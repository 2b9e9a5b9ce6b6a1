"""Payment notices against a bare view that inserts one row by the ORM, on the same server in the same run.

Answered: verified, stored once and committed before the answer. Applied: in the ledger with its receipt,
history, CRM rows. Duplicates and slow answers are looked at under as many senders as a bad day has.
"""

import base64
import hashlib
import hmac
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlencode

from benches import bare, school, web
from benches.measure import Figure, Size

REFERENCE = "a bare view that inserts one row by the ORM"
FORM = "application/x-www-form-urlencoded"
SENDERS, MANY_SENDERS, DUPLICATES = 8, 16, 100
_NUMBERS = count(1)
_AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def answered(name: str, size: Size) -> Figure:
    """Different notices by 8 connections; the promise is 0.8 of the reference."""
    return _compared(name, size, goal=0.8, measured=lambda port: _storm(port, size.times(400), SENDERS).rate)


def duplicates(name: str, size: Size) -> Figure:
    """100 copies of one notice at once, against 100 different ones at once."""
    with web.running() as port:
        same, different = [], []
        for _ in range(size.turns * 2):
            request = _notice(port, next(_NUMBERS))
            same.append(web.storm(port, [request] * DUPLICATES, senders=DUPLICATES).rate)
            different.append(_storm(port, DUPLICATES, DUPLICATES).rate)
    rate, reference = statistics.median(same), statistics.median(different)
    goal, ratio = "at least as fast", rate / reference
    return Figure(name, "100 different notices in parallel", rate, reference, ratio, goal, ratio >= 1)


def slowest(name: str, size: Size) -> Figure:
    """The 99th percentile of the answer under 16 senders, at most 5 times the reference's."""
    _make_table()
    with web.running() as port:
        ours, theirs = [], []
        for _ in range(size.turns):
            ours.append(_storm(port, size.times(800), MANY_SENDERS).p99)
            theirs.append(_bare_storm(port, size.times(800), MANY_SENDERS).p99)
    mine, reference = statistics.median(ours), statistics.median(theirs)
    met = mine <= 5 * reference
    return Figure(name, REFERENCE, 1 / mine, 1 / reference, reference / mine, "p99 at most 5 times", met)


def applied(name: str, size: Size) -> Figure:
    """One worker applies notices of different deals; the promise is 0.3 of the reference."""
    times = size.times(60)
    batches = [[_order() for _ in range(times)] for _ in range(size.turns)]
    turn = iter(batches)
    return _compared(name, size, goal=0.3, measured=lambda port: _apply(next(turn)))


def _compared(name: str, size: Size, *, goal: float, measured: Callable[[int], float]) -> Figure:
    """Ours and the reference in turns, so that a slow minute is slow for both."""
    _make_table()
    with web.running() as port:
        _storm(port, SENDERS * 4, SENDERS)
        _bare_storm(port, SENDERS * 4, SENDERS)
        ours, theirs = [], []
        for _ in range(size.turns):
            ours.append(measured(port))
            theirs.append(_bare_storm(port, size.times(400), SENDERS).rate)
    ratio = statistics.median(mine / bare_one for mine, bare_one in zip(ours, theirs, strict=True))
    words = f"at least {goal:g} of the reference"
    rates = statistics.median(ours), statistics.median(theirs)
    return Figure(name, REFERENCE, *rates, ratio, words, ratio >= goal)


def _make_table() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(bare.TABLE)


def _storm(port: int, times: int, senders: int) -> web.Load:
    return web.storm(port, [_notice(port, next(_NUMBERS)) for _ in range(times)], senders=senders)


def _bare_storm(port: int, times: int, senders: int) -> web.Load:
    body = _body(0, "bench")
    request = web.post(port, bare.PATH, body, {"Content-Type": FORM})
    return web.storm(port, [request] * times, senders=senders)


def _notice(port: int, number: int) -> bytes:
    body = _body(number, f"bench-{number}")
    headers = {"Content-Type": FORM, "Content-HMAC": _mac(body)}
    return web.post(port, "/webhooks/cloudpayments/school-cloud/pay/", body, headers)


def _mac(body: bytes) -> str:
    return base64.b64encode(hmac.new(_secret().encode(), body, hashlib.sha256).digest()).decode()


def _secret() -> str:
    from billing.models import MerchantAccount

    if not _SECRETS:
        _SECRETS.append(
            json.loads(MerchantAccount.objects.get(key="school-cloud").secrets_json)["api_secret"]
        )
    return _SECRETS[0]


_SECRETS: list[str] = []


def _body(number: int, order: str, amount: str = "1000.00") -> bytes:
    fields = {"TransactionId": number, "Amount": amount, "Currency": "RUB", "OperationType": "Payment"}
    rest = {"InvoiceId": order, "Status": "Completed", "DateTime": "2026-11-22 08:59:05"}
    return urlencode({**fields, **rest, "TestMode": 0, "Data": ""}).encode()


def _order() -> str:
    """An open order of a deal with twelve rows."""
    from billing.models import MerchantAccount, ProviderOrder

    deal = school.make_deal()
    school.save_schedule(deal)
    merchant = MerchantAccount.objects.get(key="school-cloud")
    number = f"order-{next(_NUMBERS)}"
    ProviderOrder.objects.create(
        deal=deal,
        merchant=merchant,
        legal_entity=merchant.legal_entity,
        purpose="installment",
        amount=school.PAYMENT,
        state="open",
        number=number,
        request_id=number,
        ordered_on=_AT.date(),
        created_at=_AT,
    )
    return number


def _apply(orders: list[str]) -> float:
    """Stored first, as the server does it; only the applying is measured."""
    from billing import inbox
    from billing.models import Notice
    from billing.providers.base import Delivery, NoticeKind

    Notice.objects.filter(state="waiting").update(state="done")
    for order in orders:
        body = _body(next(_NUMBERS), order, str(school.PAYMENT))
        delivery = Delivery(
            method="POST", body=body, query=b"", headers={"Content-HMAC": _mac(body)}, content_type=FORM
        )
        inbox.take(
            provider="cloudpayments",
            merchant_key="school-cloud",
            kind=NoticeKind.PAY,
            delivery=delivery,
            at=_AT,
        )
    started = time.perf_counter()
    done = inbox.apply_waiting(at=_AT)
    return done / (time.perf_counter() - started)
