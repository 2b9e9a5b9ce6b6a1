"""A provider whose receipts are watched, and payments with their receipts: what tests of receipts share."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from billing import payments, provider_calls
from billing.models import ProviderOrder, Receipt
from billing.payments import Offline
from billing.providers.base import FollowedReceipt, ReceiptRequest, ReceiptState, SentReceipt
from billing.providers.cloudpayments import CloudPayments
from billing.receipts import ReceiptChoice
from crm.models import Deal
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub

PRINTED = {"fn": "9999078900000001", "fd": "44", "fpd": "1234567890"}


class FakeProvider(CloudPayments):
    """CloudPayments without its wire: remembers what it was asked and answers as told."""

    asked: list[ReceiptRequest]
    answers: list[Any]
    cancelled: list[str]
    finds_orders = False

    def __init__(self) -> None:
        self.asked, self.answers, self.cancelled = [], [], []

    def send_receipt(self, request: ReceiptRequest, *, timeout: float) -> SentReceipt:
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else SentReceipt(external_id=f"K{len(self.asked)}")
        return self._told(answer)  # type: ignore[no-any-return]

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        answer = self.answers.pop(0) if self.answers else FollowedReceipt(state=ReceiptState.QUEUED)
        return self._told(answer)  # type: ignore[no-any-return]

    def cancel_order(self, *, external_id: str, timeout: float) -> None:
        self.cancelled.append(external_id)
        self._told(self.answers.pop(0) if self.answers else None)

    @staticmethod
    def _told(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer


def real_provider() -> Any:
    """The true adapter for a while: the door of a notice needs its signature."""
    return mock.patch(
        "billing.providers.of", lambda merchant: CloudPayments(merchant, url="http://127.0.0.1:9")
    )


def paid(order: ProviderOrder, amount: object = 30000, external_id: str = "501") -> Receipt:
    payment = payments.receive(
        merchant=order.merchant,
        external_id=external_id,
        amount=rub(amount),
        currency="RUB",
        received_at=datetime(2026, 11, 22, 8, 59, tzinfo=UTC),
        method="card",
        order=order,
        at=NOW,
    )
    return Receipt.objects.get(payment=payment)


def offline(deal: Deal, method: str, choice: object = None, payer: dict[str, Any] | None = None) -> Receipt:
    given = Offline(
        paid_on=TODAY, method=method, payer=payer or {}, comment="", receipt=ReceiptChoice.read(choice)
    )
    payment = payments.receive_offline(deal=deal, amount=rub(1000), offline=given, author="user:1", at=NOW)
    return Receipt.objects.get(payment=payment)


def deliver_calls(seconds: float = 0) -> int:
    return provider_calls.deliver(at=NOW + timedelta(seconds=seconds))


def made_order() -> ProviderOrder:
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1", "email": "payer@example.org", "phone": ""})
