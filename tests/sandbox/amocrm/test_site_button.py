"""The site button: the secret comes first, then the browser with a code that the new integration may use."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sandbox.app import Sandbox

from .conftest import OLGA, ROOT, Browser

BACK = "http://127.0.0.1:8000/oauth/amocrm/callback/"


@pytest.fixture
def told() -> Any:
    """What arrived at an address for secrets."""
    found: list[Any] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.append(f"http://127.0.0.1:{server.server_port}/secrets/")
    yield found
    server.shutdown()
    server.server_close()


def press(client: Browser, secrets_uri: str, **form: str) -> Any:
    query = {"name": "Grafik", "redirect_uri": BACK, "secrets_uri": secrets_uri, "state": "s-1"}
    fields = {"subdomain": "demoschool", "user_id": str(OLGA), "mode": "post_message", "decision": "allow"}
    return client.post(f"/amocrm/oauth/external?{urlencode(query)}", data={**fields, **form})


def test_the_secret_comes_before_the_code_and_both_work(client: Browser, told: list[Any]) -> None:
    answer = press(client, told[0])
    given = told[1]
    assert given["state"] == "s-1"
    query = {
        name: values[0] for name, values in parse_qs(urlsplit(str(answer.headers["Location"])).query).items()
    }
    assert (query["state"], query["client_id"]) == ("s-1", given["client_id"])
    body = {name: given[name] for name in ("client_id", "client_secret")} | {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": BACK,
    }
    pair = client.post(f"{ROOT}/oauth2/access_token", json=body).json
    account = client.get(
        f"{ROOT}/api/v4/account", headers={"Authorization": f"Bearer {pair['access_token']}"}
    )
    assert account.status_code == 200


def test_who_refuses_makes_no_integration(client: Browser, told: list[Any], sandbox: Sandbox) -> None:
    answer = press(client, told[0], decision="deny")
    assert "error=access_denied" in str(answer.headers["Location"])
    assert len(told) == 1


def test_the_page_needs_both_addresses(client: Browser) -> None:
    whole = urlencode({"redirect_uri": BACK, "secrets_uri": BACK})
    assert client.get(f"/amocrm/oauth/external?{whole}").status_code == 200
    assert client.get(f"/amocrm/oauth/external?{urlencode({'redirect_uri': BACK})}").status_code == 404


def test_the_script_is_served(client: Browser) -> None:
    answer = client.get("/amocrm/auth/button.min.js")
    assert answer.status_code == 200
    assert "oauth/external" in answer.get_data(as_text=True)
