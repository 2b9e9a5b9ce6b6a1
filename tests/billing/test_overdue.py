"""Overdue: flagged once the day after, told to the manager, undone when paid."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from billing import overdue, payments
from billing.models import Event, OverdueFlag, Payment
from crm.models import Account, Deal, OutboxRow, Pipeline
from tests.billing.collecting import entity_of
from tests.factories import make_account, make_deal, make_order, make_schedule, rows_of, rub

pytestmark = pytest.mark.django_db

# Thursday, then Friday.
DUE = date(2026, 12, 10)
NEXT_DAY = DUE + timedelta(days=1)
AT = datetime(2026, 12, 11, 6, 0, tzinfo=UTC)


def late_deal(account: Account | None = None, **values: Any) -> Deal:
    deal = make_deal(account, **values)
    make_schedule(deal, total=90000, count=3, first_due_on=DUE)
    return deal


def pay(deal: Deal, amount: object) -> None:
    order = make_order(deal, amount=amount, state="superseded")
    payments.receive(
        merchant=order.merchant,
        external_id=order.number,
        amount=rub(amount),
        currency="RUB",
        received_at=AT,
        method="card",
        order=order,
        at=AT,
    )


def effects(deal: Deal) -> list[str]:
    rows = OutboxRow.objects.filter(deal=deal, key__startswith="overdue:").order_by("id")
    return list(rows.values_list("kind", flat=True))


def test_the_day_of_payment_is_not_overdue_and_the_next_one_is() -> None:
    deal = late_deal()
    assert overdue.flag(on=DUE, at=AT) == 0
    assert effects(deal) == []
    assert overdue.flag(on=NEXT_DAY, at=AT) == 1
    assert effects(deal) == ["stage", "note", "task"]


def test_a_second_run_does_nothing() -> None:
    deal = late_deal()
    overdue.flag(on=NEXT_DAY, at=AT)
    before = list(OutboxRow.objects.values_list("key", "revision"))
    assert overdue.flag(on=NEXT_DAY, at=AT) == 0
    assert overdue.flag(on=NEXT_DAY + timedelta(days=3), at=AT) == 0
    assert list(OutboxRow.objects.values_list("key", "revision")) == before
    assert Event.objects.filter(deal=deal, kind="overdue").count() == 1


def test_a_day_off_moves_the_due_day_first() -> None:
    saturday = date(2026, 12, 12)
    make_schedule(make_deal(), count=1, first_due_on=saturday)
    for offset, flagged in ((1, 0), (2, 0), (3, 1)):
        assert overdue.flag(on=saturday + timedelta(days=offset), at=AT) == flagged


def test_the_task_says_what_is_owed_till_the_end_of_the_next_working_day() -> None:
    deal = late_deal(make_account(overdue_task={"type": 2, "responsible": 8100001}))
    overdue.flag(on=NEXT_DAY, at=AT)
    row = rows_of(deal.schedule)[0]
    task = OutboxRow.objects.get(deal=deal, kind="task")
    assert task.key == f"overdue:{row.pk}"
    assert "30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in task.payload["text"]
    assert task.payload["till"] == "2026-12-14T18:00:00+03:00"
    assert (task.payload["type"], task.payload["responsible"]) == (2, 8100001)


def test_the_responsible_of_the_deal_gets_the_task_by_default() -> None:
    deal = late_deal(make_account(overdue_task={"type": 1, "responsible": "deal"}))
    overdue.flag(on=NEXT_DAY, at=AT)
    assert OutboxRow.objects.get(deal=deal, kind="task").payload["responsible"] is None


def test_a_partly_paid_row_is_overdue_by_its_rest() -> None:
    deal = late_deal()
    pay(deal, 10000)
    assert overdue.flag(on=NEXT_DAY, at=AT) == 1
    assert Event.objects.get(deal=deal, kind="overdue").data["amount"] == "20000.00"


@pytest.mark.parametrize("state", ["lost", "deleted"])
def test_deals_that_are_lost_or_deleted_are_left_alone(state: str) -> None:
    deal = late_deal(state=state)
    assert overdue.flag(on=NEXT_DAY, at=AT) == 0
    assert effects(deal) == []


def test_nothing_due_before_the_start_of_the_account_raises_a_task() -> None:
    late_deal(make_account(starts_on=NEXT_DAY))
    assert overdue.flag(on=NEXT_DAY, at=AT) == 0
    late_deal(make_account(starts_on=DUE))
    assert overdue.flag(on=NEXT_DAY, at=AT) == 1


def test_money_that_is_not_counted_yet_holds_the_deal() -> None:
    deal = late_deal()
    Payment.objects.create(
        deal=deal,
        legal_entity=entity_of(deal),
        amount=rub(300),
        currency="USD",
        counted=False,
        method="card",
        received_at=AT,
        recorded_at=AT,
    )
    assert overdue.flag(on=NEXT_DAY, at=AT) == 0


def test_each_account_lives_in_its_own_day() -> None:
    kamchatka, moscow = make_account(), make_account()
    Account.objects.filter(pk=kamchatka.pk).update(time_zone="Asia/Kamchatka")
    first, second = late_deal(Account.objects.get(pk=kamchatka.pk)), late_deal(moscow)
    # 01:00 of the 11th in Kamchatka, 16:00 of the 10th in Moscow.
    assert overdue.flag_now(at=datetime(2026, 12, 10, 13, 0, tzinfo=UTC)) == 1
    assert (len(effects(first)), len(effects(second))) == (3, 0)


def test_payment_completes_the_task_and_returns_the_stage() -> None:
    deal = late_deal()
    row = rows_of(deal.schedule)[0]
    overdue.flag(on=NEXT_DAY, at=AT)
    Deal.objects.filter(pk=deal.pk).update(status_id=55000150)
    pay(deal, 30000)
    flag = OverdueFlag.objects.get()
    assert (flag.cured_at, flag.returned_to) == (AT, 55000140)
    done = OutboxRow.objects.get(deal=deal, kind="complete_task")
    assert done.payload["key"] == f"overdue:{row.pk}"
    back = OutboxRow.objects.filter(deal=deal, kind="stage").last()
    assert back is not None
    # only_from: a person who moved the deal in the meantime wins
    assert (back.payload["status_id"], back.payload["only_from"]) == (55000140, 55000150)
    pay(deal, 100)
    assert OutboxRow.objects.filter(deal=deal, kind="complete_task").count() == 1


def test_a_partial_payment_cures_nothing() -> None:
    deal = late_deal()
    overdue.flag(on=NEXT_DAY, at=AT)
    pay(deal, 29999)
    assert OverdueFlag.objects.get().cured_at is None
    assert "complete_task" not in effects(deal)


def test_the_stage_returns_after_the_last_overdue_row_only() -> None:
    deal = late_deal()
    january = date(2027, 1, 13)
    assert overdue.flag(on=NEXT_DAY, at=AT) == 1
    Deal.objects.filter(pk=deal.pk).update(status_id=55000150)
    assert overdue.flag(on=january, at=AT) == 1
    assert effects(deal).count("stage") == 1
    pay(deal, 30000)
    assert effects(deal).count("stage") == 1
    pay(deal, 30000)
    stages = OutboxRow.objects.filter(deal=deal, kind="stage").order_by("id")
    assert [row.payload["status_id"] for row in stages] == [55000150, 55000140]


def test_a_pipeline_without_an_overdue_stage_moves_nothing() -> None:
    deal = late_deal()
    Pipeline.objects.update(overdue_status=None)
    overdue.flag(on=NEXT_DAY, at=AT)
    assert effects(deal) == ["note", "task"]
    pay(deal, 30000)
    assert "stage" not in effects(deal)


def test_a_new_schedule_closes_the_tasks_of_replaced_rows() -> None:
    deal = late_deal()
    overdue.flag(on=NEXT_DAY, at=AT)
    make_schedule(deal, total=90000, count=2, first_due_on=date(2027, 2, 10), at=AT)
    assert OverdueFlag.objects.get().cured_at == AT
    assert effects(deal).count("complete_task") == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_flag_each_row_once() -> None:
    account = make_account()
    for _ in range(4):
        late_deal(account)
    counts: list[int] = []

    def run() -> None:
        try:
            counts.append(overdue.flag(on=NEXT_DAY, at=AT))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 4
    assert OutboxRow.objects.filter(kind="task").count() == 4
