"""The site button: an account without an integration gets one from amoCRM, and from nobody else."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from crm import site_button
from crm.models import Account, Connection, Integration
from sandbox.amocrm import tokens
from tests.crm.school import OLGA, Amocrm, make_account

pytestmark = pytest.mark.django_db
CLIENT = "0d1e2f3a-1111-4a11-9b11-cccccccccccc"
PATH = "/oauth/amocrm/secrets/"


@pytest.fixture
def bare(db: None) -> Account:
    """An account that was made in the panel: amoCRM's number and subdomain, nothing else."""
    return Account.objects.create(key="bare", external_id=31000001, subdomain="demoschool")


def told(account: Account, **changes: Any) -> dict[str, Any]:
    state = site_button.button(account)["state"]
    return {"client_id": CLIENT, "client_secret": "s3cret", "state": state} | changes


def another() -> Integration:
    """Of an account that is connected already."""
    make_account(subdomain="other", external_id=31000009, client_id="other-client-id")
    return Integration.objects.get(client_id="other-client-id")


def post(body: dict[str, Any] | str | bytes, content_type: str = "application/json") -> int:
    sent = json.dumps(body) if isinstance(body, dict) else body
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    return client.post(PATH, sent, content_type=content_type).status_code


@pytest.mark.parametrize("encode", [json.dumps, urlencode], ids=["json", "form"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_the_secret_of_the_new_integration_is_kept_encrypted(bare: Account, encode: Any, kind: str) -> None:
    assert post(encode(told(bare)), kind) == 200
    kept = Integration.objects.get()
    assert (kept.account, kept.purpose, kept.client_id) == (bare, "api", CLIENT)
    assert kept.client_secret == "s3cret"
    assert kept.redirect_uri == "http://127.0.0.1:8000/oauth/amocrm/callback/"


def test_the_button_and_the_redirect_connect_the_account(amocrm: Amocrm, bare: Account) -> None:
    button = told(bare)
    assert post(button) == 200
    redirect_uri = Integration.objects.get().redirect_uri
    row = {"id": CLIENT, "client_secret": "s3cret", "redirect_uri": redirect_uri, "name": "Grafik"}
    amocrm.crm.put("integrations", row | {"installed": True})
    code = tokens.issue_code(amocrm.crm, CLIENT, OLGA)
    query = {"code": code, "referer": "demoschool.amocrm.ru", "platform": 1, "state": button["state"]}
    answer = Client().get("/oauth/amocrm/callback/", query)
    assert answer.status_code == 200, answer.content.decode()
    assert Connection.objects.get(account=bare).state == "connected"


def test_a_grant_of_another_account_gives_the_button_back(amocrm: Amocrm, bare: Account) -> None:
    Account.objects.update(external_id=31000077)
    button = told(bare)
    for _ in range(2):
        assert post(button) == 200
        row = {"id": CLIENT, "client_secret": "s3cret", "installed": True, "name": "Grafik"}
        amocrm.crm.put("integrations", row | {"redirect_uri": Integration.objects.get().redirect_uri})
        query = {"code": tokens.issue_code(amocrm.crm, CLIENT, OLGA), "referer": "demoschool.amocrm.ru"}
        answer = Client().get("/oauth/amocrm/callback/", query | {"state": button["state"]})
        assert answer.status_code == 403
        assert not Integration.objects.exists()


def test_a_connected_account_keeps_its_integration_whatever_comes_back(
    amocrm: Amocrm, account: Account
) -> None:
    own = Integration.objects.get(account=account)
    state = site_button.button(account)["state"]
    site_button.give_back(state=state, integration=own)
    site_button.give_back(state="forged", integration=own)
    assert Integration.objects.get(account=account) == own


def test_the_same_call_again_is_answered_alike_and_another_secret_is_refused(bare: Account) -> None:
    assert [post(told(bare)), post(told(bare))] == [200, 200]
    assert post(told(bare, client_secret="mine")) == 403
    assert post(told(bare, client_id="evil-client-id")) == 403
    assert Integration.objects.get().client_secret == "s3cret"


def test_an_account_with_an_integration_takes_no_other(bare: Account) -> None:
    other = another()
    assert post(told(other.account)) == 403
    assert Integration.objects.get().client_id == other.client_id


def test_another_accounts_integration_cannot_be_taken_over(bare: Account) -> None:
    other = another()
    assert post(told(bare, client_id=other.client_id, client_secret=other.client_secret)) == 403
    assert not Integration.objects.filter(account=bare).exists()


def test_a_state_is_signed_and_lives_an_hour(bare: Account) -> None:
    late: datetime = timezone.now() + timedelta(minutes=61)
    body = told(bare)
    for state in ("", "x", "MQ:x:y", body["state"] + "x", None):
        assert post(body | {"state": state}) == 403
    with time_machine.travel(late, tick=False):
        assert post(body) == 403
    assert not Integration.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "x" * 65},
        {"client_id": "é" * 9},
        {"client_id": None},
        {"client_secret": ""},
        {"client_secret": "x" * 501},
        {"client_secret": "a\x00b"},
    ],
)
def test_what_names_no_integration_is_400(bare: Account, changes: dict[str, Any]) -> None:
    assert post(told(bare, **changes)) == 400
    assert not Integration.objects.exists()


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", b"\xff", '{"a":' * 9000, "&".join(f"a{n}=1" for n in range(9000))]
)
def test_bad_bodies_make_no_500(bare: Account, body: str | bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        assert post(body, kind) in (400, 403, 413)


def test_the_set_up_page_shows_the_button_only_where_nothing_is_connected(
    bare: Account, settings: Settings
) -> None:
    panel = Client()
    panel.force_login(get_user_model().objects.create_superuser("owner", "owner@example.org", "x"))
    answer = panel.get(f"/admin/crm/account/{bare.pk}/setup/")
    page = answer.content.decode()
    assert 'class="amocrm_oauth"' in page
    assert f'data-secrets_uri="http://127.0.0.1:8000{PATH}"' in page
    found = re.search(r'data-state="([^"]+)"', page)
    assert found is not None
    assert site_button.account_of(found[1]) == bare
    foreign = "'unsafe-eval' " + settings.AMOCRM_AUTH_URL.removesuffix("/amocrm")
    assert foreign in answer.headers["Content-Security-Policy"]
    post(told(bare))
    answer = panel.get(f"/admin/crm/account/{bare.pk}/setup/")
    assert "amocrm_oauth" not in answer.content.decode()
    assert foreign not in answer.headers["Content-Security-Policy"]
