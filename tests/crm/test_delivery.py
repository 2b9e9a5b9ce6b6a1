"""What the outbox does in the emulated amoCRM: each effect once, in order, whatever goes wrong."""

import time
from datetime import date, timedelta

import pytest

from crm import client, deals, delivery, limits, outbox, queues, transport
from crm.models import Account, Connection, Deal, OutboxRow
from sandbox import faults
from tests.crm.school import (
    ANTON,
    CONTRACT,
    DEBT,
    LEAD,
    LINK,
    LOST,
    MARIA,
    NEXT_DUE,
    NOW,
    OLGA,
    OTHER_LEAD,
    OVERDUE,
    PAYING,
    STATE,
    WON,
    Amocrm,
    make_deal,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def rows(**where: object) -> list[OutboxRow]:
    return list(OutboxRow.objects.filter(**where).order_by("id"))


def abandon(row: OutboxRow) -> None:
    """The worker died after the call: the lease has lapsed, the attempt is counted, nothing is marked."""
    OutboxRow.objects.filter(pk=row.pk).update(
        state="waiting",
        attempts=1,
        uncertain=True,
        leased_until=NOW - timedelta(seconds=1),
        external_id=None,
        last_error="",
    )


def test_fields_arrive_as_the_account_keeps_them(amocrm: Amocrm, deal: Deal) -> None:
    values: dict[str, str | date | None] = {
        "debt": "120000.00",
        "next_due_on": date(2026, 12, 10),
        "payment_state": "По графику",
        "payment_link": "https://pay.example.ru/pay/x/",
    }
    outbox.put_fields(deal=deal, values=values, at=NOW)

    assert outbox.deliver(at=NOW) == 1

    assert amocrm.value(DEBT) == "120000.00"
    assert amocrm.value(NEXT_DUE) == 1796850000  # 2026-12-10 00:00 in Moscow
    assert amocrm.value(STATE) == "По графику"
    assert amocrm.value(LINK) == "https://pay.example.ru/pay/x/"
    assert amocrm.calls() == [f"PATCH api/v4/leads/{LEAD}"]


def test_an_emptied_field_is_cleared(amocrm: Amocrm, deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"debt": "1.00"}, at=NOW)
    outbox.deliver(at=NOW)
    outbox.put_fields(deal=deal, values={"debt": None}, at=NOW)
    outbox.deliver(at=NOW)
    assert amocrm.value(DEBT) is None


def test_a_value_put_while_the_old_one_is_on_its_way_is_sent_after_it(
    amocrm: Amocrm, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.put_fields(deal=deal, values={"debt": "1.00"}, at=NOW)
    send, sent = transport.Line.call, []

    def rival(line: transport.Line, method: str, path: str, **more: object) -> object:
        answer = send(line, method, path, **more)  # type: ignore[arg-type]
        sent.append(path)
        if len(sent) == 1:
            outbox.put_fields(deal=deal, values={"debt": "2.00"}, at=NOW)
        return answer

    monkeypatch.setattr(transport.Line, "call", rival)
    outbox.deliver(at=NOW)

    assert amocrm.value(DEBT) == "2.00"
    assert [(row.state, row.revision) for row in rows()] == [("done", 2)]
    assert len(sent) == 2


def test_a_choice_that_amocrm_lacks_is_parked_by_name_and_the_rest_is_written(
    amocrm: Amocrm, deal: Deal
) -> None:
    outbox.put_fields(deal=deal, values={"payment_state": "Нет такого", "debt": "5.00"}, at=NOW)

    assert outbox.deliver(at=NOW) == 1

    assert amocrm.value(DEBT) == "5.00"
    (row,) = rows()
    assert row.state == "parked"
    assert "payment_state" in row.last_error
    assert "910023" in row.last_error
    assert "NotSupportedChoice" in row.last_error


def test_a_parked_row_goes_again_with_the_next_value(amocrm: Amocrm, deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"payment_state": "Нет такого"}, at=NOW)
    outbox.deliver(at=NOW)
    outbox.put_fields(deal=deal, values={"payment_state": "Оплачено"}, at=LATER)
    outbox.deliver(at=LATER)
    assert [row.state for row in rows()] == ["done"]
    assert amocrm.value(STATE) == "Оплачено"


def test_a_note_of_a_killed_worker_is_found_and_not_written_again(amocrm: Amocrm, deal: Deal) -> None:
    outbox.note(deal=deal, key="payment:1", text="Получено 20 000 ₽", at=NOW)
    outbox.deliver(at=NOW)
    (row,) = rows()
    made = row.external_id
    abandon(row)

    assert outbox.deliver(at=NOW) == 1

    assert amocrm.notes() == ["Получено 20 000 ₽"]
    assert [(row.state, row.external_id) for row in rows()] == [("done", made)]


def test_a_note_of_a_worker_killed_before_the_call_is_written_once(amocrm: Amocrm, deal: Deal) -> None:
    outbox.note(deal=deal, key="payment:1", text="Получено 20 000 ₽", at=NOW)
    assert queues.claim(OutboxRow, at=NOW)
    assert outbox.deliver(at=NOW) == 0  # the lease of the dead worker still holds
    assert outbox.deliver(at=NOW + queues.LEASE + timedelta(seconds=1)) == 1
    assert amocrm.notes() == ["Получено 20 000 ₽"]


def test_equal_notes_under_two_keys_are_two_notes_even_after_a_crash(amocrm: Amocrm, deal: Deal) -> None:
    for key in ("payment:1", "payment:2"):
        outbox.note(deal=deal, key=key, text="Получено 20 000 ₽", at=NOW)
    first, second = rows()
    OutboxRow.objects.filter(pk=second.pk).update(not_before=LATER)
    amocrm.spoil("error_500_after_work")
    outbox.deliver(at=NOW)
    assert amocrm.notes() == ["Получено 20 000 ₽"]
    OutboxRow.objects.filter(pk=second.pk).update(attempts=1, uncertain=True)

    outbox.deliver(at=LATER)

    assert amocrm.notes() == ["Получено 20 000 ₽"] * 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert {first.state, second.state} == {"done"}
    assert first.external_id != second.external_id


def test_an_answer_that_got_lost_makes_no_second_note(
    amocrm: Amocrm, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.3)
    monkeypatch.setattr(faults, "TIMEOUT_SECONDS", 0.6)
    amocrm.spoil("timeout_after_create")
    outbox.note(deal=deal, key="payment:1", text="Получено 20 000 ₽", at=NOW)
    assert outbox.deliver(at=NOW) == 0
    monkeypatch.setattr(transport, "READ_SECONDS", 8.0)
    assert outbox.deliver(at=LATER, ignore_not_before=True) == 1
    assert amocrm.notes() == ["Получено 20 000 ₽"]


def test_a_task_is_set_once_and_closed_with_its_result(amocrm: Amocrm, deal: Deal) -> None:
    till = NOW + timedelta(days=1)
    outbox.task(deal=deal, key="overdue:7", text="Позвонить", till=till, type_id=1, responsible=None, at=NOW)
    outbox.deliver(at=NOW)
    abandon(rows()[0])
    outbox.complete_task(deal=deal, key="cured:7", task_key="overdue:7", text="Оплачено", at=NOW)

    assert outbox.deliver(at=NOW) == 2

    (task,) = amocrm.tasks()
    assert (task["text"], task["complete_till"], task["task_type_id"]) == (
        "Позвонить",
        int(till.timestamp()),
        1,
    )
    assert task["responsible_user_id"] == MARIA
    assert task["is_completed"]
    assert task["result"] == {"text": "Оплачено"}


@pytest.mark.parametrize("gone", ["inactive", "unknown"])
def test_a_task_of_an_absent_manager_goes_to_the_fallback_user(
    amocrm: Amocrm, account: Account, gone: str
) -> None:
    user = amocrm.crm.get("users", ANTON)
    assert user is not None
    if gone == "inactive":
        amocrm.crm.put("users", user | {"rights": user["rights"] | {"is_active": False}})
    else:
        amocrm.crm.drop("users", ANTON)
    deal = make_deal(account, responsible_user_id=ANTON)
    outbox.task(deal=deal, key="t", text="Позвонить", till=LATER, type_id=1, responsible=None, at=NOW)
    assert outbox.deliver(at=NOW) == 1
    assert [task["responsible_user_id"] for task in amocrm.tasks()] == [OLGA]


def test_closing_a_task_that_a_person_deleted_is_done(amocrm: Amocrm, deal: Deal) -> None:
    outbox.task(deal=deal, key="t", text="Позвонить", till=LATER, type_id=1, responsible=None, at=NOW)
    outbox.deliver(at=NOW)
    amocrm.crm.drop("tasks", amocrm.tasks()[0]["id"])
    outbox.complete_task(deal=deal, key="c", task_key="t", text="Оплачено", at=NOW)
    outbox.deliver(at=NOW)
    assert [row.state for row in rows()] == ["done", "done"]


def test_closing_a_task_that_never_was_settles_the_parked_row_too(amocrm: Amocrm, deal: Deal) -> None:
    outbox.task(deal=deal, key="t", text="Позвонить", till=LATER, type_id=1, responsible=None, at=NOW)
    queues.park(rows()[0], error="why")
    outbox.complete_task(deal=deal, key="c", task_key="t", text="Оплачено", at=NOW)
    outbox.deliver(at=NOW)
    assert [row.state for row in rows()] == ["done", "done"]
    assert amocrm.tasks() == []


def test_a_deal_moves_inside_its_pipeline(amocrm: Amocrm, deal: Deal) -> None:
    outbox.move_stage(deal=deal, key="s", status_id=WON, at=NOW)
    outbox.deliver(at=NOW)
    assert amocrm.lead()["status_id"] == WON
    deal.refresh_from_db()
    assert deal.status_id == WON


@pytest.mark.parametrize("closed", [WON, LOST])
def test_a_closed_deal_never_moves(amocrm: Amocrm, deal: Deal, closed: int) -> None:
    amocrm.change(status_id=closed)
    outbox.move_stage(deal=deal, key="s", status_id=OVERDUE, at=NOW)
    assert outbox.deliver(at=NOW) == 1
    assert amocrm.lead()["status_id"] == closed
    assert amocrm.calls() == [f"GET api/v4/leads/{LEAD}"]


@pytest.mark.parametrize(("stands", "ends"), [(OVERDUE, PAYING), (CONTRACT, CONTRACT)])
def test_a_deal_returns_only_from_where_it_was_put(
    amocrm: Amocrm, deal: Deal, stands: int, ends: int
) -> None:
    amocrm.change(status_id=stands)
    outbox.move_stage(deal=deal, key="s", status_id=PAYING, only_from=OVERDUE, at=NOW)
    assert outbox.deliver(at=NOW) == 1
    assert amocrm.lead()["status_id"] == ends


def test_a_deal_in_another_pipeline_is_shown_to_a_person(amocrm: Amocrm, account: Account) -> None:
    deal = make_deal(account, pipeline_id=42)
    outbox.move_stage(deal=deal, key="s", status_id=WON, at=NOW)
    outbox.deliver(at=NOW)
    (row,) = rows()
    assert row.state == "parked"
    assert row.last_error
    assert amocrm.lead()["status_id"] == CONTRACT


def test_the_price_is_written_and_mirrored(amocrm: Amocrm, deal: Deal) -> None:
    outbox.set_price(deal=deal, price=90000, at=NOW)
    outbox.set_price(deal=deal, price=95000, at=NOW)
    assert outbox.deliver(at=NOW) == 1
    assert amocrm.lead()["price"] == 95000
    deal.refresh_from_db()
    assert deal.price == 95000


def test_a_bot_runs_once_after_the_link_is_written(amocrm: Amocrm, deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"payment_link": "https://pay.example.ru/pay/x/"}, at=NOW)
    outbox.run_salesbot(deal=deal, key="bot", bot_id=3301, at=NOW)
    assert outbox.deliver(at=NOW) == 2
    assert amocrm.calls() == [f"PATCH api/v4/leads/{LEAD}", "POST api/v2/salesbot/run"]


def test_a_bot_that_may_have_run_is_not_run_again(amocrm: Amocrm, deal: Deal) -> None:
    outbox.run_salesbot(deal=deal, key="bot", bot_id=3301, at=NOW)
    amocrm.spoil("error_500_after_work")
    assert outbox.deliver(at=NOW) == 1
    assert [row.state for row in rows()] == ["parked"]

    abandon(rows()[0])
    assert outbox.deliver(at=LATER) == 1
    assert [row.state for row in rows()] == ["parked"]
    assert amocrm.calls() == ["POST api/v2/salesbot/run"]


@pytest.mark.parametrize("state", [Deal.State.LOST, Deal.State.DELETED])
def test_a_bot_that_waited_while_its_deal_was_lost_is_not_run(
    amocrm: Amocrm, deal: Deal, state: Deal.State
) -> None:
    outbox.run_salesbot(deal=deal, key="reminder:1:bot", bot_id=3301, at=NOW)
    Deal.objects.update(state=state, status_seen_at=NOW + timedelta(hours=1))
    outbox.deliver(at=NOW + timedelta(hours=2))
    row = OutboxRow.objects.get()
    assert (row.state, "закрыта или удалена" in row.last_error) == ("parked", True)
    assert not any("salesbot" in call for call in amocrm.calls())


def test_a_bot_that_was_asked_for_a_lost_deal_is_run(amocrm: Amocrm, deal: Deal) -> None:
    Deal.objects.update(state=Deal.State.LOST, status_seen_at=NOW - timedelta(hours=1))
    outbox.run_salesbot(deal=deal, key="invoice:1:bot", bot_id=3301, at=NOW)
    assert outbox.deliver(at=NOW) == 1
    assert OutboxRow.objects.get().state == "done"


def test_a_bot_waits_for_a_person_while_its_link_could_not_be_written(amocrm: Amocrm, deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"payment_state": "Нет такого"}, at=NOW)
    outbox.run_salesbot(deal=deal, key="bot", bot_id=3301, at=NOW)
    outbox.deliver(at=NOW)
    assert [row.state for row in rows()] == ["parked", "parked"]
    assert "POST api/v2/salesbot/run" not in amocrm.calls()


def test_a_deleted_deal_is_parked_and_others_go_on(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    amocrm.change(is_deleted=True)
    other = make_deal(account, OTHER_LEAD)
    outbox.put_fields(deal=deal, values={"debt": "1.00"}, at=NOW)
    outbox.put_fields(deal=other, values={"debt": "2.00"}, at=NOW)
    assert outbox.deliver(at=NOW) == 2
    assert [(row.state, bool(row.last_error)) for row in rows()] == [("parked", True), ("done", False)]
    assert amocrm.value(DEBT, OTHER_LEAD) == "2.00"


def test_a_dead_amocrm_keeps_every_row_and_is_left_alone(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    amocrm.spoil("down", count=None)
    other = make_deal(account, OTHER_LEAD)
    for target in (deal, other):
        outbox.note(deal=target, key=f"n:{target.pk}", text="Получено", at=NOW)
    assert outbox.deliver(at=NOW) == 0
    assert outbox.deliver(at=LATER) == 0  # another worker: it does not wait for a time-out of its own
    assert len(amocrm.calls()) == 1
    assert [(row.state, row.attempts) for row in rows()] == [("waiting", 1), ("waiting", 1)]
    amocrm.heal("down")
    time.sleep(limits.pause_left("demoschool") + 0.05)
    assert outbox.deliver(at=LATER) == 2
    assert amocrm.notes() == amocrm.notes(OTHER_LEAD) == ["Получено"]


def test_a_row_waits_behind_the_earlier_one_of_its_deal(amocrm: Amocrm, deal: Deal) -> None:
    outbox.note(deal=deal, key="1", text="первая", at=NOW)
    outbox.note(deal=deal, key="2", text="вторая", at=NOW)
    OutboxRow.objects.filter(key="1").update(not_before=LATER)
    assert outbox.deliver(at=NOW) == 0
    assert outbox.deliver(at=NOW, ignore_not_before=True) == 2
    assert amocrm.notes() == ["первая", "вторая"]


def test_a_disconnected_account_keeps_its_rows_untouched(amocrm: Amocrm, deal: Deal) -> None:
    Connection.objects.update(access_token="withdrawn")
    outbox.note(deal=deal, key="1", text="первая", at=NOW)
    assert outbox.deliver(at=NOW) == 0
    assert Connection.objects.get().state == Connection.State.NEEDS_RECONNECT
    assert outbox.deliver(at=LATER) == 0
    assert len(amocrm.calls()) == 1
    Connection.objects.update(access_token="demo-amo-token-school", state="connected")
    assert outbox.deliver(at=LATER) == 1
    assert amocrm.notes() == ["первая"]


def test_a_429_pauses_the_account_for_every_process(amocrm: Amocrm, deal: Deal) -> None:
    amocrm.spoil("rate_limit")
    outbox.note(deal=deal, key="1", text="первая", at=NOW)
    assert outbox.deliver(at=NOW) == 0
    assert 0 < limits.pause_left("demoschool") <= 1
    assert outbox.deliver(at=LATER) == 0
    assert len(amocrm.calls()) == 1
    assert outbox.deliver(at=LATER, ignore_not_before=True) == 1  # by hand: the pause is waited for
    assert amocrm.notes() == ["первая"]


def test_a_blocking_403_stops_all_calls_for_minutes(amocrm: Amocrm, deal: Deal) -> None:
    amocrm.spoil("html_403")
    outbox.note(deal=deal, key="1", text="первая", at=NOW)
    outbox.deliver(at=NOW)
    assert limits.pause_left("demoschool") > 50
    with pytest.raises(client.Unavailable):
        deals.refresh(account=deal.account, lead_id=LEAD, at=NOW)
    assert len(amocrm.calls()) == 1


def test_an_empty_queue_asks_nobody(amocrm: Amocrm, deal: Deal) -> None:
    assert delivery.deliver(at=NOW) == 0
    assert amocrm.calls() == []
