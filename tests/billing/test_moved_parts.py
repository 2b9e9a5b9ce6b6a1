"""Money for a rendered service that is carried to another deal: closed once, wherever it lies."""

from decimal import Decimal
from unittest import mock

import pytest

from billing import moves, prepayments
from billing.models import Payment, Receipt
from crm.models import Deal
from tests.billing.refunding import FakeShop, ask, paid_deal, pay, work
from tests.billing.rendered import entity_of, offsets, render
from tests.factories import NOW, make_deal, make_schedule, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def closed(payment: Payment) -> Decimal:
    return sum((offset.amount for offset in payment.offsets.all()), Decimal(0))


def lines(receipt: Receipt) -> list[tuple[str, str]]:
    return [(line["method"], line["amount"]) for line in receipt.content["lines"]]


def carry(payment: Payment, to: Deal, amount: object) -> Payment:
    return moves.move(payment=payment, to=to, amount=rub(amount), reason="x", author="user:1", at=NOW)


def neighbour(deal: Deal) -> Deal:
    found = make_deal(deal.account)
    make_schedule(found, total="60000", count=2)
    return found


def served() -> tuple[Deal, Payment, Deal, Payment]:
    """50 000 came, 40 000 worth of service closed as much of it, 30 000 were carried to another deal."""
    deal, [payment] = paid_deal(50000)
    render(deal, 40000)
    there = neighbour(deal)
    return deal, payment, there, carry(payment, there, 30000)


def test_prepayments_are_carried_first_and_what_was_closed_stays_closed_there() -> None:
    deal, payment, there, target = served()
    assert (closed(payment), closed(target)) == (rub(20000), rub(20000))
    assert prepayments.owed(deal, entity_of(deal)) == rub(20000)
    render(there)
    assert (closed(payment), closed(target)) == (rub(20000), rub(30000))
    said = [sum(Decimal(line["amount"]) for line in receipt.content["lines"]) for receipt in offsets()]
    assert said == [rub(40000), rub(10000)]


def test_the_service_that_the_money_left_is_paid_by_the_next() -> None:
    deal, _payment, _there, _target = served()
    income = Receipt.objects.get(payment=pay(deal, 30000, 2), kind="income")
    assert lines(income) == [("full_payment", "20000.00"), ("prepayment", "10000.00")]


def test_what_was_closed_comes_home_closed() -> None:
    deal, payment, _there, target = served()
    assert carry(target, deal, 30000) == payment
    assert (closed(payment), closed(target)) == (rub(40000), 0)
    assert prepayments.owed(deal, entity_of(deal)) == 0


def test_carried_money_goes_back_like_the_receipt_that_closed_it() -> None:
    _deal, _payment, _there, target = served()
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(target, 25000)
        work()
    assert lines(Receipt.objects.get(kind="refund")) == [
        ("prepayment", "10000.00"),
        ("full_payment", "15000.00"),
    ]
    assert closed(target) == rub(5000)


def test_a_prepayment_that_is_carried_is_closed_where_it_is_rendered() -> None:
    deal, [payment] = paid_deal(50000)
    render(deal, 20000)
    there = neighbour(deal)
    target = carry(payment, there, 30000)
    assert (closed(payment), closed(target)) == (rub(20000), 0)
    render(there)
    assert closed(target) == rub(30000)
