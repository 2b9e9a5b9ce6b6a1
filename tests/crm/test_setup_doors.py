"""The set-up page inside amoCRM: administrators see and change what the panel's page does, others nothing."""

import json
from typing import Any

import pytest
from django.test import Client

from billing.models import AccountPolicy
from crm import auth, hooks
from crm.auth import Caller
from crm.models import Account, Pipeline
from tests.crm.school import DEBT, LEAD, LINK, LOST, OLGA, OVERDUE, PIPELINE, WEBHOOK_KEY, Amocrm

pytestmark = pytest.mark.django_db

RULES = {"issue_at": "10:30", "issue_days_before": 1, "salesbot_id": None, "reminders": []}


@pytest.fixture
def chief(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    be(monkeypatch, account, is_admin=True)
    return account


def be(monkeypatch: pytest.MonkeyPatch, account: Account, *, is_admin: bool) -> None:
    caller = Caller(account=account, user_id=OLGA, is_admin=is_admin)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)


def call(method: str, path: str, body: Any = None) -> Any:
    return Client().generic(
        method,
        f"/api/v1/{path}",
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={"X-Auth-Token": "token"},
    )


def test_only_administrators_set_up(
    amocrm: Amocrm, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, account, is_admin=False)
    for method, path in (
        ("GET", "setup/"),
        ("PUT", "setup/fields/"),
        ("PUT", "setup/stages/"),
        ("PUT", "setup/rules/"),
        ("POST", "setup/try/"),
        ("GET", "automation/"),
    ):
        answer = call(method, path, {} if method != "GET" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")


def test_the_page_shows_what_the_account_has(amocrm: Amocrm, chief: Account) -> None:
    page = call("GET", "setup/").json()
    assert page["connection"]["state"] == "connected"
    assert [one["name"] for one in page["pipelines"]][:1] == ["Продажи курсов"]
    debt = next(one for one in page["fields"] if one["ours"] == "debt")
    assert (debt["field_id"], DEBT in [one["id"] for one in debt["choices"]]) == (DEBT, True)
    assert any(one["works"] and not one["remark"] for one in page["findings"])
    assert any(one["remark"] for one in page["findings"])
    assert Client().get(page["panel_url"].replace("http://testserver", "")).status_code in (200, 302)


def test_a_field_is_chosen_only_where_it_fits(amocrm: Amocrm, chief: Account) -> None:
    wrong = call("PUT", "setup/fields/", {"chosen": {"next_due_on": str(LINK), "debt": "1"}})
    assert (wrong.status_code, sorted(wrong.json()["errors"])) == (422, ["debt", "next_due_on"])
    saved = call("PUT", "setup/fields/", {"chosen": {"debt": "", "deposit_link": "make"}})
    assert saved.status_code == 200
    chief.refresh_from_db()
    assert "debt" not in chief.fields
    assert chief.fields["deposit_link"]
    assert chief.fields["payment_link"] == LINK


def test_a_field_that_is_filled_serves_nothing_else(amocrm: Amocrm, chief: Account) -> None:
    before = dict(chief.fields)
    wrong = call("PUT", "setup/fields/", {"chosen": {"debt": str(DEBT), "next_amount": str(DEBT)}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "field_taken")
    assert sorted(wrong.json()["errors"]) == ["debt", "next_amount"]
    assert "«Долг», «Сумма следующего платежа»" in wrong.json()["detail"]
    chief.refresh_from_db()
    assert chief.fields == before


@pytest.mark.parametrize("overdue", [142, LOST, OVERDUE])
def test_debtors_go_neither_to_a_final_stage_nor_among_the_paid(
    amocrm: Amocrm, chief: Account, overdue: int
) -> None:
    before = Pipeline.objects.get(account=chief, external_id=PIPELINE).overdue_status
    stages = {"deposit_status": None, "paid_status": OVERDUE, "completed_status": 142}
    wrong = call("PUT", "setup/stages/", {"pipeline": PIPELINE, **stages, "overdue_status": overdue})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["overdue_status"])
    assert Pipeline.objects.get(account=chief, external_id=PIPELINE).overdue_status == before


def test_stages_are_those_of_the_pipeline(amocrm: Amocrm, chief: Account) -> None:
    stages = {"deposit_status": None, "paid_status": None, "completed_status": 142, "overdue_status": 1}
    wrong = call("PUT", "setup/stages/", {"pipeline": PIPELINE, **stages})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["overdue_status"])
    right = call("PUT", "setup/stages/", {"pipeline": PIPELINE, **stages, "overdue_status": OVERDUE})
    assert right.status_code == 200
    assert Pipeline.objects.get(account=chief, external_id=PIPELINE).overdue_status == OVERDUE


def test_reminders_are_kept_in_order_once_a_day(amocrm: Amocrm, chief: Account) -> None:
    steps = [{"days": 1, "channels": ["email"]}, {"days": -3, "channels": ["email"]}]
    again = [*steps, {"days": 1, "channels": ["salesbot", "email"]}]
    refused = call("PUT", "setup/rules/", {**RULES, "reminders": again})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["salesbot_id"])
    saved = call("PUT", "setup/rules/", {**RULES, "reminders": again, "salesbot_id": 3301})
    assert saved.json()["reminders"] == [
        {"days": -3, "channels": ["email"]},
        {"days": 1, "channels": ["email", "salesbot"]},
    ]
    policy = AccountPolicy.objects.get(account=chief)
    assert (str(policy.issue_at), policy.issue_days_before, policy.salesbot_id) == ("10:30:00", 1, 3301)


def test_the_trial_writes_reads_and_puts_back(amocrm: Amocrm, chief: Account) -> None:
    before = amocrm.value(LINK)
    tried = call("POST", "setup/try/", {"lead_id": LEAD})
    assert tried.status_code == 200
    assert "Ссылка на оплату" in tried.json()["text"]
    missing = call("POST", "setup/try/", {"lead_id": 999})
    assert (missing.status_code, list(missing.json()["errors"])) == (422, ["lead_id"])
    assert amocrm.value(LINK) == before


def test_a_trigger_gets_the_key_that_the_hooks_know(amocrm: Amocrm, chief: Account) -> None:
    key = call("GET", "automation/").json()["hook_key"]
    chief.refresh_from_db()
    assert hooks.hash_of(key) == chief.webhook_key_hash
    assert call("GET", "automation/").json()["hook_key"] == key
    assert key in (chief.webhook_key, WEBHOOK_KEY)
