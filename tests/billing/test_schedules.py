"""Schedules live: first version, rebuild, stale versions, money that came before."""

from datetime import date
from decimal import Decimal

import pytest

from billing import invoices, payments, schedules
from billing.models import Event, Installment, Invoice, Schedule, ScheduleVersion
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms, Terms
from crm.models import OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def amounts(schedule: Schedule) -> list[Decimal]:
    return [row.amount for row in rows_of(schedule)]


def test_preview_writes_nothing() -> None:
    deal = make_deal()
    made = schedules.preview(deal=deal, terms=Terms(rub(90000), date(2026, 12, 10), 3), on=TODAY)
    assert [row.amount for row in made.rows] == [rub(30000)] * 3
    assert not Installment.objects.exists()


def test_first_schedule_tells_amocrm_the_figures_the_price_and_the_news() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000.50")
    rows = {row.kind: row.payload for row in OutboxRow.objects.filter(deal=deal)}
    assert set(rows) == {"fields", "note", "price"}
    assert rows["price"] == {"price": 90001}
    assert rows["fields"]["debt"] == "90000.50"
    assert rows["fields"]["payment_state"] == "По графику"


def test_the_first_version_expects_no_version_and_a_second_save_of_it_is_stale() -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(schedules.StaleVersion):
        schedules.save(
            deal=deal, terms=Terms(rub(1), TODAY, 1), version=None, author="user:1", reason="again", at=NOW
        )
    assert amounts(deal.schedule) == [rub(30000)] * 3


def test_a_rebuild_needs_a_reason() -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(schedules.ReasonRequired):
        schedules.save(
            deal=deal, terms=Terms(rub(1), TODAY, 1), version=1, author="user:1", reason="  ", at=NOW
        )


def test_rebuild_keeps_paid_rows_closes_the_partly_paid_one_and_numbers_go_on() -> None:
    deal = make_deal()
    schedule = make_schedule(deal, total=90000, count=3)
    before = rows_of(schedule)
    payments.receive_offline(deal=deal, amount=rub(40000), offline=CASH, author="user:1", at=NOW)
    schedule = make_schedule(deal, total=100000, count=4, first_due_on=date(2027, 2, 1))
    rows = rows_of(schedule)
    assert [(row.number, row.amount, row.paid) for row in rows] == [
        (1, rub(30000), rub(30000)),
        (2, rub(10000), rub(10000)),
        (3, rub(15000), 0),
        (4, rub(15000), 0),
        (5, rub(15000), 0),
        (6, rub(15000), 0),
    ]
    assert (rows[0].id, rows[0].due_on, rows[0].effective_due_on) == (
        before[0].id,
        before[0].due_on,
        before[0].effective_due_on,
    )
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.credit) == (
        rub(100000),
        rub(40000),
        rub(60000),
        0,
    )


def test_a_rebuild_remembers_author_reason_and_difference() -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3)
    schedule = make_schedule(deal, total=90000, count=2)
    version = ScheduleVersion.objects.get(schedule=schedule, number=2)
    assert (version.author, version.reason) == ("user:8100002", "новая договорённость")
    kinds = [(line["kind"], line["number"], line["amount"]) for line in version.changes]
    assert kinds == [
        ("removed", 1, "30000.00"),
        ("removed", 2, "30000.00"),
        ("removed", 3, "30000.00"),
        ("added", 1, "45000.00"),
        ("added", 2, "45000.00"),
    ]
    event = Event.objects.get(deal=deal, kind="schedule_rebuilt")
    assert event.data["changes"] == version.changes


def test_rows_that_come_again_unchanged_are_no_difference() -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3)
    made = schedules.preview(deal=deal, terms=Terms(rub(90000), date(2026, 12, 10), 3), on=TODAY)
    assert made.changes == ()


def test_replaced_rows_invoices_become_void() -> None:
    deal = make_deal()
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    make_schedule(deal, count=2)
    assert Invoice.objects.get(id=invoice.id).voided_at is not None


def test_a_rebuild_replaces_a_row_without_money_even_where_it_looks_the_same() -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    schedule = make_schedule(deal, total=120000, count=4)
    assert Invoice.objects.get(id=invoice.id).voided_at == NOW
    assert {row.opened_in for row in rows_of(schedule)} == {2}


def test_money_that_came_first_becomes_paid_rows_dated_by_its_payments() -> None:
    deal = make_deal()
    earlier = Offline(paid_on=date(2026, 11, 1), method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(10000), offline=earlier, author="user:1", at=NOW)
    schedule = make_schedule(deal, total=100000, count=3)
    rows = rows_of(schedule)
    first = rows[0]
    assert (first.number, first.due_on, first.amount, first.paid) == (
        1,
        date(2026, 11, 1),
        rub(10000),
        rub(10000),
    )
    assert [row.amount for row in rows[1:]] == [rub(30000)] * 3
    assert standing_of(deal).credit == 0


def test_a_total_below_what_was_paid_is_refused_and_nothing_changes() -> None:
    deal = make_deal()
    schedule = make_schedule(deal, total=90000, count=3)
    payments.receive_offline(deal=deal, amount=rub(40000), offline=CASH, author="user:1", at=NOW)
    with pytest.raises(InvalidTerms) as caught:
        make_schedule(deal, total=39999.99, count=1)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("total", "below_paid")]
    assert amounts(schedule) == [rub(30000)] * 3


def test_credit_flows_into_the_rows_of_a_bigger_total() -> None:
    deal = make_deal()
    make_schedule(deal, total=30000, count=1)
    payments.receive_offline(deal=deal, amount=rub(45000), offline=CASH, author="user:1", at=NOW)
    assert standing_of(deal).credit == rub(15000)
    make_schedule(deal, total=60000, count=2)
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.credit) == (rub(45000), rub(15000), 0)


def test_a_rebuild_down_to_what_was_paid_completes_the_deal() -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3)
    payments.receive_offline(deal=deal, amount=rub(60000), offline=CASH, author="user:1", at=NOW)
    make_schedule(deal, total=60000, count=1)
    assert standing_of(deal).state == "paid"
    assert OutboxRow.objects.filter(deal=deal, kind="stage").count() == 1
