"""Money above a deal's total is an advance in its receipt: nobody knows yet what it is for (54-FZ, 1214 = 3).

The accountant may decide otherwise, from a day on.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from billing import receipt_contents, receipt_retries, refunds, reversals, schedules, settlements
from billing.models import MerchantAccount, Payment, ProviderOrder, Receipt, ReceiptPolicy
from billing.payments import Arrived, receive_all
from billing.rules.schedule import Terms
from crm.models import Deal
from tests.billing.refunding import paid_deal, pay, pay_cash, shop_of
from tests.billing.rendered import entity_of, render, vat
from tests.factories import NOW, TODAY, make_deal, make_order, rub

pytestmark = pytest.mark.django_db


def lines_of(receipt: Receipt) -> list[tuple[str, str, str, str]]:
    """Amount, settlement method, subject, rate of each line."""
    lines = receipt.content["lines"]
    return [(line["amount"], line["method"], line["subject"], line["vat"]) for line in lines]


def income(payment: Payment) -> Receipt:
    return Receipt.objects.get(payment=payment, kind="income")


def decided(deal: Deal, overpayment: str, since: date = date(2026, 1, 1), **values: Any) -> None:
    entity = deal.account.policy.legal_entity
    assert entity is not None
    given: dict[str, Any] = {"decided_by": "Петрова", "decided_on": TODAY, **values}
    ReceiptPolicy.objects.create(legal_entity=entity, valid_from=since, overpayment=overpayment, **given)


def back_of(payment: Payment, amount: object, number: str) -> Receipt:
    refunds.noticed(
        merchant=shop_of(payment),
        payment_external_id=payment.external_id,
        external_id=number,
        amount=rub(amount),
        refunded_at=NOW,
        at=NOW,
    )
    return Receipt.objects.get(kind="refund", refund__external_id=number)


def test_what_is_above_the_price_is_an_advance_beside_the_prepayment() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat22")
    receipt = income(pay(deal, 100000, 1))
    assert lines_of(receipt) == [
        ("90000.00", "full_prepayment", "service", "vat122"),
        ("10000.00", "advance", "payment", "vat122"),
    ]
    assert receipt.content["lines"][1]["name"] == "Аванс"
    assert receipt.content["paid"] == {"electronic": "100000.00"}


def test_money_for_a_deal_that_is_paid_is_an_advance_and_nothing_else() -> None:
    deal, _paid = paid_deal(90000)
    assert lines_of(income(pay(deal, 5000, 2))) == [("5000.00", "advance", "payment", "none")]
    MerchantAccount.objects.update(settings={"receipts": True, "cash_receipts": True})
    assert lines_of(income(pay_cash(deal, 700))) == [("700.00", "advance", "payment", "none")]


def test_the_last_payment_is_an_advance_only_above_the_debt() -> None:
    deal, _paid = paid_deal(80000)
    assert lines_of(income(pay(deal, 30000, 2))) == [
        ("10000.00", "prepayment", "service", "none"),
        ("20000.00", "advance", "payment", "none"),
    ]


def test_money_that_covers_rows_to_the_kopeck_is_no_advance() -> None:
    _deal, payments = paid_deal(30000, 60000)
    assert [line[1] for payment in payments for line in lines_of(income(payment))] == [
        "prepayment",
        "prepayment",
    ]


def test_before_a_schedule_the_budget_is_the_price_and_without_one_nothing_is_above_it() -> None:
    deal = make_deal(price=rub(20000))
    assert lines_of(income(pay(deal, 25000, 1))) == [
        ("20000.00", "full_prepayment", "service", "none"),
        ("5000.00", "advance", "payment", "none"),
    ]
    unknown = make_deal(price=rub(0))
    assert [line[1] for line in lines_of(income(pay(unknown, 25000, 2)))] == ["full_prepayment"]


def test_money_for_a_cancelled_deal_is_an_advance() -> None:
    deal, _paid = paid_deal(30000)
    settlements.cancel(deal=deal, reason="передумал", author="user:1", at=NOW)
    assert lines_of(income(pay(deal, 30000, 2))) == [("30000.00", "advance", "payment", "none")]


def test_payments_that_come_together_are_receipted_the_same() -> None:
    deal, _paid = paid_deal(80000)
    order = make_order(deal, amount="30000", number="70001", state="open", purpose="full")
    arrived = Arrived(
        order=ProviderOrder.objects.select_related("deal__account", "merchant__legal_entity").get(
            pk=order.pk
        ),
        external_id="900",
        amount=rub(30000),
        received_at=NOW,
        method="card",
    )
    [payment] = receive_all([arrived], at=NOW)
    assert lines_of(income(payment)) == [
        ("10000.00", "prepayment", "service", "none"),
        ("20000.00", "advance", "payment", "none"),
    ]


def test_the_accountant_may_call_it_a_prepayment_from_a_day_on() -> None:
    deal, _paid = paid_deal(90000)
    decided(deal, "prepayment", since=date(2026, 11, 13))
    before, after = pay(deal, 5000, 2), pay(deal, 5000, 3)
    assert [lines_of(income(one))[0][1] for one in (before, after)] == ["advance", "prepayment"]


def test_a_decision_of_the_programme_goes_before_that_of_the_entity() -> None:
    deal, _paid = paid_deal(90000)
    decided(deal, "prepayment")
    decided(deal, "advance", programme="Нутрициолог")
    assert lines_of(income(pay(deal, 5000, 2)))[0][1] == "advance"


def test_after_the_service_what_was_owed_is_settled_and_the_rest_is_an_advance() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat22")
    pay(deal, 60000, 1)
    render(deal, 90000)
    assert lines_of(income(pay(deal, 35000, 2))) == [
        ("30000.00", "full_payment", "service", "vat22"),
        ("5000.00", "advance", "payment", "vat122"),
    ]


def test_on_credit_too_money_above_the_price_is_an_advance() -> None:
    deal, _none = paid_deal()
    decided(deal, "advance", scheme="credit")
    assert lines_of(income(pay(deal, 95000, 1))) == [
        ("90000.00", "full_payment", "service", "none"),
        ("5000.00", "advance", "payment", "none"),
    ]


def test_the_advance_goes_back_first_and_never_twice() -> None:
    deal, _none = paid_deal()
    payment = pay(deal, 100000, 1)
    assert lines_of(back_of(payment, 4000, "r1")) == [("4000.00", "advance", "payment", "none")]
    assert lines_of(back_of(payment, 9000, "r2")) == [
        ("3000.00", "full_prepayment", "service", "none"),
        ("6000.00", "advance", "payment", "none"),
    ]
    assert lines_of(back_of(payment, 1000, "r3")) == [("1000.00", "full_prepayment", "service", "none")]


def test_a_new_row_takes_the_advance_and_its_receipt_stays_as_it_was() -> None:
    deal, _none = paid_deal()
    payment = pay(deal, 100000, 1)
    terms = Terms(rub(120000), first_due_on=TODAY + timedelta(days=30), count=1)
    schedules.save(deal=deal, terms=terms, version=1, author="user:1", reason="модуль", at=NOW)
    assert [line[1] for line in lines_of(income(payment))] == ["full_prepayment", "advance"]
    assert lines_of(income(pay(deal, 20000, 2))) == [("20000.00", "prepayment", "service", "none")]
    render(deal, 120000)
    assert Receipt.objects.filter(kind="offset").exists()
    assert sum(offset.amount for offset in payment.offsets.all()) == rub(100000)


def test_a_receipt_that_is_made_later_asks_what_the_money_is_by_then() -> None:
    deal, _paid = paid_deal(90000)
    entity = entity_of(deal)
    MerchantAccount.objects.update(settings={"receipts": False})
    payment = pay(deal, 5000, 2)
    assert income(payment).state == "missing"
    MerchantAccount.objects.filter(legal_entity=entity).update(settings={"receipts": True})
    receipt_retries.make(receipt=income(payment), author="user:1", at=NOW)
    assert lines_of(income(payment)) == [("5000.00", "advance", "payment", "none")]


def test_what_rides_on_an_order_is_never_above_the_debt() -> None:
    deal, _paid = paid_deal(30000)
    sale = receipt_contents.Sale(
        deal=deal,
        entity=entity_of(deal),
        programme=deal.programme,
        buyer=receipt_contents.buyer_of(Payment.objects.get(deal=deal)),
        on=TODAY,
    )
    content = receipt_contents.income(sale, amount=rub(60000), whole=False)
    assert [line["method"] for line in content["lines"]] == ["prepayment"]


def test_a_payment_by_mistake_takes_back_what_is_left_of_each_line() -> None:
    deal, _paid = paid_deal(90000)
    MerchantAccount.objects.update(settings={"receipts": True, "cash_receipts": True})
    payment = pay_cash(deal, 5000)
    Receipt.objects.filter(payment=payment).update(
        state="registered", fiscal={"fn": "1", "fd": "2", "fpd": "3"}
    )
    reversals.reverse(payment=payment, reason="ошибка", author="user:1", at=NOW)
    returned = Receipt.objects.get(payment=payment, kind="refund")
    assert lines_of(returned) == [("5000.00", "advance", "payment", "none")]
