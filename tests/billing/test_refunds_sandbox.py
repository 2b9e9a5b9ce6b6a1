"""Money back, closing receipts and reconciliation at the sandbox: real providers' wires, faults and all."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from billing import (
    inbox,
    order_watch,
    orders,
    provider_calls,
    providers,
    reconciliation,
    refund_orders,
    registry_watch,
    service_rendered,
)
from billing.asking import What
from billing.models import (
    Difference,
    MerchantAccount,
    Payment,
    ProviderCall,
    ProviderOrder,
    Receipt,
    Refund,
    RefundOrder,
)
from billing.providers.base import NoticeKind, RefundRequest
from billing.refund_orders import Demand
from crm import queues
from crm.models import Deal
from tests.factories import make_deal, make_schedule, rub, standing_of
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

PASSWORDS = {"password1": "p1", "password2": "p2", "password3": "p3"}


def now() -> datetime:
    return datetime.now(UTC)


def today() -> Any:
    return now().astimezone(ZoneInfo("Europe/Moscow")).date()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def cloud(running: sandbox.RunningSandbox, live_server: Any, settings: Any) -> Iterator[Deal]:
    """A deal paid by CloudPayments, whose notices come to the live server."""
    settings.CLOUDPAYMENTS_URL = f"{running.url}/cloudpayments"
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    merchant = MerchantAccount.objects.get()
    public_id = f"pk_{uuid.uuid4().hex}"
    merchant.settings = {"public_id": public_id, "receipts": True}
    merchant.secrets_json = json.dumps({"api_secret": sandbox.SECRET})
    merchant.save()
    address = f"{live_server.url}/webhooks/cloudpayments/{merchant.key}"
    kinds = [kind for kind in NoticeKind if kind is not NoticeKind.SIGNED_STATE]
    doors = {kind.value: f"{address}/{kind.value}/" for kind in kinds}
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [sandbox.site(public_id, doors)]}})
    yield deal
    running.clear_faults()


@pytest.fixture
def robokassa(running: sandbox.RunningSandbox, settings: Any) -> Iterator[Deal]:
    """A deal of a Robokassa shop; its clock runs fast, so that refunds end and receipts are printed."""
    for name in ("ROBOKASSA_AUTH_URL", "ROBOKASSA_SERVICES_URL", "ROBOKASSA_FISCAL_URL"):
        setattr(settings, name, f"{running.url}/robokassa")
    deal = make_deal(contact_email="guest@example.org")
    make_schedule(deal, total="9000", count=3)
    merchant = MerchantAccount.objects.get()
    login = f"shop-{uuid.uuid4().hex[:12]}"
    merchant.provider = "robokassa"
    merchant.settings = {"login": login, "algorithm": "sha256", "receipts": "order"}
    merchant.secrets_json = json.dumps(PASSWORDS)
    merchant.save()
    shop = {"login": login, "algorithm": "sha256", **PASSWORDS}
    running.post("/_sandbox/seed", {"robokassa": {"shops": [shop]}})
    yield deal
    running.clear_faults()
    running.post("/_sandbox/clock", {"speed": 1, "offset_seconds": 0})


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Work the queues until something is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        inbox.apply_waiting(at=now(), ignore_not_before=True)
        provider_calls.deliver(at=now(), ignore_not_before=True)
        if true():
            return
        time.sleep(0.2)
    pytest.fail("it did not come true in time")


def paid(running: sandbox.RunningSandbox, deal: Deal) -> Payment:
    """An installment paid at the provider's page, noticed and receipted."""
    order = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert running.pay(order.url)["Status"] == "Completed"
    until(lambda: Receipt.objects.filter(kind="income", state="registered").exists())
    return Payment.objects.get()


def ask(payment: Payment, amount: object) -> RefundOrder:
    demand = Demand(rub(amount), "передумал")
    return refund_orders.request(payment=payment, demand=demand, author="user:7", at=now())


def returned(running: sandbox.RunningSandbox, payment: Payment) -> list[dict[str, Any]]:
    """What the provider gave back of a payment."""
    return [row for row in running.dump("transactions") if str(row["original_id"]) == payment.external_id]


def test_a_refund_is_made_noticed_and_receipted_once(running: sandbox.RunningSandbox, cloud: Deal) -> None:
    payment = paid(running, cloud)
    order = ask(payment, "10000.25")
    until(lambda: Receipt.objects.filter(kind="refund", state="registered").exists())
    order.refresh_from_db()
    [there] = returned(running, payment)
    assert (order.state, order.external_id) == ("done", str(there["id"]))
    assert (Refund.objects.count(), standing_of(cloud).refunded) == (1, rub("10000.25"))
    assert running.dump("receipts")[-1]["type"] == "IncomeReturn"
    done = reconciliation.run(merchant=payment.merchant, day=today(), at=now())  # type: ignore[arg-type]
    assert (done.error, done.found) == ("", 0)


@pytest.mark.parametrize("fault", ["error_500_after_work", "half_body", "error_500", "down"])
def test_whatever_happens_to_the_answer_the_money_goes_back_once(
    running: sandbox.RunningSandbox, cloud: Deal, fault: str
) -> None:
    payment = paid(running, cloud)
    running.fault(fault)
    order = ask(payment, 30000)
    until(lambda: RefundOrder.objects.get(pk=order.pk).state == "done")
    assert len(returned(running, payment)) == 1
    assert (Refund.objects.count(), standing_of(cloud).refunded) == (1, rub(30000))


def test_money_given_back_from_the_cabinet_and_ours_do_not_double(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    payment = paid(running, cloud)
    shop = MerchantAccount.objects.get()
    request = RefundRequest(
        payment_external_id=payment.external_id, amount=rub(5000), request_id=f"cabinet:{uuid.uuid4()}"
    )
    providers.of(shop).refund(request, timeout=5)
    ask(payment, 5000)
    until(lambda: Refund.objects.count() == 2)
    until(lambda: not RefundOrder.objects.exclude(state="done").exists())
    assert len(returned(running, payment)) == 2
    assert standing_of(cloud).refunded == rub(10000)


def test_more_than_the_provider_still_holds_is_refused_there_and_freed_here(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    payment = paid(running, cloud)
    order = ask(payment, 20000)
    shop = MerchantAccount.objects.get()
    request = RefundRequest(
        payment_external_id=payment.external_id, amount=rub(20000), request_id=f"cabinet:{uuid.uuid4()}"
    )
    providers.of(shop).refund(request, timeout=5)
    until(lambda: RefundOrder.objects.get(pk=order.pk).state == "failed" or Refund.objects.count() > 0)
    until(lambda: Refund.objects.count() == 1)
    assert standing_of(cloud).refunded == rub(20000)


def test_a_lost_notice_is_found_in_the_registry_within_minutes(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    running.fault("lose_notice", 2)
    order = orders.open_order(deal=cloud, what=What.INSTALLMENT, at=now())
    assert running.pay(order.url)["Status"] == "Completed"
    inbox.apply_waiting(at=now(), ignore_not_before=True)
    assert not Payment.objects.exists()
    assert registry_watch.run(at=now() + timedelta(minutes=4)) == 1
    inbox.apply_waiting(at=now(), ignore_not_before=True)
    assert standing_of(cloud).paid == rub(30000)


def test_a_night_heals_lost_refunds_and_records_chargebacks(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    payment = paid(running, cloud)
    shop = MerchantAccount.objects.get()
    running.fault("lose_notice", 1)
    request = RefundRequest(
        payment_external_id=payment.external_id, amount=rub(1000), request_id=f"cabinet:{uuid.uuid4()}"
    )
    providers.of(shop).refund(request, timeout=5)
    chargeback = {"TransactionId": int(payment.external_id), "Amount": "29000.00"}
    running.post("/_sandbox/cloudpayments/chargebacks", chargeback)
    done = reconciliation.run(merchant=shop, day=today(), at=now())
    assert done.error == ""
    assert sorted((row.chargeback, row.amount) for row in Refund.objects.all()) == [
        (False, rub(1000)),
        (True, rub(29000)),
    ]
    assert list(Difference.objects.filter(state="open").values_list("reason", flat=True)) == ["chargeback"]


def test_a_rendered_service_is_closed_by_an_offset_receipt(
    running: sandbox.RunningSandbox, cloud: Deal
) -> None:
    paid(running, cloud)
    service_rendered.render(deal=cloud, on=today(), amount=None, author="user:7", at=now())
    until(lambda: Receipt.objects.filter(kind="offset", state="registered").exists())
    printed = running.dump("receipts")[-1]
    assert printed["type"] == "Income"
    amounts = printed["content"]["Amounts"]
    assert {name: float(amount) for name, amount in amounts.items() if amount} == {"AdvancePayment": 30000.0}
    assert Receipt.objects.get(kind="offset").fiscal


# Robokassa


def pay_robokassa(running: sandbox.RunningSandbox, deal: Deal) -> Payment:
    order = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    said = requests.post(
        order.url,
        data={"method": "card"},
        headers={"Accept": "application/json"},
        timeout=40,
        allow_redirects=False,
    ).json()
    assert said["InvId"] == order.number
    running.post("/_sandbox/clock", {"speed": 300})
    end = time.monotonic() + 60
    while not Payment.objects.exists() and time.monotonic() < end:
        ProviderOrder.objects.update(asked_at=None)
        order_watch.run(at=now() + timedelta(minutes=2))
        inbox.apply_waiting(at=now(), ignore_not_before=True)
        time.sleep(0.2)
    return Payment.objects.get()


def rows(running: sandbox.RunningSandbox, name: str) -> list[dict[str, Any]]:
    login = MerchantAccount.objects.get().settings["login"]
    found = requests.get(f"{running.url}/_sandbox/robokassa/{name}", timeout=10).json()
    return [row for row in found if row["login"] == login]


def test_robokassa_gives_back_prints_the_return_and_is_polled(
    running: sandbox.RunningSandbox, robokassa: Deal
) -> None:
    payment = pay_robokassa(running, robokassa)
    order = ask(payment, 1200)
    until(lambda: RefundOrder.objects.get(pk=order.pk).state == "done")
    [there] = rows(running, "refunds")
    assert (there["state"], there["amount"]) == ("finished", "1200.00")
    [printed] = [row for row in rows(running, "receipts") if row["kind"] == "refund"]
    assert printed["amount"] == "1200.00"
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason) == ("sent", "")
    assert standing_of(robokassa).refunded == rub(1200)


def test_an_unanswered_refund_of_robokassa_waits_for_a_person_and_is_never_made_twice(
    running: sandbox.RunningSandbox, robokassa: Deal
) -> None:
    payment = pay_robokassa(running, robokassa)
    # The fault is for the refund, not for the question after the first receipt.
    until(lambda: Receipt.objects.filter(kind="income", state="registered").exists())
    running.post("/_sandbox/faults", {"service": "robokassa", "fault": "error_500_after_work", "count": 1})
    order = ask(payment, 1200)
    until(lambda: ProviderCall.objects.filter(kind="refund", state="parked").exists())
    queues.wake(ProviderCall.objects.get(kind="refund"), at=now())
    until(lambda: ProviderCall.objects.filter(kind="refund", state="parked").exists())
    [there] = rows(running, "refunds")
    refund_orders.found_made(
        order=RefundOrder.objects.get(pk=order.pk),
        external_id=there["id"],
        made_on=today(),
        author="staff:anna",
        at=now(),
    )
    assert Refund.objects.get().external_id == there["id"]


def test_robokassa_closes_the_payment_by_its_one_further_receipt(
    running: sandbox.RunningSandbox, robokassa: Deal
) -> None:
    payment = pay_robokassa(running, robokassa)
    service_rendered.render(deal=robokassa, on=today(), amount=payment.amount, author="user:7", at=now())
    until(lambda: Receipt.objects.filter(kind="offset", state="registered").exists())
    [second] = [row for row in rows(running, "receipts") if row["kind"] == "second"]
    assert (second["origin_id"], second["amount"]) == (payment.external_id, "3000.00")


def test_robokassas_day_is_compared_by_asking(running: sandbox.RunningSandbox, robokassa: Deal) -> None:
    payment = pay_robokassa(running, robokassa)
    shop = MerchantAccount.objects.get()
    day = payment.received_at.astimezone(ZoneInfo("Europe/Moscow")).date()
    done = reconciliation.run(merchant=shop, day=day, at=now())
    assert (done.error, done.rows, done.found) == ("", 1, 0)
