"""Who is let in, how often, and how refusals look."""

from types import SimpleNamespace

import pytest

from sandbox.amocrm import wire
from sandbox.app import Sandbox

from .conftest import CLIENT_ID, OLGA, ROOT, TOKEN, Api, Browser

BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATH = f"{ROOT}/api/v4/leads/7700123"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (PATH, {}),
        (PATH, {"Authorization": "Bearer x"}),
        (PATH, {"Authorization": f"Basic {TOKEN}"}),
        ("/amocrm/nobody/api/v4/account", BEARER),
    ],
)
def test_without_a_known_token_the_answer_is_401_problem(
    client: Browser, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.content_type.startswith("application/problem+json")
    assert answer.json["detail"] == "Неверный логин или пароль"


def test_the_eighth_request_of_a_second_is_429_and_not_json(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=lambda: now[0]))
    statuses = [client.get(PATH, headers=BEARER).status_code for _ in range(8)]
    assert statuses == [200] * 7 + [429]
    refused = client.get(PATH, headers=BEARER)
    assert (refused.content_type, refused.text) == ("text/plain", "Too many requests")
    assert "Retry-After" not in refused.headers
    now[0] += 1.0
    assert client.get(PATH, headers=BEARER).status_code == 200


def test_every_token_has_its_own_second(
    client: Browser, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=lambda: 100.0))
    row = {"id": "other", "client_id": CLIENT_ID, "user_id": OLGA, "scopes": ["crm"], "expires_at": 2**40}
    sandbox.store.put("amocrm/demoschool/tokens", "other", row)
    for _ in range(8):
        client.get(PATH, headers=BEARER)
    assert client.get(PATH, headers={"Authorization": "Bearer other"}).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("rate_limit", 429, "text/html; charset=utf-8"),
        ("html_403", 403, "text/html"),
        ("unpaid", 402, "application/problem+json; charset=utf-8"),
        ("down", 503, "text/html; charset=utf-8"),
        ("error_500", 500, "text/html; charset=utf-8"),
    ],
)
def test_a_switched_fault_refuses_once_and_does_nothing(
    api: Api, sandbox: Sandbox, fault: str, status: int, kind: str
) -> None:
    sandbox.faults.switch("amocrm", fault, count=1)
    refused = api("PATCH", "leads/7700123", {"price": 5})
    assert (refused.status_code, refused.content_type) == (status, kind)
    assert api("GET", "leads/7700123").json["price"] == 160000


def test_an_error_after_the_work_has_done_the_work(api: Api, sandbox: Sandbox) -> None:
    sandbox.faults.switch("amocrm", "error_500_after_work", count=1)
    assert api("PATCH", "leads/7700123", {"price": 5}).status_code == 500
    assert api("GET", "leads/7700123").json["price"] == 5


@pytest.mark.parametrize("body", ["{", '{"a": 1}', "[1]"])
def test_a_malformed_batch_is_400(client: Browser, body: str) -> None:
    answer = client.post(f"{ROOT}/api/v4/leads", data=body, headers=BEARER, content_type="application/json")
    assert answer.status_code == 400
