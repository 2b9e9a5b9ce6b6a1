"""A payment entered by mistake is taken out by a fact of its own: never edited, never deleted."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics import queries
from analytics.filters import Filter
from billing import moves, payments, refund_orders, reversals, settlements, verification
from billing.models import Payment, ProviderCall, Receipt, Reversal
from billing.payments import Offline
from billing.receipts import ReceiptChoice
from crm.models import Deal, OutboxRow
from tests.billing.test_api import call, deal, paying
from tests.billing.test_guards import refused
from tests.billing.test_ledger_races import together
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db
__all__ = ["deal"]

LATER = NOW + timedelta(hours=1)


def pay(deal: Deal, amount: object, receipt: object = None, paid_on: date = TODAY) -> Payment:
    offline = Offline(paid_on, "bank_transfer", payer={}, comment="", receipt=ReceiptChoice.read(receipt))
    return payments.receive_offline(deal=deal, amount=rub(amount), offline=offline, author="user:1", at=NOW)


def reverse(payment: Payment, reason: str = "двойной ввод") -> Reversal:
    return reversals.reverse(payment=payment, reason=reason, author="user:1", at=LATER)


def deal_with_rows() -> Deal:
    found = make_deal()
    make_schedule(found)
    return found


def test_the_rows_open_again_and_the_payment_stays_in_the_books() -> None:
    deal = deal_with_rows()
    payment = pay(deal, 40000)
    reverse(payment)
    standing = standing_of(deal)
    assert (standing.received, standing.paid, standing.debt, standing.credit) == (0, 0, rub(90000), 0)
    assert Payment.objects.get().amount == rub(40000)
    assert list(verification.violations()) == []


def test_other_credit_flows_into_the_rows() -> None:
    deal = deal_with_rows()
    payment = pay(deal, 90000)
    pay(deal, 20000)
    reverse(payment)
    standing = standing_of(deal)
    assert (standing.received, standing.paid, standing.credit) == (rub(20000), rub(20000), 0)


def test_the_day_of_the_payment_is_put_right_and_what_was_known_stays_known() -> None:
    deal = deal_with_rows()
    reverse(pay(deal, 40000, paid_on=date(2026, 11, 2)))

    def received(**values: Any) -> Decimal:
        day = date(2026, 11, 2)
        asked = Filter(account=deal.account, as_of=TODAY, today=TODAY, since=day, until=day, **values)
        found: Decimal = queries.summary(asked).figures.received
        return found

    assert received() == 0
    assert received(known_at=NOW) == rub(40000)


def test_a_payment_is_taken_out_once() -> None:
    payment = pay(deal_with_rows(), 40000)
    assert reverse(payment).amount == rub(40000)
    with pytest.raises(reversals.AlreadyReversed):
        reverse(payment)


def test_what_was_carried_to_other_deals_comes_home_first() -> None:
    first, second, third = deal_with_rows(), deal_with_rows(), deal_with_rows()
    for other in (second, third):
        Deal.objects.filter(pk=other.pk).update(account=first.account)
    payment = pay(first, 40000)
    there = moves.move(payment=payment, to=second, amount=rub(15000), reason="x", author="user:1", at=NOW)
    moves.move(payment=there, to=third, amount=rub(4000), reason="x", author="user:1", at=NOW)
    assert reverse(payment).amount == rub(40000)
    for one in (first, second, third):
        standing = standing_of(one)
        assert (standing.received, standing.paid, standing.credit) == (0, 0, 0)
    assert list(verification.violations()) == []


def test_what_really_came_is_not_reversed() -> None:
    deal = deal_with_rows()
    order = make_order(deal)
    by_card = payments.receive(
        merchant=order.merchant,
        external_id="501",
        amount=rub(1000),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )
    carried = moves.move(
        payment=by_card, to=make_deal(deal.account), amount=None, reason="ошибка", author="user:1", at=NOW
    )
    for payment in (by_card, carried):
        with pytest.raises(reversals.NotByHand):
            reverse(payment)
        statement = (
            "INSERT INTO billing_reversal (payment_id, amount, author, reason, recorded_at)"
            " VALUES (%s, 1, '', '', now())"
        )
        assert refused(statement, [payment.pk]) == "reversal_of_offline_money"
    assert not Reversal.objects.exists()


def test_money_on_its_way_back_and_a_missing_reason_stop_it() -> None:
    deal = deal_with_rows()
    payment = pay(deal, 40000)
    with pytest.raises(reversals.ReasonRequired):
        reverse(payment, reason="  ")
    demand = refund_orders.Demand(amount=rub(1000), reason="отказ", method="bank_transfer")
    refund_orders.request(payment=payment, demand=demand, author="user:1", at=NOW)
    with pytest.raises(reversals.RefundOpen):
        reverse(payment)


def test_a_receipt_that_nobody_has_made_is_not_made() -> None:
    deal = deal_with_rows()
    waiting, missing = pay(deal, 1000, receipt=True), pay(deal, 2000, receipt=False)
    for payment in (waiting, missing):
        reverse(payment)
        receipt = Receipt.objects.get(payment=payment)
        assert (receipt.state, receipt.reason) == ("not_required", "reversed")


def test_a_receipt_that_was_made_is_returned_by_who_made_it() -> None:
    deal = deal_with_rows()
    ours = pay(deal, 1000, receipt=True)
    Receipt.objects.filter(payment=ours).update(state="registered")
    ProviderCall.objects.filter(receipt__payment=ours).update(called_at=NOW, state="done")
    reverse(ours)
    back = Receipt.objects.get(payment=ours, kind="refund")
    assert (back.state, back.content["type"], back.content["lines"][0]["amount"]) == (
        "planned",
        "income_return",
        "1000.00",
    )
    assert ProviderCall.objects.filter(receipt=back, kind="send_receipt").count() == 1
    theirs = pay(deal, 2000, receipt={"fn": "1", "fd": "2", "fpd": "3"})
    reverse(theirs)
    back = Receipt.objects.get(payment=theirs, kind="refund")
    assert (back.state, back.reason) == ("missing", "reversed")


def test_the_database_keeps_a_reversal_within_the_payment_and_for_ever() -> None:
    deal = deal_with_rows()
    payment = pay(deal, 1000)
    statement = (
        "INSERT INTO billing_reversal (payment_id, amount, author, reason, recorded_at)"
        " VALUES (%s, %s, '', '', now())"
    )
    assert refused(statement, [payment.pk, 1]) == "payment_covers_allocations"
    reverse(payment)
    assert refused("UPDATE billing_reversal SET amount = 1", []) == "append_only"
    assert refused("DELETE FROM billing_reversal", []) == "append_only"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_double_click_takes_it_out_once() -> None:
    deal = deal_with_rows()
    payment = pay(deal, 1000)
    found = together(lambda: reverse(payment), lambda: reverse(payment))
    assert sum(isinstance(one, reversals.AlreadyReversed) for one in found) == 1
    assert standing_of(deal).received == 0


def test_the_door_answers_with_the_card_and_the_manager_reads_why(deal: Deal) -> None:
    make_schedule(deal)
    card = call("POST", f"deals/{deal.external_id}/payments/", paying("40000.00")).json()
    number = card["payments"][0]["id"]
    card = call("POST", f"payments/{number}/reverse/", {"reason": "двойной ввод"}).json()
    assert (card["paid"], card["debt"]) == ("0.00", "90000.00")
    assert (card["payments"][0]["amount"], card["payments"][0]["reversed"]) == ("40000.00", "40000.00")
    again = call("POST", f"payments/{number}/reverse/", {"reason": "двойной ввод"})
    assert (again.status_code, again.json()["code"]) == (422, "already_reversed")
    told = [one["what"] for one in call("GET", f"deals/{deal.external_id}/history/").json()["results"]]
    assert told.count("payment_reversed") == 1
    assert OutboxRow.objects.filter(deal=deal, key__startswith="reversal:").count() == 1


def test_a_closed_deal_stays_closed_when_its_money_never_was() -> None:
    deal = deal_with_rows()
    payment = pay(deal, 40000)
    settlements.settle(deal=deal, total=rub(40000), reason="ушёл", author="user:1", at=NOW)
    reverse(payment)
    standing = standing_of(deal)
    assert standing.schedule is not None
    assert (standing.schedule.closing, standing.total, standing.debt) == ("settled", 0, 0)
    assert list(verification.violations()) == []
