"""A deal closed early: settled below what was paid, cancelled at what was paid, opened again by a rebuild."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import (
    invoices,
    payments,
    refunds,
    schedules,
    settlements,
    verification,
    versions,
    write_offs,
)
from billing.models import (
    Allocation,
    Event,
    InstallmentClosing,
    Invoice,
    MerchantAccount,
    Payment,
    ProviderOrder,
    Schedule,
    ScheduleVersion,
    Signature,
)
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms, Terms
from billing.versions import Rank
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db


def receive(deal: Deal, amount: object, *, paid_on: date = TODAY) -> Payment:
    offline = Offline(paid_on=paid_on, method="cash", payer={}, comment="", receipt=None)
    return payments.receive_offline(deal=deal, amount=rub(amount), offline=offline, author="user:1", at=NOW)


def settle(deal: Deal, total: object, **values: object) -> Schedule:
    given = {"reason": "уходит после второго месяца", "author": "user:1", "at": NOW} | values
    return settlements.settle(deal=deal, total=Decimal(str(total)), **given)  # type: ignore[arg-type]


def cancel(deal: Deal, **values: object) -> Schedule:
    given = {"reason": "передумал", "author": "user:1", "at": NOW} | values
    return settlements.cancel(deal=deal, **given)  # type: ignore[arg-type]


def held(schedule: Schedule) -> list[tuple[int, Decimal, Decimal]]:
    return [(row.number, row.amount, row.paid) for row in rows_of(schedule)]


def test_settling_below_what_was_paid_takes_the_newest_money_back_as_credit() -> None:
    deal = make_deal()
    schedule = make_schedule(deal, total=120000, count=4)
    receive(deal, 70000)
    schedule = settle(deal, 45000)
    assert held(schedule) == [(1, rub(30000), rub(30000)), (2, rub(15000), rub(15000))]
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.credit) == (
        rub(45000),
        rub(45000),
        0,
        rub(25000),
    )
    assert (standing.state, standing.next) == ("paid", None)
    assert not list(verification.violations())


def test_a_row_closed_at_less_remembers_what_it_asked_for() -> None:
    deal = make_deal()
    schedule = make_schedule(deal, total=120000, count=4)
    receive(deal, 60000)
    settle(deal, 45000)
    found = InstallmentClosing.objects.get()
    assert (found.installment.number, found.version, found.before, found.after) == (
        2,
        2,
        rub(30000),
        rub(15000),
    )
    version = ScheduleVersion.objects.get(schedule=schedule, number=2)
    assert [(line["kind"], line["number"]) for line in version.changes] == [
        ("closed", 2),
        ("removed", 3),
        ("removed", 4),
    ]


def test_settling_at_nothing_frees_all_money() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 40000)
    assert held(settle(deal, 0)) == []
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.credit, standing.state) == (0, 0, rub(40000), "paid")


def test_two_payments_give_back_the_newest_first() -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=1)
    first = receive(deal, 20000, paid_on=date(2026, 11, 1))
    second = receive(deal, 20000, paid_on=date(2026, 11, 20))
    settle(deal, 25000)
    nets = {
        payment.id: sum(row.amount for row in Allocation.objects.filter(payment=payment))
        for payment in (first, second)
    }
    assert nets == {first.id: rub(20000), second.id: rub(5000)}


def test_what_credit_adds_to_the_rows_is_a_row_of_its_own() -> None:
    deal = make_deal()
    make_schedule(deal, total=30000, count=1)
    receive(deal, 45000)
    schedule = settle(deal, 40000)
    assert held(schedule) == [(1, rub(30000), rub(30000)), (2, rub(10000), rub(10000))]
    assert standing_of(deal).credit == rub(5000)


@pytest.mark.parametrize(
    ("total", "code"), [("40000.01", "above_paid"), ("-1", "negative"), ("0.001", "kopecks")]
)
def test_a_total_that_cannot_be_is_refused_and_nothing_changes(total: str, code: str) -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    receive(deal, 40000)
    with pytest.raises(InvalidTerms) as caught:
        settle(deal, total)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("total", code)]
    assert len(held(schedule)) == 3
    assert ScheduleVersion.objects.count() == 1


def test_settling_needs_a_reason() -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(versions.ReasonRequired):
        settle(deal, 0, reason="  ")


def test_without_schedule_and_money_there_is_nothing_to_close() -> None:
    deal = make_deal()
    with pytest.raises(versions.NoSchedule):
        settle(deal, 0)
    with pytest.raises(versions.NoSchedule):
        cancel(deal)


def test_money_without_a_schedule_is_settled_by_rows_dated_by_it() -> None:
    deal = make_deal()
    receive(deal, 10000, paid_on=date(2026, 11, 3))
    receive(deal, 10000, paid_on=date(2026, 11, 5))
    schedule = settle(deal, 15000)
    assert [(row.due_on.day, row.paid) for row in rows_of(schedule)] == [(3, rub(10000)), (5, rub(5000))]
    assert standing_of(deal).credit == rub(5000)


def test_a_second_click_changes_nothing() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 40000)
    settle(deal, 10000)
    assert settle(deal, 10000).version == 2
    cancel(deal)
    assert cancel(deal).version == 3


def test_a_version_that_is_gone_is_stale() -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(versions.StaleVersion):
        settle(deal, 0, version=2)


def test_cancelling_keeps_what_was_paid_and_the_leads_budget() -> None:
    deal = make_deal(price=rub(90000))
    make_schedule(deal)
    receive(deal, 40000)
    OutboxRow.objects.filter(deal=deal).delete()
    cancel(deal)
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.credit, standing.state) == (
        rub(40000),
        rub(40000),
        0,
        0,
        "cancelled",
    )
    kinds = sorted(OutboxRow.objects.filter(deal=deal).values_list("kind", flat=True))
    assert kinds == ["fields", "note"]
    assert OutboxRow.objects.get(deal=deal, kind="fields").payload["payment_state"] == "Отменено"


def test_settling_tells_amocrm_the_figures_the_price_and_the_stage() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 40000)
    OutboxRow.objects.filter(deal=deal).delete()
    settle(deal, "10000.50")
    rows = {row.kind: row.payload for row in OutboxRow.objects.filter(deal=deal)}
    assert set(rows) == {"fields", "note", "price", "stage"}
    assert rows["price"] == {"price": 10001}
    assert (rows["fields"]["debt"], rows["fields"]["next_amount"]) == ("0.00", None)


def test_what_asked_for_the_rows_asks_no_more() -> None:
    deal = make_deal()
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    order = make_order(deal)
    settle(deal, 0)
    assert Invoice.objects.get(id=invoice.id).voided_at == NOW
    assert ProviderOrder.objects.get(id=order.id).state == ProviderOrder.State.SUPERSEDED


def test_money_that_comes_after_all_is_credit() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 10000)
    cancel(deal)
    receive(deal, 5000)
    standing = standing_of(deal)
    assert (standing.paid, standing.credit, standing.state) == (rub(10000), rub(5000), "cancelled")


def test_a_rebuild_opens_a_closed_deal_and_its_credit_flows_back() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 40000)
    settle(deal, 10000)
    schedule = schedules.save(
        deal=deal,
        terms=Terms(rub(90000), date(2027, 1, 10), 2),
        version=2,
        author="user:1",
        reason="вернулась",
        at=NOW,
    )
    assert held(schedule) == [(1, rub(10000), rub(10000)), (2, rub(40000), rub(30000)), (3, rub(40000), 0)]
    assert (schedule.closing, standing_of(deal).state) == ("", "on_schedule")


def test_the_reason_why_money_is_kept_is_remembered() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 40000)
    settle(deal, 10000, retained="actual_costs")
    assert ScheduleVersion.objects.get(number=2).retained == "actual_costs"
    event = Event.objects.get(deal=deal, kind="schedule_settled")
    assert (event.data["retained"], event.data["before"]) == (
        "actual_costs",
        {"version": 1, "total": "90000.00"},
    )


def test_a_signed_schedule_is_closed_by_an_administrator_only() -> None:
    deal = make_deal()
    make_schedule(deal)
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    with pytest.raises(versions.Signed):
        settle(deal, 0)
    assert settle(deal, 0, rank=Rank.ADMINISTRATOR).version == 2
    assert Signature.objects.count() == 1


def test_a_written_off_row_is_asked_no_more_and_given_up_no_more() -> None:
    deal = make_deal()
    make_schedule(deal)
    receive(deal, 30000)
    write_offs.write_off(deal=deal, amount=rub(30000), reason="нет", written_on=None, author="user:1", at=NOW)
    settle(deal, 30000)
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.written_off) == (rub(30000), 0, 0)
    assert not list(verification.violations())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    total=st.integers(1000, 900000),
    count=st.integers(1, 6),
    sums=st.lists(st.integers(1, 400000), max_size=4),
    share=st.floats(0, 1),
)
def test_closing_keeps_every_kopeck_and_every_rule(
    total: int, count: int, sums: list[int], share: float
) -> None:
    with transaction.atomic():
        deal = make_deal()
        schedule = make_schedule(deal, total=Decimal(total) / 100, count=count)
        for amount in sums:
            receive(deal, Decimal(amount) / 100)
        received = Decimal(sum(sums)) / 100
        asked = (received * Decimal(str(share))).quantize(Decimal("0.01"))
        schedule = settle(deal, asked)
        standing = standing_of(deal)
        assert (standing.total, standing.paid, standing.debt) == (asked, asked, 0)
        assert standing.credit == received - asked
        assert sum(row.amount for row in rows_of(schedule)) == asked
        assert not list(verification.violations())
        transaction.set_rollback(True)


def test_kept_money_that_goes_back_later_leaves_the_deal_closed_at_what_is_left() -> None:
    deal = make_deal()
    make_schedule(deal)
    order = make_order(deal)
    payments.receive(
        merchant=order.merchant,
        external_id="501",
        amount=rub(30000),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )
    cancel(deal)
    back: dict[str, Any] = {
        "merchant": order.merchant,
        "payment_external_id": "501",
        "refunded_at": NOW,
        "at": NOW,
    }
    refunds.noticed(external_id="r1", amount=rub(10000), **back)
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.state) == (
        rub(20000),
        rub(20000),
        0,
        "cancelled",
    )
    refunds.noticed(external_id="r2", amount=rub(20000), **back)
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.state) == (0, 0, 0, "cancelled")
    assert not list(verification.violations())


def by_card(deal: Deal, amount: object = 30000) -> MerchantAccount:
    order = make_order(deal)
    payments.receive(
        merchant=order.merchant,
        external_id="501",
        amount=rub(amount),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )
    return order.merchant


def charge_back(merchant: MerchantAccount, amount: object) -> None:
    refunds.charged_back(
        merchant=merchant,
        payment_external_id="501",
        external_id="cb1",
        amount=rub(amount),
        charged_at=NOW,
        author="system",
        at=NOW,
    )


def test_a_settled_deal_owes_again_what_the_payers_bank_took_back() -> None:
    deal = make_deal()
    make_schedule(deal)
    merchant = by_card(deal)
    settle(deal, 20000)
    charge_back(merchant, 25000)
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.credit) == (
        rub(20000),
        rub(5000),
        rub(15000),
        0,
    )
    assert Schedule.objects.get(deal=deal).closing == ""
    assert not list(verification.violations())


def test_a_cancelled_deal_owes_nothing_whatever_the_payers_bank_takes_back() -> None:
    deal = make_deal()
    make_schedule(deal)
    merchant = by_card(deal)
    cancel(deal)
    charge_back(merchant, 25000)
    standing = standing_of(deal)
    assert (standing.total, standing.debt, standing.state) == (rub(5000), 0, "cancelled")
    assert not list(verification.violations())


def close_by_hand(schedule: Schedule) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        Schedule.objects.filter(id=schedule.id).update(closing="settled")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_a_closed_schedule_that_owes() -> None:
    schedule = make_schedule()
    with pytest.raises(IntegrityError, match="is settled at"):
        close_by_hand(schedule)
