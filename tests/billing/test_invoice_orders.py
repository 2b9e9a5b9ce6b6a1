"""Robokassa's orders as invoices of its own: revoked when replaced, found when nobody answered."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.conf import settings

from billing import inbox, order_watch, orders, provider_calls
from billing.asking import What
from billing.models import MerchantAccount, ProviderCall, ProviderOrder
from crm.models import Deal
from tests.factories import make_deal, make_schedule, rub, standing_of
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def deal(running: sandbox.RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deal]:
    for name in ("ROBOKASSA_AUTH_URL", "ROBOKASSA_SERVICES_URL", "ROBOKASSA_FISCAL_URL"):
        monkeypatch.setattr(settings, name, f"{running.url}/robokassa")
    deal = make_deal(contact_email="guest@example.org")
    make_schedule(deal, total="9000", count=3)
    merchant = MerchantAccount.objects.get()
    login, secrets = f"shop-{uuid.uuid4().hex[:12]}", {"password1": "p1", "password2": "p2"}
    merchant.provider = "robokassa"
    merchant.settings = {"login": login, "algorithm": "sha256", "receipts": "order", "orders": "invoice"}
    merchant.secrets_json = json.dumps(secrets)
    merchant.save()
    shop = {"login": login, "algorithm": "sha256", **secrets}
    running.post("/_sandbox/seed", {"robokassa": {"shops": [shop]}})
    yield deal
    running.clear_faults()


def spoil(running: sandbox.RunningSandbox, fault: str) -> None:
    running.post("/_sandbox/faults", {"service": "robokassa", "fault": fault, "count": 1})


def invoices(running: sandbox.RunningSandbox) -> list[dict[str, Any]]:
    login = MerchantAccount.objects.get().settings["login"]
    rows = requests.get(f"{running.url}/_sandbox/robokassa/invoices", timeout=10).json()
    return [row for row in rows if row["login"] == login]


def pay(url: str) -> dict[str, Any]:
    answer = requests.post(url, data={"method": "card"}, headers={"Accept": "application/json"}, timeout=40)
    said: dict[str, Any] = answer.json()
    return said


def test_a_click_makes_an_invoice_that_can_be_paid(running: sandbox.RunningSandbox, deal: Deal) -> None:
    order = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert order.state == "open"
    assert pay(order.url)["InvId"] == order.number
    assert order_watch.run(at=now() + timedelta(minutes=2)) == 1
    inbox.apply_waiting(at=now() + timedelta(minutes=2), ignore_not_before=True)
    assert standing_of(deal).paid == rub(3000)


def test_a_replaced_invoice_is_taken_back(running: sandbox.RunningSandbox, deal: Deal) -> None:
    first = orders.open_order(deal=deal, what=What.FULL, at=now())
    ProviderOrder.objects.filter(pk=first.pk).update(amount=rub(8000))
    second = orders.open_order(deal=deal, what=What.FULL, at=now())
    assert second.pk != first.pk
    provider_calls.deliver(at=now(), ignore_not_before=True)
    assert "Error" in pay(first.url)
    first.refresh_from_db()
    assert first.state == "cancelled"
    assert pay(second.url)["InvId"] == second.number


@pytest.mark.parametrize("fault", ["error_500_after_work", "half_body"])
def test_an_invoice_that_was_made_without_an_answer_is_found_and_not_made_again(
    running: sandbox.RunningSandbox, deal: Deal, fault: str
) -> None:
    spoil(running, fault)
    first = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert first.state == "creating"
    again = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert (again.pk, again.state) == (first.pk, "open")
    [invoice] = invoices(running)
    assert again.url == invoice["url"]


def test_an_invoice_that_was_not_made_is_made_by_the_next_click(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    spoil(running, "error_500")
    first = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert (first.state, invoices(running)) == ("creating", [])
    assert orders.open_order(deal=deal, what=What.INSTALLMENT, at=now()).state == "open"
    assert len(invoices(running)) == 1


def test_an_unanswered_invoice_that_is_not_wanted_any_more_is_taken_back_too(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    spoil(running, "error_500_after_work")
    first = orders.open_order(deal=deal, what=What.FULL, at=now())
    ProviderOrder.objects.filter(pk=first.pk).update(amount=rub(8000))
    orders.open_order(deal=deal, what=What.FULL, at=now())
    provider_calls.deliver(at=now(), ignore_not_before=True)
    old = next(row for row in invoices(running) if row["inv_id"] == first.number)
    assert old["deactivated"]
    assert not ProviderCall.objects.exclude(state="done").exists()
