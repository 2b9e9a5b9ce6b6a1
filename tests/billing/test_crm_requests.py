"""What pipelines and bots ask: genuine calls are stored and done once, everything else changes nothing."""

import json
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from billing import crm_requests, ledger, stage_gates
from billing.models import AccountPolicy, CrmRequest, Invoice, Message, Schedule, ScheduleTemplate, Stop
from crm import delivery, hooks, limits
from crm.models import Account, Deal, OutboxRow, Pipeline
from sandbox.amocrm import bots
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import (
    CLIENT_ID,
    CONTRACT,
    LEAD,
    PAYING,
    PIPELINE,
    REDIRECT,
    SECRET,
    WEBHOOK_KEY,
    Amocrm,
    make_account,
    make_deal,
)
from tests.factories import make_legal_entity, make_merchant, make_schedule, rub

pytestmark = pytest.mark.django_db
TRIGGER, BOT = "/webhooks/amocrm/pipeline/", "/webhooks/amocrm/salesbot/"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def account(db: None) -> Account:
    account = make_account()
    entity = make_legal_entity()
    make_merchant(entity)
    AccountPolicy.objects.create(account=account, legal_entity=entity)
    return account


def trigger(asks: str = "links", /, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event": {
            "type": 14,
            "type_code": "lead_status_changed",
            "data": {"id": LEAD, "element_type": 2, "status_id": PAYING, "pipeline_id": PIPELINE},
            "time": 1790000000,
        },
        "action": {"settings": {"widget": {"settings": {"action": asks, "hook_key": WEBHOOK_KEY}}}},
        "subdomain": "demoschool",
        "account_id": 31000001,
    }
    return body | changes


def as_form(body: Any, prefix: str = "") -> str:
    if isinstance(body, dict):
        pairs = (as_form(value, f"{prefix}[{name}]" if prefix else name) for name, value in body.items())
        return "&".join(pairs)
    return f"{quote(prefix)}={quote(str(body))}"


def post(path: str, body: str | bytes | dict[str, Any], content_type: str = "application/json") -> int:
    sent = json.dumps(body) if isinstance(body, dict) else body
    answer = Client(raise_request_exception=False).post(path, sent, content_type=content_type)
    assert b"Traceback" not in answer.content
    return answer.status_code


def run() -> list[tuple[str, str]]:
    crm_requests.apply_waiting(at=timezone.now())
    return list(CrmRequest.objects.order_by("id").values_list("state", "outcome"))


def template(account: Account) -> None:
    ScheduleTemplate.objects.create(account=account, name="Рассрочка", count=4, first_after_days=10)


# --- triggers ---


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
    post(TRIGGER, trigger("schedule"))
    assert run() == [("parked", "")]
    assert "шаблон" in CrmRequest.objects.get().last_error
    delivery.deliver(at=timezone.now())
    assert "шаблон" in amocrm.notes()[0]


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


# --- bots ---


def test_a_bot_gets_the_button_of_what_is_owed(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000), total="160000", count=4)
    _bot, return_url = waiting(amocrm)
    assert post(BOT, {"token": token(amocrm), "data": {"what": "full"}, "return_url": return_url}) == 200
    assert run() == [("done", "button")]
    (message,) = amocrm.crm.rows("messages")
    assert "160\xa0000" in message["text"]
    assert "/go/?what=full" in message["text"]
    assert amocrm.crm.rows("waiting_bots") == []


def test_a_bot_asks_by_a_form_too_and_only_once(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000), total="160000", count=4)
    _bot, return_url = waiting(amocrm)
    body = {"token": token(amocrm), "data": {"lead": str(LEAD)}, "return_url": return_url}
    for _ in range(2):
        assert post(BOT, as_form(body), FORM) == 200
    run()
    (message,) = amocrm.crm.rows("messages")
    assert "40\xa0000" in message["text"]


def test_a_bot_of_a_contact_gets_the_deal_that_owes(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000, contact_id=990001), total="160000")
    make_deal(account, 7700199, price=0, contact_id=990001)
    _bot, return_url = waiting(amocrm)
    body = {"token": token(amocrm, entity_type="contact", entity_id=990001), "return_url": return_url}
    assert post(BOT, body) == 200
    assert CrmRequest.objects.get().lead_id == LEAD


def test_where_nothing_is_owed_the_bot_says_thanks(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(price=0)
    _bot, return_url = waiting(amocrm)
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    assert run() == [("done", "nothing_owed")]


def test_a_bot_that_waits_no_longer_is_let_go(amocrm: Amocrm, account: Account) -> None:
    _bot, return_url = waiting(amocrm)
    amocrm.crm.drop("waiting_bots", return_url.rpartition("/")[2])
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    assert run() == [("done", "waits_no_longer")]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/amocrm/demoschool/api/v4/salesbot/1/continue/2",
        "{url}/amocrm/other/api/v4/salesbot/1/continue/2",
        "{url}@evil.example/amocrm/demoschool/api/v4/x",
        "{url}.evil.example/amocrm/demoschool/api/v4/x",
        "{url}/amocrm/demoschool/api/../../other/api/v4/x",
        "{url}\\@evil.example/amocrm/demoschool/api/v4/x",
        "{url}/amocrm/demoschool/oauth2/access_token",
        "http://[/",
    ],
)
def test_the_account_s_token_goes_to_its_own_address_only(
    amocrm: Amocrm, account: Account, address: str
) -> None:
    body = {"token": token(amocrm), "return_url": address.replace("{url}", amocrm.url)}
    assert post(BOT, body) == 403
    assert not CrmRequest.objects.exists()
    assert amocrm.calls() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"aud": "https://other.example"},
        {"aud": ["http://127.0.0.1:8000"]},
        {"aud": None},
        {"account_id": 31000002},
        {"account_id": "31000001"},
        {"client_uuid": "unknown"},
        {"iss": "https://evil.example"},
        {"entity_type": "customer"},
        {"entity_id": 0},
        {"entity_id": "9" * 40},
        {"entity_id": None},
    ],
)
def test_every_claim_of_a_bots_token_counts(
    amocrm: Amocrm, account: Account, changes: dict[str, Any]
) -> None:
    _bot, return_url = waiting(amocrm)
    assert post(BOT, {"token": token(amocrm, **changes), "return_url": return_url}) == 403
    assert not CrmRequest.objects.exists()


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "none"])
def test_a_bots_token_is_hs512_and_nothing_else(amocrm: Amocrm, account: Account, algorithm: str) -> None:
    claims = jwt.decode(token(amocrm), options={"verify_signature": False})
    forged = jwt.encode(claims, "" if algorithm == "none" else SECRET, algorithm=algorithm)
    _bot, return_url = waiting(amocrm)
    assert post(BOT, {"token": forged, "return_url": return_url}) == 403
    wrong = jwt.encode(claims, SECRET + "x", algorithm="HS512")
    assert post(BOT, {"token": wrong, "return_url": return_url}) == 403


def waiting(amocrm: Amocrm) -> tuple[dict[str, Any], str]:
    """A bot of the emulator that waits for us, and its way back."""
    bot = {"id": 3399, "name": "Кнопка", "request": {"url": "http://127.0.0.1:9/", "data": {}}}
    amocrm.crm.put("bots", bot)
    bots._wait(amocrm.crm, bot, amocrm.lead())
    (row,) = amocrm.crm.rows("waiting_bots")
    return bot, f"{amocrm.crm.url}/api/v4/salesbot/3399/continue/{row['id']}"


def token(amocrm: Amocrm, **changes: Any) -> str:
    owner = {"id": CLIENT_ID, "client_secret": SECRET, "redirect_uri": REDIRECT}
    return bots.signed(amocrm.crm, owner, amocrm.lead(), **changes)


# --- the gate ---


def test_without_the_deposit_a_deal_goes_back_with_a_note(amocrm: Amocrm, account: Account) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=[PAYING])
    at = timezone.now()
    deal = make_deal(
        account,
        status_id=PAYING,
        previous_status_id=CONTRACT,
        status_seen_at=at,
        contact_email="a@example.org",
    )
    make_schedule(deal, total="160000", count=4)
    amocrm.change(status_id=PAYING)
    assert [stage_gates.hold(at=at), stage_gates.hold(at=at)] == [1, 0]
    delivery.deliver(at=timezone.now())
    assert amocrm.lead()["status_id"] == CONTRACT
    assert any("40\xa0000" in note for note in amocrm.notes())


def test_with_money_or_before_the_gate_was_seen_nobody_is_moved(account: Account) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=[PAYING])
    at = timezone.now()
    deal = make_deal(account, status_id=PAYING, previous_status_id=CONTRACT, status_seen_at=at)
    assert ledger.standing(deal, on=deal.local_day(at)).debt == 0
    assert stage_gates.hold(at=at) == 0
    make_schedule(deal, total="160000")
    Deal.objects.update(previous_status_id=0)
    assert stage_gates.hold(at=at) == 0
    Deal.objects.update(previous_status_id=CONTRACT, status_seen_at=at - timedelta(days=3))
    assert stage_gates.hold(at=at) == 0
