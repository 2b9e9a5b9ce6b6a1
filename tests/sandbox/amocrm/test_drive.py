"""Files: a session, parts of 512 KiB in order, the file, its place on a deal."""

from typing import Any

from sandbox.app import Sandbox

from .conftest import ROOT, TOKEN, Api, Browser

BEARER = {"Authorization": f"Bearer {TOKEN}"}
PART = 524_288


def open_session(client: Browser, size: int) -> dict[str, Any]:
    body = {"file_name": "schet 14.pdf", "file_size": size, "content_type": "application/pdf"}
    opened = client.post("/amocrm/drive/v1.0/sessions", json=body, headers=BEARER)
    assert opened.status_code == 200
    return dict(opened.json)


def send(client: Browser, address: str, raw: bytes) -> Any:
    return client.post(address.removeprefix("http://127.0.0.1:8001"), data=raw, headers=BEARER)


def test_a_file_goes_in_parts_and_is_attached(client: Browser, api: Api) -> None:
    raw = b"%PDF-" + bytes(PART + 1000)
    session = open_session(client, len(raw))
    assert session["max_part_size"] == PART
    first = send(client, session["upload_url"], raw[:PART])
    assert set(first.json) == {"next_url", "session_id"}
    last = send(client, first.json["next_url"], raw[PART:])
    assert (last.json["size"], last.json["name"], last.json["type"]) == (len(raw), "schet 14.pdf", "document")
    attached = api("PUT", "leads/7700123/files", [{"file_uuid": last.json["uuid"]}])
    assert (attached.status_code, attached.data) == (202, b"")
    [row] = api("GET", "leads/7700123/files").json["_embedded"]["files"]
    assert row["file_uuid"] == last.json["uuid"]
    path = last.json["_links"]["download"]["href"].removeprefix("http://127.0.0.1:8001")
    assert client.get(path).data == raw
    assert api("DELETE", "leads/7700123/files", [{"file_uuid": last.json["uuid"]}]).status_code == 202
    assert api("GET", "leads/7700123/files").status_code == 204


def test_a_part_to_an_old_address_is_refused(client: Browser) -> None:
    session = open_session(client, PART + 1)
    send(client, session["upload_url"], bytes(PART))
    again = send(client, session["upload_url"], bytes(1))
    assert (again.status_code, again.content_type) == (400, "application/json")


def test_more_bytes_than_announced_are_refused(client: Browser) -> None:
    session = open_session(client, 10)
    assert send(client, session["upload_url"], bytes(11)).status_code == 400


def test_an_unknown_session_is_404(client: Browser) -> None:
    assert send(client, "/amocrm/drive/v1.0/sessions/upload/1.x", b"x").status_code == 404


def test_without_the_scope_files_there_is_no_drive(client: Browser, sandbox: Sandbox) -> None:
    row = sandbox.store.get("amocrm/demoschool/tokens", TOKEN)
    assert row
    sandbox.store.put("amocrm/demoschool/tokens", TOKEN, {**row, "scopes": ["crm"]})
    body = {"file_name": "a", "file_size": 1}
    assert client.post("/amocrm/drive/v1.0/sessions", json=body, headers=BEARER).status_code == 403
    files = client.put(f"{ROOT}/api/v4/leads/7700123/files", json=[], headers=BEARER)
    assert files.status_code == 403


def test_an_unknown_token_has_no_drive(client: Browser) -> None:
    nobody = {"Authorization": "Bearer x"}
    assert client.post("/amocrm/drive/v1.0/sessions", json={}, headers=nobody).status_code == 401
