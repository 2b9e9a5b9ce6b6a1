"""Robokassa's second receipts, watched, and a service that is rendered: what the tests of it share."""

from datetime import date
from typing import Any

import pytest

from billing import service_rendered
from billing.models import (
    LegalEntity,
    Payment,
    Receipt,
    Rendering,
    TaxSetting,
)
from billing.providers.base import (
    FollowedReceipt,
    ReceiptState,
    SecondReceiptRequest,
    SentReceipt,
)
from crm.models import Deal
from tests.billing.refunding import FakeRobokassa
from tests.factories import NOW, TODAY, rub

pytestmark = pytest.mark.django_db

RIDDEN = {
    "type": "income",
    "tax_system": "usn_income",
    "lines": [
        {"name": "Квест", "amount": "30000.00", "vat": "none", "method": "prepayment", "subject": "service"}
    ],
    "paid": {"electronic": "30000.00"},
    "email": "anna@example.org",
    "phone": "",
    "inn": "7700000009",
    "site": "",
}


class Fiscal(FakeRobokassa):
    """Robokassa's second receipts: remembers what was attached and answers as told."""

    second_receipts = 1
    attached: list[SecondReceiptRequest]
    replies: list[Any]
    asked_for: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.attached, self.replies, self.asked_for = [], [], []

    @property
    def first_number(self) -> int:
        return 70000

    def send_second_receipt(self, request: SecondReceiptRequest, *, timeout: float) -> SentReceipt:
        self.attached.append(request)
        reply = self.replies.pop(0) if self.replies else SentReceipt(external_id=request.number)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        self.asked_for.append(external_id)
        return (
            self.replies.pop(0) if self.replies else FollowedReceipt(state=ReceiptState.REGISTERED, fiscal={})
        )


def render(deal: Deal, amount: object | None = None, on: date = TODAY, **values: Any) -> Rendering:
    given = None if amount is None else rub(amount)
    return service_rendered.render(deal=deal, on=on, amount=given, author="user:7", at=NOW, **values)


def offsets() -> list[Receipt]:
    return list(Receipt.objects.filter(kind="offset").order_by("id"))


def entity_of(deal: Deal) -> LegalEntity:
    return Payment.objects.filter(deal=deal).earliest("id").legal_entity


def vat(deal: Deal, rate: str, since: date = date(2026, 1, 1)) -> None:
    entity = deal.account.policy.legal_entity
    assert entity is not None
    TaxSetting.objects.create(legal_entity=entity, valid_from=since, tax_system="osn", vat=rate)
