"""A client that others wrote from the same documentation agrees with the emulator, its parser with ours."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from config.embedded.ports import free_port
from crm import brackets
from sandbox.amocrm import hooks, tokens
from sandbox.amocrm.world import Crm, World
from sandbox.app import Sandbox, create_app
from sandbox.clock import Clock
from sandbox.store import Store

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[3]
PYTHON = ROOT / "var" / "clients" / "aioamocrm" / "bin" / "python"
VISIT = ROOT / "tests" / "clients" / "aioamocrm_visit.py"
LEAD, OWNER = 7700123, 8100001
CLIENT_ID = "7c1d5f2a-0000-4a11-9b11-aaaaaaaaaaaa"


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    """The demo school behind a socket."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    store = Store(tmp_path / "sandbox.sqlite3")
    app = create_app(store=store, clock=Clock(store), product_url="http://127.0.0.1:8000", public_url=url)
    seed = (ROOT / "sandbox" / "demo" / "seed.json").read_bytes()
    app.test_client().post("/_sandbox/seed", data=seed, content_type="application/json")
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sandbox: Sandbox = app.extensions["sandbox"]
    yield Crm(World(store, sandbox.clock, sandbox.jobs, url, sandbox.product_url), "demoschool")
    server.shutdown()
    server.server_close()


def visit(crm: Crm, bodies: list[str]) -> dict[str, Any]:
    """Let the other client connect, read and write; returns what it understood."""
    if not PYTHON.exists():
        pytest.skip("its environment is made by bin/test")
    owner = tokens.integration(crm, CLIENT_ID)
    assert owner is not None
    told = {
        "base": crm.url,
        "code": tokens.issue_code(crm, CLIENT_ID, OWNER),
        "client_id": CLIENT_ID,
        "secret": owner["client_secret"],
        "redirect": owner["redirect_uri"],
        "lead": LEAD,
        "hooks": bodies,
    }
    done = subprocess.run(
        [str(PYTHON), str(VISIT)],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_another_client_connects_reads_writes_and_parses_our_hooks(crm: Crm) -> None:
    lead = crm.get("leads", LEAD)
    assert lead is not None
    moved = hooks.lead_item(crm, lead, old_status_id=1, old_pipeline_id=2)
    robots = {**moved, "name": "", "responsible_user_id": 0}
    del robots["price"]
    bodies = [
        hooks.encoded(crm, {"leads": {"update": [moved], "status": [moved, robots]}}),
        hooks.encoded(crm, {"leads": {"delete": [{"id": LEAD, "status_id": 1, "pipeline_id": 2}]}}),
    ]
    told = visit(crm, bodies)

    assert (told["account"], told["name"], told["price"]) == (31000001, lead["name"], 777)
    assert (told["notes"], told["tasks"]) == (1, 1)
    assert told["stages"][-1] == "Закрыто и не реализовано"
    assert told["users"] == ["Ольга Демидова", "Мария Кузнецова", "Антон Белов"]
    assert told["fields"] == len([row for row in crm.rows("fields") if row["owner"] == "leads"])
    assert told["hooks"] == [ours(body) for body in bodies]
    assert crm.rows("notes")[-1]["params"]["text"] == "от другого клиента"
    changed = crm.get("leads", LEAD)
    assert changed is not None
    assert changed["price"] == 777


def ours(body: str) -> list[list[Any]]:
    """The events of a body as our own parser sees them."""
    nested = brackets.parse(body.encode())
    return [
        [entity, action, item.get("id"), item.get("price")]
        for entity, actions in nested.items()
        if entity != "account"
        for action, items in actions.items()
        for item in items.values()
    ]
