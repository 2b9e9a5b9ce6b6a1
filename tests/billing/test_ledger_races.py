"""Two real connections at once: whoever comes second sees what the first one did."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection

from billing import invoices, ledger, payments, refunds, schedules
from billing.models import Allocation, Invoice, Payment, ProviderOrder, Schedule
from billing.payments import Offline
from billing.rules.schedule import Terms
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run every act in a thread with a connection of its own, started at one moment; errors come back as
    values.
    """
    start = threading.Barrier(len(acts))
    found: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        start.wait()
        try:
            found[number] = act()
        except Exception as error:
            found[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def pay(order: ProviderOrder, external_id: str, amount: object = 30000) -> Callable[[], Payment]:
    return lambda: payments.receive(
        merchant=order.merchant,
        external_id=external_id,
        amount=rub(amount),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )


def test_one_notice_in_many_hands_is_one_payment() -> None:
    deal = make_deal()
    make_schedule(deal)
    order = make_order(deal)
    found = together(*[pay(order, "501")] * 6)
    assert {payment.id for payment in found} == {found[0].id}
    assert standing_of(deal).paid == rub(30000)
    assert Allocation.objects.count() == 1


def test_two_payments_at_once_never_cover_one_row_twice() -> None:
    deal = make_deal()
    make_schedule(deal)
    order, other = make_order(deal), make_order(deal, purpose="full")
    together(pay(order, "501", 40000), pay(other, "502", 40000))
    standing = standing_of(deal)
    assert (standing.paid, standing.debt) == (rub(80000), rub(10000))


def test_a_payment_during_a_rebuild_is_counted_whichever_comes_first() -> None:
    deal = make_deal()
    make_schedule(deal)
    order = make_order(deal)
    terms = Terms(rub(100000), date(2027, 1, 10), 4)

    def rebuild() -> Schedule:
        return schedules.save(deal=deal, terms=terms, version=1, author="user:1", reason="new", at=NOW)

    together(pay(order, "501"), rebuild)
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.credit) == (
        rub(100000),
        rub(30000),
        rub(70000),
        0,
    )


def test_two_managers_saving_at_once_make_one_version() -> None:
    deal = make_deal()

    def save() -> Schedule:
        terms = Terms(rub(90000), date(2026, 12, 10), 3)
        return schedules.save(deal=deal, terms=terms, version=None, author="user:1", reason="", at=NOW)

    found = together(save, save)
    assert sum(isinstance(one, schedules.StaleVersion) for one in found) == 1
    assert standing_of(deal).total == rub(90000)
    assert len(standing_of(deal).rows) == 3


def test_a_double_click_on_full_payment_takes_the_money_once() -> None:
    deal = make_deal()
    make_schedule(deal)

    def click() -> Payment:
        return payments.receive_full(deal=deal, expected=rub(90000), offline=CASH, author="user:1", at=NOW)

    found = together(click, click)
    assert sum(isinstance(one, payments.DebtDiffers) for one in found) == 1
    assert Payment.objects.count() == 1


def test_two_clicks_on_the_invoice_button_make_one_invoice() -> None:
    deal = make_deal()
    make_schedule(deal)

    def click() -> Invoice:
        return invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)

    found = together(click, click)
    assert {invoice.id for invoice in found} == {Invoice.objects.get().id}


def test_a_refund_beside_a_payment_ends_in_one_ledger() -> None:
    deal = make_deal()
    make_schedule(deal)
    order, other = make_order(deal), make_order(deal, purpose="full")
    first = pay(order, "501")()

    def give_back() -> object:
        return refunds.noticed(
            merchant=order.merchant,
            payment_external_id="501",
            external_id="r1",
            amount=rub(30000),
            refunded_at=NOW,
            at=NOW,
        )

    together(give_back, pay(other, "502", 60000))
    standing = standing_of(deal)
    assert (standing.received, standing.refunded, standing.paid) == (rub(90000), rub(30000), rub(60000))
    assert first.refunds.count() == 1


def test_without_the_lock_the_same_race_is_caught_by_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: take the lock away, and either a rule is broken or the second witness refuses."""
    deal = make_deal()
    make_schedule(deal)
    order, other = make_order(deal), make_order(deal, purpose="full")
    meet = threading.Barrier(2)
    settle = ledger.settle_open

    def together_settle(*values: Any, **named: Any) -> Any:
        meet.wait(timeout=60)
        found = settle(*values, **named)
        meet.wait(timeout=60)
        return found

    monkeypatch.setattr(
        ledger, "lock", lambda deal_id: type(deal).objects.select_related("account").get(id=deal_id)
    )
    monkeypatch.setattr(ledger, "settle_open", together_settle)
    found = together(pay(order, "501", 40000), pay(other, "502", 40000))
    # Two that did not meet would prove nothing.
    assert any(isinstance(one, DatabaseError) for one in found), found
