"""The counters of the past: a payer pays online, a manager enters money, money goes back.

Orders and payments are made by the verbs; the provider that would have answered is a stand-in which gives
each order the page that the sandbox will know. Every operation can be found again by what the ledger keeps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.conf import settings

from billing import orders, payments, providers, refunds
from billing.asking import What
from billing.models import Invoice, MerchantAccount, Payment, ProviderOrder
from billing.payments import Offline
from billing.providers.base import CreatedOrder, OrderRequest
from billing.providers.cloudpayments import CloudPayments
from billing.receipts import ReceiptChoice
from crm.models import Deal

# From the click to the money, and from the money to our notice of it.
PAYING, TELLING = timedelta(seconds=70), timedelta(seconds=2)
REGISTER = {"fn": "9999078900001233"}


class _Past(CloudPayments):
    """CloudPayments as it answered then; nobody is called."""

    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        page = f"past{request.number}"
        return CreatedOrder(external_id=page, url=f"{settings.CLOUDPAYMENTS_URL}/d/{page}")


@contextmanager
def in_the_past() -> Iterator[None]:
    """Inside, an order at CloudPayments is answered without a call (Robokassa's orders never make one)."""
    known = providers.ADAPTERS[CloudPayments.name]
    providers.ADAPTERS[CloudPayments.name] = lambda shop: _Past(shop, url=settings.CLOUDPAYMENTS_URL)
    try:
        yield
    finally:
        providers.ADAPTERS[CloudPayments.name] = known


class Till:
    """The counters of one part of the story; `random` decides cards and printed numbers.

    CloudPayments' transactions are numbered from `first` on, below the numbers that the sandbox gives by
    itself (from 3171000501).
    """

    def __init__(self, random: Random, *, first: int) -> None:
        self._random = random
        self._transaction = first

    def pay(self, deal: Deal, what: What, *, at: datetime, invoice: Invoice | None = None) -> Payment | None:
        """The payer opens the link and pays what it asks; None when nothing was owed any more."""
        try:
            order = orders.open_order(deal=deal, what=what, at=at, invoice=invoice)
        except (orders.NothingOwed, orders.NoReceiptContact):
            return None
        return self.take(order, at=at + PAYING)

    def take(self, order: ProviderOrder, *, at: datetime) -> Payment:
        """The provider takes the money of an order and tells us."""
        return payments.receive(
            merchant=order.merchant,
            external_id=self._operation(order),
            amount=order.amount,
            currency="RUB",
            received_at=at,
            method="card" if self._random.random() < 0.6 else "sbp",
            order=order,
            at=at + TELLING,
        )

    def enter(self, deal: Deal, amount: Decimal, *, method: str, author: str, at: datetime) -> Payment:
        """A manager enters money that came past the providers."""
        offline = self._offline(deal, method, at)
        return payments.receive_offline(deal=deal, amount=amount, offline=offline, author=author, at=at)

    def enter_full(self, deal: Deal, *, method: str, author: str, at: datetime) -> Payment | None:
        """A manager enters the whole debt; None when there is none."""
        offline = self._offline(deal, method, at)
        try:
            return payments.receive_full(deal=deal, expected=None, offline=offline, author=author, at=at)
        except payments.NothingOwed:
            return None

    def give_back(self, payment: Payment, amount: Decimal, *, at: datetime) -> None:
        """The provider sends money of a payment back and tells us."""
        if payment.merchant is not None:
            refunds.noticed(
                merchant=payment.merchant,
                payment_external_id=payment.external_id,
                external_id=self._refund(payment.merchant),
                amount=amount,
                refunded_at=at,
                at=at + TELLING,
            )

    def _operation(self, order: ProviderOrder) -> str:
        """The provider's name of the money: Robokassa's is the number of the order."""
        return self._number() if order.merchant.provider == CloudPayments.name else order.number

    def _refund(self, merchant: MerchantAccount) -> str:
        number = self._number()
        return number if merchant.provider == CloudPayments.name else f"past-refund-{number}"

    def _number(self) -> str:
        self._transaction += self._random.randrange(1, 40)
        return str(self._transaction)

    def _offline(self, deal: Deal, method: str, at: datetime) -> Offline:
        printed: dict[str, Any] | None = None
        if method in ("cash", "card_terminal"):
            document, sign = self._random.randrange(1000, 99999), self._random.randrange(10**9, 10**10)
            printed = {**REGISTER, "fd": str(document), "fpd": str(sign)}
        return Offline(
            paid_on=deal.local_day(at),
            method=method,
            payer={"kind": "person", "name": deal.contact_name},
            comment="",
            receipt=ReceiptChoice.read(printed),
        )
