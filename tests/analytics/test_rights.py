"""Whom amoCRM shows only the own deals sees the figures of these, on every way to them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from analytics import tabs
from analytics.models import Export
from crm import client, connection, records
from crm.auth import Caller
from crm.models import Account
from tests.analytics.asking import column, get, listed, pay, post, summary, workbook
from tests.factories import NOW, make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db

MARIA, ANTON = 8100002, 8100003


def user(number: int, view: str | None, *, is_admin: bool = False) -> records.User:
    leads = {} if view is None else {"leads": {"view": view}}
    return records.user({"id": number, "name": f"u{number}", "rights": {"is_admin": is_admin, **leads}})


@pytest.fixture(autouse=True)
def _today(time_machine: Any, settings: Settings, tmp_path: Path) -> None:
    time_machine.move_to(NOW, tick=False)
    settings.DATA_DIR = tmp_path


@pytest.fixture
def crm_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """The users of the account as amoCRM lists them, or the error that it answers with."""

    def say(answer: Any) -> None:
        def run(**_given: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(connection, "run", run)

    return say


@pytest.fixture
def account() -> Account:
    """Maria's deal paid 100 and owes 300, Anton's paid 1000 and owes 3000."""
    account = make_account()
    for manager, total in ((MARIA, 400), (ANTON, 4000)):
        deal = make_deal(account, responsible_user_id=manager)
        make_schedule(deal, total=str(total), count=4, first_due_on=(NOW + timedelta(days=3)).date())
        pay(deal, total // 4, NOW - timedelta(days=1))
    return account


def test_who_sees_only_own_deals_gets_figures_rows_and_sheets_of_these(
    account: Account, crm_says: Callable[[Any], None]
) -> None:
    crm_says([user(MARIA, "M"), user(ANTON, "A")])
    assert summary(account)["received"] == "100.00"
    assert [row["amount"] for row in listed(account, "received")] == ["100.00"]
    assert get(account, "aging/").json()["deals"] == 0
    assert [one["value"] for one in get(account, "filters/").json()["manager"]] == [str(MARIA)]
    for report, title in (("payments", "Сумма"), ("registry", "Сумма")):
        assert column(workbook(account, report=report), title) == [100]
    assert get(account, "summary/", manager=ANTON).status_code == 403
    assert get(account, "export.xlsx", report="schedule", manager=ANTON).status_code == 403


def test_a_workbook_of_the_worker_is_narrowed_too_and_nobody_elses_is_opened(
    account: Account, crm_says: Callable[[Any], None]
) -> None:
    crm_says([user(MARIA, "M"), user(ANTON, "A")])
    made = post(account, "exports/", {"report": "payments"}).json()["id"]
    kept = Export.objects.get(pk=made)
    assert kept.query["manager"] == MARIA
    Export.objects.filter(pk=made).update(author=f"user:{ANTON}")
    assert get(account, f"exports/{made}/").status_code == 404


@pytest.mark.parametrize("view", ["G", "D", "M"])
def test_every_right_below_all_is_a_limit(
    account: Account, crm_says: Callable[[Any], None], view: str
) -> None:
    crm_says([user(MARIA, view)])
    assert summary(account)["received"] == "100.00"


@pytest.mark.parametrize("known", [user(MARIA, "A"), user(MARIA, None), user(MARIA, "D", is_admin=True)])
def test_who_sees_every_deal_sees_every_figure(
    account: Account, crm_says: Callable[[Any], None], known: records.User
) -> None:
    crm_says([known])
    assert summary(account)["received"] == "1100.00"


def test_a_limit_stays_while_amocrm_cannot_be_asked(
    account: Account, crm_says: Callable[[Any], None], time_machine: Any
) -> None:
    crm_says([user(MARIA, "M")])
    assert summary(account)["received"] == "100.00"
    crm_says(client.Unavailable("down"))
    time_machine.move_to(NOW + timedelta(hours=3), tick=False)
    assert summary(account)["received"] == "100.00"


def test_a_tab_has_the_rights_of_who_opened_it(account: Account, crm_says: Callable[[Any], None]) -> None:
    crm_says([user(MARIA, "M")])
    maria = Caller(account=account, user_id=MARIA, is_admin=False)
    for caller, received in ((maria, "100.00"), (replace(maria, is_admin=True), "1100.00")):
        tab = Client()
        tab.get(f"/analytics/open/{tabs.code(caller, at=timezone.now())}/")
        answer = tab.get("/api/v1/analytics/summary/", headers={"X-Grafik-Tab": "1"})
        assert answer.json()["received"] == received
