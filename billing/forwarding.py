"""Notices that are not ours, at a shop through which other programs sell too (interface: "Providers").

Where `other_orders` is an address they go on byte for byte, and the other program's answer goes back to the
provider, *check* too: it alone knows whether its order may be paid. No answer is our 502, after which the
provider asks again. What was forwarded once is never forwarded again, so two installations that point at each
other do not play ping-pong.
"""

from collections.abc import Mapping
from datetime import datetime

import requests
import structlog
from django.db import DatabaseError, transaction

from billing import order_check
from billing.models import MerchantAccount, Notice, Payment, Receipt
from billing.providers.base import Answer, Delivery, NoticeKind, NoticeRead

log = structlog.get_logger("grafik.forwarding")

# Below the 30 seconds that a provider waits for us.
TIMEOUT_SECONDS = 20.0
ANSWER_BYTES_MAX = 64 * 1024
MARK = "X-Grafik-Forwarded"
# What a notice is made of beside its bytes; everything else belongs to the connection.
HEADERS = ("Content-Type", "Content-HMAC", "X-Content-HMAC", "User-Agent")


def address(merchant: MerchantAccount) -> str:
    """Where notices go that are not ours; empty where they are refused or let pass."""
    return merchant.other_orders if "://" in merchant.other_orders else ""


def concerns(*, merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery) -> bool:
    """True when the notice is another program's to answer."""
    return bool(address(merchant)) and MARK not in delivery.headers and not is_ours(merchant, notice)


def is_ours(merchant: MerchantAccount, notice: NoticeRead) -> bool:
    """By the order it names, the payment it takes back, or the receipt it tells of."""
    if order_check.find(merchant=merchant, notice=notice) is not None:
        return True
    if notice.kind is NoticeKind.RECEIPT:
        return _is_our_receipt(merchant, notice)
    about = notice.payment_external_id or notice.external_id
    return Payment.objects.filter(merchant=merchant, external_id=about).exists()


def forward(*, merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery, at: datetime) -> Answer:
    """Hand the notice on and return the other program's answer; remember it once, except *check*."""
    try:
        answer = _send(address(merchant), delivery)
    except requests.RequestException as error:
        log.warning("notice not forwarded", merchant=merchant.key, error=type(error).__name__)
        return Answer(status=502, body="", content_type="text/plain")
    if notice.kind is not NoticeKind.CHECK:
        _remember(merchant, notice, delivery, at=at)
    return answer


def _send(url: str, delivery: Delivery) -> Answer:
    if delivery.query:
        url = f"{url}{'&' if '?' in url else '?'}{delivery.query.decode('latin-1')}"
    with (
        requests.Session() as session,
        session.request(
            delivery.method,
            url,
            data=delivery.body or None,
            headers={**_headers(delivery.headers), MARK: "1"},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as response,
    ):
        body = response.raw.read(ANSWER_BYTES_MAX + 1, decode_content=True)
        if len(body) > ANSWER_BYTES_MAX or 300 <= response.status_code < 400:
            raise requests.exceptions.InvalidHeader("no answer that a provider could read")
        return Answer(
            status=response.status_code,
            body=body,
            content_type=response.headers.get("Content-Type", "text/plain"),
        )


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in HEADERS if name in given}


def _remember(merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery, *, at: datetime) -> None:
    """A line for the people of both programs; the other one's answer does not depend on it."""
    row = Notice(
        merchant=merchant,
        kind=notice.kind,
        external_id=notice.external_id,
        body=delivery.body or delivery.query,
        fields=notice.as_json(),
        state=Notice.State.DONE,
        outcome="forwarded",
        not_before=at,
        created_at=at,
        done_at=at,
    )
    try:
        with transaction.atomic():
            Notice.objects.bulk_create([row], ignore_conflicts=True)
    except DatabaseError as error:
        log.warning("forwarded notice not kept", merchant=merchant.key, error=type(error).__name__)


def _is_our_receipt(merchant: MerchantAccount, notice: NoticeRead) -> bool:
    ours = Receipt.objects.filter(providercall__merchant=merchant)
    prefix, _, number = notice.order_number.partition("payment-")
    if not prefix and number.isascii() and number.isdigit() and len(number) < 18:
        return ours.filter(payment_id=int(number)).exists()
    return ours.filter(external_id=notice.external_id).exists()
