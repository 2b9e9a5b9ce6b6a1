"""Signed notices as CloudPayments sends them, and the door they come through."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from billing import inbox
from billing.models import Event, MerchantAccount, Notice, Payment, ProviderOrder, Receipt, Refund
from crm.models import OutboxRow
from tests.factories import NOW

# What the test client returns, whatever its stubs call it.
Answer = Any

FORM = "application/x-www-form-urlencoded"


def fields_of(order: ProviderOrder, **changes: Any) -> dict[str, str]:
    """The fields of a payment notice about an order; pass others to change or add."""
    usual = {
        "TransactionId": "3171000501",
        "Amount": str(order.amount),
        "Currency": "RUB",
        "PaymentAmount": str(order.amount),
        "PaymentCurrency": "RUB",
        "OperationType": "Payment",
        "InvoiceId": order.number,
        "AccountId": str(order.request.get("account_id", "")),
        "DateTime": "2026-11-22 08:59:05",
        "CardFirstSix": "220000",
        "CardLastFour": "0004",
        "TestMode": "0",
        "Status": "Completed",
        "Data": "",
    }
    return usual | {name: str(value) for name, value in changes.items()}


def fail_fields(order: ProviderOrder, **changes: Any) -> dict[str, str]:
    declined = {"Status": "Declined", "Reason": "Insufficient Funds", "ReasonCode": "5051"}
    return fields_of(order, **{"TransactionId": "3171000500", **declined, **changes})


def refund_fields(payment: str = "3171000501", amount: str = "10000.00", **changes: Any) -> dict[str, str]:
    usual = {
        "TransactionId": "3171000777",
        "PaymentTransactionId": payment,
        "Amount": amount,
        "DateTime": "2026-11-22 08:59:30",
        "OperationType": "Refund",
        "InvoiceId": "",
    }
    return usual | {name: str(value) for name, value in changes.items()}


def secret_of(merchant: MerchantAccount) -> str:
    secret: str = json.loads(merchant.secrets_json)["api_secret"]
    return secret


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def send(
    merchant: MerchantAccount,
    kind: str,
    fields: dict[str, str] | bytes,
    *,
    secret: str | None = None,
    content_type: str = FORM,
) -> Answer:
    """POST a notice through the real door."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    mac = sign(body, secret_of(merchant) if secret is None else secret)
    return Client().post(
        f"/webhooks/cloudpayments/{merchant.key}/{kind}/",
        data=body,
        content_type=content_type,
        headers={"Content-HMAC": mac},
    )


def code(response: Answer) -> int:
    """The code that CloudPayments reads."""
    assert response.status_code == 200, response.content
    found: int = json.loads(response.content)["code"]
    return found


def deliver(merchant: MerchantAccount, kind: str, fields: dict[str, str]) -> None:
    """A notice that is stored and applied."""
    assert code(send(merchant, kind, fields)) == 0
    inbox.apply_waiting(at=NOW, ignore_not_before=True)


def facts() -> tuple[int, ...]:
    """How many rows there are of all that a notice may cause."""
    return tuple(model.objects.count() for model in (Notice, Payment, Refund, Receipt, Event, OutboxRow))
