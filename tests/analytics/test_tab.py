"""The figures in a tab: a code works once and for a minute, a pass opens figures only, and for its person."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics import tabs
from crm import auth, users
from crm.auth import Caller
from crm.models import Account
from tests.factories import make_account, make_deal

pytestmark = pytest.mark.django_db

MARIA = 8100002
FIGURES = "/api/v1/analytics/summary/"
TAB = {"X-Grafik-Tab": "1"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    found = make_account()
    caller = Caller(account=found, user_id=MARIA, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    monkeypatch.setattr(users, "names", lambda account, at: users.Names({MARIA: "Мария"}))
    return found


def asked_code() -> str:
    answer = Client().post(
        "/api/v1/analytics/tab/", {}, "application/json", headers={"X-Auth-Token": "token"}
    )
    assert answer.status_code == 201
    url: str = answer.json()["url"]
    return url[url.index("/analytics/open/") :]


def opened() -> Client:
    tab = Client()
    answer: Any = tab.get(asked_code())
    assert (answer.status_code, answer["Location"]) == (302, "/analytics/")
    return tab


def test_a_code_lets_one_tab_in(account: Account) -> None:
    address = asked_code()
    tab = Client()
    assert tab.get(address).status_code == 302
    assert tab.get(FIGURES, headers=TAB).status_code == 200
    again = Client().get(address)
    assert (again.status_code, again.cookies) == (410, {})
    assert "один раз" in again.content.decode()


def test_a_code_dies_after_a_minute_and_a_forged_one_never_lived(account: Account) -> None:
    caller = Caller(account=account, user_id=MARIA, is_admin=False)
    late = timezone.now() - timedelta(seconds=61)
    for code in (tabs.code(caller, at=late), "forged", tabs.code(caller, at=timezone.now())[:-1] + "!"):
        assert Client().get(f"/analytics/open/{code}/").status_code == 410


def test_a_pass_opens_the_figures_and_nothing_else(account: Account) -> None:
    tab = opened()
    deal = make_deal(account)
    for path in (f"/api/v1/deals/{deal.external_id}/", "/api/v1/templates/", "/admin/"):
        assert tab.get(path, headers=TAB).status_code in (302, 401)
    made = tab.post(
        "/api/v1/analytics/exports/", json.dumps({"report": "payments"}), "application/json", headers=TAB
    )
    assert made.status_code == 202


def test_another_sites_page_cannot_use_the_pass(account: Account) -> None:
    # Without our own header, which CORS lets nobody else send, the cookie is nothing.
    assert opened().get(FIGURES).status_code == 401


def test_who_left_the_account_loses_the_tab(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = opened()
    assert tab.get(FIGURES, headers=TAB).status_code == 200
    monkeypatch.setattr(users, "names", lambda account, at: users.Names({8100001: "Ольга"}))
    assert tab.get(FIGURES, headers=TAB).status_code == 401


def test_a_pass_ends_with_the_working_day(account: Account) -> None:
    caller = Caller(account=account, user_id=MARIA, is_admin=False)
    at = timezone.now().replace(microsecond=0)
    given = tabs.redeem(tabs.code(caller, at=at), at=at)
    assert tabs.holder(given, at=at + tabs.PASS_LIVES).user_id == MARIA
    with pytest.raises(tabs.Invalid):
        tabs.holder(given, at=at + tabs.PASS_LIVES + timedelta(seconds=1))
    with pytest.raises(tabs.Invalid):
        tabs.holder(tabs.code(caller, at=at), at=at)


def test_the_phones_card_may_stand_in_a_frame_of_amocrm_and_of_nobody_else(account: Account) -> None:
    answer = Client().get("/analytics/mobile/?token=x.y.z")
    assert "frame-ancestors https://*.amocrm.ru" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert "x.y.z" not in answer.content.decode()
    figures = Client().get("/analytics/")
    assert "frame-ancestors 'none'" in figures["Content-Security-Policy"]
    assert figures["X-Frame-Options"] == "DENY"


def test_the_shell_holds_nothing_of_anybody(account: Account) -> None:
    answer = Client().get("/analytics/")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert account.key not in answer.content.decode()
