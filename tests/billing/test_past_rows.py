"""Covered rows of the past are marked once and read no more, until money is taken back from them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from billing import debtors, due_steps, ledger, overdue, past_rows, payments, refunds, reminders, write_offs
from billing.models import Installment, OverdueFlag, Payment, Reminder, Schedule
from crm.models import Account, Deal
from tests.factories import make_account, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db

DUE = date(2026, 12, 10)
STEPS = [{"days": days, "channels": ["email", "sms"]} for days in (-3, 1, 2)]


def on(offset: int, hour: int = 12) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour), ZoneInfo("Europe/Moscow"))


def school() -> Account:
    return make_account(reminders=STEPS, issuing_stopped=True)


def due_deal(account: Account | None = None) -> Deal:
    deal = make_deal(account or school())
    make_schedule(deal, total=30000, count=1, first_due_on=DUE)
    return deal


def receive(deal: Deal, amount: object = 30000) -> Payment:
    order = make_order(deal, amount=amount, state="superseded")
    return payments.receive(
        merchant=order.merchant,
        external_id=order.number,
        amount=rub(amount),
        currency="RUB",
        received_at=on(-5),
        method="card",
        order=order,
        at=on(-5),
    )


def run(how: str, offset: int) -> int:
    if how == "reminders":
        return reminders.send_due(at=on(offset))
    return overdue.flag(on=on(offset).date(), at=on(offset))


def is_over() -> bool:
    return Installment.objects.get().collecting_over


@pytest.mark.parametrize("how", ["reminders", "overdue"])
def test_a_covered_row_is_marked_and_an_open_one_is_not(how: str) -> None:
    account = school()
    paid, half, owing = (due_deal(account) for _ in range(3))
    receive(paid)
    receive(half, 29999)
    run(how, 1)
    marked = Installment.objects.filter(collecting_over=True).values_list("schedule__deal", flat=True)
    assert list(marked) == [paid.pk]
    assert not Reminder.objects.filter(installment__schedule__deal=paid).exists()
    assert owing.pk not in marked


def test_a_row_is_not_marked_before_a_step_of_it_could_be_due() -> None:
    receive(due_deal())
    run("reminders", -4)
    assert not is_over()
    run("reminders", -3)
    assert is_over()


@pytest.mark.parametrize("how", ["reminders", "overdue"])
def test_money_that_goes_back_lets_the_row_be_collected_again(how: str) -> None:
    payment = receive(due_deal())
    assert run(how, 1) == 0
    assert is_over()
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id=payment.external_id,
        external_id="back",
        amount=rub(10000),
        refunded_at=on(1),
        at=on(1),
    )
    assert not is_over()
    assert run(how, 2) > 0
    assert (Reminder if how == "reminders" else OverdueFlag).objects.exists()


def test_a_write_off_that_is_taken_back_lets_the_row_be_collected_again() -> None:
    deal = due_deal()
    write_offs.write_off(deal=deal, amount=None, reason="умер", written_on=None, author="user:1", at=on(1))
    run("reminders", 1)
    assert is_over()
    write_offs.reverse(deal=deal, amount=None, reason="ошибка", author="user:1", at=on(2))
    assert not is_over()
    assert run("reminders", 2) > 0


def test_a_row_that_is_made_larger_is_collected_again() -> None:
    receive(due_deal())
    run("reminders", 1)
    assert is_over()
    Schedule.objects.update(total=rub(30001))
    Installment.objects.update(amount=rub(30001))
    assert not is_over()


def test_a_row_without_its_mark_costs_time_and_nothing_else() -> None:
    receive(due_deal())
    Installment.objects.update(collecting_over=False)
    assert [run("overdue", 1), len(debtors.queue(at=on(1)))] == [0, 0]


def plan_of(rows: QuerySet[Installment]) -> str:
    with connection.cursor() as cursor:
        # As in a table of millions: no whole table is cheap to read. The indexes are without what other tests
        # left in them.
        cursor.execute("REINDEX TABLE billing_installment")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + rows.query.sql_with_params()[0], rows.query.sql_with_params()[1])
        return "\n".join(line for (line,) in cursor.fetchall())


def test_whoever_collects_reads_the_index_of_what_is_left() -> None:
    due_deal()
    rows = Installment.objects.filter(past_rows.to_collect(until=DUE)).open()
    assert "Index Only Scan using installment_to_collect" in plan_of(rows)
    assert "(id = ANY (" in plan_of(rows)


@pytest.mark.parametrize("how", ["reminders", "overdue", "debtors"])
def test_every_reader_asks_that_index(how: str) -> None:
    account = school()
    receive(due_deal(account))
    with CaptureQueriesContext(connection) as queries:
        if how == "debtors":
            debtors.queue(at=on(1), account=account)
        elif how == "reminders":
            list(due_steps.of(account.policy, at=on(1)))
        else:
            run(how, 1)
    assert any("ARRAY(SELECT" in one["sql"] and '"collecting_over"' in one["sql"] for one in queries)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_deal_in_other_hands_is_waited_for_by_no_run() -> None:
    receive(due_deal())
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        ledger.lock(Deal.objects.get().pk)
        other.submit(alone, lambda: overdue.flag(on=on(2).date(), at=on(2))).result(timeout=30)
    assert not is_over()
    run("overdue", 2)
    assert is_over()


def alone(act: Callable[[], object]) -> None:
    """Act in a connection of one's own."""
    try:
        act()
    finally:
        connection.close()
