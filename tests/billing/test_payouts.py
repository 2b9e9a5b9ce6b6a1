"""Money that a person pays out, and a deal's money that goes back over several payments."""

import importlib
from collections import defaultdict
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing import ledger, refund_card, refund_orders
from billing.api import timeline
from billing.models import Payment, Receipt, Refund
from billing.receipts import ReceiptChoice
from billing.refund_orders import Demand
from tests.billing.refunding import WHY, FakeShop, ask, paid_deal, pay_cash, work
from tests.factories import NOW, TODAY, rub, standing_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def test_a_payout_is_a_refund_only_when_it_is_marked_as_done(shop: FakeShop) -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000)
    order = ask(payment, 2000)
    assert standing_of(deal).refunded == 0
    given = {"document": "РКО 17", "choice": None, "author": "staff:anna", "at": NOW}
    refund = refund_orders.pay_out(order=order, paid_on=TODAY, **given)  # type: ignore[arg-type]
    order.refresh_from_db()
    assert (order.state, order.document, order.closed_by) == ("done", "РКО 17", "staff:anna")
    assert (refund.merchant, refund.author, standing_of(deal).refunded) == (None, "staff:anna", rub(2000))
    with pytest.raises(refund_orders.AlreadyClosed):
        refund_orders.pay_out(order=order, paid_on=TODAY, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_payout_lies_neither_before_its_request_nor_in_the_future(shop: FakeShop, days: int) -> None:
    deal, _none = paid_deal()
    order = ask(pay_cash(deal, 5000), 2000)
    with pytest.raises(refund_orders.NotThatDay):
        refund_orders.pay_out(
            order=order, paid_on=TODAY + timedelta(days=days), document="", choice=None, author="", at=NOW
        )


def test_the_numbers_of_another_register_are_kept_with_a_payout(shop: FakeShop) -> None:
    deal, _none = paid_deal()
    order = ask(pay_cash(deal, 5000), 2000)
    choice = ReceiptChoice.read({"fn": "99", "fd": "5", "fpd": "7"})
    refund_orders.pay_out(order=order, paid_on=TODAY, document="", choice=choice, author="staff", at=NOW)
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason, back.fiscal["fd"]) == ("not_required", "other_register", "5")


def test_a_payout_that_nobody_wants_any_more_frees_the_sum(shop: FakeShop) -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000)
    order = ask(payment, 2000)
    refund_orders.give_up(order=order, reason="клиент остался", author="staff:anna", at=NOW)
    assert refund_orders.left(payment) == rub(5000)
    with pytest.raises(refund_orders.AlreadyClosed):
        refund_orders.give_up(order=order, reason="ещё раз", author="staff:anna", at=NOW)
    order.refresh_from_db()
    assert (order.state, order.error) == ("given_up", "клиент остался")
    told = [one["text"] for one in timeline.of(deal, names=defaultdict(str))]
    assert "Выплата 2\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽ отменена: клиент остался" in told


def test_panel_and_card_call_it_given_up_and_no_error(admin_client: Client, shop: FakeShop) -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000)
    order = ask(payment, 2000)
    refund_orders.give_up(order=order, reason="клиент остался", author="staff:anna", at=NOW)
    shown = admin_client.get(reverse("admin:billing_refundorder_change", args=[order.pk])).content.decode()
    assert "Отменена" in shown
    assert "Ошибка" not in shown
    [line] = refund_card.of_payments(deal, ledger.with_free(Payment.objects.all()))[payment.pk]["refunds"]
    assert (line["state"], line["error"]) == ("given_up", "клиент остался")


def test_payouts_that_were_given_up_before_the_update_say_so_after_it(shop: FakeShop) -> None:
    deal, _none = paid_deal()
    order = ask(pay_cash(deal, 5000), 2000)
    refund_orders.give_up(order=order, reason="клиент остался", author="staff:anna", at=NOW)
    guards = importlib.import_module("billing.migrations.0039_act_guards")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(guards.UNDO)
        order.refresh_from_db()
        assert order.state == "failed"
        cursor.execute(guards.GUARDS)
    order.refresh_from_db()
    assert order.state == "given_up"


def test_a_refund_of_a_deal_takes_the_newest_payments_first(shop: FakeShop) -> None:
    deal, [first, second] = paid_deal(30000, 20000)
    made = refund_orders.request_of_deal(deal=deal, demand=Demand(rub(35000), WHY), author="user:7", at=NOW)
    assert [(order.payment, order.amount) for order in made] == [(second, rub(20000)), (first, rub(15000))]
    assert len({order.group for order in made}) == 1
    work()
    assert (Refund.objects.count(), standing_of(deal).refunded) == (2, rub(35000))
    with pytest.raises(refund_orders.AboveLeft):
        refund_orders.request_of_deal(deal=deal, demand=Demand(rub("15000.01"), WHY), author="user:7", at=NOW)


def test_mixed_money_goes_back_by_its_own_ways(shop: FakeShop) -> None:
    deal, [_card] = paid_deal(30000)
    pay_cash(deal, 5000)
    made = refund_orders.request_of_deal(deal=deal, demand=Demand(rub(6000), WHY), author="user:7", at=NOW)
    assert [(order.method, order.amount) for order in made] == [("cash", rub(5000)), ("provider", rub(1000))]
    by_card = Demand(rub(29001), WHY, "provider")
    with pytest.raises(refund_orders.AboveLeft):
        refund_orders.request_of_deal(deal=deal, demand=by_card, author="user:7", at=NOW)
