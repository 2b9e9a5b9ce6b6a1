"""Who may call /api/ from a browser: connected accounts' amoCRM and the emulator, without credentials."""

import pytest
from django.test import Client
from pytest_django import Settings

from crm.models import Account, Connection

HEADERS = "x-auth-token, idempotency-key, content-type"
PATH = "/api/v1/deals/7700123/"


def preflight(origin: str, path: str = PATH) -> dict[str, str]:
    response = Client().options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": HEADERS,
        },
    )
    return {"status": str(response.status_code), **{name.lower(): value for name, value in response.items()}}


def test_a_preflight_needs_no_token(account: Account) -> None:
    answer = preflight("https://demoschool.amocrm.ru")
    assert answer["status"] == "204"
    assert answer["access-control-allow-origin"] == "https://demoschool.amocrm.ru"
    allowed = {name.strip().lower() for name in answer["access-control-allow-headers"].split(",")}
    assert allowed == set(HEADERS.split(", "))
    assert {"GET", "POST"} <= set(answer["access-control-allow-methods"].split(", "))
    assert "Origin" in answer["vary"]
    assert int(answer["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answer


@pytest.mark.parametrize(
    "origin",
    [
        "https://stranger.amocrm.ru",
        "http://demoschool.amocrm.ru",
        "https://demoschool.amocrm.ru.evil.example",
        "https://evil-demoschool.amocrm.ru",
        "https://demoschool.amocrm.ru:8443",
        "https://demoschool.amocrm.ru\n",
        "https://DEMOSCHOOL.amocrm.ru/",
        "https://amocrm.ru",
        "http://127.0.0.1:10",
        "null",
        "*",
    ],
)
def test_other_pages_get_nothing(account: Account, origin: str) -> None:
    answer = preflight(origin)
    assert answer["status"] == "403"
    assert "access-control-allow-origin" not in answer
    assert "Origin" in answer["vary"]


@pytest.mark.parametrize(
    ("state", "token", "status"),
    [("uninstalled", "t", "403"), ("needs_reconnect", "", "403"), ("needs_reconnect", "t", "204")],
)
def test_an_account_counts_once_it_was_connected_and_until_it_is_removed(
    account: Account, state: str, token: str, status: str
) -> None:
    Connection.objects.update(state=state, access_token=token)
    assert preflight("https://demoschool.amocrm.ru")["status"] == status


def test_the_emulators_host_is_amocrm_too(account: Account, settings: Settings) -> None:
    settings.AMOCRM_URL = "http://127.0.0.1:8001/amocrm/{subdomain}"
    assert preflight("http://127.0.0.1:8001")["access-control-allow-origin"] == "http://127.0.0.1:8001"
    assert preflight("http://127.0.0.1:8002")["status"] == "403"


def test_the_real_template_adds_no_origin(account: Account, settings: Settings) -> None:
    settings.AMOCRM_URL = "https://{subdomain}.amocrm.ru"
    assert preflight("https://{subdomain}.amocrm.ru")["status"] == "403"
    assert preflight("https://demoschool.amocrm.ru")["status"] == "204"


def test_a_refused_call_is_readable_for_the_page_that_made_it(account: Account) -> None:
    response = Client().get(PATH, headers={"Origin": "https://demoschool.amocrm.ru"})
    assert response.status_code == 401
    assert response["Access-Control-Allow-Origin"] == "https://demoschool.amocrm.ru"


def test_pages_outside_the_api_are_left_alone(account: Account) -> None:
    assert "access-control-allow-origin" not in preflight("https://demoschool.amocrm.ru", "/healthz")
