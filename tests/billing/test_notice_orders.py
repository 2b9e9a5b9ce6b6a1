"""Any order of notices, any repetition, any crowd: one and the same ledger."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from billing import inbox, ledger
from billing.models import Notice, Payment, ProviderOrder, Receipt, Refund
from crm.models import Deal, OutboxRow
from tests.billing.notices import (
    code,
    deliver,
    facts,
    fail_fields,
    fields_of,
    refund_fields,
    send,
)
from tests.factories import NOW, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1"})


def ledger_of(deal: Deal) -> tuple[Any, ...]:
    standing = standing_of(deal)
    return (
        standing.paid,
        standing.debt,
        standing.credit,
        [(row.installment.number, row.paid) for row in standing.rows],
        sorted(Payment.objects.values_list("external_id", "amount")),
        sorted(Refund.objects.values_list("external_id", "amount")),
        sorted(Receipt.objects.values_list("kind", "state")),
    )


@pytest.mark.parametrize("sequence", list(itertools.permutations(["check", "pay", "fail", "refund"])))
def test_every_order_of_notices_ends_in_one_ledger(order: ProviderOrder, sequence: tuple[str, ...]) -> None:
    said = {
        "check": fields_of(order),
        "pay": fields_of(order),
        "fail": fail_fields(order),
        "refund": refund_fields(),
    }
    for kind in (*sequence, *sequence):
        send(order.merchant, kind, said[kind])
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    rows = [(1, rub(20000)), (2, rub(0)), (3, rub(0))]
    assert ledger_of(order.deal) == (
        rub(20000),
        rub(70000),
        0,
        rows,
        [("3171000501", rub(30000))],
        [("3171000777", rub(10000))],
        [("income", "planned"), ("refund", "planned")],
    )
    assert not Notice.objects.exclude(state="done").exists()


def test_replaying_everything_changes_nothing(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "fail", fail_fields(order))
    deliver(order.merchant, "refund", refund_fields())
    before, rows = facts(), ledger_of(order.deal)
    assert inbox.replay(since=None, at=NOW) == inbox.Replay(seen=3, changed=0)
    call_command("replay_notices", since="2026-01-01")
    assert (facts(), ledger_of(order.deal)) == (before, rows)


def test_replay_applies_what_was_parked(order: ProviderOrder) -> None:
    send(order.merchant, "pay", fields_of(order))
    Notice.objects.update(state="parked")
    assert inbox.replay(since=NOW - timedelta(days=900), at=NOW) == inbox.Replay(seen=1, changed=1)
    assert standing_of(order.deal).paid == rub(30000)


# Real parallel connections


def in_parallel(times: int, call: Any) -> list[Any]:
    start = threading.Barrier(min(times, 16))

    def run(number: int) -> Any:
        try:
            if number < start.parties:
                start.wait(timeout=20)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(start.parties) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_hundred_duplicates_at_once_are_one_notice_and_one_payment() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    given = fields_of(order)
    answers = in_parallel(100, lambda: code(send(order.merchant, "pay", given)))
    assert answers == [0] * 100
    assert Notice.objects.count() == 1
    in_parallel(4, lambda: inbox.apply_waiting(at=NOW, ignore_not_before=True))
    assert Payment.objects.count() == 1
    assert Receipt.objects.count() == 1
    assert OutboxRow.objects.filter(kind="note", key__startswith="payment:").count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_payments_and_refunds_of_one_deal_at_once_end_in_one_sum() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal, amount="1000")
    for number in range(8):
        send(order.merchant, "pay", fields_of(order, TransactionId=f"p{number}"))
        send(
            order.merchant,
            "refund",
            refund_fields(payment=f"p{number}", amount="400.00", TransactionId=f"r{number}"),
        )
    for _ in range(3):
        in_parallel(4, lambda: inbox.apply_waiting(at=NOW, ignore_not_before=True))
        Notice.objects.filter(state="waiting").update(leased_until=None)
    assert standing_of(deal).paid == rub(8 * 600)
    assert not Notice.objects.exclude(state="done").exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_storing_waits_for_no_lock_of_the_deal() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction

        with transaction.atomic():
            ledger.lock(deal.pk)
            locked.set()
            done.wait(timeout=20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(timeout=20)
        assert code(send(order.merchant, "pay", fields_of(order))) == 0
        assert Notice.objects.count() == 1
    finally:
        done.set()
        holder.join()
