"""The documents behind the pages, the session, and a story that outlives restarts and seeds."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sandbox.app import create_app
from sandbox.clock import Clock
from sandbox.store import Store

from .conftest import ANTON, MARIA, ROOT, SEED, Api, Browser, load_seed

DEAL = f"{ROOT}/_ui/leads/7700123"


@pytest.fixture
def browser(client: Browser) -> Browser:
    client.get(f"{ROOT}/leads/")
    return client


@pytest.mark.parametrize("path", ["leads/", "leads/detail/7700123", "leads/add/", "settings/widgets/"])
def test_a_page_makes_a_session_of_the_usual_user(client: Browser, path: str) -> None:
    assert client.get(f"{ROOT}/{path}").status_code == 200
    assert client.get(f"{ROOT}/_ui/state").json["me"]["id"] == MARIA


def test_documents_need_a_session(client: Browser) -> None:
    assert client.get(f"{ROOT}/_ui/state").status_code == 401
    assert client.post(DEAL, json={"price": 1}).status_code == 401


def test_the_account_root_leads_to_the_deals(client: Browser) -> None:
    assert client.get(f"{ROOT}/").headers["Location"] == f"{ROOT}/leads/"


def test_nobody_has_no_pages(client: Browser) -> None:
    assert client.get("/amocrm/nobody/leads/").status_code == 404


def test_an_action_by_a_form_is_refused(browser: Browser) -> None:
    assert browser.post(DEAL, data={"price": 1}).status_code == 415


def test_the_list_shows_deals_with_contact_and_task(browser: Browser) -> None:
    browser.post(f"{DEAL}/tasks", json={"text": "Позвонить", "complete_on": "2026-12-01"})
    found = {row["id"]: row for row in browser.get(f"{ROOT}/_ui/leads").json["leads"]}
    assert len(found) == 16
    assert found[7700123]["contact_name"] == "Анна Смирнова"
    assert found[7700123]["task_at"] == 1796158740  # 2026-12-01T23:59:00+03:00


def test_an_unchanged_deal_is_said_in_one_word(browser: Browser, api: Api) -> None:
    stamp = browser.get(DEAL).json["stamp"]
    assert browser.get(f"{DEAL}?seen={stamp}").json["unchanged"] is True
    api("PATCH", "leads/7700123", {"price": 1})
    assert browser.get(f"{DEAL}?seen={stamp}").json["lead"]["price"] == 1


def test_the_feed_tells_the_story_in_order(browser: Browser, api: Api) -> None:
    browser.post(f"{DEAL}/notes", json={"text": "Первое"})
    browser.post(DEAL, json={"status_id": 55000140, "pipeline_id": 6100001})
    feed = browser.get(DEAL).json["feed"]
    assert [item.get("type", item["kind"]) for item in feed] == ["lead_added", "note", "lead_status_changed"]


def test_a_person_saves_fields_and_the_linked_contact(browser: Browser, api: Api) -> None:
    change = {"price": 1234, "contact": {"email": "anna@example.org"}}
    assert browser.post(DEAL, json=change).status_code == 200
    assert api("GET", "leads/7700123").json["price"] == 1234
    found = {item["field_code"]: item for item in api("GET", "contacts/990001").json["custom_fields_values"]}
    assert found["EMAIL"]["values"][0]["value"] == "anna@example.org"
    assert found["PHONE"]["values"][0]["value"] == "+79161234501"


def test_a_new_card_makes_deal_and_contact(browser: Browser, api: Api) -> None:
    made = browser.post(f"{ROOT}/_ui/leads/0", json={"name": "Новая", "contact": {"name": "Пётр Иванов"}})
    lead = api("GET", f"leads/{made.json['id']}?with=contacts").json
    [contact] = lead["_embedded"]["contacts"]
    assert (lead["name"], lead["responsible_user_id"]) == ("Новая", MARIA)
    assert api("GET", f"contacts/{contact['id']}").json["last_name"] == "Иванов"


def test_a_wrong_value_is_refused_with_its_reason(browser: Browser) -> None:
    answer = browser.post(
        DEAL, json={"custom_fields_values": [{"field_id": 910021, "values": [{"value": "?"}]}]}
    )
    assert answer.status_code == 400
    assert answer.json["errors"][0]["code"] == "InvalidType"


def test_a_task_is_completed_once_with_its_result(browser: Browser, api: Api) -> None:
    task_id = browser.post(f"{DEAL}/tasks", json={"text": "x", "complete_on": "2026-12-01"}).json["id"]
    done = f"{ROOT}/_ui/tasks/{task_id}/complete"
    assert browser.post(done, json={"result": "Сделано"}).status_code == 200
    assert browser.post(done, json={"result": "Ещё раз"}).status_code == 404
    assert api("GET", f"tasks/{task_id}").json["result"] == {"text": "Сделано"}


def test_a_deal_without_rights_is_not_found(app: Flask, browser: Browser) -> None:
    store = app.extensions["sandbox"].store
    user = store.get("amocrm/demoschool/users", str(ANTON))
    store.put("amocrm/demoschool/users", str(ANTON), {**user, "denied_leads": [7700123]})
    browser.post(f"{ROOT}/_ui/user", json={"user_id": ANTON})
    assert browser.get(DEAL).status_code == 404
    assert browser.post(DEAL, json={"price": 1}).status_code == 403


def test_seeding_again_continues_the_story(app: Flask, api: Api) -> None:
    api("PATCH", "leads/7700123", {"price": 5})
    load_seed(app)
    assert api("GET", "leads/7700123").json["price"] == 5


def test_a_seeded_subscription_follows_its_address_and_stays_away_once_deleted(app: Flask) -> None:
    data = json.loads(SEED.read_text())
    account = data["amocrm"]["accounts"][0]
    account["subdomain"] = "another"

    def seeded(address: str) -> Any:
        account["webhooks"][0]["destination"] = address
        app.test_client().post("/_sandbox/seed", json=data)
        rows = app.extensions["sandbox"].store.all("amocrm/another/hooks")
        return [row["destination"] for row in rows]

    assert seeded("http://127.0.0.1:1/") == ["http://127.0.0.1:1/"]
    assert seeded("http://127.0.0.1:2/") == ["http://127.0.0.1:2/"]
    app.extensions["sandbox"].store.clear("amocrm/another/hooks")
    assert seeded("http://127.0.0.1:3/") == []


def test_a_restart_continues_the_story(tmp_path: Path) -> None:
    def opened() -> tuple[Store, Browser]:
        store = Store(tmp_path / "kept.sqlite3")
        app = create_app(
            store=store, clock=Clock(store), product_url="http://127.0.0.1:1", public_url="http://127.0.0.1:2"
        )
        load_seed(app)
        return store, app.test_client()

    store, first = opened()
    first.get(f"{ROOT}/leads/")
    first.post(f"{DEAL}/notes", json={"text": "Помни"})
    store.close()
    _, second = opened()
    second.get(f"{ROOT}/leads/")
    assert [item["params"]["text"] for item in second.get(DEAL).json["feed"] if item["kind"] == "note"] == [
        "Помни"
    ]
