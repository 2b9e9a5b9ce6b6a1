"""The emulator of amoCRM as a client meets it: a fresh store, the demo school, one bearer token."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask

from sandbox.amocrm import wire
from sandbox.app import Sandbox, create_app
from sandbox.clock import Clock
from sandbox.store import Store

ROOT = "/amocrm/demoschool"
TOKEN = "demo-amo-token-school"
CLIENT_ID = "7c1d5f2a-0000-4a11-9b11-aaaaaaaaaaaa"
SECRET = "demo-amo-secret-of-the-school-31000001"
OLGA, MARIA, ANTON = 8100001, 8100002, 8100003
SEED = Path(__file__).parents[3] / "sandbox" / "demo" / "seed.json"

Api = Callable[..., Any]


class Browser(Protocol):
    """A test client; the documents in its answers are what the tests look at, not the type checker."""

    def get(self, path: str, **more: Any) -> Any: ...

    def post(self, path: str, **more: Any) -> Any: ...

    def put(self, path: str, **more: Any) -> Any: ...

    def open(self, path: str, **more: Any) -> Any: ...


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(wire, "METER", wire.Meter())
    store = Store(tmp_path / "sandbox.sqlite3")
    app = create_app(
        store=store,
        clock=Clock(store),
        product_url="http://127.0.0.1:8000",
        public_url="http://127.0.0.1:8001",
    )
    load_seed(app)
    return app


def load_seed(app: Flask) -> None:
    """The demo's seed without its own subscriber: a test that wants web hooks brings one."""
    data = json.loads(SEED.read_text())
    del data["amocrm"]["accounts"][0]["webhooks"]
    app.test_client().post("/_sandbox/seed", json=data)


@pytest.fixture
def sandbox(app: Flask) -> Sandbox:
    found: Sandbox = app.extensions["sandbox"]
    return found


@pytest.fixture
def client(app: Flask) -> Browser:
    return app.test_client()


@pytest.fixture
def api(client: Browser) -> Api:
    """`api("GET", "leads/1", headers={…})` with the school's long-lived token."""

    def call(method: str, path: str, body: Any = None, **more: Any) -> Any:
        wire.METER = wire.Meter()
        headers = {"Authorization": f"Bearer {TOKEN}", **more.pop("headers", {})}
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        return client.open(f"{ROOT}/api/v4/{path}", method=method, headers=headers, **more)

    return call
