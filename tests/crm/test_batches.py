"""Many writes in few calls, each with its own fate."""

import time
from datetime import timedelta
from threading import Event
from types import SimpleNamespace

import pytest
from django.db.models import F

from crm import delivery, outbox, queues
from crm.client import Unavailable
from crm.models import Account, Alert, Deal, OutboxRow
from tests.crm.school import ANTON, DEBT, LEAD, MARIA, NOW, OLGA, OTHER_LEAD, Amocrm, make_deal

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def deals(amocrm: Amocrm, account: Account) -> list[Deal]:
    """Every deal of the school."""
    return [make_deal(account, lead["id"]) for lead in amocrm.crm.rows("leads")]


def states() -> list[str]:
    return list(OutboxRow.objects.order_by("id").values_list("state", flat=True))


def test_the_fields_of_many_deals_travel_in_one_call(amocrm: Amocrm, deals: list[Deal]) -> None:
    for deal in deals:
        outbox.put_fields(deal=deal, values={"debt": f"{deal.external_id}.00"}, at=NOW)
    assert delivery.deliver(at=NOW) == len(deals)
    assert amocrm.calls() == ["PATCH api/v4/leads"]
    assert all(amocrm.value(DEBT, deal.external_id) == f"{deal.external_id}.00" for deal in deals)


def test_notes_and_tasks_keep_the_order_of_their_deal(amocrm: Amocrm, deals: list[Deal]) -> None:
    first, second = deals[:2]
    for step in range(3):
        for deal in (first, second):
            outbox.note(deal=deal, key=f"payment:{deal.pk}:{step}", text=f"запись {step}", at=NOW)
    outbox.task(deal=first, key="t", text="Позвонить", till=LATER, type_id=1, responsible=None, at=NOW)
    outbox.note(deal=first, key="payment:last", text="после задачи", at=NOW)
    assert delivery.deliver(at=NOW) == 8
    assert amocrm.notes(first.external_id) == ["запись 0", "запись 1", "запись 2", "после задачи"]
    assert amocrm.notes(second.external_id) == ["запись 0", "запись 1", "запись 2"]
    writes = [call for call in amocrm.calls() if call.startswith("POST")]
    assert writes[0] == "POST api/v4/leads/notes"
    assert "POST api/v4/tasks" in writes
    assert len(writes) == 3
    assert all(OutboxRow.objects.values_list("external_id", flat=True))


def test_one_wrong_row_does_not_hold_up_the_others(amocrm: Amocrm, deals: list[Deal]) -> None:
    amocrm.change(OTHER_LEAD, is_deleted=True)
    for deal in deals:
        outbox.put_fields(deal=deal, values={"debt": "5.00", "payment_state": "По графику"}, at=NOW)
    row = OutboxRow.objects.get(deal__external_id=LEAD)
    OutboxRow.objects.filter(pk=row.pk).update(payload={"debt": "7.00", "payment_state": "Нет такого"})

    assert delivery.deliver(at=NOW) == len(deals)

    parked = OutboxRow.objects.filter(state="parked").order_by("deal__external_id")
    assert [row.deal.external_id for row in parked] == [LEAD, OTHER_LEAD]
    assert "payment_state" in parked[0].last_error
    assert amocrm.value(DEBT) == "7.00"
    assert amocrm.value(DEBT, deals[-1].external_id) == "5.00"
    # the batch, the batch without the two, and the two by themselves (one of them again without its field)
    assert len(amocrm.calls()) == 5


def test_a_batch_that_happened_unseen_is_not_made_again(amocrm: Amocrm, deals: list[Deal]) -> None:
    for deal in deals:
        outbox.note(deal=deal, key=f"payment:{deal.pk}", text="Получено", at=NOW)
        outbox.task(
            deal=deal, key=f"t:{deal.pk}", text="Позвонить", till=LATER, type_id=1, responsible=OLGA, at=NOW
        )
    for _ in range(2):
        amocrm.spoil("error_500_after_work")
        delivery.deliver(at=NOW + _ * timedelta(hours=1))
    assert delivery.deliver(at=NOW + timedelta(hours=3)) > 0
    assert set(states()) == {"done"}
    assert all(amocrm.notes(deal.external_id) == ["Получено"] for deal in deals)
    assert all(len(amocrm.tasks(deal.external_id)) == 1 for deal in deals)


def test_a_refused_limit_makes_nothing_uncertain(amocrm: Amocrm, deals: list[Deal]) -> None:
    amocrm.spoil("rate_limit")
    outbox.note(deal=deals[0], key="payment:1", text="Получено", at=NOW)
    delivery.deliver(at=NOW)
    assert [row.uncertain for row in OutboxRow.objects.all()] == [False]
    amocrm.spoil("error_500")
    delivery.deliver(at=LATER, ignore_not_before=True)
    assert [row.uncertain for row in OutboxRow.objects.all()] == [True]


def test_an_absent_manager_does_not_spoil_the_batch_of_tasks(amocrm: Amocrm, account: Account) -> None:
    amocrm.crm.drop("users", ANTON)
    for lead, user in ((LEAD, ANTON), (OTHER_LEAD, MARIA)):
        deal = make_deal(account, lead, responsible_user_id=user)
        outbox.task(
            deal=deal, key=f"t:{lead}", text="Позвонить", till=LATER, type_id=1, responsible=None, at=NOW
        )
    assert delivery.deliver(at=NOW) == 2
    assert [task["responsible_user_id"] for task in amocrm.tasks()] == [OLGA]
    assert [task["responsible_user_id"] for task in amocrm.tasks(OTHER_LEAD)] == [MARIA]


def test_a_row_that_amocrm_chokes_on_lets_the_others_pass(amocrm: Amocrm, deals: list[Deal]) -> None:
    outbox.note(deal=deals[0], key="payment:poison", text="яд", at=NOW)
    row = OutboxRow.objects.get()
    OutboxRow.objects.filter(pk=row.pk).update(attempts=delivery.ATTEMPTS_MAX)
    amocrm.spoil("error_500")
    assert delivery.deliver(at=NOW) == 1
    assert states() == ["parked"]


def test_a_batch_ends_before_its_lease(
    amocrm: Amocrm, deals: list[Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert queues.LEASE.total_seconds() - delivery.BUDGET_SECONDS >= 10
    monkeypatch.setattr(delivery, "BUDGET_SECONDS", 0.4)
    may_go_on = Event()
    slow = SimpleNamespace(sleep=lambda _seconds: may_go_on.wait(30), time=time.time)
    monkeypatch.setattr("sandbox.faults.time", slow)
    for deal in deals[:2]:
        outbox.note(deal=deal, key=f"payment:{deal.pk}", text="Получено", at=NOW)
    amocrm.spoil("slow")
    assert delivery.deliver(at=NOW) == 0
    assert [row.uncertain for row in OutboxRow.objects.all()] == [True, True]
    assert amocrm.notes(deals[0].external_id) == [], "it ended before amoCRM did"
    may_go_on.set()
    until = time.monotonic() + 30
    while not amocrm.notes(deals[0].external_id):
        assert time.monotonic() < until
        time.sleep(0.01)
    delivery.deliver(at=LATER, ignore_not_before=True)
    assert [amocrm.notes(deal.external_id) for deal in deals[:2]] == [["Получено"]] * 2


def test_an_hour_of_errors_lets_no_row_sleep_for_longer_than_a_minute(deals: list[Deal]) -> None:
    outbox.note(deal=deals[0], key="payment:1", text="Получено", at=NOW)
    now, waits = NOW, []
    while now < NOW + timedelta(hours=1):
        OutboxRow.objects.update(attempts=F("attempts") + 1)
        delivery._later(OutboxRow.objects.get(), Unavailable("500", unknown=True), now)
        until = OutboxRow.objects.get().not_before
        waits.append(until - now)
        now = until
    assert states() == ["waiting"]
    assert max(waits) <= timedelta(minutes=1)
    assert len(waits) < 150, "nobody is hammered meanwhile"


def test_an_outage_of_weeks_parks_nothing(amocrm: Amocrm, deals: list[Deal]) -> None:
    outbox.note(deal=deals[0], key="payment:1", text="Получено", at=NOW)
    OutboxRow.objects.update(attempts=5000)
    amocrm.spoil("rate_limit")
    delivery.deliver(at=NOW)
    assert states() == ["waiting"]
    assert OutboxRow.objects.get().not_before <= NOW + timedelta(seconds=delivery.LONG_DELAY + 5)


def test_a_silenced_kind_of_note_is_not_written(amocrm: Amocrm, account: Account, deals: list[Deal]) -> None:
    account.silent_notes = ["payment"]
    account.save()
    deal = Deal.objects.select_related("account").get(pk=deals[0].pk)
    outbox.note(deal=deal, key="payment:1", text="Получено", at=NOW)
    outbox.note(deal=deal, key="invoice:1", text="Счёт", at=NOW)
    delivery.deliver(at=NOW)
    assert amocrm.notes(deal.external_id) == ["Счёт"]


def test_a_block_is_one_alert_that_ends_with_the_block(
    amocrm: Amocrm, account: Account, deals: list[Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.transport.BLOCK_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("crm.limits.PAUSE_MAX_SECONDS", 0.05)
    amocrm.spoil("html_403", count=2)
    outbox.note(deal=deals[0], key="payment:1", text="Получено", at=NOW)
    for hour in range(3):
        delivery.deliver(at=NOW + timedelta(hours=hour), ignore_not_before=True)
    assert states() == ["done"]
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.closed_at is not None) == ("blocked", True)
