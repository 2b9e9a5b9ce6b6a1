"""Triggers of the pipeline, steps of a bot and the card on a phone, with the product's own built widget."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from sandbox.amocrm import automation, hooks
from sandbox.app import Sandbox

from . import archives
from .conftest import CLIENT_ID, MARIA, OLGA, ROOT, Browser
from .test_widgets import become, unpacked

DIST = Path(__file__).parents[3] / "widget_js" / "dist"
LEAD, PIPELINE, NEXT_STAGE = 7700123, 6100001, 55000140
REQUEST = {"url": "http://x/", "data": {"lead": "{{lead.id}}"}}
STEPS = [{"question": [{"handler": "widget_request", "params": REQUEST}]}]


@pytest.fixture
def code(client: Browser) -> str:
    files = {str(one.relative_to(DIST)): one.read_bytes() for one in DIST.rglob("*") if one.is_file()}
    answer = client.post("/_sandbox/widget?subdomain=demoschool", data=archives.packed(files))
    assert answer.status_code == 201, answer.json
    become(client, OLGA)
    return str(answer.json["code"])


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """What amoCRM's server sent, instead of sending it."""
    sent: list[tuple[str, dict[str, str]]] = []

    def post(address: str, body: str, _seconds: float) -> int:
        sent.append((address, dict(parse_qsl(body))))
        return 200

    monkeypatch.setattr(hooks, "post_form", post)
    return sent


def trigger(client: Browser, code: str, **changes: Any) -> Any:
    settings = {"action": "links", "hook_key": "k_3f"}
    stage = {"pipeline_id": PIPELINE, "status_id": NEXT_STAGE}
    return client.post(f"{ROOT}/_ui/triggers", json={"code": code, "settings": settings, **stage, **changes})


def move(client: Browser, status_id: int) -> None:
    assert client.post(f"{ROOT}/_ui/leads/{LEAD}", json={"status_id": status_id}).status_code == 200


def test_a_deal_that_comes_to_the_stage_is_told_once(
    client: Browser, sandbox: Sandbox, code: str, posted: list[tuple[str, dict[str, str]]]
) -> None:
    assert trigger(client, code).status_code == 201
    move(client, NEXT_STAGE)
    client.post(f"{ROOT}/_ui/leads/{LEAD}", json={"name": "Иначе"})
    sandbox.jobs.run_due()
    [(address, form)] = posted
    assert address == "https://grafik.invalid/webhooks/amocrm/pipeline/"
    assert form["event[type]"] == "14"
    assert form["event[data][id]"] == str(LEAD)
    assert form["event[data][direction_of_movement]"] == "went_to_trigger"
    assert form["action[settings][widget][settings][hook_key]"] == "k_3f"
    assert (form["subdomain"], form["account_id"]) == ("demoschool", "31000001")


def test_a_trigger_that_was_dropped_and_another_stage_say_nothing(
    client: Browser, sandbox: Sandbox, code: str, posted: list[tuple[str, dict[str, str]]]
) -> None:
    made = trigger(client, code).json["id"]
    move(client, 142)
    client.post(f"{ROOT}/_ui/triggers/{made}/delete", json={})
    move(client, NEXT_STAGE)
    sandbox.jobs.run_due()
    assert posted == []


def test_a_trigger_needs_an_administrator_a_known_stage_and_its_required_fields(
    client: Browser, code: str
) -> None:
    assert trigger(client, code, status_id=1).status_code == 404
    assert trigger(client, "nobody").status_code == 404
    assert trigger(client, code, settings={"action": "links"}).status_code == 422
    become(client, MARIA)
    assert trigger(client, code).status_code == 403
    assert client.get(f"{ROOT}/_ui/automation").json["triggers"] == []


def test_a_bot_of_the_designer_asks_with_its_markers_filled(
    client: Browser, sandbox: Sandbox, code: str, posted: list[tuple[str, dict[str, str]]]
) -> None:
    made = client.post(f"{ROOT}/_ui/bots", json={"code": code, "name": "Б", "steps": json.dumps(STEPS)})
    run = [{"bot_id": made.json["id"], "entity_id": LEAD, "entity_type": 2}]
    token = {"Authorization": "Bearer demo-amo-token-school"}
    assert client.post(f"{ROOT}/api/v2/salesbot/run", json=run, headers=token).status_code == 202
    sandbox.jobs.run_due()
    [(address, form)] = posted
    assert (address, form["data[lead]"]) == ("http://x/", str(LEAD))


def exits(value: str) -> dict[str, Any]:
    return {"handler": "exits", "params": {"value": value}}


@pytest.mark.parametrize(
    ("logic", "operation", "told", "way"),
    [
        ("and", "=", {"status": "success", "why": "x"}, "got"),
        ("and", "=", {"status": "success"}, "none"),
        ("or", "=", {"status": "success"}, "got"),
        ("and", "!=", {}, "got"),
        ("or", "=", {}, "none"),
    ],
)
def test_a_bot_takes_the_exit_that_its_conditions_say(
    logic: str, operation: str, told: dict[str, str], way: str
) -> None:
    terms = [("{{json.status}}", "success"), ("{{ json.why }}", "x")]
    conditions = [{"term1": left, "term2": right, "operation": operation} for left, right in terms]
    params = {"logic": logic, "conditions": conditions, "result": [exits("got")]}
    behind = {"question": [{"handler": "conditions", "params": params}, exits("none")]}
    assert automation.exit_of(json.dumps([*STEPS, behind]), told) == way
    assert automation.exit_of(json.dumps(STEPS), told) == ""


@pytest.mark.parametrize("steps", ["", "[]", "null", '[{"question": []}]', '{"a": 1}', None, 7])
def test_steps_that_no_bot_can_do_are_refused(client: Browser, code: str, steps: Any) -> None:
    assert client.post(f"{ROOT}/_ui/bots", json={"code": code, "steps": steps}).status_code == 422


def test_the_phone_opens_the_widgets_page_with_a_token_that_names_the_deal(
    client: Browser, code: str
) -> None:
    assert code.encode() in client.get(f"{ROOT}/phone/leads/{LEAD}").data
    opened = client.get(f"{ROOT}/phone/leads/{LEAD}/{code}")
    parts = urlsplit(opened.headers["Location"])
    query = parse_qs(parts.query)
    assert (parts.netloc, parts.path) == ("grafik.invalid", "/analytics/mobile/")
    assert query["from"] == ["ios"]
    claims = json.loads(unpacked(query["token"][0].split(".")[1]))
    assert claims["data"] == {"entity_type": "leads", "entity_id": LEAD}
    assert (claims["client_uuid"], claims["user_id"]) == (CLIENT_ID, OLGA)
