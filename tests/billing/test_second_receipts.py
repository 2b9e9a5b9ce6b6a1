"""Robokassa closes a payment by one further receipt, as a whole."""

from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest

from billing import deal_card, moves, prepayments, provider_calls, service_rendered
from billing.models import Payment, Refund, RefundOrder
from billing.providers.base import (
    FollowedReceipt,
    ReceiptState,
    Refused,
    Unknown,
)
from crm.models import Deal
from tests.billing.refunding import ask, paid_deal, pay, work
from tests.billing.rendered import RIDDEN, Fiscal, entity_of, offsets, render
from tests.factories import NOW, make_deal, make_schedule, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


@pytest.fixture
def robokassa() -> Iterator[Fiscal]:
    fake = Fiscal()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def test_robokassa_closes_a_payment_as_a_whole_and_a_part_waits(robokassa: Fiscal) -> None:
    deal, [payment] = paid_deal(30000, request={"receipt": RIDDEN})
    render(deal, 20000)
    assert offsets() == []
    assert [one.open for one in prepayments.open_of(deal, entity_of(deal))] == [rub(30000)]
    waits = service_rendered.Waiting(payment, rub(20000), "whole_payment_only")
    assert service_rendered.waiting(deal=deal, entity=entity_of(deal)) == [waits]
    assert "offset_waits" in warned(deal)
    render(deal, 10000)
    assert service_rendered.waiting(deal=deal, entity=entity_of(deal)) == []
    assert "offset_waits" not in warned(deal)
    [receipt] = offsets()
    assert (receipt.content["paid"], receipt.content["number"]) == ({"advance": "30000.00"}, "70000")
    provider_calls.deliver(at=NOW)
    [request] = robokassa.attached
    assert (request.number, request.payment_external_id) == ("70000", payment.external_id)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.external_id) == ("sent", "70000")
    provider_calls.deliver(at=NOW + timedelta(minutes=1))
    receipt.refresh_from_db()
    assert receipt.state == "registered"


def warned(deal: Deal) -> list[str]:
    found = deal_card.card(Deal.objects.select_related("account").get(pk=deal.pk), at=NOW)["warnings"]
    return [one["code"] for one in found]


def test_a_deposit_and_a_balance_get_a_receipt_each(robokassa: Fiscal) -> None:
    deal, payments = paid_deal(30000, request={"receipt": RIDDEN})
    payments.append(pay(deal, 60000, 2, request={"receipt": RIDDEN | {"paid": {"electronic": "60000.00"}}}))
    render(deal)
    assert [receipt.payment for receipt in offsets()] == payments
    assert [receipt.content["number"] for receipt in offsets()] == ["70000", "70001"]


def test_an_unanswered_second_receipt_is_looked_for_by_its_number(robokassa: Fiscal) -> None:
    deal, _payment = paid_deal(30000, request={"receipt": RIDDEN})
    render(deal, 30000)
    robokassa.replies = [Unknown("ReadTimeout", call="Receipt/Attach")]
    for minutes in (0, 1, 2):
        provider_calls.deliver(at=NOW + timedelta(minutes=minutes))
    assert (len(robokassa.attached), robokassa.asked_for[0]) == (1, "70000")
    assert offsets()[0].state == "registered"


def test_one_that_was_surely_not_made_is_sent_under_another_number(robokassa: Fiscal) -> None:
    deal, _payment = paid_deal(30000, request={"receipt": RIDDEN})
    render(deal, 30000)
    robokassa.replies = [
        Unknown("ReadTimeout", call="Receipt/Attach"),
        FollowedReceipt(state=ReceiptState.FAILED, reason="Чек не найден"),
    ]
    for minutes in (0, 1, 2, 3):
        provider_calls.deliver(at=NOW + timedelta(minutes=minutes))
    assert [request.number for request in robokassa.attached] == ["70000", "70001"]


def half_back() -> tuple[Deal, Payment, RefundOrder]:
    """30 000 came with a receipt, 10 000 of them are asked back, and now all of it is rendered."""
    deal, [payment] = paid_deal(30000, request={"receipt": RIDDEN})
    order = ask(payment, 10000)
    render(deal, 30000)
    assert offsets() == []
    waits = service_rendered.Waiting(payment, rub(30000), "refund_on_its_way")
    assert service_rendered.waiting(deal=deal, entity=entity_of(deal)) == [waits]
    assert "offset_waits" in warned(deal)
    return deal, payment, order


def close_late() -> int:
    return service_rendered.close_late(since=NOW - timedelta(days=1), at=NOW)


def test_what_stays_after_a_refund_on_its_way_is_closed_once_it_went(robokassa: Fiscal) -> None:
    deal, payment, _order = half_back()
    assert close_late() == 0
    work()
    assert Refund.objects.get().amount == rub(10000)
    assert [close_late() for _ in range(2)] == [1, 0]
    [receipt] = offsets()
    assert (receipt.payment, receipt.content["paid"]) == (payment, {"advance": "20000.00"})
    assert prepayments.owed(deal, entity_of(deal)) == rub(10000)


def test_a_refund_that_was_not_made_leaves_the_whole_payment_to_close(robokassa: Fiscal) -> None:
    _deal, _payment, order = half_back()
    robokassa.answers = [Refused("нет средств", call="Refund/Create")]
    work()
    order.refresh_from_db()
    assert order.state == "failed"
    assert close_late() == 1
    assert offsets()[0].content["paid"] == {"advance": "30000.00"}


def test_money_that_was_carried_on_has_one_second_receipt_for_all_of_it(robokassa: Fiscal) -> None:
    deal, [payment] = paid_deal(30000, request={"receipt": RIDDEN})
    there = make_deal(deal.account)
    make_schedule(there)
    target = moves.move(payment=payment, to=there, amount=rub(10000), reason="x", author="u", at=NOW)
    render(deal, 20000)
    render(there, 10000)
    closing = [(one.payment, one.state, one.reason) for one in offsets()]
    assert closing == [(payment, "planned", ""), (target, "missing", "second_receipt_taken")]
