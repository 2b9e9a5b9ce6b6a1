"""Upload and life of a widget in the account, and the one-time token."""

import base64
import hashlib
import hmac
import io
import json
from typing import Any

import pytest

from sandbox.app import Sandbox

from . import archives
from .conftest import CLIENT_ID, MARIA, OLGA, ROOT, SECRET, Browser

TOKEN_PATH = f"{ROOT}/ajax/v2/integrations/{CLIENT_ID}/disposable_token"
XHR = {"X-Requested-With": "XMLHttpRequest"}


def upload(client: Browser, **widget: Any) -> Any:
    raw = archives.packed(archives.widget_files(**widget))
    return client.post("/_sandbox/widget?subdomain=demoschool", data=raw, content_type="application/zip")


def become(client: Browser, user_id: int) -> None:
    client.get(f"{ROOT}/leads/")
    assert client.post(f"{ROOT}/_ui/user", json={"user_id": user_id}).status_code == 200


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_an_uploaded_widget_is_served_and_known_to_the_pages(client: Browser) -> None:
    answer = upload(client)
    code = answer.json["code"]
    assert (answer.status_code, answer.json["client_id"]) == (201, CLIENT_ID)
    assert client.get(f"{ROOT}/widgets/{code}/script.js").data == archives.SCRIPT.encode()
    assert client.get(f"{ROOT}/widgets/{code}/secret.txt").status_code == 404
    client.get(f"{ROOT}/leads/")
    [known] = client.get(f"{ROOT}/_ui/state").json["widgets"]
    assert (known["version"], known["installed"]) == ("1.0.0", True)


def test_a_new_version_replaces_the_archive_and_keeps_settings(client: Browser) -> None:
    code = upload(client).json["code"]
    become(client, OLGA)
    client.post(f"{ROOT}/_ui/widgets/{code}", json={"active": True, "settings": {"note": "А"}})
    assert upload(client, version="1.0.1").json["code"] == code
    [known] = client.get(f"{ROOT}/_ui/state").json["widgets"]
    assert (known["version"], known["settings"]) == ("1.0.1", {"note": "А"})


def test_a_bad_archive_is_refused_with_all_its_errors(client: Browser) -> None:
    answer = upload(client, version=None, interface_version=1)
    assert answer.status_code == 400
    assert len(answer.json["errors"]) == 2
    client.get(f"{ROOT}/leads/")
    assert client.get(f"{ROOT}/_ui/state").json["widgets"] == []


def test_an_upload_to_nobody_is_404(client: Browser) -> None:
    assert client.post("/_sandbox/widget?subdomain=nobody", data=b"x").status_code == 404
    other = client.post("/_sandbox/widget?subdomain=demoschool&client_id=x", data=b"x")
    assert other.status_code == 404


def test_a_form_with_a_file_is_taken_too(client: Browser) -> None:
    raw = archives.packed(archives.widget_files())
    with_file = {"file": (io.BytesIO(raw), "widget.zip")}
    assert client.post("/_sandbox/widget?subdomain=demoschool", data=with_file).status_code == 201


def test_the_token_is_signed_by_the_secret_and_names_user_and_account(
    client: Browser, sandbox: Sandbox
) -> None:
    become(client, MARIA)
    head, body, mac = client.get(TOKEN_PATH, headers=XHR).json["token"].split(".")
    expected = hmac.new(SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    claims = json.loads(unpacked(body))
    assert unpacked(mac) == expected
    assert json.loads(unpacked(head)) == {"typ": "JWT", "alg": "HS256"}
    assert claims["exp"] - claims["iat"] == 1800
    assert abs(claims["iat"] - sandbox.clock.now().timestamp()) < 5
    assert len({claims.pop(name) for name in ("jti", "iat", "nbf", "exp")}) == 3
    assert claims == {
        "iss": "http://127.0.0.1:8001",
        "aud": "http://127.0.0.1:8000",
        "account_id": 31000001,
        "user_id": MARIA,
        "subdomain": "demoschool",
        "client_uuid": CLIENT_ID,
        "is_admin": False,
    }


def test_every_token_is_another_one(client: Browser) -> None:
    become(client, OLGA)
    first, second = (client.get(TOKEN_PATH, headers=XHR).json["token"] for _ in range(2))
    assert first != second
    assert json.loads(unpacked(first.split(".")[1]))["is_admin"] is True


def test_without_a_session_or_by_a_foreign_page_there_is_no_token(client: Browser) -> None:
    assert client.get(TOKEN_PATH, headers=XHR).status_code == 401
    become(client, MARIA)
    answer = client.get(TOKEN_PATH)
    assert answer.status_code == 401
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert client.get(TOKEN_PATH.replace(CLIENT_ID, "x"), headers=XHR).status_code == 404


@pytest.mark.parametrize(("user_id", "status"), [(MARIA, 403), (OLGA, 200)])
def test_only_an_administrator_saves_a_widget(client: Browser, user_id: int, status: int) -> None:
    code = upload(client).json["code"]
    become(client, user_id)
    answer = client.post(f"{ROOT}/_ui/widgets/{code}", json={"active": True, "settings": {}})
    assert answer.status_code == status


def test_switching_off_ends_tokens_and_switching_on_calls_the_redirect_address(
    client: Browser, sandbox: Sandbox
) -> None:
    code = upload(client).json["code"]
    become(client, OLGA)
    client.post(f"{ROOT}/_ui/widgets/{code}", json={"active": False, "settings": {}})
    assert client.get(TOKEN_PATH, headers=XHR).status_code == 403
    assert len(sandbox.jobs.waiting("amocrm.uninstall")) == 1
    client.post(f"{ROOT}/_ui/widgets/{code}", json={"active": True, "settings": {}})
    assert client.get(TOKEN_PATH, headers=XHR).status_code == 200
    assert len(sandbox.jobs.waiting("amocrm.install")) == 1
