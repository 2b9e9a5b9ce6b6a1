"""Calls of amoCRM's pipelines and bots as they arrive, and a school that they are about."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from billing import crm_requests
from billing.models import AccountPolicy, CrmRequest
from crm.models import Account
from sandbox.amocrm import bots
from tests.crm.school import (
    CLIENT_ID,
    LEAD,
    PAYING,
    PIPELINE,
    REDIRECT,
    SECRET,
    WEBHOOK_KEY,
    Amocrm,
    make_account,
)
from tests.factories import make_legal_entity, make_merchant

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
