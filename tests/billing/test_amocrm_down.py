"""While amoCRM is down the card works from what was last known; everything arrives in order afterwards."""

import json
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import AccountPolicy
from crm import deals, delivery, limits, outbox
from crm.models import Account, Deal, OutboxRow
from sandbox.amocrm import tokens
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import ANTON, CLIENT_ID, DEBT, LEAD, MARIA, Amocrm, make_account
from tests.factories import make_legal_entity, make_merchant

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db: None) -> Account:
    account = make_account()
    entity = make_legal_entity()
    make_merchant(entity)
    AccountPolicy.objects.create(account=account, legal_entity=entity)
    return account


def call(amocrm: Amocrm, method: str, path: str = "", body: Any = None) -> Any:
    """What the widget of the manager does, with a token that the emulator signed."""
    owner, user = tokens.integration(amocrm.crm, CLIENT_ID), amocrm.crm.get("users", MARIA)
    assert owner is not None
    assert user is not None
    return Client(raise_request_exception=False).generic(
        method,
        f"/api/v1/deals/{LEAD}/{path}",
        json.dumps(body or {}),
        content_type="application/json",
        headers={"X-Auth-Token": tokens.disposable(amocrm.crm, owner, user)},
    )


def warned(answer: Any) -> list[str]:
    return [warning["code"] for warning in answer.json()["warnings"]]


def test_the_card_is_marked_and_work_goes_on_and_arrives_in_order(amocrm: Amocrm, account: Account) -> None:
    assert "stale" not in warned(call(amocrm, "GET"))
    Deal.objects.update(fetched_at=timezone.now() - deals.OVERTAKEN * 60)
    amocrm.spoil("down", count=None)

    card = call(amocrm, "GET")
    assert (card.status_code, card.json()["name"]) == (200, "Договор 14/26")
    assert "stale" in warned(card)

    first = timezone.localdate().isoformat()
    made = call(
        amocrm, "PUT", "schedule/", {"total": "160000", "count": 4, "first_due_on": first, "version": None}
    )
    assert made.status_code == 200, made.content
    paid = call(amocrm, "POST", "payments/", {"amount": "40000", "paid_on": first, "method": "cash"})
    assert (paid.status_code, paid.json()["paid"]) == (201, "40000.00")
    assert delivery.deliver(at=timezone.now()) == 0
    waiting = list(OutboxRow.objects.order_by("id").values_list("state", flat=True))
    assert set(waiting) == {"waiting"}
    assert amocrm.notes() == []

    amocrm.heal("down")
    time.sleep(limits.pause_left("demoschool") + 0.05)
    delivery.deliver(at=timezone.now(), ignore_not_before=True)
    assert not OutboxRow.objects.exclude(state="done").exists()
    assert amocrm.value(DEBT) == "120000.00"
    schedule, payment = amocrm.notes()
    assert "160\xa0000" in schedule
    assert "40\xa0000" in payment
    assert "stale" not in warned(call(amocrm, "GET"))


def test_a_young_copy_is_marked_too_once_amocrm_is_known_to_be_away(amocrm: Amocrm, account: Account) -> None:
    call(amocrm, "GET")
    amocrm.spoil("down", count=None)
    outbox.note(deal=Deal.objects.get(), key="payment:1", text="оплата", at=timezone.now())
    delivery.deliver(at=timezone.now())
    assert "stale" in warned(call(amocrm, "GET"))
    amocrm.heal("down")
    time.sleep(limits.pause_left("demoschool") + 0.05)
    assert "stale" not in warned(call(amocrm, "GET"))


def test_a_deal_that_was_never_seen_needs_amocrm(amocrm: Amocrm, account: Account) -> None:
    amocrm.spoil("down", count=None)
    answer = call(amocrm, "GET")
    assert (answer.status_code, answer.json()["code"]) == (503, "amocrm_unavailable")
    assert not Deal.objects.exists()


def test_who_must_be_connected_again_is_not_told_to_wait_a_minute(amocrm: Amocrm, account: Account) -> None:
    call(amocrm, "GET")
    amocrm.crm.drop("tokens", "demo-amo-token-school")
    owner, stranger = tokens.integration(amocrm.crm, CLIENT_ID), amocrm.crm.get("users", ANTON)
    assert owner is not None
    assert stranger is not None
    token = tokens.disposable(amocrm.crm, owner, stranger)
    refused = Client().get(f"/api/v1/deals/{LEAD}/", headers={"X-Auth-Token": token})
    assert (refused.status_code, refused.json()["code"]) == (503, "amocrm_disconnected")
    Deal.objects.update(fetched_at=timezone.now() - deals.OVERTAKEN * 60)
    (warning,) = [one for one in call(amocrm, "GET").json()["warnings"] if one["code"] == "stale"]
    assert "подключить заново" in warning["text"]
