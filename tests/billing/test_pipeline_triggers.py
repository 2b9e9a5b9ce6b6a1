"""What pipelines ask: genuine calls are stored and done once, everything else changes nothing."""

import json
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing import crm_requests, messages
from billing.models import CrmRequest, Invoice, Message, Schedule, ScheduleTemplate, Stop
from crm import delivery, hooks, limits
from crm.models import Account, OutboxRow
from tests.billing.crm_calls import BOT, FORM, TRIGGER, as_form, post, run, trigger
from tests.billing.crm_calls import account as account
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import LEAD, LOST, WEBHOOK_KEY, Amocrm, make_account, make_deal
from tests.factories import make_schedule, rows_of, rub

pytestmark = pytest.mark.django_db


def template(account: Account, **values: Any) -> None:
    given = {"name": "Рассрочка", "count": 4, "first_after_days": 10}
    ScheduleTemplate.objects.create(account=account, **given | values)


@pytest.mark.parametrize("encode", [json.dumps, as_form], ids=["json", "form"])
@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_a_trigger_makes_the_schedule_from_the_deal(
    amocrm: Amocrm, account: Account, encode: Any, content_type: str
) -> None:
    template(account)
    assert post(TRIGGER, encode(trigger("schedule")), content_type) == 200
    assert run() == [("done", "schedule")]
    schedule = Schedule.objects.get()
    assert (schedule.deal.external_id, schedule.total) == (LEAD, rub(160000))


def test_the_same_call_again_is_the_same_request(amocrm: Amocrm, account: Account) -> None:
    template(account)
    for _ in range(3):
        assert post(TRIGGER, trigger("schedule")) == 200
    assert run() == [("done", "schedule")]
    later = trigger("schedule")
    later["event"]["time"] += 60
    assert post(TRIGGER, later) == 200
    assert run() == [("done", "schedule")] * 2
    assert Schedule.objects.get().version == 1


def test_what_cannot_be_done_is_parked_and_told_on_the_deal(amocrm: Amocrm, account: Account) -> None:
    template(account, programme="Психолог")
    post(TRIGGER, trigger("schedule"))
    assert run() == [("parked", "")]
    assert "шаблон" in CrmRequest.objects.get().last_error
    delivery.deliver(at=timezone.now())
    assert "шаблон" in amocrm.notes()[0]


def test_a_trigger_makes_the_schedule_that_the_deals_fields_ask_for(amocrm: Amocrm, account: Account) -> None:
    for number, kind in ((910031, "numeric"), (910032, "date")):
        row = amocrm.crm.get("fields", 910013)
        assert row is not None
        amocrm.crm.put("fields", row | {"id": number, "type": kind, "name": str(number)})
    account.fields = account.fields | {"schedule_count": 910031, "schedule_first_on": 910032}
    account.save()
    told = {"910031": [{"value": "5"}], "910032": [{"value": 1797282000}]}  # 15 December, 0:00 in Moscow
    amocrm.change(values=amocrm.lead()["values"] | told)
    post(TRIGGER, trigger("schedule"))
    assert run() == [("done", "schedule")]
    rows = rows_of(Schedule.objects.get())
    assert [row.amount for row in rows] == [rub(32000)] * 5
    assert rows[0].due_on.isoformat() == "2026-12-15"


def test_a_field_that_holds_no_number_is_named_on_the_deal(amocrm: Amocrm, account: Account) -> None:
    account.fields = account.fields | {"schedule_count": 910011}
    account.save()
    post(TRIGGER, trigger("schedule"))
    assert run() == [("parked", "")]
    assert "«Количество платежей»" in CrmRequest.objects.get().last_error
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("asked", ["schedule", "links", "invoice"])
def test_a_lost_deal_asks_nobody_for_money(amocrm: Amocrm, account: Account, asked: str) -> None:
    amocrm.change(status_id=LOST)
    post(TRIGGER, trigger(asked))
    assert run() == [("parked", "")]
    assert not any(model.objects.exists() for model in (Schedule, Invoice, Message))
    (row,) = OutboxRow.objects.all()
    assert (row.kind, "сделка закрыта" in row.payload["text"]) == ("note", True)


def test_a_lost_deal_s_reminders_can_be_stopped(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(status_id=LOST)
    post(TRIGGER, trigger("stop_reminders"))
    assert run() == [("done", "stopped")]


def test_a_trigger_sends_the_invoice_once_a_day(amocrm: Amocrm, account: Account) -> None:
    deal = make_deal(account, price=160000)
    make_schedule(deal, total="160000")
    for moment in (1, 2):
        body = trigger("invoice")
        body["event"]["time"] += moment
        post(TRIGGER, body)
    assert run() == [("done", "invoice")] * 2
    assert Invoice.objects.count() == 1
    assert Message.objects.filter(channel="email").count() == 1


@pytest.mark.parametrize(
    ("day", "arrives", "leaves"),
    [
        (24, "03:15", "24 08:00"),
        (24, "07:59", "24 08:00"),
        (24, "08:00", None),
        (24, "21:59", None),
        (24, "22:00", "25 08:00"),
        (28, "08:30", "28 09:00"),
        (28, "20:00", "29 09:00"),
    ],
)
def test_an_invoice_that_a_trigger_sends_waits_for_the_payers_hours(
    amocrm: Amocrm, account: Account, day: int, arrives: str, leaves: str | None
) -> None:
    make_schedule(make_deal(account, price=160000), total="160000")
    moscow = ZoneInfo("Europe/Moscow")
    at = datetime.fromisoformat(f"2026-11-{day} {arrives}").replace(tzinfo=moscow)
    for seconds in (0, 60):
        body = trigger("invoice")
        body["event"]["time"] += seconds
        crm_requests.take_trigger(body, at=at)
        crm_requests.apply_waiting(at=at)
    assert Invoice.objects.get().issued_on == at.date()
    row = Message.objects.get()
    messages.deliver(at=at)
    if leaves is None:
        assert row.not_before <= at
    else:
        assert f"{row.not_before.astimezone(moscow):%d %H:%M}" == leaves
        assert Message.objects.get().state == Message.State.WAITING


def test_an_invoice_without_debt_is_no_failure(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(price=0)
    post(TRIGGER, trigger("invoice"))
    assert run() == [("done", "nothing_owed")]


def test_a_trigger_stops_reminders(amocrm: Amocrm, account: Account) -> None:
    post(TRIGGER, trigger("stop_reminders"))
    assert run() == [("done", "stopped")]
    assert Stop.objects.get(ended_at=None).of == "reminders"


def test_a_trigger_writes_the_links_into_the_fields(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000), total="160000")
    post(TRIGGER, trigger("link"))
    assert run() == [("done", "links")]
    row = OutboxRow.objects.filter(kind="fields").latest("id")
    assert "/go/?what=installment" in row.payload["payment_link"]


def test_a_dead_amocrm_keeps_the_request(amocrm: Amocrm, account: Account) -> None:
    template(account)
    post(TRIGGER, trigger("schedule"))
    amocrm.spoil("down")
    assert run() == [("waiting", "")]
    CrmRequest.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    time.sleep(limits.pause_left("demoschool") + 0.05)
    assert run() == [("done", "schedule")]


def test_the_drain_by_hand_does_what_pipelines_asked(amocrm: Amocrm, account: Account) -> None:
    template(account)
    post(TRIGGER, trigger("schedule"))
    CrmRequest.objects.update(not_before=timezone.now() + timedelta(hours=1))
    call_command("deliver", "--until-empty")
    assert Schedule.objects.get().version == 1
    assert not OutboxRow.objects.exclude(state="done").exists()
    assert any("160\xa0000" in note for note in amocrm.notes())


def test_a_deal_that_amocrm_does_not_show_is_parked(amocrm: Amocrm, account: Account) -> None:
    body = trigger("links")
    body["event"]["data"]["id"] = 99
    post(TRIGGER, body)
    assert run() == [("parked", "")]


def _settings(**changes: Any) -> dict[str, Any]:
    settings = {"action": "links", "hook_key": WEBHOOK_KEY} | changes
    return {"settings": {"widget": {"settings": settings}}}


@pytest.mark.parametrize(
    "body",
    [
        trigger(action=_settings(hook_key="guess")),
        trigger(action=_settings(hook_key="")),
        trigger(action=_settings(hook_key=None)),
        trigger(action=_settings(hook_key=["x"])),
        trigger(action=_settings(hook_key="x" * 9000)),
        trigger(action={}),
        trigger(action=None),
        trigger(account_id=31000002),
        trigger(account_id=None),
        trigger(account_id=True),
        trigger(account_id="-1"),
        trigger(account_id="9" * 400),
    ],
)
def test_a_forged_trigger_is_403_and_stores_nothing(account: Account, body: dict[str, Any]) -> None:
    assert post(TRIGGER, body) == 403
    assert not CrmRequest.objects.exists()


def test_another_accounts_key_opens_nothing(account: Account) -> None:
    other = make_account(subdomain="other", external_id=31000009, client_id="other")
    other.webhook_key_hash = hooks.hash_of("another key of sixteen")
    other.save()
    assert post(TRIGGER, trigger(action=_settings(hook_key="another key of sixteen"))) == 403
    assert post(TRIGGER, trigger(account_id=31000009)) == 403
    assert not CrmRequest.objects.exists()


BAD_BODIES: list[str | bytes] = [
    "",
    "{",
    "[]",
    "null",
    "[" * 100_000,
    '{"a":' * 5_000,
    "\x00",
    b"\xff\xfe",
    "a[b][c][d][e][f][g][h][i][j][k][l]=1",
    "&".join(f"event[x{number}]=1" for number in range(9_000)),
    "x" * 300_000,
    "account_id=%00",
    '{"account_id": 1e400}',
    '{"account_id": NaN, "token": 5}',
    '{"token": "a.b.c", "return_url": {}}',
]


@pytest.mark.parametrize("path", [TRIGGER, BOT])
@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_bad_bodies_are_refused_without_a_500(account: Account, path: str, body: str | bytes) -> None:
    for content_type in ("application/json", FORM, "text/plain"):
        assert post(path, body, content_type) in (400, 403, 413)
    assert not CrmRequest.objects.exists()


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"data": {"id": 0}},
        {"data": {"id": "x"}},
        {"data": {"id": LEAD, "element_type": 12}},
        {"data": [LEAD]},
        {"data": {"id": [LEAD]}},
    ],
)
def test_a_genuine_trigger_about_no_deal_is_400(account: Account, event: dict[str, Any]) -> None:
    assert post(TRIGGER, trigger(event=event)) == 400
    assert post(TRIGGER, trigger(action=_settings(action="fly"))) == 400
    assert not CrmRequest.objects.exists()


def test_neither_door_takes_a_get(account: Account) -> None:
    assert [Client().get(path).status_code for path in (TRIGGER, BOT)] == [405, 405]
