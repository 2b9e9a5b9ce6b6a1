"""The worked receipts of the shared vectors, by our rules and in CloudKassir's codes, to the kopeck."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.providers import cloudpayments_receipts
from billing.rules.receipts import (
    CALCULATED,
    Buyer,
    Content,
    CreditTerms,
    Item,
    Seller,
    advance,
    credit_payment,
    prepayment,
    returned,
    returned_settlement,
    settlement,
    still_open,
    together,
)

FILE = Path(__file__).parents[1] / "vectors" / "domain.json"
SCENARIOS = {one["name"]: one for one in json.loads(FILE.read_text())["receipt_scenarios"]}
SELLER = Seller(inn="7700000009", site="https://school.example.org", tax_system="osn")
BUYER = Buyer(email="anna@example.org", phone="")
ITEM = Item(name="Курс", subject="service", vat="vat22")
KINDS = {"straight": "vat22", "calculated": "vat122", "as original": "vat122"}


def rub(kopecks: int) -> Decimal:
    return Decimal(kopecks) / 100


def ahead(amount: Decimal, *, whole: bool) -> Content:
    return prepayment(seller=SELLER, buyer=BUYER, item=ITEM, amount=amount, whole=whole)


def settled(**paid: Decimal) -> Content:
    return settlement(seller=SELLER, buyer=BUYER, item=ITEM, paid=paid)


def later(amount: Decimal) -> Content:
    terms = CreditTerms(subject="payment", vat="none")
    return credit_payment(seller=SELLER, buyer=BUYER, item=ITEM, terms=terms, amount=amount)


PLANS: dict[tuple[str, str], Content] = {
    ("quest deposit 30% then balance", "booking"): ahead(rub(180000), whole=False),
    ("quest deposit 30% then balance", "game"): settled(electronic=rub(420000), advance=rub(180000)),
    ("course month paid ahead (A1)", "installment"): ahead(rub(1000000), whole=True),
    ("course month paid ahead (A1)", "month end"): settled(advance=rub(1000000)),
    ("course access at once, pay later (A3)", "access, first part"): settled(
        electronic=rub(1000000), credit=rub(2000000)
    ),
    ("course access at once, pay later (A3)", "installment 2"): later(rub(1000000)),
    ("course access at once, pay later (A3)", "installment 3"): later(rub(1000000)),
    ("refund of unearned prepayment", "payment"): ahead(rub(500000), whole=False),
    ("refund of unearned prepayment", "refund"): returned(
        ahead(rub(500000), whole=False), amount=rub(500000)
    ),
}


def test_no_scenario_of_the_vectors_is_left_out() -> None:
    steps = {(name, step["event"]) for name, one in SCENARIOS.items() for step in one["steps"]}
    assert steps == set(PLANS)


@pytest.mark.parametrize(("name", "event"), PLANS, ids=lambda word: word)
def test_every_step_is_as_the_vectors_have_it(name: str, event: str) -> None:
    [step] = [one for one in SCENARIOS[name]["steps"] if one["event"] == event]
    content = PLANS[name, event]
    sent = cloudpayments_receipts.body(content, order_number="1", account_id="a")
    receipt = sent["CustomerReceipt"]
    [item] = receipt["Items"]
    assert (sent["Type"], item["method"], item["amount"]) == (
        step["type"],
        step["method"],
        rub(step["items_kop"]),
    )
    if isinstance(step["object"], int):
        assert item["object"] == step["object"]
    given = {name: rub(kopecks) for name, kopecks in step["amounts"].items() if kopecks}
    assert {name: amount for name, amount in receipt["amounts"].items() if amount} == given
    assert sum(receipt["amounts"].values()) == item["amount"]
    if step["vat_kind"] in KINDS:
        assert content["lines"][0]["vat"] == KINDS[step["vat_kind"]]


def test_access_before_any_money_is_a_credit() -> None:
    content = settled(credit=Decimal("30000"))
    assert (content["lines"][0]["method"], content["paid"]) == ("credit", {"credit": "30000.00"})


def test_an_advance_names_no_service() -> None:
    content = advance(seller=SELLER, buyer=BUYER, name="Аванс", vat="vat22", amount=Decimal(500), cash=True)
    [line] = content["lines"]
    assert (line["method"], line["subject"], line["vat"]) == ("advance", "payment", "vat122")
    assert content["paid"] == {"cash": "500.00"}


@pytest.mark.parametrize("rate", CALCULATED)
@pytest.mark.parametrize(
    ("decided", "of_rate"),
    [("none", lambda rate: "none"), ("straight", lambda rate: rate), ("calculated", CALCULATED.get)],
)
def test_the_accountant_decides_the_rate_of_a_credit_payment(rate: str, decided: str, of_rate: Any) -> None:
    item = Item(name="Курс", subject="service", vat=rate)
    for subject, expected in (("payment", "payment"), ("service", "service")):
        terms = CreditTerms(subject=subject, vat=decided)
        content = credit_payment(seller=SELLER, buyer=BUYER, item=item, terms=terms, amount=Decimal(1))
        [line] = content["lines"]
        assert (line["method"], line["vat"], line["subject"]) == ("credit_payment", of_rate(rate), expected)


def test_late_money_and_money_ahead_share_a_receipt_that_adds_up() -> None:
    both = together(settled(electronic=Decimal("20000")), ahead(Decimal("10000.50"), whole=False))
    assert both["paid"] == {"electronic": "30000.50"}
    assert sum(Decimal(line["amount"]) for line in both["lines"]) == Decimal("30000.50")
    assert [line["method"] for line in still_open(both)["lines"]] == ["prepayment"]


@pytest.mark.parametrize(("way", "paid"), [("electronic", "electronic"), ("advance", "advance")])
def test_money_for_a_rendered_service_goes_back_like_its_closing_receipt(way: str, paid: str) -> None:
    closing = settled(advance=Decimal("30000"))
    back = returned_settlement(
        ahead(Decimal("30000"), whole=False), like=closing["lines"][0], amount=Decimal("12.30"), way=way
    )
    assert (back["type"], back["paid"]) == ("income_return", {paid: "12.30"})
    [line] = back["lines"]
    assert (line["method"], line["vat"], line["amount"]) == ("full_payment", "vat22", "12.30")
