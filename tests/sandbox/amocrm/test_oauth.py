"""OAuth: the grant page, codes, rotation of refresh tokens, install and uninstall calls."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.amocrm import oauth, tokens
from sandbox.amocrm.world import Crm, World
from sandbox.app import Sandbox

from .conftest import CLIENT_ID, OLGA, ROOT, SECRET, Browser

REDIRECT = "http://127.0.0.1:8000/oauth/amocrm/callback/"


def grant(client: Browser, **form: str) -> Any:
    fields = {"subdomain": "demoschool", "client_id": CLIENT_ID, "state": "s-1", "user_id": str(OLGA)}
    return client.post("/amocrm/oauth", data={**fields, "mode": "post_message", "decision": "allow", **form})


def code_of(client: Browser) -> str:
    address = str(grant(client).headers["Location"])
    return parse_qs(urlsplit(address).query)["code"][0]


def exchange(client: Browser, as_form: bool = False, **more: Any) -> Any:
    body = {"client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uri": REDIRECT, **more}
    sent: dict[str, Any] = {"data": body} if as_form else {"json": body}
    return client.post(f"{ROOT}/oauth2/access_token", **sent)


def works(client: Browser, pair: dict[str, Any]) -> bool:
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    return bool(client.get(f"{ROOT}/api/v4/account", headers=headers).status_code == 200)


def test_the_grant_page_offers_the_administrator(client: Browser) -> None:
    page = client.get(f"/amocrm/oauth?client_id={CLIENT_ID}&state=a&mode=popup").text
    assert "Ольга Демидова" in page
    assert "Мария Кузнецова" not in page
    assert client.get("/amocrm/oauth?client_id=x").status_code == 404


def test_consent_goes_back_with_code_referer_and_state(client: Browser) -> None:
    query = parse_qs(urlsplit(grant(client).headers["Location"]).query)
    assert query["state"] == ["s-1"]
    assert query["referer"] == ["demoschool.amocrm.ru"]
    assert query["platform"] == ["1"]


def test_no_state_comes_back_when_none_was_sent(client: Browser) -> None:
    assert "state=" not in grant(client, state="").headers["Location"]


def test_refusal_goes_back_with_access_denied(client: Browser) -> None:
    assert grant(client, decision="deny").headers["Location"] == f"{REDIRECT}?error=access_denied&state=s-1"


def test_popup_moves_the_opener(client: Browser) -> None:
    page = grant(client, mode="popup").text
    assert "window.opener.location.href" in page
    assert REDIRECT in page


@pytest.mark.parametrize("as_form", [False, True])
def test_a_code_gives_a_working_pair_once(client: Browser, as_form: bool) -> None:
    code = code_of(client)
    answer = exchange(client, as_form, grant_type="authorization_code", code=code)
    assert answer.status_code == 200
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 86400)
    assert works(client, answer.json)
    again = exchange(client, as_form, grant_type="authorization_code", code=code)
    assert (again.status_code, again.json["hint"]) == (400, "Authorization code has been revoked")


def test_a_code_lives_twenty_minutes(client: Browser, sandbox: Sandbox) -> None:
    code = code_of(client)
    sandbox.clock.set_offset(timedelta(minutes=21))
    late = exchange(client, grant_type="authorization_code", code=code)
    assert (late.status_code, late.json["hint"]) == (400, "Authorization code has expired")


def test_refreshing_rotates_and_voids_the_old_pair(client: Browser) -> None:
    old = exchange(client, grant_type="authorization_code", code=code_of(client)).json
    new = exchange(client, grant_type="refresh_token", refresh_token=old["refresh_token"]).json
    assert works(client, new)
    assert not works(client, old)
    again = exchange(client, grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert again.status_code == 401
    assert again.json == {
        "hint": "Token has been revoked",
        "title": "Некорректный запрос",
        "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
        "status": 401,
        "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
    }
    assert works(client, new)


def test_an_access_token_lives_a_day(client: Browser, sandbox: Sandbox) -> None:
    pair = exchange(client, grant_type="authorization_code", code=code_of(client)).json
    sandbox.clock.set_offset(timedelta(hours=25))
    assert not works(client, pair)
    assert works(
        client, exchange(client, grant_type="refresh_token", refresh_token=pair["refresh_token"]).json
    )


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"redirect_uri": REDIRECT[:-1]}, 400), ({"client_secret": "x"}, 401), ({"client_id": "x"}, 401)],
)
def test_the_callers_own_data_must_fit_to_the_byte(
    client: Browser, wrong: dict[str, Any], status: int
) -> None:
    answer = exchange(client, grant_type="authorization_code", code=code_of(client), **wrong)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


def test_uninstalling_kills_every_token_and_calls_the_signed_address(sandbox: Sandbox) -> None:
    world = World(sandbox.store, sandbox.clock, sandbox.jobs, sandbox.public_url, sandbox.product_url)
    crm = Crm(world, "demoschool")
    owner = tokens.integration(crm, CLIENT_ID)
    assert owner
    oauth.uninstall(crm, owner)
    [job] = sandbox.jobs.waiting(oauth.UNINSTALL)
    address = urlsplit(job["payload"]["url"])
    query = {key: values[0] for key, values in parse_qs(address.query).items()}
    message = f"{CLIENT_ID}|31000001".encode()
    assert address.path == "/oauth/amocrm/uninstalled/"
    assert query == {
        "account_id": "31000001",
        "client_uuid": CLIENT_ID,
        "signature": hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest(),
    }
    assert tokens.find(crm, "demo-amo-token-school") is None


def test_installing_calls_back_without_a_state(sandbox: Sandbox) -> None:
    world = World(sandbox.store, sandbox.clock, sandbox.jobs, sandbox.public_url, sandbox.product_url)
    crm = Crm(world, "demoschool")
    owner = tokens.integration(crm, CLIENT_ID)
    assert owner
    oauth.install(crm, owner, OLGA)
    [job] = sandbox.jobs.waiting(oauth.INSTALL)
    query = parse_qs(urlsplit(job["payload"]["url"]).query)
    assert query["from_widget"] == ["1"]
    assert "state" not in query
