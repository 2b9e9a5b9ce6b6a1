"""Credit that nobody will pay any more waits for the accountant's word, once, with its sum."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from unittest import mock

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from billing import (
    credit_returns,
    receipt_retries,
    receipts,
    refund_orders,
    settlements,
)
from billing.api import timeline
from billing.models import Receipt, ReceiptPolicy, RefundOrder
from billing.receipts import ReceiptChoice
from crm.models import Deal
from tests.billing.receipting import FakeProvider, deliver_calls
from tests.billing.refunding import FakeShop, paid_deal, pay
from tests.billing.rendered import render
from tests.billing.test_credit_receipts import credit_deal
from tests.factories import NOW, make_schedule, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]
SINCE = NOW - timedelta(days=3)


@pytest.fixture
def provider() -> Iterator[None]:
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        yield


def follow() -> int:
    return credit_returns.follow(since=SINCE, at=NOW)


def settle(deal: Deal, total: object) -> None:
    settlements.settle(deal=deal, total=rub(total), reason="ушёл", author="user:1", at=NOW)


def rows() -> list[tuple[str, str, Any]]:
    found = Receipt.objects.filter(kind="credit_return").order_by("id")
    return [(row.state, row.reason, receipts.total(row)) for row in found]


def lowered_deal() -> Deal:
    """90 000 were handed over before any money, 30 000 came, and the deal ended there."""
    deal, _shop = credit_deal()
    render(deal)
    pay(deal, 30000, 1)
    settle(deal, 30000)
    return deal


def test_a_deal_settled_below_its_credit_waits_for_the_accountant_once() -> None:
    lowered_deal()
    assert [follow(), follow()] == [1, 0]
    assert rows() == [("missing", "credit_lowered", rub(60000))]
    receipt = Receipt.objects.get(kind="credit_return")
    assert (receipt.content["type"], receipt.content["paid"]) == ("income_return", {"credit": "60000.00"})
    [line] = receipt.content["lines"]
    assert (line["method"], line["vat"], line["subject"]) == ("credit", "vat22", "service")


def test_access_given_with_the_first_money_is_a_credit_too() -> None:
    deal, _shop = credit_deal()
    pay(deal, 30000, 1)
    settle(deal, 30000)
    follow()
    assert rows() == [("missing", "credit_lowered", rub(60000))]


def test_nothing_waits_while_the_deal_costs_what_was_handed_over() -> None:
    deal, _shop = credit_deal()
    render(deal)
    pay(deal, 30000, 1)
    assert (follow(), rows()) == (0, [])


def test_prepayments_that_were_closed_are_no_credit() -> None:
    deal, _paid = paid_deal(60000)
    render(deal)
    settle(deal, 60000)
    assert (follow(), rows()) == (0, [])


def test_the_row_follows_the_sum_and_ends_when_the_deal_costs_as_much_again() -> None:
    deal = lowered_deal()
    follow()
    make_schedule(deal, total="50000", count=2)
    assert follow() == 1
    assert rows() == [("missing", "credit_lowered", rub(40000))]
    make_schedule(deal, total="90000", count=2)
    assert [follow(), follow()] == [1, 0]
    assert [row[:2] for row in rows()] == [("not_required", "credit_owed_again")]
    settle(deal, 30000)
    follow()
    assert rows()[1:] == [("missing", "credit_lowered", rub(60000))]


def test_what_the_accountant_has_decided_is_not_asked_again() -> None:
    deal = lowered_deal()
    follow()
    none = ReceiptChoice.read({"none": "корректировка в учёте"})
    assert none is not None
    receipts.settle(
        receipt=Receipt.objects.get(kind="credit_return"), choice=none, author="staff:anna", at=NOW
    )
    assert follow() == 0
    told = [one["text"] for one in timeline.of(deal, names=defaultdict(str))]
    assert any("Чек возврата кредита на 60" in text for text in told)


def test_what_was_paid_is_taken_back_by_its_refund_first(provider: None) -> None:
    deal = lowered_deal()
    follow()
    settle(deal, 20000)
    assert follow() == 0
    payment = deal.payments.get()
    order = refund_orders.request(
        payment=payment, demand=refund_orders.Demand(rub(10000), "ушёл"), author="user:1", at=NOW
    )
    refund_orders.sent(order=order, external_id="r1", at=NOW)
    refund_orders.done(order=RefundOrder.objects.get(), done_at=NOW, at=NOW)
    assert follow() == 1
    assert rows() == [("missing", "credit_lowered", rub(70000))]


def test_the_accountant_may_have_it_made_on_our_register() -> None:
    lowered_deal()
    follow()
    receipt = Receipt.objects.get(kind="credit_return")
    Receipt.objects.exclude(pk=receipt.pk).update(state="registered")
    fake = FakeProvider()
    with mock.patch("billing.providers.of", return_value=fake):
        receipt_retries.make(receipt=receipt, author="staff:anna", at=NOW)
        deliver_calls()
    asked = [one for one in fake.asked if one.content["type"] == "income_return"]
    assert [one.content["paid"] for one in asked] == [{"credit": "60000.00"}]
    receipt.refresh_from_db()
    assert receipt.state == "sent"


def test_the_self_employed_have_nothing_to_take_back() -> None:
    lowered_deal()
    Receipt.objects.filter(kind="credit").update(state="not_required", reason="npd")
    assert follow() == 0


def test_the_list_of_money_without_a_receipt_names_it_with_its_reason(admin_client: Client) -> None:
    deal = lowered_deal()
    follow()
    listed = admin_client.get(reverse("admin:billing_receipt_changelist") + "?open=yes").content.decode()
    assert deal.name in listed
    assert "передано в кредит: решает бухгалтер" in listed
    answer: Any = admin_client.get(reverse("admin:billing_receipt_money_without_receipt"), follow=True)
    book = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content)))
    titles, *lines = book.worksheets[0].iter_rows(values_only=True)
    told = [dict(zip(titles, line, strict=True)) for line in lines]
    assert [one["Сумма"] for one in told if "кредит" in str(one["Причина"])] == [60000]


def test_where_money_became_a_prepayment_again_what_was_on_credit_still_counts() -> None:
    lowered_deal()
    ReceiptPolicy.objects.update(scheme="prepayment")
    assert follow() == 1
