"""No answer is never "no": what closes an order is repeated, and where even the question about a lost answer
gets none, nothing is made, charged or given back a second time. Over the sandbox, with its faults.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from billing import cards, charges, inbox, orders, provider_calls, refund_orders
from billing.asking import What
from billing.models import MerchantAccount, Payment, ProviderCall, ProviderOrder, Refund
from billing.refund_orders import Demand
from crm.models import Deal
from tests.factories import make_deal, make_schedule, rub, standing_of
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

PASSWORDS = {"password1": "p1", "password2": "p2", "password3": "p3"}
# Longer than any key lives.
FORGOTTEN = timedelta(minutes=70)
LOST = ["error_500_after_work", "half_body", "error_500", "down"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def deal(running: sandbox.RunningSandbox) -> Iterator[Deal]:
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    yield deal
    running.clear_faults()


@pytest.fixture
def cloud(running: sandbox.RunningSandbox, deal: Deal, live_server: Any, settings: Any) -> Deal:
    settings.CLOUDPAYMENTS_URL = f"{running.url}/cloudpayments"
    public_id = f"pk_{uuid.uuid4().hex}"
    merchant = _shop({"public_id": public_id, "receipts": False}, {"api_secret": sandbox.SECRET})
    address = f"{live_server.url}/webhooks/cloudpayments/{merchant.key}"
    doors = {kind: f"{address}/{kind}/" for kind in ("check", "pay", "fail")}
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [sandbox.site(public_id, doors)]}})
    return deal


@pytest.fixture
def robokassa(running: sandbox.RunningSandbox, deal: Deal, settings: Any) -> Deal:
    """A shop whose orders are invoices of the provider's own."""
    for name in ("ROBOKASSA_AUTH_URL", "ROBOKASSA_SERVICES_URL", "ROBOKASSA_FISCAL_URL"):
        setattr(settings, name, f"{running.url}/robokassa")
    merchant = MerchantAccount.objects.get()
    merchant.provider = "robokassa"
    merchant.save()
    shop = {"login": f"shop-{uuid.uuid4().hex[:12]}", "algorithm": "sha256"}
    _shop({**shop, "receipts": "order", "orders": "invoice"}, PASSWORDS)
    running.post("/_sandbox/seed", {"robokassa": {"shops": [{**shop, **PASSWORDS}]}})
    return deal


def _shop(settings: dict[str, Any], secrets: dict[str, str]) -> MerchantAccount:
    merchant = MerchantAccount.objects.get()
    merchant.settings, merchant.secrets_json = settings, json.dumps(secrets)
    merchant.save()
    return merchant


def spoil(running: sandbox.RunningSandbox, fault: str, count: int = 1) -> None:
    service = MerchantAccount.objects.get().provider
    running.post("/_sandbox/faults", {"service": service, "fault": fault, "count": count})


def click(deal: Deal, what: What = What.INSTALLMENT) -> ProviderOrder:
    return orders.open_order(deal=deal, what=what, at=now())


def replaced(deal: Deal) -> tuple[ProviderOrder, ProviderOrder]:
    """An order whose sum is right no more, and the one of the next click."""
    first = click(deal)
    ProviderOrder.objects.filter(pk=first.pk).update(amount=rub(8000))
    second = click(deal)
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "open")
    return first, second


def work(after: timedelta = timedelta(0)) -> None:
    inbox.apply_waiting(at=now() + after, ignore_not_before=True)
    provider_calls.deliver(at=now() + after, ignore_not_before=True)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work()
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not come true in time")


def operations(running: sandbox.RunningSandbox, **told: Any) -> list[dict[str, Any]]:
    return [row for row in running.dump("transactions") if told.items() <= row.items()]


def refused(url: str) -> bool:
    """Would the page of an order take no money?"""
    form, headers = {"method": "card", "card": "4242424242424242"}, {"Accept": "application/json"}
    said = requests.post(url, data=form, headers=headers, timeout=40, allow_redirects=False).json()
    return said.get("Status") != "Completed" and not said.get("InvId")


# Closing an order


@pytest.mark.parametrize("fault", LOST)
def test_an_unanswered_cancellation_is_repeated_until_the_page_is_closed(
    running: sandbox.RunningSandbox, cloud: Deal, fault: str
) -> None:
    first, second = replaced(cloud)
    spoil(running, fault)
    work()
    first.refresh_from_db()
    assert first.state == "superseded"
    work()
    first.refresh_from_db()
    assert (first.state, ProviderCall.objects.get(order=first).state) == ("cancelled", "done")
    assert refused(first.url)
    assert running.pay(second.url)["Status"] == "Completed"


@pytest.mark.parametrize("fault", LOST)
def test_an_unanswered_revocation_of_an_invoice_is_repeated_too(
    running: sandbox.RunningSandbox, robokassa: Deal, fault: str
) -> None:
    first, _second = replaced(robokassa)
    spoil(running, fault)
    work()
    first.refresh_from_db()
    assert first.state == "superseded"
    work()
    first.refresh_from_db()
    assert (first.state, ProviderCall.objects.get(order=first).state) == ("cancelled", "done")
    assert refused(first.url)


def test_a_page_that_was_made_without_an_answer_and_replaced_takes_no_money(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    """CloudPayments finds no order by its number, so nobody can close it: *check* refuses instead."""
    spoil(running, "error_500_after_work")
    first = click(cloud)
    assert first.state == "creating"
    past = now() - FORGOTTEN
    ProviderOrder.objects.filter(pk=first.pk).update(created_at=past, called_at=past)
    second = click(cloud)
    assert second.pk != first.pk
    [made] = [row for row in running.dump("orders") if row["invoice_id"] == first.number]
    assert refused(second.url.replace(second.external_id, made["id"]))
    assert operations(running, invoice_id=first.number, status="Completed") == []
    assert running.pay(second.url)["Status"] == "Completed"


# The question gets no answer either


def test_no_second_invoice_is_made_while_nobody_says_whether_there_is_a_first(
    running: sandbox.RunningSandbox, robokassa: Deal
) -> None:
    spoil(running, "error_500_after_work")
    first = click(robokassa)
    spoil(running, "error_500")
    again = click(robokassa)
    assert (again.pk, first.state, again.state) == (first.pk, "creating", "creating")
    assert click(robokassa).state == "open"
    login = MerchantAccount.objects.get().settings["login"]
    rows = requests.get(f"{running.url}/_sandbox/robokassa/invoices", timeout=10).json()
    assert [row["inv_id"] for row in rows if row["login"] == login] == [first.number]


@pytest.mark.parametrize("after", [timedelta(0), FORGOTTEN])
def test_no_card_is_charged_again_while_nobody_says_what_became_of_the_charge(
    running: sandbox.RunningSandbox, cloud: Deal, after: timedelta
) -> None:
    cards.consent(deal=cloud, words="Согласна на списание", at=now())
    assert running.pay(click(cloud).url, card="4242424242424242")["Status"] == "Completed"
    until(lambda: Payment.objects.exists())
    order = charges.charge_saved_card(deal=cloud, what=What.INSTALLMENT, at=now())
    spoil(running, "error_500_after_work")
    provider_calls.deliver(at=now())
    spoil(running, "error_500")
    provider_calls.deliver(at=now() + after, ignore_not_before=True)
    order.refresh_from_db()
    assert order.state == "creating"
    provider_calls.deliver(at=now() + after, ignore_not_before=True)
    until(lambda: standing_of(cloud).paid == rub(60000))
    assert len(operations(running, invoice_id=order.number)) == 1


def test_nothing_is_given_back_again_while_nobody_says_what_went(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    assert running.pay(click(cloud).url)["Status"] == "Completed"
    until(lambda: Payment.objects.exists())
    payment = Payment.objects.get()
    demand = Demand(rub(10000), "передумал")
    order = refund_orders.request(payment=payment, demand=demand, author="user:7", at=now())
    spoil(running, "error_500_after_work")
    provider_calls.deliver(at=now())
    spoil(running, "error_500")
    provider_calls.deliver(at=now() + FORGOTTEN, ignore_not_before=True)
    order.refresh_from_db()
    assert order.state == "requested"
    provider_calls.deliver(at=now() + FORGOTTEN, ignore_not_before=True)
    until(lambda: Refund.objects.exists())
    assert len(operations(running, original_id=int(payment.external_id))) == 1
    assert standing_of(cloud).refunded == rub(10000)
