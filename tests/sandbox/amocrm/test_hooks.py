"""Web hooks: subscription, exact bytes, pairs, retries by the table, disabling."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import pytest

from sandbox.amocrm import hooks
from sandbox.app import Sandbox

from .conftest import ANTON, MARIA, OLGA, ROOT, Api, Browser


@dataclass
class Receiver:
    """A subscriber that keeps what came and answers as told."""

    url: str = ""
    status: int = 200
    bodies: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    def events(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(body, keep_blank_values=True)) for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            kept.types.append(self.headers["Content-Type"])
            self.send_response(kept.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def subscribe(api: Api, receiver: Receiver, *codes: str) -> int:
    answer = api("POST", "webhooks", {"destination": receiver.url, "settings": list(codes)})
    assert answer.status_code == 201
    return int(answer.json["id"])


def waits(sandbox: Sandbox) -> list[float]:
    """Minutes until each waiting delivery, by the sandbox's clock."""
    now = sandbox.clock.now()
    due = [datetime.fromisoformat(job["due_at"]) for job in sandbox.jobs.waiting(hooks.KIND)]
    return [round((moment - now).total_seconds() / 60) for moment in due]


def test_a_subscription_is_listed_replaced_and_taken_away(api: Api) -> None:
    body = {"destination": "http://127.0.0.1:9/x", "settings": ["update_lead"]}
    made = api("POST", "webhooks", body)
    assert made.status_code == 201
    assert api("POST", "webhooks", {**body, "settings": ["status_lead"]}).json["id"] == made.json["id"]
    [listed] = api("GET", f"webhooks?filter[destination]={body['destination']}").json["_embedded"]["webhooks"]
    assert (listed["settings"], listed["disabled"], listed["account_id"]) == (
        ["status_lead"],
        False,
        31000001,
    )
    assert api("DELETE", "webhooks", {"destination": body["destination"]}).status_code == 204
    assert api("DELETE", "webhooks", {"destination": body["destination"]}).status_code == 404
    assert api("GET", "webhooks").status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {"destination": "http://127.0.0.1:9/x", "settings": ["update_everything"]},
        {"destination": "http://127.0.0.1:9/x", "settings": []},
        {"destination": "ftp://127.0.0.1/x", "settings": ["update_lead"]},
        {"settings": ["update_lead"]},
    ],
)
def test_a_wrong_subscription_is_refused(api: Api, body: object) -> None:
    assert api("POST", "webhooks", body).status_code == 400


def test_a_moved_deal_is_told_as_update_and_as_status(api: Api, sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(api, receiver, "update_lead", "status_lead")
    api("PATCH", "leads/7700123", {"status_id": 55000140, "pipeline_id": 6100001})
    sandbox.jobs.run_due()
    update, status = receiver.events()
    assert receiver.types == ["application/x-www-form-urlencoded"] * 2
    assert (update["leads[update][0][id]"], status["leads[status][0][id]"]) == ("7700123", "7700123")
    assert status["leads[status][0][old_status_id]"] == "55000120"
    assert status["leads[status][0][status_id]"] == "55000140"
    assert update["leads[update][0][old_status_id]"] == "55000120"
    assert not any(key.startswith("leads[status]") for key in update)


def test_the_body_has_the_account_first_and_brackets_percent_encoded(
    api: Api, sandbox: Sandbox, receiver: Receiver
) -> None:
    subscribe(api, receiver, "update_lead")
    api("PATCH", "leads/7700123", {"price": 150000})
    sandbox.jobs.run_due()
    [body] = receiver.bodies
    assert body.startswith(
        "account%5Bsubdomain%5D=demoschool&account%5Bid%5D=31000001&account%5B_links%5D%5Bself%5D="
        "http%3A%2F%2F127.0.0.1%3A8001%2Famocrm%2Fdemoschool&leads%5Bupdate%5D%5B0%5D%5Bid%5D=7700123&"
    )
    event = dict(parse_qsl(body))
    assert event["leads[update][0][price]"] == "150000"
    assert event["leads[update][0][name]"] == "Договор 14/26"
    assert event["leads[update][0][modified_user_id]"] == str(OLGA)
    assert event["leads[update][0][tags][0][name]"] == "рассрочка"
    assert event["leads[update][0][custom_fields][0][values][0][value]"] == "Нутрициолог"
    assert event["leads[update][0][custom_fields][0][values][0][enum]"] == "1300001"
    # A date travels as a bare value.
    assert event["leads[update][0][custom_fields][2][values][0]"] == "1796072400"


def test_what_changes_nothing_is_not_told(api: Api, sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(api, receiver, "update_lead")
    api("PATCH", "leads/7700123", {"price": 160000})
    api("PATCH", "leads/7700123", {"status_id": 5})
    sandbox.jobs.run_due()
    assert receiver.bodies == []


def test_a_person_at_the_deal_page_fires_the_same_hooks(
    api: Api, sandbox: Sandbox, client: Browser, receiver: Receiver
) -> None:
    subscribe(api, receiver, "update_lead", "responsible_lead", "delete_lead", "restore_lead", "note_lead")
    client.get(f"{ROOT}/leads/")
    page = f"{ROOT}/_ui/leads/7700123"
    client.post(page, json={"responsible_user_id": ANTON})
    client.post(f"{page}/notes", json={"text": "Звонил"})
    client.post(f"{page}/delete", json={})
    client.post(f"{page}/restore", json={})
    sandbox.jobs.run_due()
    update, responsible, note, deleted, restored = receiver.events()
    assert update["leads[update][0][modified_user_id]"] == str(MARIA)
    assert responsible["leads[responsible][0][old_responsible_user_id]"] == str(MARIA)
    assert note["leads[note][0][note][text]"] == "Звонил"
    assert {key for key in deleted if key.startswith("leads")} == {
        "leads[delete][0][id]",
        "leads[delete][0][status_id]",
        "leads[delete][0][pipeline_id]",
    }
    assert restored["leads[restore][0][id]"] == "7700123"


def test_a_task_is_told_under_a_singular_key(api: Api, sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(api, receiver, "add_task", "update_task")
    task = {"text": "Позвонить", "complete_till": 1796072400, "entity_id": 7700123, "entity_type": "leads"}
    task_id = api("POST", "tasks", [task]).json["_embedded"]["tasks"][0]["id"]
    api("PATCH", f"tasks/{task_id}", {"is_completed": True, "result": {"text": "Да"}})
    sandbox.jobs.run_due()
    added, updated = receiver.events()
    assert added["task[add][0][complete_till]"] == "2026-12-01 00:00:00"
    assert (updated["task[update][0][status]"], updated["task[update][0][result][text]"]) == ("1", "Да")


@pytest.mark.parametrize(
    ("status", "minutes"),
    [(500, [5, 15, 15, 60]), (503, [5, 15, 15, 60]), (404, [5, 15]), (301, [5, 15])],
)
def test_failures_are_repeated_by_the_table(
    api: Api, sandbox: Sandbox, receiver: Receiver, status: int, minutes: list[int]
) -> None:
    receiver.status = status
    subscribe(api, receiver, "update_lead")
    api("PATCH", "leads/7700123", {"price": 1})
    seen: list[float] = []
    sandbox.jobs.run_due()
    while waits(sandbox):
        seen += waits(sandbox)
        sandbox.clock.set_offset(sandbox.clock.offset + timedelta(minutes=seen[-1], seconds=1))
        sandbox.jobs.run_due()
    assert seen == minutes
    assert len(receiver.bodies) == len(minutes) + 1
    assert len(set(receiver.bodies)) == 1


def test_a_hook_is_disabled_after_a_hundred_failures_in_two_hours(
    api: Api, sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.status = 400
    number = subscribe(api, receiver, "update_lead")
    row = sandbox.store.get("amocrm/demoschool/hooks", str(number))
    assert row
    now = int(sandbox.clock.now().timestamp())
    old, fresh = [now - 7300] * 5, [now - 60] * 99
    sandbox.store.put("amocrm/demoschool/hooks", str(number), {**row, "failures": old + fresh})

    def disabled() -> bool:
        return bool(api("GET", "webhooks").json["_embedded"]["webhooks"][0]["disabled"])

    api("PATCH", "leads/7700123", {"price": 1})
    sandbox.jobs.run_due()
    assert not disabled()
    api("PATCH", "leads/7700123", {"price": 2})
    sandbox.jobs.run_due()
    assert disabled()
    api("PATCH", "leads/7700123", {"price": 3})
    assert len(receiver.bodies) == 2
    subscribe(api, receiver, "update_lead")
    assert not disabled()


@pytest.mark.parametrize(("fault", "count"), [("hook_lost", 0), ("hook_twice", 2)])
def test_hooks_get_lost_or_come_twice_on_demand(
    api: Api, sandbox: Sandbox, receiver: Receiver, fault: str, count: int
) -> None:
    subscribe(api, receiver, "update_lead")
    sandbox.faults.switch("amocrm", fault, count=1)
    api("PATCH", "leads/7700123", {"price": 1})
    sandbox.jobs.run_due()
    assert len(receiver.bodies) == count


def test_a_late_hook_comes_after_a_minute(api: Api, sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(api, receiver, "update_lead")
    sandbox.faults.switch("amocrm", "hook_late", count=1)
    api("PATCH", "leads/7700123", {"price": 1})
    sandbox.jobs.run_due()
    assert receiver.bodies == []
    sandbox.clock.set_offset(timedelta(seconds=61))
    sandbox.jobs.run_due()
    assert len(receiver.bodies) == 1
