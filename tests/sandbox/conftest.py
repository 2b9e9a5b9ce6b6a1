"""A whole sandbox in a folder of its own, and a stand-in for the product that remembers the notices it got.

Background work is run by hand (`sandbox.jobs.run_due()`), so nothing here waits for real time.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.app import Sandbox, create_app
from sandbox.clock import Clock
from sandbox.store import Store

SITE = {
    "public_id": "pk_test",
    "api_secret": "secret",
    "inn": "7700000009",
    "name": "Школа",
    "taxation_systems": [1],
    "test_mode": False,
}
OTHER_SITE = SITE | {"public_id": "pk_other", "api_secret": "other", "inn": "7800000008"}


@dataclass(frozen=True)
class Heard:
    """One request the stand-in got."""

    kind: str
    headers: dict[str, str]
    body: str

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))


@dataclass
class Product:
    """Answers every notice with `answers[kind]`: (status, body), after doing `meanwhile[kind]`."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)

    def kinds(self) -> list[str]:
        return [request.kind for request in self.heard]

    def of(self, kind: str) -> list[Heard]:
        return [request for request in self.heard if request.kind == kind]


@pytest.fixture
def product() -> Iterator[Product]:
    product = Product()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            kind = self.path.strip("/")
            product.heard.append(Heard(kind, dict(self.headers), body))
            product.meanwhile.get(kind, lambda: None)()
            status, answer = product.answers.get(kind, (200, '{"code":0}'))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    product.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield product
    server.shutdown()
    server.server_close()


@dataclass
class World:
    """The sandbox under test, spoken to as a merchant and as a payer."""

    sandbox: Sandbox
    client: FlaskClient

    def call(
        self,
        path: str,
        *,
        request_id: str = "",
        auth: tuple[str, str] | None = ("pk_test", "secret"),
        **fields: Any,
    ) -> TestResponse:
        headers = {"X-Request-ID": request_id} if request_id else {}
        return self.client.post(f"/cloudpayments{path}", json=fields, headers=headers, auth=auth)

    def answer(self, path: str, **fields: Any) -> dict[str, Any]:
        """The decoded answer of a call that must reach the API."""
        response = self.call(path, **fields)
        assert response.status_code == 200, response.text
        decoded: dict[str, Any] = response.get_json()
        return decoded

    def order(self, **fields: Any) -> str:
        """A new order's id; «INST-1» for 12 500,50 ₽ unless told otherwise."""
        given: dict[str, Any] = {"Amount": 12500.50, "Description": "Взнос 2/6", "InvoiceId": "INST-1"}
        given |= {"AccountId": "student-1", "Email": "anna+school@example.org"}
        return str(self.answer("/orders/create", **(given | fields))["Model"]["Id"])

    def pay(self, order_id: str, **fields: str) -> dict[str, Any]:
        response = self.client.post(
            f"/cloudpayments/d/{order_id}", data=fields, headers={"Accept": "application/json"}
        )
        assert response.status_code == 200, response.text
        decoded: dict[str, Any] = response.get_json()
        return decoded

    def later(self, **step: float) -> int:
        """Let sandbox time pass and run what became due; how many jobs ran."""
        self.sandbox.clock.set_offset(self.sandbox.clock.offset + timedelta(**step))
        return self.sandbox.jobs.run_due()


@pytest.fixture
def world(tmp_path: Path, product: Product) -> World:
    store = Store(tmp_path / "sandbox.sqlite3")
    app = create_app(
        store=store, clock=Clock(store), product_url=product.url, public_url="http://127.0.0.1:8001"
    )
    kinds = ("check", "pay", "fail", "confirm", "refund", "cancel", "receipt")
    addresses = {kind: f"{product.url}/{kind}" for kind in kinds}
    client = app.test_client()
    sites = [site | {"notifications": addresses} for site in (SITE, OTHER_SITE)]
    seeded = client.post("/_sandbox/seed", json={"cloudpayments": {"sites": sites}})
    assert seeded.get_json() == {"ok": True}
    return World(app.extensions["sandbox"], client)
