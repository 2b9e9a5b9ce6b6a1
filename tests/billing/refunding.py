"""A paid deal and a provider whose refunds are watched: what the tests of money that goes back share."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from billing import payments, provider_calls, refund_orders
from billing.models import MerchantAccount, Payment, ProviderCall, ProviderOrder, RefundOrder
from billing.payments import Offline
from billing.providers.base import (
    FollowedRefund,
    Operation,
    RefundRequest,
    RefundState,
    Unsupported,
)
from billing.providers.cloudpayments import CloudPayments
from billing.refund_orders import Demand
from crm.models import Deal
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub

WHY = "передумал"


class FakeShop(CloudPayments):
    """CloudPayments without its wire: gives back what it is told, and remembers every request."""

    asked: list[RefundRequest]
    answers: list[Any]
    states: list[FollowedRefund]
    made: list[Operation]

    def __init__(self) -> None:
        self.asked, self.answers, self.states, self.made = [], [], [], []

    def refund(self, request: RefundRequest, *, timeout: float) -> str:
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else f"r{len(self.asked)}"
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    def refund_state(self, *, external_id: str, timeout: float) -> FollowedRefund:
        if self.states:
            return self.states.pop(0)
        return FollowedRefund(state=RefundState.DONE, amount=Decimal(0), done_at=NOW)

    def refunds_of(
        self, *, payment_external_id: str, since: datetime, until: datetime, timeout: float
    ) -> list[Operation]:
        return self.made


class FakeRobokassa(FakeShop):
    """A shop that knows no keys against doubles, tells nobody of its refunds, and prints their receipts."""

    name = "robokassa"
    request_id_lives = timedelta(0)
    prints_refund_receipt = True

    def refunds_of(
        self, *, payment_external_id: str, since: datetime, until: datetime, timeout: float
    ) -> list[Operation]:
        raise Unsupported(self.name, "refund lookup")


def paid_deal(*amounts: object, **order: Any) -> tuple[Deal, list[Payment]]:
    """A deal of 90 000 in three rows, and its payments by card, a day apart."""
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    return deal, [pay(deal, amount, number, **order) for number, amount in enumerate(amounts, start=1)]


def pay(deal: Deal, amount: object, number: int, **values: Any) -> Payment:
    given = {"request": {"account_id": "school-1", "email": "payer@example.org"}} | values
    # Digits, as a shop that counts its orders has them.
    named = {"number": str(60_000 + ProviderOrder.objects.count()), "purpose": f"paid:{number}"}
    order = make_order(deal, amount=amount, state="paid", **named, **given)
    payment = payments.receive(
        merchant=order.merchant,
        external_id=str(500 + number),
        amount=rub(amount),
        currency="RUB",
        received_at=datetime(2026, 11, 10 + number, 9, tzinfo=UTC),
        method="card",
        order=ProviderOrder.objects.get(pk=order.pk),
        at=NOW,
    )
    # Receipts have tests of their own.
    ProviderCall.objects.filter(kind__in=("send_receipt", "follow_receipt")).update(
        not_before=NOW + timedelta(days=900)
    )
    return payment


def pay_cash(deal: Deal, amount: object, method: str = "cash") -> Payment:
    given = Offline(paid_on=TODAY, method=method, payer={}, comment="", receipt=None)
    return payments.receive_offline(deal=deal, amount=rub(amount), offline=given, author="user:1", at=NOW)


def shop_of(payment: Payment) -> MerchantAccount:
    assert payment.merchant is not None
    return payment.merchant


def ask(payment: Payment, amount: object = 10000, method: str = "") -> RefundOrder:
    demand = Demand(rub(amount), WHY, method)
    order = refund_orders.request(payment=payment, demand=demand, author="user:7", at=NOW)
    with connection.cursor() as cursor:
        # As a commit would.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return order


def work(minutes: float = 0, times: int = 3) -> None:
    for step in range(times):
        provider_calls.deliver(at=NOW + timedelta(minutes=minutes, seconds=2 * step))
