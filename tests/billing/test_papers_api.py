"""The doors of documents: who may make and open them, and what a wrong request is told."""

import json
import time
from typing import Any

import jwt
import pytest
from django.test import Client

from billing.models import Event
from crm import auth
from crm.models import Deal, Integration
from documents.models import Document
from tests.factories import make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db

USER = 8100002


@pytest.fixture(autouse=True)
def _amocrm(monkeypatch: pytest.MonkeyPatch) -> None:
    """amoCRM lets the user see every deal of the account."""
    monkeypatch.setattr(auth, "may_see", lambda **_asked: True)


def token_of(deal: Deal) -> str:
    integration = Integration.objects.get(account=deal.account)
    now = int(time.time())
    claims = {
        "iss": f"https://{deal.account.subdomain}.amocrm.ru",
        "aud": "http://127.0.0.1:8000",
        "jti": f"{now}",
        "iat": now,
        "nbf": now,
        "exp": now + 1800,
        "account_id": deal.account.external_id,
        "user_id": USER,
        "client_uuid": integration.client_id,
        "is_admin": False,
    }
    return jwt.encode(claims, integration.client_secret, algorithm="HS256")


def call(client: Client, deal: Deal, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return client.generic(
        method,
        f"/api/v1/{path}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"X-Auth-Token": token_of(deal), **headers},
    )


def make(client: Client, deal: Deal, template: Any, **headers: str) -> Any:
    path = f"deals/{deal.external_id}/documents/"
    return call(client, deal, "POST", path, {"template": template}, **headers)


def test_what_the_account_can_make_can_be_made(client: Client) -> None:
    deal = make_deal()
    listed = call(client, deal, "GET", "templates/").json()["results"]
    assert [(one["key"], one["fields"]) for one in listed] == [
        ("contract", []),
        ("offer", []),
        ("act", ["on", "amount"]),
    ]
    made = make(client, deal, listed[1]["key"])
    assert made.status_code == 201
    body = made.json()
    assert (body["number"], body["format"]) == ("2026-00001", "pdf")
    assert body["name"].startswith("Коммерческое предложение № 2026-00001 от ")
    opened = client.get(body["url"].removeprefix("http://127.0.0.1:8000"))
    assert (opened.status_code, opened.content[:5]) == (200, b"%PDF-")
    (line,) = call(client, deal, "GET", f"deals/{deal.external_id}/documents/").json()["results"]
    assert {name: line[name] for name in ("id", "number", "name", "format")} == {
        name: body[name] for name in ("id", "number", "name", "format")
    }
    assert Event.objects.get(deal=deal, kind="document_made").author == f"user:{USER}"


def test_a_repeated_key_makes_no_second_document(client: Client) -> None:
    deal = make_deal()
    first, second = (make(client, deal, "offer", **{"Idempotency-Key": "one click"}) for _ in range(2))
    assert first.json() == second.json()
    assert Document.objects.count() == 1


@pytest.mark.parametrize("template", ["letter", "../contract", "", None, 7, "invoice"])
def test_an_unknown_template_is_an_error_of_its_field(client: Client, template: Any) -> None:
    answer = make(client, make_deal(), template)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["template"])
    assert not Document.objects.exists()


def test_what_is_missing_is_said_in_words(client: Client) -> None:
    deal = make_deal()
    answer = make(client, deal, "contract")
    assert (answer.status_code, answer.json()["code"]) == (422, "incomplete")
    assert "график" in answer.json()["detail"]
    make_schedule(deal)
    assert "родительном падеже" in make(client, deal, "contract").json()["detail"]


def test_an_old_card_gets_a_fresh_address_of_its_document(client: Client) -> None:
    deal = make_deal()
    made = make(client, deal, "offer").json()
    fresh = call(client, deal, "GET", f"documents/{made['id']}/").json()
    assert fresh["url"] != made["url"]
    for url in (made["url"], fresh["url"]):
        assert client.get(url.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_no_account_sees_a_document_of_another(client: Client) -> None:
    mine, other = make_deal(), make_deal(make_account())
    made = make(client, other, "offer").json()
    assert call(client, mine, "GET", f"documents/{made['id']}/").status_code == 404
    assert client.get(f"/api/v1/documents/{made['id']}/").status_code == 401
    assert client.get("/api/v1/templates/").status_code == 401


def test_who_may_not_see_the_deal_gets_no_address(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    deal = make_deal()
    made = make(client, deal, "offer").json()
    monkeypatch.setattr(auth, "may_see", lambda **_asked: False)
    assert call(client, deal, "GET", f"documents/{made['id']}/").status_code == 403
    assert make(client, deal, "offer").status_code == 403
    assert Document.objects.count() == 1


def test_a_forged_ticket_opens_nothing(client: Client) -> None:
    for ticket in ("x", "WzEsMV0:abc", "%00", "a" * 5000):
        assert client.get(f"/api/v1/documents/open/{ticket}/").status_code == 410
