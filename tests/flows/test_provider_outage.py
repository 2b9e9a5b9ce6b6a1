"""A provider that is down for two hours: everything that is owed waits, and is done once when it is back."""

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from billing import payments, provider_calls, refund_orders, verification
from billing.models import MerchantAccount, Payment, ProviderCall, Receipt, RefundOrder
from crm import queues
from crm.models import Deal
from tests.factories import make_deal, make_order, make_schedule, rub
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
PAYMENTS = 3


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        found.post("/_sandbox/clock", {"speed": 60})
        yield found


@pytest.fixture(autouse=True)
def _mended(running: sandbox.RunningSandbox) -> Iterator[None]:
    yield
    running.clear_faults()


@pytest.fixture
def merchant(running: sandbox.RunningSandbox, settings: Any) -> MerchantAccount:
    settings.CLOUDPAYMENTS_URL = f"{running.url}/cloudpayments"
    public_id = f"pk_{uuid.uuid4().hex}"
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [sandbox.site(public_id)]}})
    make_schedule(make_deal(contact_email="anna@example.org"), total="90000", count=3)
    found = MerchantAccount.objects.get()
    found.settings = {"public_id": public_id, "receipts": True}
    found.secrets_json = json.dumps({"api_secret": sandbox.SECRET})
    found.save()
    return found


def paid(merchant: MerchantAccount, running: sandbox.RunningSandbox, number: int) -> Payment:
    """Money that came there and is known here."""
    order = make_order(
        Deal.objects.get(),
        number=f"G7000{number}-{uuid.uuid4().hex[:6]}",
        purpose=f"row:{number}",
        state="paid",
        amount="1000.00",
        request={"account_id": "school-1", "email": "anna@example.org"},
    )
    made = requests.post(
        f"{running.url}/cloudpayments/orders/create",
        json={"Amount": 1000, "Currency": "RUB", "Description": "Взнос", "InvoiceId": order.number},
        auth=(merchant.settings["public_id"], sandbox.SECRET),
        timeout=10,
    ).json()
    taken = running.pay(made["Model"]["Url"])["Transactions"][-1]
    return payments.receive(
        merchant=merchant,
        external_id=str(taken["TransactionId"]),
        amount=rub(1000),
        currency="RUB",
        received_at=datetime.now(UTC),
        method="card",
        order=order,
        at=datetime.now(UTC),
    )


@pytest.mark.parametrize("fault", ["down", "error_500"])
def test_after_two_hours_every_receipt_and_refund_is_made_once(
    merchant: MerchantAccount, running: sandbox.RunningSandbox, fault: str
) -> None:
    """The call that was on its way when the trouble began alone is a person's: nobody knows what became of
    it.
    """
    start = datetime.now(UTC)
    owed = [paid(merchant, running, number) for number in range(PAYMENTS)]
    refund_orders.request(
        payment=owed[0],
        demand=refund_orders.Demand(rub("400.50"), "передумал", ""),
        author="user:7",
        at=datetime.now(UTC),
    )
    running.post("/_sandbox/faults", {"service": "cloudpayments", "fault": fault, "count": 100_000})
    for minutes in range(0, 121, 10):
        provider_calls.deliver(at=start + timedelta(minutes=minutes))
    assert not Receipt.objects.filter(state="registered").exists()
    parked = ProviderCall.objects.filter(state="parked")
    assert [call.receipt and call.receipt.payment for call in parked] == owed[:1]
    running.clear_faults()
    # Somebody has looked into the cabinet: it is not there.
    for call in parked:
        queues.wake(call, at=start)
    end, at = time.monotonic() + 60, start + timedelta(minutes=125)
    while ProviderCall.objects.exclude(state="done").exists() and time.monotonic() < end:
        at += timedelta(minutes=5)
        provider_calls.deliver(at=at)
        time.sleep(0.1)
    assert not ProviderCall.objects.exclude(state="done").exists()
    numbers = {payment.order.number for payment in owed if payment.order}
    printed = [row for row in running.dump("receipts") if row["invoice_id"] in numbers]
    assert sorted(row["type"] for row in printed) == ["Income"] * PAYMENTS + ["IncomeReturn"]
    back = [row for row in running.dump("transactions") if row["original_id"] == int(owed[0].external_id)]
    assert [row["amount"] for row in back] == ["400.50"]
    assert RefundOrder.objects.get().state == "done"
    assert list(verification.violations()) == []
