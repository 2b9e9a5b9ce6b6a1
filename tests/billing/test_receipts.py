"""Receipts beside the payments: every payment has one planned, once, or a named reason why not."""

from datetime import date
from typing import Any
from unittest import mock

import pytest

from billing import receipts, refunds
from billing.models import (
    Location,
    MerchantAccount,
    Ownership,
    Payment,
    Product,
    ProviderCall,
    ProviderOrder,
    Receipt,
    TaxSetting,
)
from billing.receipts import InvalidChoice, ReceiptChoice
from billing.rules.receipts import Maker
from tests.billing.notices import deliver, fields_of, refund_fields
from tests.billing.receipting import FakeProvider, deliver_calls, made_order, offline, paid
from tests.factories import NOW, make_deal, rub

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider() -> Any:
    fake = FakeProvider()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


@pytest.fixture
def order() -> ProviderOrder:
    return made_order()


# Planning


def test_a_part_is_planned_as_a_prepayment_to_the_address_of_the_order(order: ProviderOrder) -> None:
    receipt = paid(order)
    assert (receipt.state, receipt.kind, receipt.reason) == ("planned", "income", "")
    assert receipt.content == {
        "type": "income",
        "tax_system": "usn_income",
        "lines": [
            {
                "name": "Нутрициолог",
                "amount": "30000.00",
                "vat": "none",
                "method": "prepayment",
                "subject": "service",
            }
        ],
        "paid": {"electronic": "30000.00"},
        "email": "payer@example.org",
        "phone": "",
        "inn": "7700000009",
        "site": "",
    }
    call = ProviderCall.objects.get()
    assert (call.kind, call.key, call.merchant) == ("send_receipt", f"receipt:{receipt.pk}", order.merchant)


def test_the_whole_price_at_once_is_a_full_prepayment(order: ProviderOrder) -> None:
    assert paid(order, 90000).content["lines"][0]["method"] == "full_prepayment"


def test_a_second_plan_returns_the_first_receipt(order: ProviderOrder) -> None:
    first = paid(order)
    again = receipts.plan_income(payment=first.payment, whole=True, choice=None, at=NOW)
    assert again == first
    assert ProviderCall.objects.count() == 1


def test_the_rate_is_that_of_the_day_of_the_money_and_of_the_product(order: ProviderOrder) -> None:
    entity = order.legal_entity
    TaxSetting.objects.create(
        legal_entity=entity, valid_from=date(2026, 11, 22), tax_system="osn", vat="vat22"
    )
    TaxSetting.objects.create(
        legal_entity=entity, valid_from=date(2026, 11, 23), tax_system="osn", vat="vat10"
    )
    assert paid(order).content["lines"][0]["vat"] == "vat122"
    Product.objects.create(programme="Нутрициолог", name="Курс «Нутрициолог»", vat="vat0")
    line = paid(order, external_id="502").content["lines"][0]
    assert (line["name"], line["vat"]) == ("Курс «Нутрициолог»", "vat0")


@pytest.mark.parametrize(
    ("method", "payer", "choice", "state", "reason"),
    [
        ("bank_transfer", {}, None, "planned", ""),
        ("bank_transfer", {"kind": "person"}, None, "planned", ""),
        ("bank_transfer", {"kind": "company"}, None, "not_required", "organisation_transfer"),
        ("card_terminal", {}, None, "not_required", "other_register"),
        ("card_terminal", {}, True, "planned", ""),
        ("cash", {}, None, "missing", "no_register_for_cash"),
        ("cash", {}, True, "missing", "no_register_for_cash"),
        ("other", {}, None, "missing", "method_unknown"),
        ("cash", {}, False, "missing", "none_yet"),
        ("cash", {}, {"none": "подарочный сертификат"}, "not_required", "подарочный сертификат"),
        ("cash", {}, {"fn": "99", "fd": "4", "fpd": "7"}, "not_required", "other_register"),
    ],
)
def test_an_offline_payment_has_a_receipt_or_a_named_reason(
    method: str, payer: dict[str, Any], choice: object, state: str, reason: str
) -> None:
    receipt = offline(make_deal(), method, choice, payer)
    assert (receipt.state, receipt.reason) == (state, reason)
    assert ProviderCall.objects.count() == (1 if state == "planned" else 0)


def test_numbers_of_another_register_are_kept() -> None:
    receipt = offline(make_deal(), "cash", {"fn": "99", "fd": "4", "fpd": "7"})
    assert receipt.fiscal == {"fn": "99", "fd": "4", "fpd": "7"}


@pytest.mark.parametrize(
    ("desk", "cash_receipts", "expected"),
    [
        ("desk", True, ("not_required", "other_register")),
        ("cloud", True, ("planned", "")),
        ("cloud", False, ("missing", "no_register_for_cash")),
    ],
)
def test_cash_goes_by_the_location(desk: str, cash_receipts: bool, expected: tuple[str, str]) -> None:
    deal = make_deal(location_value="Баумана, 44")
    merchant = MerchantAccount.objects.get()
    merchant.settings["cash_receipts"] = cash_receipts
    merchant.save()
    location = Location.objects.create(
        account=deal.account, key="baumana", name="Баумана", crm_value="Баумана, 44", cash_receipts=desk
    )
    Ownership.objects.create(
        location=location,
        legal_entity=merchant.legal_entity,
        merchant=merchant,
        valid_from=date(2026, 1, 1),
    )
    receipt = offline(deal, "cash")
    assert (receipt.state, receipt.reason) == expected
    if receipt.content:
        assert receipt.content["paid"] == {"cash": "1000.00"}


def test_the_self_employed_make_no_register_receipts(order: ProviderOrder) -> None:
    order.merchant.legal_entity.kind = "self_employed"
    receipt = paid(order)
    assert (receipt.state, receipt.reason) == ("not_required", "npd")


def test_a_shop_without_receipts_leaves_money_on_the_list(order: ProviderOrder) -> None:
    order.merchant.settings["receipts"] = False
    order.merchant.save()
    receipt = paid(order)
    assert (receipt.state, receipt.reason) == ("missing", "no_register")


def test_no_tax_setting_is_a_reason_and_refuses_no_money(order: ProviderOrder) -> None:
    TaxSetting.objects.all().delete()
    receipt = paid(order)
    assert (receipt.state, receipt.reason) == ("missing", "no_tax_setting")


@pytest.mark.parametrize(
    ("changes", "reason"), [({"deal": None, "order": None}, "unplaced"), ({"counted": False}, "currency")]
)
def test_money_that_is_not_ours_yet_waits_for_a_person(
    order: ProviderOrder, changes: dict[str, Any], reason: str
) -> None:
    values: dict[str, Any] = {
        "deal": order.deal,
        "order": order,
        "merchant": order.merchant,
        "legal_entity": order.legal_entity,
        "amount": rub(5),
        "method": "card",
        "external_id": "77",
        "received_at": NOW,
        "recorded_at": NOW,
    }
    payment = Payment.objects.create(**values | changes)
    receipt = receipts.plan_income(payment=payment, whole=False, choice=None, at=NOW)
    assert (receipt.state, receipt.reason) == ("missing", reason)


@pytest.mark.parametrize(
    ("value", "maker"),
    [
        (True, Maker.US),
        (False, Maker.OPEN),
        ({"fn": "1", "fd": "2", "fpd": "3"}, Maker.ELSEWHERE),
        ({"none": "бартер"}, Maker.NOBODY),
    ],
)
def test_every_documented_choice_is_understood(value: object, maker: Maker) -> None:
    choice = ReceiptChoice.read(value)
    assert choice is not None
    assert choice.maker is maker
    assert ReceiptChoice.read(None) is None


@pytest.mark.parametrize(
    "value",
    ["yes", 1, [], {}, {"none": ""}, {"fn": "1"}, {"fn": "1", "fd": "x", "fpd": "3"}, {"none": "a", "x": 1}],
)
def test_no_other_choice_is(value: object) -> None:
    with pytest.raises(InvalidChoice):
        ReceiptChoice.read(value)


# Refunds


def test_a_refund_is_returned_with_the_attributes_of_the_original(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "refund", refund_fields(amount="12000.00"))
    income, back = Receipt.objects.order_by("id")
    assert (back.kind, back.state) == ("refund", "planned")
    assert back.content == {
        **income.content,
        "type": "income_return",
        "lines": [{**income.content["lines"][0], "amount": "12000.00"}],
        "paid": {"electronic": "12000.00"},
    }


def test_what_another_register_took_it_gives_back(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    Receipt.objects.update(state="not_required", reason="other_register")
    deliver(order.merchant, "refund", refund_fields())
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason) == ("not_required", "other_register")


def test_a_return_goes_out_after_the_receipt_it_takes_back(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    payment = paid(order).payment
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id="501",
        external_id="r1",
        amount=rub(10000),
        refunded_at=NOW,
        at=NOW,
    )
    deliver_calls()
    assert [request.content["type"] for request in provider.asked] == ["income"]
    Receipt.objects.filter(kind="income").update(state="registered")
    deliver_calls(60)
    assert [request.content["type"] for request in provider.asked] == ["income", "income_return"]
