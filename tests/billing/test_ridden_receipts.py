"""The receipt that rode on an order: printed with the payment, asked for by the order's number."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from billing import payments, provider_calls, refunds
from billing.models import Event, Payment, ProviderCall, Receipt
from billing.providers.base import FollowedReceipt, ReceiptState, Refused
from crm import queues
from tests.billing.receipting import PRINTED
from tests.billing.refunding import WHY, ask, paid_deal
from tests.billing.rendered import RIDDEN, Fiscal
from tests.factories import NOW, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db
FAILED = FollowedReceipt(state=ReceiptState.FAILED, reason="Чек не найден")
REGISTERED = FollowedReceipt(state=ReceiptState.REGISTERED, fiscal=PRINTED)


@pytest.fixture
def robokassa() -> Iterator[Fiscal]:
    fake = Fiscal()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def ridden(amount: object = 30000, *, test: bool = False) -> Receipt:
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal, amount=30000, state="paid", number="60001", request={"receipt": RIDDEN})
    order.merchant.settings = {"receipts": "order", "test": test}
    order.merchant.save()
    payment = payments.receive(
        merchant=order.merchant,
        external_id="60001",
        amount=rub(amount),
        currency="RUB",
        received_at=datetime(2026, 11, 22, 8, 59, tzinfo=UTC),
        method="card",
        order=order,
        at=NOW,
    )
    return Receipt.objects.get(payment=payment)


def work(**later: float) -> None:
    provider_calls.deliver(at=NOW + timedelta(**later))


def test_it_becomes_registered_when_the_shop_says_so(robokassa: Fiscal) -> None:
    receipt = ridden()
    assert (receipt.state, receipt.external_id) == ("sent", "60001")
    robokassa.replies = [FollowedReceipt(state=ReceiptState.QUEUED), REGISTERED]
    work(seconds=3)
    receipt.refresh_from_db()
    assert receipt.state == "sent"
    work(minutes=1)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.fiscal) == ("registered", PRINTED)
    assert robokassa.asked_for == ["60001", "60001"]
    assert Event.objects.filter(kind="receipt_registered").count() == 1
    assert not ProviderCall.objects.exclude(state="done").exists()


def test_for_an_hour_it_may_be_unknown_there_then_a_person_must_look(robokassa: Fiscal) -> None:
    receipt = ridden()
    robokassa.replies = [FAILED, FAILED, FAILED, REGISTERED]
    work(seconds=3)
    work(minutes=59)
    receipt.refresh_from_db()
    assert receipt.state == "sent"
    work(minutes=61 + 30)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("failed", "Чек не найден")
    call = ProviderCall.objects.get()
    assert call.state == "parked"
    queues.wake(call, at=NOW)
    work(hours=3)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("registered", "")


def test_a_wrong_password_parks_the_question_and_leaves_the_receipt(robokassa: Fiscal) -> None:
    receipt = ridden()
    robokassa.replies = [Refused("wrong password 1", call="Receipt/Status", status=200, code="1001")]
    with mock.patch.object(robokassa, "follow_receipt", side_effect=robokassa.replies.pop()):
        work(seconds=3)
    receipt.refresh_from_db()
    assert (receipt.state, ProviderCall.objects.get().state) == ("sent", "parked")


def test_test_money_has_no_receipt_to_ask_for() -> None:
    ridden(test=True)
    assert not ProviderCall.objects.exists()


def test_another_sum_than_the_orders_receipt_says_is_on_the_list_of_money_without_a_receipt() -> None:
    receipt = ridden(15000)
    assert (receipt.state, receipt.reason, receipt.content) == ("missing", "amount_differs", {})
    assert not ProviderCall.objects.exists()


def test_a_return_that_the_shop_printed_is_not_taken_for_the_income(robokassa: Fiscal) -> None:
    _deal, [payment] = paid_deal(30000, request={"receipt": RIDDEN})
    ask(payment, 12000)
    for step in range(3):
        work(seconds=2 * step)
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.external_id, robokassa.asked_for) == ("sent", "", [])


@pytest.mark.parametrize("merchant", [True, False])
def test_the_return_of_a_payout_by_hand_is_named_as_such(merchant: bool) -> None:
    _deal, [payment] = paid_deal(30000, request={"receipt": RIDDEN})
    fact = refunds.Fact(
        merchant=payment.merchant if merchant else None,
        external_id="r1" if merchant else "",
        amount=rub(12000),
        refunded_at=NOW,
        author="staff:owner",
        reason=WHY,
    )
    refund = made(payment, fact)
    assert refund.reason == ("refunded_past_us" if merchant else "paid_out")


def made(payment: Payment, fact: Any) -> Receipt:
    if fact.merchant:
        refunds.entered(payment=payment, fact=fact, at=NOW)
    else:
        refunds.end(order=ask(payment, 12000, "cash"), fact=fact, at=NOW)
    return Receipt.objects.get(kind="refund")
