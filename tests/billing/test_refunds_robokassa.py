"""Refunds of a shop that knows no keys, tells nobody, and prints the return receipt itself."""

from collections.abc import Iterator
from unittest import mock

import pytest

from billing import provider_calls, refund_orders, refunds
from billing.models import ProviderCall, Receipt, Refund, RefundOrder
from billing.providers.base import FollowedRefund, RefundState, Unknown
from tests.billing.refunding import FakeRobokassa, ask, paid_deal, shop_of, work
from tests.factories import NOW, TODAY, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


@pytest.fixture
def robokassa() -> Iterator[FakeRobokassa]:
    fake = FakeRobokassa()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def test_robokassa_prints_the_return_with_the_refund(robokassa: FakeRobokassa) -> None:
    ridden = {
        "type": "income",
        "tax_system": "usn_income",
        "lines": [
            {
                "name": "Квест",
                "amount": "30000.00",
                "vat": "vat105",
                "method": "prepayment",
                "subject": "service",
            }
        ],
        "paid": {"electronic": "30000.00"},
        "email": "anna@example.org",
        "phone": "",
        "inn": "7700000009",
        "site": "",
    }
    _deal, [payment] = paid_deal(30000, request={"receipt": ridden})
    ask(payment, 12000)
    work()
    [request] = robokassa.asked
    assert [(line["name"], line["amount"], line["vat"]) for line in request.receipt["lines"]] == [
        ("Квест", "12000.00", "vat105")
    ]
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason, back.content["paid"]) == ("sent", "", {"electronic": "12000.00"})
    assert not ProviderCall.objects.filter(kind="send_receipt").exists()


def test_a_refund_past_us_of_money_whose_receipt_rode_on_the_order_is_named_as_such() -> None:
    ridden = {"lines": [], "paid": {"electronic": "30000.00"}, "type": "income"}
    _deal, [payment] = paid_deal(30000, request={"receipt": ridden | {"x": 1}})
    refunds.noticed(
        merchant=shop_of(payment),
        payment_external_id=payment.external_id,
        external_id="r1",
        amount=rub(10000),
        refunded_at=NOW,
        at=NOW,
    )
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason) == ("missing", "refunded_past_us")


def test_robokassa_is_polled_until_the_money_went(robokassa: FakeRobokassa) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    robokassa.states = [FollowedRefund(state=RefundState.PROCESSING, amount=rub(10000))]
    provider_calls.deliver(at=NOW)
    provider_calls.deliver(at=NOW)
    order.refresh_from_db()
    assert (order.state, Refund.objects.count()) == ("sent", 0)
    work(10)
    order.refresh_from_db()
    assert (order.state, Refund.objects.count()) == ("done", 1)


def test_a_refund_that_robokassa_cancelled_frees_the_sum(robokassa: FakeRobokassa) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    robokassa.states = [FollowedRefund(state=RefundState.FAILED, amount=rub(10000))]
    work()
    order.refresh_from_db()
    assert (order.state, refund_orders.left(payment)) == ("failed", rub(30000))
    assert not Refund.objects.exists()


def test_an_unanswered_refund_of_robokassa_is_never_repeated_but_asked_of_a_person(
    robokassa: FakeRobokassa,
) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    robokassa.answers = [Unknown("ReadTimeout", call="Refund/Create")]
    for minutes in (0, 1, 60, 600):
        work(minutes)
    call = ProviderCall.objects.get(kind="refund")
    assert (len(robokassa.asked), call.state) == (1, "parked")
    order.refresh_from_db()
    assert order.error
    refund_orders.found_made(order=order, external_id="req-1", made_on=TODAY, author="staff:anna", at=NOW)
    call.refresh_from_db()
    assert (call.state, Refund.objects.get().external_id) == ("done", "req-1")


def test_a_person_may_say_that_nothing_was_made(robokassa: FakeRobokassa) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    robokassa.answers = [Unknown("ReadTimeout", call="Refund/Create")]
    for minutes in (0, 1):
        work(minutes)
    refund_orders.found_not_made(order=order, author="staff:anna", at=NOW)
    assert refund_orders.left(payment) == rub(30000)
    work(60)
    assert len(robokassa.asked) == 1
    with pytest.raises(refund_orders.AlreadyClosed):
        refund_orders.found_made(
            order=RefundOrder.objects.get(), external_id="", made_on=TODAY, author="", at=NOW
        )
