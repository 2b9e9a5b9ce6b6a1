"""Prepayments are closed when the service is rendered, by the register that took the money."""

from datetime import date, timedelta
from unittest import mock

import pytest

from billing import (
    network,
    prepayments,
    provider_calls,
    receipts,
    refunds,
    service_rendered,
)
from billing.api import timeline
from billing.models import (
    Event,
    Payment,
    Product,
    ProviderCall,
    Receipt,
    ReceiptPolicy,
    Rendering,
)
from crm.models import Deal
from tests.billing.refunding import paid_deal, pay, pay_cash, shop_of
from tests.billing.rendered import Fiscal, entity_of, offsets, render, vat
from tests.factories import NOW, TODAY, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


# CloudKassir


def test_one_receipt_closes_all_prepayments_with_the_straight_rate() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat22")
    first, second = pay(deal, 30000, 1), pay(deal, 60000, 2)
    render(deal)
    [receipt] = offsets()
    assert receipt.state == "planned"
    assert receipt.content["lines"] == [
        {
            "name": "Нутрициолог",
            "amount": "90000.00",
            "vat": "vat22",
            "method": "full_payment",
            "subject": "service",
        }
    ]
    assert receipt.content["paid"] == {"advance": "90000.00"}
    parts = {offset.payment_id: offset.amount for offset in receipt.offsets.all()}
    assert parts == {first.pk: rub(30000), second.pk: rub(60000)}
    assert ProviderCall.objects.filter(receipt=receipt, kind="send_receipt").count() == 1


@pytest.mark.parametrize(
    ("rate", "ahead"), [("vat22", "vat122"), ("vat5", "vat105"), ("vat7", "vat107"), ("none", "none")]
)
def test_money_ahead_carries_the_calculated_rate_and_its_offset_the_straight_one(
    rate: str, ahead: str
) -> None:
    deal, _none = paid_deal()
    vat(deal, rate)
    pay(deal, 30000, 1)
    render(deal, 30000)
    income = Receipt.objects.get(kind="income")
    [closing] = offsets()
    assert (income.content["lines"][0]["vat"], closing.content["lines"][0]["vat"]) == (ahead, rate)


def test_the_rate_of_an_offset_is_that_of_the_day_of_service() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat20", date(2025, 1, 1))
    vat(deal, "vat22", date(2026, 11, 20))
    pay(deal, 30000, 1)
    render(deal, 10000, on=date(2026, 11, 19))
    render(deal, 10000, on=date(2026, 11, 20))
    assert [receipt.content["lines"][0]["vat"] for receipt in offsets()] == ["vat20", "vat22"]


def test_a_part_closes_the_oldest_money_first_and_no_kopeck_twice() -> None:
    deal, [first, second] = paid_deal(30000, 30000)
    render(deal, 40000)
    entity = entity_of(deal)
    assert [(one.payment, one.open) for one in prepayments.open_of(deal, entity)] == [(second, rub(20000))]
    render(deal, 20000)
    assert prepayments.open_of(deal, entity) == []
    sums = [sum(offset.amount for offset in receipt.offsets.all()) for receipt in offsets()]
    assert sums == [rub(40000), rub(20000)]
    assert first.offsets.count() == 1


def test_what_is_rendered_beyond_the_money_is_paid_by_what_comes_later() -> None:
    deal, _first = paid_deal(30000)
    render(deal, 50000)
    late = pay(deal, 30000, 2)
    receipt = Receipt.objects.get(payment=late, kind="income")
    assert [(line["amount"], line["method"]) for line in receipt.content["lines"]] == [
        ("20000.00", "full_payment"),
        ("10000.00", "prepayment"),
    ]
    assert receipt.content["paid"] == {"electronic": "30000.00"}
    assert [(offset.receipt, offset.amount) for offset in late.offsets.all()] == [(receipt, rub(20000))]
    assert prepayments.owed(deal, entity_of(deal)) == 0


def test_the_history_tells_the_sum_of_the_receipt_not_that_of_its_money() -> None:
    deal, _paid = paid_deal(60000)
    render(deal, 40000)
    [receipt] = offsets()
    receipts.mark_registered(receipt, url="", fiscal={}, registered_at=NOW, at=NOW)
    told = Event.objects.get(kind="receipt_registered")
    assert (told.data["of"], told.data["amount"]) == ("offset", "40000.00")


def test_the_same_key_renders_once_and_all_that_is_left_is_the_default() -> None:
    deal, _paid = paid_deal(90000)
    assert render(deal, 30000, key="акт 1") == render(deal, 30000, key="акт 1")
    assert render(deal).amount == rub(60000)
    with pytest.raises(service_rendered.NothingLeft):
        render(deal)
    assert Rendering.objects.count() == 2


@pytest.mark.parametrize("amount", ["90000.01", "0", "-1"])
def test_not_more_than_the_deal_costs_is_rendered(amount: str) -> None:
    deal, _paid = paid_deal(90000)
    with pytest.raises(service_rendered.AboveTotal):
        render(deal, amount)
    assert not Rendering.objects.exists()


@pytest.mark.parametrize("on", [TODAY + timedelta(days=1), date(1990, 1, 1)])
def test_nothing_is_rendered_tomorrow_or_long_ago(on: date) -> None:
    deal, _paid = paid_deal(90000)
    with pytest.raises(service_rendered.NotThatDay):
        render(deal, on=on)


def test_what_another_register_took_is_closed_there() -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000, "card_terminal")
    render(deal, 5000)
    [receipt] = offsets()
    assert (receipt.state, receipt.reason, receipt.content) == ("not_required", "other_register", {})
    assert payment.offsets.get().amount == rub(5000)
    assert not ProviderCall.objects.filter(receipt=receipt).exists()


def test_money_without_an_income_receipt_stays_on_the_list_when_it_is_closed() -> None:
    deal, _none = paid_deal()
    pay_cash(deal, 5000, "other")
    render(deal, 5000)
    [receipt] = offsets()
    assert (receipt.state, receipt.reason) == ("missing", "no_income_receipt")


def test_a_closing_receipt_goes_out_after_the_receipts_of_its_money() -> None:
    deal, [payment] = paid_deal(30000)
    render(deal, 30000)
    ProviderCall.objects.filter(receipt__kind="offset").update(not_before=NOW)
    fake = Fiscal()
    with mock.patch("billing.providers.of", return_value=fake):
        provider_calls.deliver(at=NOW)
        assert fake.attached == []
        Receipt.objects.filter(kind="income").update(state="registered")
        provider_calls.deliver(at=NOW + timedelta(minutes=2))
    [request] = fake.attached
    assert (request.payment_external_id, request.content["paid"]) == (
        payment.external_id,
        {"advance": "30000.00"},
    )


def test_money_of_another_register_that_came_late_is_closed_by_the_night() -> None:
    deal, _none = paid_deal()
    render(deal, 5000)
    payment = pay_cash(deal, 8000, "card_terminal")
    since = NOW - timedelta(days=1)
    assert [service_rendered.close_late(since=since, at=NOW) for _ in range(2)] == [1, 0]
    assert payment.offsets.get().amount == rub(5000)


# Refunds after closing


def back_of(payment: Payment, amount: object, external_id: str = "r1") -> Receipt:
    refunds.noticed(
        merchant=shop_of(payment),
        payment_external_id=payment.external_id,
        external_id=external_id,
        amount=rub(amount),
        refunded_at=NOW,
        at=NOW,
    )
    return Receipt.objects.get(kind="refund", refund__external_id=external_id)


def test_prepayments_go_back_first_and_then_money_for_the_service_like_its_closing_receipt() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat22")
    payment = pay(deal, 30000, 1)
    render(deal, 20000)
    back = back_of(payment, 15000)
    lines = [(line["amount"], line["method"], line["vat"]) for line in back.content["lines"]]
    assert lines == [("10000.00", "prepayment", "vat122"), ("5000.00", "full_payment", "vat22")]
    assert back.content["paid"] == {"electronic": "15000.00"}
    assert sum(offset.amount for offset in payment.offsets.all()) == rub(15000)


def test_the_accountant_may_have_the_closing_receipt_mirrored() -> None:
    deal, [payment] = paid_deal(30000)
    ReceiptPolicy.objects.create(
        legal_entity=payment.legal_entity,
        valid_from=date(2026, 1, 1),
        refund_after_offset="advance",
        decided_by="Петрова",
        decided_on=TODAY,
    )
    render(deal, 30000)
    assert back_of(payment, 100).content["paid"] == {"advance": "100.00"}


# Credit: access at once, paid later


def test_on_credit_the_first_money_hands_over_everything_and_later_money_pays_the_credit() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat22")
    entity = deal.account.policy.legal_entity
    assert entity is not None
    ReceiptPolicy.objects.create(
        legal_entity=entity,
        valid_from=date(2026, 1, 1),
        scheme="credit",
        credit_subject="payment",
        credit_vat="straight",
        decided_by="Петрова",
        decided_on=TODAY,
    )
    first, second = (
        Receipt.objects.get(payment=pay(deal, amount, number))
        for number, amount in enumerate([30000, 20000], start=1)
    )
    [handed] = first.content["lines"]
    assert (handed["method"], handed["amount"], handed["vat"]) == ("partial_payment", "90000.00", "vat22")
    assert first.content["paid"] == {"electronic": "30000.00", "credit": "60000.00"}
    [later] = second.content["lines"]
    assert (later["method"], later["subject"], later["amount"]) == ("credit_payment", "payment", "20000.00")
    assert second.content["paid"] == {"electronic": "20000.00"}
    assert prepayments.owed(deal, entity) == rub(40000)
    assert Rendering.objects.get().amount == rub(90000)


def test_no_order_outlives_the_day_from_which_its_receipt_is_another() -> None:
    deal, [payment] = paid_deal(30000)
    receiver = network.receiver(deal=deal, on=TODAY)
    assert network.next_change(deal=deal, receiver=receiver, on=TODAY) is None
    change = TODAY + timedelta(days=3)
    ReceiptPolicy.objects.create(
        legal_entity=payment.legal_entity, valid_from=change, decided_by="Петрова", decided_on=TODAY
    )
    assert network.next_change(deal=deal, receiver=receiver, on=TODAY) == change


def test_an_accountants_decision_of_a_programme_goes_before_that_of_the_entity() -> None:
    deal, _none = paid_deal()
    entity = deal.account.policy.legal_entity
    assert entity is not None
    decided = {"legal_entity": entity, "valid_from": date(2026, 1, 1), "decided_on": TODAY}
    ReceiptPolicy.objects.create(**decided, scheme="credit", decided_by="A")
    ReceiptPolicy.objects.create(**decided, scheme="prepayment", programme="Нутрициолог", decided_by="B")
    receipt = Receipt.objects.get(payment=pay(deal, 30000, 1))
    assert receipt.content["lines"][0]["method"] == "prepayment"


def test_money_whose_subject_nobody_knows_is_an_advance() -> None:
    deal, _none = paid_deal()
    Deal.objects.filter(pk=deal.pk).update(programme="", name="")
    receipt = Receipt.objects.get(payment=pay(Deal.objects.get(pk=deal.pk), 30000, 1))
    [line] = receipt.content["lines"]
    assert (line["method"], line["subject"], line["name"]) == ("advance", "payment", "Аванс")


def test_a_gift_certificate_is_an_advance_when_sold_and_a_service_when_redeemed() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat22")
    Deal.objects.filter(pk=deal.pk).update(programme="Сертификат")
    Product.objects.create(programme="Сертификат", name="Подарочный сертификат", subject="payment")
    sold = Receipt.objects.get(payment=pay(Deal.objects.get(pk=deal.pk), 90000, 1))
    [line] = sold.content["lines"]
    assert (line["method"], line["subject"], line["vat"]) == ("advance", "payment", "vat122")
    assert line["name"] == "Подарочный сертификат"
    render(Deal.objects.get(pk=deal.pk))
    [redeemed] = offsets()
    [line] = redeemed.content["lines"]
    assert (line["method"], line["subject"], line["vat"]) == ("full_payment", "service", "vat22")
    assert redeemed.content["paid"] == {"advance": "90000.00"}


def test_a_rendered_service_is_told_in_words() -> None:
    deal, _paid = paid_deal(30000)
    render(deal, 30000)
    [line] = [
        one
        for one in timeline.of(deal, names={7: "Анна", 8100002: "Олег"})
        if one["what"] == "service_rendered"
    ]
    assert line["text"].startswith("Услуга оказана: 30")
    assert "22.11.2026" in line["text"]
