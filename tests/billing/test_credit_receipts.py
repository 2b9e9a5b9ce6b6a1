"""A service handed over before any money has a receipt of its own, where the accountant chose credit."""

from collections import defaultdict
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from unittest import mock

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from billing import credit_receipts, credit_returns, prepayments, receipt_retries, settlements
from billing.api import timeline
from billing.models import LegalEntity, MerchantAccount, Payment, Receipt, ReceiptPolicy
from billing.providers.base import FollowedReceipt, ReceiptState
from crm.models import Deal
from tests.billing.receipting import PRINTED, FakeProvider, deliver_calls
from tests.billing.refunding import FakeShop, ask, paid_deal, pay, work
from tests.billing.rendered import render, vat
from tests.factories import NOW, TODAY, make_schedule, rub

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider() -> Any:
    fake = FakeProvider()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def credit_deal(scheme: str = "credit", **settings: object) -> tuple[Deal, MerchantAccount]:
    """A deal of 90 000 with nothing paid, of an entity on VAT whose accountant chose the scheme."""
    deal, _none = paid_deal()
    entity = entity_of(deal)
    vat(deal, "vat22")
    shop = MerchantAccount.objects.get(legal_entity=entity)
    shop.settings |= {"receipts": True} | settings
    shop.save()
    ReceiptPolicy.objects.create(
        legal_entity=entity,
        valid_from=date(2026, 1, 1),
        scheme=scheme,
        credit_vat="straight",
        decided_by="Петрова",
        decided_on=TODAY,
    )
    return deal, shop


def entity_of(deal: Deal) -> LegalEntity:
    entity = deal.account.policy.legal_entity
    assert entity is not None
    return entity


def test_what_nobody_has_paid_yet_is_handed_over_on_credit_and_paid_later(provider: FakeProvider) -> None:
    deal, _shop = credit_deal()
    rendering = render(deal)
    receipt = Receipt.objects.get()
    assert (receipt.kind, receipt.state, receipt.rendering, receipt.payment) == (
        "credit",
        "planned",
        rendering,
        None,
    )
    [line] = receipt.content["lines"]
    assert (line["method"], line["amount"], line["vat"], line["subject"]) == (
        "credit",
        "90000.00",
        "vat22",
        "service",
    )
    assert receipt.content["paid"] == {"credit": "90000.00"}
    assert receipt.content["email"] == "anna@example.org"
    deliver_calls()
    assert provider.asked[0].order_number == f"rendering-{rendering.pk}"
    provider.answers = [FollowedReceipt(state=ReceiptState.REGISTERED, fiscal=PRINTED)]
    deliver_calls(5)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.fiscal) == ("registered", PRINTED)
    told = [one["text"] for one in timeline.of(deal, names=defaultdict(str))]
    assert "Чек передачи в кредит на 90\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽ пробит" in told
    later = Receipt.objects.get(payment=pay(deal, 30000, 1))
    assert [(row["method"], row["amount"]) for row in later.content["lines"]] == [
        ("credit_payment", "30000.00")
    ]


def test_parts_are_handed_over_one_by_one() -> None:
    deal, _shop = credit_deal()
    for amount in (20000, 30000):
        render(deal, amount)
    made = Receipt.objects.filter(kind="credit").order_by("id")
    assert [row.content["paid"]["credit"] for row in made] == ["20000.00", "30000.00"]


def test_what_money_has_paid_is_no_credit() -> None:
    deal, _shop = credit_deal("prepayment")
    ReceiptPolicy.objects.update(scheme="prepayment")
    pay(deal, 30000, 1)
    ReceiptPolicy.objects.update(scheme="credit")
    rendering = render(deal, 50000)
    receipt = Receipt.objects.get(kind="credit")
    assert receipt.content["paid"] == {"credit": "20000.00"}
    assert Receipt.objects.get(kind="offset").content["paid"] == {"advance": "30000.00"}
    assert credit_receipts.plan(rendering=rendering, at=NOW) == receipt
    assert Receipt.objects.filter(kind="credit").count() == 1


def test_where_money_is_a_prepayment_nothing_is_on_credit() -> None:
    deal, _shop = credit_deal("prepayment")
    render(deal)
    assert not Receipt.objects.exists()


def test_a_shop_without_a_register_leaves_it_on_the_list_until_there_is_one(provider: FakeProvider) -> None:
    deal, shop = credit_deal(receipts=False)
    render(deal)
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.reason) == ("missing", "no_register")
    with pytest.raises(receipt_retries.CannotBeMade):
        receipt_retries.make(receipt=receipt, author="staff:anna", at=NOW)
    shop.settings["receipts"] = True
    shop.save()
    receipt_retries.make(receipt=receipt, author="staff:anna", at=NOW)
    deliver_calls()
    receipt.refresh_from_db()
    assert (receipt.state, receipt.content["paid"]) == ("sent", {"credit": "90000.00"})


def test_the_panel_and_the_register_show_it_like_any_other(admin_client: Client) -> None:
    deal, _shop = credit_deal(receipts=False)
    render(deal)
    receipt = Receipt.objects.get()
    listed = admin_client.get(reverse("admin:billing_receipt_changelist") + "?open=yes").content.decode()
    shown = admin_client.get(reverse("admin:billing_receipt_change", args=[receipt.pk])).content.decode()
    for text in (listed, shown):
        assert deal.name in text
    assert "в кредит 90\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in shown
    answer: Any = admin_client.get(reverse("admin:billing_receipt_money_without_receipt"), follow=True)
    book = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content)))
    titles, row = book.worksheets[0].iter_rows(values_only=True)
    told = dict(zip(titles, row, strict=True))
    assert (told["Сумма"], told["Сделка"], told["Причина"]) == (90000, deal.name, "магазин не пробивает чеки")


def test_the_self_employed_give_credit_without_a_receipt() -> None:
    deal, _shop = credit_deal()
    LegalEntity.objects.filter(pk=entity_of(deal).pk).update(kind="self_employed")
    render(Deal.objects.get(pk=deal.pk))
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.reason) == ("not_required", "npd")


def test_the_panels_filter_by_entity_shows_what_was_given_on_credit(admin_client: Client) -> None:
    deal, _shop = credit_deal()
    other, _other_shop = credit_deal()
    render(deal)
    render(other)
    listed = reverse("admin:billing_receipt_changelist")
    shown = admin_client.get(f"{listed}?entity={entity_of(deal).pk}").content.decode()
    assert deal.name in shown
    assert other.name not in shown
    assert other.name in admin_client.get(f"{listed}?q={other.external_id}").content.decode()
    assert deal.name in admin_client.get(f"{listed}?entity=x").content.decode()


def test_the_panels_filter_by_entity_shows_receipts_of_money_too(admin_client: Client) -> None:
    deal, _paid = paid_deal(30000)
    paid_deal(20000)
    shown = admin_client.get(reverse("admin:billing_receipt_changelist") + f"?entity={entity_of(deal).pk}")
    assert [row.payment.deal for row in shown.context["cl"].result_list] == [deal]


def test_money_of_a_sale_on_credit_goes_back_as_money() -> None:
    deal, _shop = credit_deal()
    payment = pay(deal, 30000, 1)
    assert Receipt.objects.get().content["paid"] == {"electronic": "30000.00", "credit": "60000.00"}
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(payment, 10000)
        work()
    back = Receipt.objects.get(kind="refund")
    assert back.content["paid"] == {"electronic": "10000.00"}
    [line] = back.content["lines"]
    assert (line["method"], line["amount"], line["vat"]) == ("partial_payment", "10000.00", "vat22")


def said(payment: Payment) -> list[tuple[str, str]]:
    income = Receipt.objects.get(payment=payment, kind="income")
    return [(line["method"], line["amount"]) for line in income.content["lines"]]


def test_what_went_back_of_the_first_money_was_no_credit_when_it_comes_again() -> None:
    deal, _shop = credit_deal()
    first = pay(deal, 30000, 1)
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(first, 10000)
        work()
    assert said(pay(deal, 70000, 2)) == [("credit_payment", "60000.00"), ("full_payment", "10000.00")]
    assert prepayments.owed(deal, entity_of(deal)) == 0


def test_what_went_back_of_a_credits_payment_pays_the_credit_when_it_comes_again() -> None:
    deal, _shop = credit_deal()
    pay(deal, 30000, 1)
    later = pay(deal, 40000, 2)
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(later, 10000)
        work()
    assert said(pay(deal, 30000, 3)) == [("credit_payment", "30000.00")]
    assert prepayments.on_credit(deal, entity_of(deal)) == 0


def test_a_credit_that_was_taken_back_is_paid_no_more() -> None:
    deal, _shop = credit_deal()
    pay(deal, 30000, 1)
    settlements.settle(deal=deal, total=rub(30000), reason="ушёл", author="user:1", at=NOW)
    credit_returns.follow(since=NOW - timedelta(days=1), at=NOW)
    assert prepayments.on_credit(deal, entity_of(deal)) == rub(60000)
    Receipt.objects.filter(kind="credit_return").update(state="registered")
    make_schedule(deal, total="90000", count=2)
    assert said(pay(deal, 60000, 2)) == [("full_payment", "60000.00")]
