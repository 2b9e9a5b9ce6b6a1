"""Kill -9 between any two effects of a receipt: the register prints it once, and our books say so once.

The worker is a process of its own, forked here; it kills itself at a named place, and another one goes on.
"""

import json
import os
import signal
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import requests
from django.db import connection

from billing import inbox, payments, provider_calls, receipts, service_rendered, verification
from billing.models import Event, MerchantAccount, Payment, ProviderCall, Receipt
from billing.providers.cloudpayments import CloudPayments
from billing.providers.robokassa import Robokassa
from crm.models import Deal
from tests import sessions
from tests.billing.notices import code, fields_of, send
from tests.factories import make_deal, make_order, make_schedule, rub
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
LEASED = timedelta(minutes=1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        found.post("/_sandbox/clock", {"speed": 60})
        yield found


@pytest.fixture
def cloud(running: sandbox.RunningSandbox, settings: Any) -> MerchantAccount:
    settings.CLOUDPAYMENTS_URL = f"{running.url}/cloudpayments"
    public_id = f"pk_{uuid.uuid4().hex}"
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [sandbox.site(public_id)]}})
    return shop({"public_id": public_id, "receipts": True}, {"api_secret": sandbox.SECRET})


@pytest.fixture
def robokassa(running: sandbox.RunningSandbox, settings: Any) -> MerchantAccount:
    url = f"{running.url}/robokassa"
    settings.ROBOKASSA_AUTH_URL = settings.ROBOKASSA_SERVICES_URL = settings.ROBOKASSA_FISCAL_URL = url
    login = f"shop-{uuid.uuid4().hex[:12]}"
    secrets = {"password1": "p1-of-the-shop", "password2": "p2-of-the-shop"}
    running.post(
        "/_sandbox/seed",
        {"robokassa": {"shops": [{"login": login, "algorithm": "sha256", "result_url": "", **secrets}]}},
    )
    return shop({"login": login, "algorithm": "sha256", "receipts": "order"}, secrets, provider="robokassa")


def shop(
    values: dict[str, Any], secrets: dict[str, str], *, provider: str = "cloudpayments"
) -> MerchantAccount:
    make_schedule(make_deal(contact_email="anna@example.org"), total="90000", count=3)
    merchant = MerchantAccount.objects.get()
    merchant.provider, merchant.settings, merchant.secrets_json = provider, values, json.dumps(secrets)
    merchant.save()
    return merchant


def now() -> datetime:
    return datetime.now(UTC)


def work(at: datetime) -> None:
    inbox.apply_waiting(at=at, ignore_not_before=True)
    provider_calls.deliver(at=at, ignore_not_before=True)


def fatal(target: Any, name: str, *, after: bool) -> Any:
    """A patch: the process dies before or after the real function has done its work."""
    real: Callable[..., Any] = getattr(target, name)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return mock.patch.object(target, name, deadly)


def recovers(*, kind: str = "income") -> Receipt:
    """Another worker goes on, when the lease of the dead one is over."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        work(now() + LEASED)
        done = Receipt.objects.filter(kind=kind, state="registered").first()
        if done and not ProviderCall.objects.exclude(state="done").exists():
            return done
        time.sleep(0.1)
    waiting = list(ProviderCall.objects.values_list("kind", "state", "last_error"))
    pytest.fail(f"it was not registered: {waiting}")


def pay(merchant: MerchantAccount, **order: Any) -> Payment:
    deal = Deal.objects.get()
    made = make_order(deal, amount="30000.50", state="paid", **order)
    payments.receive(
        merchant=merchant,
        external_id=made.number,
        amount=rub("30000.50"),
        currency="RUB",
        received_at=now(),
        method="card",
        order=made,
        at=now(),
    )
    return Payment.objects.get()


PLACES = {
    "before the call": (CloudPayments, "send_receipt", False),
    "after the call, before its answer is kept": (CloudPayments, "send_receipt", True),
    "while the answer is being kept": (receipts, "mark_sent", True),
    "before the register is asked": (CloudPayments, "follow_receipt", False),
    "after the register has answered": (CloudPayments, "follow_receipt", True),
    "while the registration is being kept": (receipts, "mark_registered", True),
}


@pytest.mark.parametrize("place", list(PLACES))
def test_a_receipt_is_printed_once_though_the_worker_died(
    cloud: MerchantAccount, running: sandbox.RunningSandbox, place: str
) -> None:
    payment = pay(cloud, request={"account_id": "school-1", "email": "anna@example.org"})
    target, name, after = PLACES[place]
    dies_in_time(target, name, after=after)
    receipt = recovers()
    printed = [row for row in running.dump("receipts") if row["id"] == receipt.external_id]
    number = payment.order.number if payment.order else ""
    assert len(printed) == len([row for row in running.dump("receipts") if row["invoice_id"] == number]) == 1
    assert Event.objects.filter(kind="receipt_registered").count() == 1
    assert list(verification.violations()) == []


def dies_in_time(target: Any, name: str, *, after: bool) -> None:
    """The register may take a moment before a worker comes to the place."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if forked(target, name, after=after):
            return
        time.sleep(0.1)
    pytest.fail("no worker came to that place")


def forked(target: Any, name: str, *, after: bool) -> bool:
    """Let a process work; true when it killed itself. It shares no connection with this one."""
    connection.close()
    child = os.fork()
    if child:
        end = os.waitpid(child, 0)[1]
        # The server learns of it a moment later.
        sessions.end_busy(after=5)
        assert not (os.WIFEXITED(end) and os.WEXITSTATUS(end)), "the worker failed, its words are below"
        return os.WIFSIGNALED(end)
    status = 1
    try:
        sessions.forget_inherited()
        with fatal(target, name, after=after):
            work(now())
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        # Nothing of pytest may go on here.
        os._exit(status)


@pytest.mark.parametrize("after", [False, True], ids=["before it is planned", "after it is planned"])
def test_a_payment_and_its_receipt_are_one_though_the_worker_died(
    cloud: MerchantAccount, running: sandbox.RunningSandbox, *, after: bool
) -> None:
    """Nothing of the transaction is there, and the notice is applied again."""
    request = {"account_id": "school-1", "email": "anna@example.org"}
    order = make_order(Deal.objects.get(), amount="30000.50", request=request)
    assert code(send(cloud, "pay", fields_of(order))) == 0
    dies_in_time(receipts, "_planned", after=after)
    assert (Payment.objects.count(), Receipt.objects.count(), ProviderCall.objects.count()) == (0, 0, 0)
    recovers()
    assert (Payment.objects.count(), Receipt.objects.count()) == (1, 1)
    assert len([row for row in running.dump("receipts") if row["invoice_id"] == order.number]) == 1


SECOND = {
    "before the call": (Robokassa, "send_second_receipt", False),
    "after the call, before its answer is kept": (Robokassa, "send_second_receipt", True),
    "while the answer is being kept": (receipts, "mark_sent", True),
}


@pytest.mark.parametrize("place", list(SECOND))
def test_a_second_receipt_of_robokassa_that_knows_no_keys_is_attached_once(
    robokassa: MerchantAccount, running: sandbox.RunningSandbox, place: str
) -> None:
    ridden = {
        "type": "income",
        "tax_system": "usn_income",
        "lines": [
            {
                "name": "Квест",
                "amount": "30000.50",
                "vat": "none",
                "method": "prepayment",
                "subject": "service",
            }
        ],
        "paid": {"electronic": "30000.50"},
        "email": "anna@example.org",
        "phone": "",
        "inn": "7700000009",
        "site": "https://quests.example.org",
    }
    login = robokassa.settings["login"]
    paid_there = {
        "login": login,
        "inv_id": "60001",
        "out_sum": "30000.50",
        "paid_at": (now() - timedelta(days=1)).isoformat(),
        "email": "anna@example.org",
        "receipt": {
            "sno": "usn_income",
            "items": [
                {
                    "name": "Квест",
                    "quantity": 1,
                    "sum": 30000.5,
                    "tax": "none",
                    "payment_method": "prepayment",
                    "payment_object": "service",
                }
            ],
        },
    }
    running.post("/_sandbox/seed", {"robokassa": {"operations": [paid_there]}})
    payment = pay(robokassa, number="60001", request={"receipt": ridden, "email": "anna@example.org"})
    assert payment.deal is not None
    service_rendered.render(
        deal=payment.deal, on=payment.deal.local_day(now()), amount=None, author="user:7", at=now()
    )
    target, name, after = SECOND[place]
    dies_in_time(target, name, after=after)
    recovers(kind="offset")
    seconds = [
        row for row in sandbox_rows(running, "receipts") if row["login"] == login and row["kind"] == "second"
    ]
    assert len(seconds) == 1
    assert list(verification.violations()) == []


def sandbox_rows(running: sandbox.RunningSandbox, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = requests.get(f"{running.url}/_sandbox/robokassa/{name}", timeout=10).json()
    return rows
