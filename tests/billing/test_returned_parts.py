"""What goes back after a rendered service closed a part of it: each part like the receipt that took it."""

from decimal import Decimal
from unittest import mock

import pytest

from billing import moves, prepayments, receipt_retries, reversals
from billing.models import Payment, ProviderCall, Receipt
from crm.models import Deal
from tests.billing.receipting import real_provider
from tests.billing.refunding import FakeShop, ask, paid_deal, pay, pay_cash, work
from tests.billing.rendered import RIDDEN, Fiscal, entity_of, offsets, render, vat
from tests.factories import NOW, make_deal, make_schedule, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def lines(receipt: Receipt) -> list[tuple[str, str]]:
    return [(line["method"], line["amount"]) for line in receipt.content["lines"]]


def closed(payment: Payment) -> Decimal:
    return sum((offset.amount for offset in payment.offsets.all()), Decimal(0))


def entered_deal() -> tuple[Deal, Payment]:
    """20 000 written down by hand with a receipt of ours, 15 000 of them closed by a service."""
    deal, _none = paid_deal()
    vat(deal, "vat22")
    payment = pay_cash(deal, 20000, "bank_transfer")
    Receipt.objects.filter(payment=payment).update(state="registered")
    ProviderCall.objects.filter(receipt__payment=payment).update(called_at=NOW, state="done")
    render(deal, 15000)
    return deal, payment


def take_out(payment: Payment) -> None:
    reversals.reverse(payment=payment, reason="двойной ввод", author="user:1", at=NOW)


def test_what_never_came_is_returned_in_the_parts_that_its_receipts_say() -> None:
    deal, payment = entered_deal()
    take_out(payment)
    back = Receipt.objects.get(kind="refund")
    assert lines(back) == [("prepayment", "5000.00"), ("full_payment", "15000.00")]
    assert back.content["paid"] == {"electronic": "20000.00"}
    assert closed(payment) == 0
    assert prepayments.owed(deal, entity_of(deal)) == rub(15000)
    true = Receipt.objects.get(payment=pay(deal, 20000, 1), kind="income")
    assert lines(true) == [("full_payment", "15000.00"), ("prepayment", "5000.00")]
    render(deal)
    assert sum(closed(one) for one in deal.payments.all()) == rub(20000)


def test_the_return_of_what_never_came_can_be_made_again() -> None:
    _deal, payment = entered_deal()
    take_out(payment)
    back = Receipt.objects.get(kind="refund")
    said = back.content
    Receipt.objects.filter(pk=back.pk).update(state="failed", reason="нет кассы")
    with real_provider():
        receipt_retries.make(receipt=back, author="staff:anna", at=NOW)
    back.refresh_from_db()
    assert (back.state, back.content) == ("planned", said)


def test_nobody_returns_what_nobody_receipted_and_its_service_is_unpaid_again() -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000, "other")
    render(deal, 5000)
    [closing] = offsets()
    assert (closing.state, closing.reason) == ("missing", "no_income_receipt")
    take_out(payment)
    closing.refresh_from_db()
    back = Receipt.objects.get(kind="refund")
    assert {(one.state, one.reason) for one in (closing, back)} == {("not_required", "reversed")}
    assert prepayments.owed(deal, entity_of(deal)) == rub(5000)


def test_what_was_carried_away_is_no_prepayment_here_any_more() -> None:
    deal, [payment] = paid_deal(50000)
    render(deal, 30000)
    there = make_deal(deal.account)
    make_schedule(there)
    moves.move(payment=payment, to=there, amount=rub(20000), reason="x", author="user:1", at=NOW)
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(payment, 30000)
        work()
    assert lines(Receipt.objects.get(kind="refund")) == [("full_payment", "30000.00")]
    assert closed(payment) == 0


def test_two_refunds_on_their_way_print_each_part_once() -> None:
    part: dict[str, str] = {"name": "Квест", "vat": "none", "method": "prepayment", "subject": "service"}
    parts = [part | {"amount": "10000.00", "method": "full_payment"}, part | {"amount": "20000.00"}]
    deal, _none = paid_deal()
    render(deal, 10000)
    payment = pay(deal, 30000, 1, request={"receipt": RIDDEN | {"lines": parts}})
    assert closed(payment) == rub(10000)
    with mock.patch("billing.providers.of", return_value=Fiscal()):
        orders = [ask(payment, 15000) for _ in range(2)]
        printed = [
            [(line["method"], line["amount"]) for line in order.request["receipt"]["lines"]]
            for order in orders
        ]
        assert printed == [
            [("prepayment", "15000.00")],
            [("prepayment", "5000.00"), ("full_payment", "10000.00")],
        ]
        work(times=4)
    assert [lines(one) for one in Receipt.objects.filter(kind="refund").order_by("id")] == printed
    assert closed(payment) == 0
