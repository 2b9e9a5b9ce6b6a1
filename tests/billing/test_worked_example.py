"""The worked example of docs/money.md, line by line."""

from decimal import Decimal

import pytest

from billing import payments, refunds
from tests.factories import NOW, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db


def test_the_worked_example_of_the_money_page() -> None:
    deal = make_deal()
    make_schedule(deal, total=160000, count=4)

    def line() -> tuple[list[Decimal], Decimal, Decimal, Decimal]:
        standing = standing_of(deal)
        return [row.paid for row in standing.rows], standing.paid, standing.debt, standing.credit

    def receive(amount: int, external_id: str, purpose: str) -> None:
        order = make_order(deal, purpose=purpose)
        payments.receive(
            merchant=order.merchant,
            external_id=external_id,
            amount=rub(amount),
            currency="RUB",
            received_at=NOW,
            method="card",
            order=order,
            at=NOW,
        )

    assert line() == ([0, 0, 0, 0], 0, rub(160000), 0)
    receive(50000, "501", "installment")
    assert line() == ([rub(40000), rub(10000), 0, 0], rub(50000), rub(110000), 0)
    refunds.noticed(
        merchant=make_order(deal, purpose="overdue").merchant,
        payment_external_id="501",
        external_id="r1",
        amount=rub(20000),
        refunded_at=NOW,
        at=NOW,
    )
    assert line() == ([rub(30000), 0, 0, 0], rub(30000), rub(130000), 0)
    receive(140000, "502", "full")
    assert line() == ([rub(40000)] * 4, rub(160000), 0, rub(10000))
