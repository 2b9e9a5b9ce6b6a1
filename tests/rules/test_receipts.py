"""Receipts by 54-FZ: who makes them, what stands in them, and that their sums are exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.receipts import (
    Buyer,
    Circumstances,
    Content,
    Decision,
    Item,
    Line,
    Maker,
    Seller,
    advance,
    by_us,
    maker,
    prepayment,
    returned,
    together,
)

SELLER = Seller(inn="7700000009", site="https://school.example.org", tax_system="usn_income")
BUYER = Buyer(email="anna@example.org", phone="")
KOPECKS = st.decimals("0.01", "99999.99", places=2)


def circumstances(**values: object) -> Circumstances:
    usual: dict[str, object] = {
        "tax_system": "usn_income",
        "method": "card",
        "payer_is_organisation": False,
        "cloud": True,
        "cloud_cash": False,
        "desk": None,
    }
    return Circumstances(**usual | values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Decision(Maker.US)),
        ({"method": "sbp"}, Decision(Maker.US)),
        ({"cloud": False}, Decision(Maker.OPEN, "no_register")),
        ({"cloud": False, "rode": True}, Decision(Maker.ORDER)),
        ({"cloud": False, "rode_elsewhere": True}, Decision(Maker.OPEN, "other_order")),
        ({"tax_system": "npd", "rode_elsewhere": True}, Decision(Maker.NOBODY, "npd")),
        ({"method": "bank_transfer"}, Decision(Maker.US)),
        (
            {"method": "bank_transfer", "payer_is_organisation": True},
            Decision(Maker.NOBODY, "organisation_transfer"),
        ),
        # Card acquiring needs a receipt from a company too (54-FZ, art. 2 p. 9).
        ({"method": "card", "payer_is_organisation": True}, Decision(Maker.US)),
        ({"method": "card_terminal"}, Decision(Maker.ELSEWHERE, "other_register")),
        ({"method": "cash", "desk": True}, Decision(Maker.ELSEWHERE, "other_register")),
        ({"method": "cash", "desk": False, "cloud_cash": True}, Decision(Maker.US)),
        ({"method": "cash", "desk": False}, Decision(Maker.OPEN, "no_register_for_cash")),
        ({"method": "cash"}, Decision(Maker.OPEN, "no_register_for_cash")),
        ({"method": "other"}, Decision(Maker.OPEN, "method_unknown")),
        ({"tax_system": "npd"}, Decision(Maker.NOBODY, "npd")),
        ({"tax_system": "npd", "method": "cash", "desk": True}, Decision(Maker.NOBODY, "npd")),
    ],
)
def test_who_makes_the_receipt_when_nobody_said(said: dict[str, object], expected: Decision) -> None:
    assert maker(circumstances(**said)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"method": "card_terminal"}, Decision(Maker.US)),
        ({"method": "cash", "desk": True, "cloud_cash": True}, Decision(Maker.US)),
        ({"method": "cash", "desk": True}, Decision(Maker.OPEN, "no_register_for_cash")),
        ({"cloud": False}, Decision(Maker.OPEN, "no_register")),
        ({"tax_system": "npd"}, Decision(Maker.NOBODY, "npd")),
    ],
)
def test_made_by_us_on_request_only_where_we_can(said: dict[str, object], expected: Decision) -> None:
    assert by_us(circumstances(**said)) == expected


@pytest.mark.parametrize(
    ("vat", "calculated"),
    [
        ("none", "none"),
        ("vat0", "vat0"),
        ("vat5", "vat105"),
        ("vat7", "vat107"),
        ("vat10", "vat110"),
        ("vat20", "vat120"),
        ("vat22", "vat122"),
    ],
)
def test_a_prepayment_carries_the_calculated_rate(vat: str, calculated: str) -> None:
    item = Item(name="Курс", subject="service", vat=vat)
    plan = prepayment(seller=SELLER, buyer=BUYER, item=item, amount=Decimal("20000"), whole=False)
    assert plan["lines"][0]["vat"] == calculated


def test_a_part_is_a_prepayment_and_the_whole_a_full_prepayment() -> None:
    item = Item(name="Курс «Нутрициолог»", subject="service", vat="none")
    part = prepayment(seller=SELLER, buyer=BUYER, item=item, amount=Decimal("20000.5"), whole=False)
    assert part == {
        "type": "income",
        "tax_system": "usn_income",
        "lines": [
            {
                "name": "Курс «Нутрициолог»",
                "amount": "20000.50",
                "vat": "none",
                "method": "prepayment",
                "subject": "service",
            }
        ],
        "paid": {"electronic": "20000.50"},
        "email": "anna@example.org",
        "phone": "",
        "inn": "7700000009",
        "site": "https://school.example.org",
    }
    whole = prepayment(seller=SELLER, buyer=BUYER, item=item, amount=Decimal(1), whole=True, cash=True)
    assert whole["lines"][0]["method"] == "full_prepayment"
    assert whole["paid"] == {"cash": "1.00"}


def test_a_return_repeats_the_original_with_the_part_that_goes_back() -> None:
    item = Item(name="Курс", subject="service", vat="vat22")
    original = prepayment(seller=SELLER, buyer=BUYER, item=item, amount=Decimal("90000"), whole=True)
    back = returned(original, amount=Decimal("30000"))
    assert back["type"] == "income_return"
    assert back["lines"] == [
        {
            "name": "Курс",
            "amount": "30000.00",
            "vat": "vat122",
            "method": "full_prepayment",
            "subject": "service",
        }
    ]
    assert back["paid"] == {"electronic": "30000.00"}
    assert {key: back[key] for key in ("inn", "email", "tax_system")} == {
        "inn": "7700000009",
        "email": "anna@example.org",
        "tax_system": "usn_income",
    }


@pytest.mark.parametrize("amount", ["0", "-1", "100.01"])
def test_no_return_of_nothing_or_of_more_than_came(amount: str) -> None:
    item = Item(name="Курс", subject="service", vat="none")
    original = prepayment(seller=SELLER, buyer=BUYER, item=item, amount=Decimal("100"), whole=True)
    with pytest.raises(ValueError, match="return"):
        returned(original, amount=Decimal(amount))


@given(st.lists(KOPECKS, min_size=1, max_size=6), st.data())
def test_a_return_splits_to_the_kopeck_and_never_above_a_line(
    amounts: list[Decimal], data: st.DataObject
) -> None:
    total = sum(amounts, Decimal(0))
    amount = data.draw(st.decimals("0.01", total, places=2))
    original = Content(
        type="income",
        tax_system="osn",
        lines=[
            Line(name=str(n), amount=str(value), vat="vat122", method="prepayment", subject="service")
            for n, value in enumerate(amounts)
        ],
        paid={"electronic": str(total)},
        email="",
        phone="",
        inn="",
        site="",
    )
    back = returned(original, amount=amount)
    assert (
        sum(Decimal(line["amount"]) for line in back["lines"])
        == amount
        == Decimal(back["paid"]["electronic"])
    )
    for line in back["lines"]:
        assert 0 < Decimal(line["amount"]) <= amounts[int(line["name"])]


@given(priced=KOPECKS, above=KOPECKS, data=st.data())
def test_returns_take_the_advance_first_and_all_of_them_take_the_whole(
    priced: Decimal, above: Decimal, data: st.DataObject
) -> None:
    item = Item(name="Курс", subject="service", vat="vat22")
    original = together(
        prepayment(seller=SELLER, buyer=BUYER, item=item, amount=priced, whole=True),
        advance(seller=SELLER, buyer=BUYER, name="Аванс", vat="vat22", amount=above),
    )
    gone, back = Decimal(0), {"full_prepayment": Decimal(0), "advance": Decimal(0)}
    while gone < priced + above:
        amount = data.draw(st.decimals("0.01", str(priced + above - gone), places=2))
        amount = amount if data.draw(st.booleans()) else priced + above - gone
        for line in returned(original, amount=amount, gone=gone)["lines"]:
            back[line["method"]] += Decimal(line["amount"])
        gone += amount
        assert back["advance"] == min(gone, above)
        assert sum(back.values()) == gone
    assert back == {"full_prepayment": priced, "advance": above}
