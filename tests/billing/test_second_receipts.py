"""Robokassa closes a payment by one further receipt, as a whole."""

from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest

from billing import deal_card, prepayments, provider_calls, service_rendered, verification
from billing.providers.base import (
    FollowedReceipt,
    ReceiptState,
    Unknown,
)
from crm.models import Deal
from tests.billing.refunding import paid_deal, pay
from tests.billing.rendered import RIDDEN, Fiscal, entity_of, offsets, render
from tests.factories import NOW, rub

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_hold() -> Iterator[None]:
    """Whatever a test did, the second witness finds nothing wrong."""
    yield
    assert list(verification.violations()) == []


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
