"""A sandbox with Robokassa shops, and a shop's site that remembers what it hears and answers `OK<InvId>`."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.app import Sandbox, create_app
from sandbox.clock import Clock
from sandbox.store import Store

PASSWORDS = {
    "password1": "q7Lw-Alpha_01",
    "password2": "z3Kd-Beta_02",
    "password3": "n9Vt-Gamma_03",
    "test_password1": "tst1-Delta",
    "test_password2": "tst2-Eps",
}
LOGIN, OTHER_LOGIN = "franch-spb-07", "franch-spb-08"


def md5(text: str) -> str:
    """Robokassa's oldest method and the one of these shops."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Heard:
    """One request the site got: a query of a GET or the body of a POST."""

    method: str
    path: str
    raw: str
    content_type: str

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw, keep_blank_values=True))


@dataclass
class Site:
    """Answers `answers` first, one for one request, and then as it should."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)

    def of(self, path: str) -> list[Heard]:
        return [request for request in self.heard if request.path == path]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def do_GET(self) -> None:
            self.answer(urlsplit(self.path).query)

        def answer(self, raw: str) -> None:
            heard = Heard(self.command, urlsplit(self.path).path, raw, self.headers.get("Content-Type", ""))
            site.heard.append(heard)
            status, body = site.answers.pop(0) if site.answers else (200, f"OK{heard.fields.get('InvId')}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()


@dataclass
class World:
    """The sandbox under test, spoken to as a shop and as a payer."""

    sandbox: Sandbox
    client: FlaskClient

    def link(
        self, *, password: str = PASSWORDS["password1"], algorithm: str = "md5", **given: str
    ) -> dict[str, str]:
        """A signed minimal link: 3500.00 roubles of number 70001, with what is given besides."""
        fields = {"MerchantLogin": LOGIN, "OutSum": "3500.00", "InvId": "70001"} | given
        if "SignatureValue" not in fields:
            own = [f"{name}={fields[name]}" for name in sorted(fields) if name.startswith("Shp_")]
            optional = [fields[name] for name in ("Receipt", "ResultUrl2") if name in fields]
            optional += [fields[name] for name in ("SuccessUrl2", "SuccessUrl2Method") if name in fields]
            optional += [fields[name] for name in ("FailUrl2", "FailUrl2Method") if name in fields]
            parts = [fields["MerchantLogin"], fields["OutSum"], fields["InvId"], *optional, password, *own]
            fields["SignatureValue"] = hashlib.new(algorithm, ":".join(parts).encode()).hexdigest()
        return fields

    def open(self, fields: dict[str, str]) -> TestResponse:
        return self.client.get("/robokassa/Merchant/Index.aspx", query_string=fields)

    def pay(self, fields: dict[str, str] | None = None, **form: str) -> dict[str, Any]:
        """Open a link and pay it as a program does; the answer."""
        response = self.client.post(
            "/robokassa/Merchant/Index.aspx",
            query_string=fields or self.link(),
            data=form,
            headers={"Accept": "application/json"},
        )
        decoded: dict[str, Any] = response.get_json()
        return decoded

    def state(
        self, inv_id: str = "70001", *, login: str = LOGIN, password: str = "z3Kd-Beta_02"
    ) -> dict[str, str]:
        """OpStateExt as {"Result/Code": …, "State/Code": …, "Info/OutSum": …}, without the namespace."""
        signature = md5(f"{login}:{inv_id}:{password}").upper()
        response = self.client.get(
            "/robokassa/Merchant/WebService/Service.asmx/OpStateExt",
            query_string={"MerchantLogin": login, "InvoiceID": inv_id, "Signature": signature},
        )
        assert response.content_type == "text/xml; charset=utf-8"
        root = ElementTree.fromstring(response.data)  # noqa: S314 - the emulator's own answer
        assert root.tag == "{http://merchant.roboxchange.com/WebService/}OperationStateResponse"
        return dict(_flat(root, ""))

    def rows(self, name: str) -> list[dict[str, Any]]:
        decoded: list[dict[str, Any]] = self.client.get(f"/_sandbox/robokassa/{name}").get_json()
        return decoded

    def later(self, **step: float) -> int:
        """Let sandbox time pass and run what became due; how many jobs ran."""
        self.sandbox.clock.set_offset(self.sandbox.clock.offset + timedelta(**step))
        return self.sandbox.jobs.run_due()

    def change_shop(self, **values: Any) -> None:
        row = self.sandbox.store.get("robokassa.shops", LOGIN)
        assert row is not None
        self.sandbox.store.put("robokassa.shops", LOGIN, row | values)


def _flat(element: ElementTree.Element, above: str) -> Iterator[tuple[str, str]]:
    for child in element:
        path = f"{above}/{child.tag.rpartition('}')[2]}".strip("/")
        yield path, child.text or ""
        yield from _flat(child, path)


@pytest.fixture
def world(tmp_path: Path, site: Site) -> World:
    store = Store(tmp_path / "sandbox.sqlite3")
    app = create_app(
        store=store, clock=Clock(store), product_url=site.url, public_url="http://127.0.0.1:8001"
    )
    shop = {"login": LOGIN, "algorithm": "md5", "name": "Квесты", "legal_name": "ИП Орлов П. А."}
    shop |= PASSWORDS | {"result_url": f"{site.url}/result/"}
    shops = [shop, shop | {"login": OTHER_LOGIN, "password1": "other1", "password2": "other2"}]
    client = app.test_client()
    seeded = client.post("/_sandbox/seed", json={"robokassa": {"shops": shops}})
    assert seeded.get_json() == {"ok": True}
    return World(app.extensions["sandbox"], client)
