"""Asked back, confirmed, refused, given back past us, rendered, in any order: the books hold."""

from decimal import Decimal
from unittest import mock

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import payments, prepayments, refund_orders, refunds, service_rendered, verification
from billing.models import Offset, Payment, Refund, RefundOrder, Rendering
from billing.refund_orders import Demand
from crm.models import Deal
from tests.billing.refunding import FakeShop, paid_deal, pay, shop_of
from tests.factories import NOW, TODAY, standing_of

pytestmark = pytest.mark.django_db

SUMS = st.decimals("0.01", "40000", places=2)
STEPS = st.one_of(
    st.tuples(st.just("ask"), SUMS),
    st.tuples(st.just("confirm"), st.integers(0, 3)),
    st.tuples(st.just("refuse"), st.integers(0, 3)),
    st.tuples(st.just("cabinet"), SUMS),
    st.tuples(st.just("render"), SUMS),
    st.tuples(st.just("pay"), SUMS),
)


class _Undo(Exception):
    """Takes an example's rows back."""


class Story:
    """One deal and what happens to it."""

    def __init__(self) -> None:
        self.deal, [self.payment] = paid_deal(30000)
        self.number = 1

    def ask(self, amount: Decimal) -> None:
        demand = Demand(amount, "x")
        refund_orders.request_of_deal(deal=self.deal, demand=demand, author="user:7", at=NOW)

    def confirm(self, place: int) -> None:
        order = self._order(place)
        if order:
            self.number += 1
            refund_orders.sent(order=order, external_id=f"o{self.number}", at=NOW)
            order.refresh_from_db()
            refund_orders.done(order=order, done_at=NOW, at=NOW)

    def refuse(self, place: int) -> None:
        order = self._order(place)
        if order:
            refund_orders.failed(order=order, error="нет денег", author="system", at=NOW)

    def cabinet(self, amount: Decimal) -> None:
        self.number += 1
        refunds.noticed(
            merchant=shop_of(self.payment),
            payment_external_id=self.payment.external_id,
            external_id=f"c{self.number}",
            amount=amount,
            refunded_at=NOW,
            at=NOW,
        )

    def render(self, amount: Decimal) -> None:
        service_rendered.render(deal=self.deal, on=TODAY, amount=amount, author="user:7", at=NOW)

    def pay(self, amount: Decimal) -> None:
        self.number += 1
        pay(self.deal, amount, self.number)

    def _order(self, place: int) -> RefundOrder | None:
        waiting = RefundOrder.objects.filter(state__in=refunds.OPEN).order_by("id")
        return waiting[place] if place < waiting.count() else None


ANTICIPATED = (
    refund_orders.AboveLeft,
    payments.NotPositive,
    refunds.AboveHeld,
    service_rendered.AboveTotal,
    service_rendered.NothingLeft,
)


def total(rows: object) -> Decimal:
    return rows.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)  # type: ignore[attr-defined]


def check(deal: Deal) -> None:
    assert list(verification.violations()) == []
    entity = Payment.objects.filter(deal=deal).earliest("id").legal_entity
    paid, back = total(Payment.objects.all()), total(Refund.objects.all())
    reserved = total(RefundOrder.objects.filter(state__in=refunds.OPEN))
    assert back + reserved <= paid
    assert standing_of(deal).refunded == back
    rendered, closed = total(Rendering.objects.all()), total(Offset.objects.all())
    open_parts = sum((one.open for one in prepayments.open_of(deal, entity)), Decimal(0))
    assert closed <= rendered <= standing_of(deal).total
    assert open_parts == paid - back - closed
    assert prepayments.owed(deal, entity) == rendered - closed


def live(steps: list[tuple[str, object]]) -> None:
    """Do the steps, look at the books after each, and take everything back."""
    with transaction.atomic():
        story = Story()
        for name, value in steps:
            try:
                with transaction.atomic():
                    getattr(story, name)(value)
            except ANTICIPATED:
                pass
            check(story.deal)
        raise _Undo


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEPS, max_size=8))
def test_the_books_hold_after_every_step(steps: list[tuple[str, object]]) -> None:
    with mock.patch("billing.providers.of", return_value=FakeShop()), pytest.raises(_Undo):
        live(steps)
