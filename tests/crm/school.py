"""The demo school from both sides: the sandbox's emulator behind a real socket, and our rows for it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from werkzeug.serving import make_server

from config.embedded.ports import free_port
from crm import limits, transport
from crm.hooks import hash_of
from crm.models import Account, Connection, Deal, Integration, Pipeline
from sandbox.amocrm import tokens, wire
from sandbox.amocrm.world import Crm, World
from sandbox.app import Sandbox, create_app
from sandbox.clock import Clock
from sandbox.store import Store
from tests.factories import FIELDS

SEED = Path(__file__).parents[2] / "sandbox" / "demo" / "seed.json"
LEAD, OTHER_LEAD = 7700123, 7700124
PIPELINE, CONTRACT, PAYING, OVERDUE, WON, LOST = 6100001, 55000120, 55000140, 55000150, 142, 143
OLGA, MARIA, ANTON = 8100001, 8100002, 8100003
DEBT, NEXT_DUE, STATE, LINK = 910020, 910021, 910023, 910024
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WEBHOOK_KEY = "3f0c9a4be1d24c55a7a0d7f0c1e2b3a4"


@dataclass(frozen=True)
class Amocrm:
    """The emulated account: what it holds, and what goes wrong with it."""

    url: str
    sandbox: Sandbox
    crm: Crm

    def lead(self, lead_id: int = LEAD) -> dict[str, Any]:
        found = self.crm.get("leads", lead_id)
        assert found is not None
        return found

    def change(self, lead_id: int = LEAD, **columns: Any) -> None:
        self.crm.put("leads", self.lead(lead_id) | columns)

    def value(self, field_id: int, lead_id: int = LEAD) -> Any:
        values = self.lead(lead_id)["values"].get(str(field_id))
        return values[0]["value"] if values else None

    def notes(self, lead_id: int = LEAD) -> list[str]:
        return [note["params"]["text"] for note in self.crm.rows("notes") if note["entity_id"] == lead_id]

    def tasks(self, lead_id: int = LEAD) -> list[dict[str, Any]]:
        return [task for task in self.crm.rows("tasks") if task["entity_id"] == lead_id]

    def calls(self) -> list[str]:
        """Method and path of every API call that arrived, oldest first."""
        lines = self.sandbox.journal.lines(service="amocrm", direction="in")
        root = "/amocrm/demoschool/"
        return [f"{line['method']} {line['url'].partition('?')[0].removeprefix(root)}" for line in lines]

    def spoil(self, fault: str, *, count: int | None = 1) -> None:
        self.sandbox.faults.switch("amocrm", fault, count=count)

    def heal(self, fault: str) -> None:
        self.sandbox.faults.clear("amocrm", fault)

    def pair(self) -> dict[str, Any]:
        """A fresh access and refresh token of the account's integration."""
        return tokens.issue_pair(self.crm, CLIENT_ID, OLGA)


CLIENT_ID = "7c1d5f2a-0000-4a11-9b11-aaaaaaaaaaaa"
# As long as amoCRM's own; the demo's is short and readable.
SECRET_OF_THE_DEMO = "demo-amo-secret-of-the-school-31000001"
SECRET = SECRET_OF_THE_DEMO.ljust(64, "-")
REDIRECT = "http://127.0.0.1:8000/oauth/amocrm/callback/"


def emulated(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amocrm]:
    """Run the emulator of the demo school on a free port and point the product at it."""
    monkeypatch.setattr(wire, "METER", wire.Meter())
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    store = Store(tmp_path / "sandbox.sqlite3")
    app = create_app(store=store, clock=Clock(store), product_url="http://127.0.0.1:8000", public_url=url)
    data = SEED.read_text().replace(SECRET_OF_THE_DEMO, SECRET)
    app.test_client().post("/_sandbox/seed", data=data, content_type="application/json")
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    settings.AMOCRM_URL = f"{url}/amocrm/{{subdomain}}"
    settings.AMOCRM_AUTH_URL = f"{url}/amocrm"
    transport._session.cache_clear()
    limits._redis.cache_clear()
    sandbox: Sandbox = app.extensions["sandbox"]
    world = World(store, sandbox.clock, sandbox.jobs, url, sandbox.product_url)
    yield Amocrm(url, sandbox, Crm(world, "demoschool"))
    server.shutdown()
    server.server_close()
    thread.join(5)


def make_account(
    *, subdomain: str = "demoschool", external_id: int = 31000001, client_id: str = CLIENT_ID
) -> Account:
    account = Account.objects.create(
        key=subdomain,
        external_id=external_id,
        subdomain=subdomain,
        fields=FIELDS,
        fallback_user=OLGA,
        webhook_key_hash=hash_of(WEBHOOK_KEY + subdomain.removeprefix("demoschool")),
    )
    Integration.objects.create(
        account=account, client_id=client_id, client_secret=SECRET, redirect_uri=REDIRECT
    )
    Connection.objects.create(account=account, access_token="demo-amo-token-school", state="connected")
    Pipeline.objects.create(
        account=account, external_id=PIPELINE, overdue_status=OVERDUE, lost_statuses=[LOST]
    )
    return account


def make_deal(account: Account, lead_id: int = LEAD, **columns: Any) -> Deal:
    given: dict[str, Any] = {
        "pipeline_id": PIPELINE,
        "status_id": CONTRACT,
        "responsible_user_id": MARIA,
        "fetched_at": NOW,
    }
    return Deal.objects.create(account=account, external_id=lead_id, **given | columns)
