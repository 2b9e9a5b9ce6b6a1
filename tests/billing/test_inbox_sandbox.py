"""The whole way at the sandbox: made and paid there, noticed here, the receipt printed there again."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from billing import inbox, provider_calls, providers
from billing.models import MerchantAccount, Notice, Payment, ProviderCall, ProviderOrder, Receipt
from billing.providers.base import NoticeKind, OrderRequest, RefundRequest
from crm.models import Deal
from tests.factories import make_deal, make_order, make_schedule, rub, standing_of
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def shop(running: sandbox.RunningSandbox, live_server: Any, settings: Any) -> MerchantAccount:
    """A merchant whose notices come from the sandbox to the live server."""
    settings.CLOUDPAYMENTS_URL = f"{running.url}/cloudpayments"
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    merchant = MerchantAccount.objects.get()
    public_id = f"pk_{uuid.uuid4().hex}"
    merchant.settings = {"public_id": public_id, "receipts": True}
    merchant.secrets_json = f'{{"api_secret": "{sandbox.SECRET}"}}'
    merchant.save()
    address = f"{live_server.url}/webhooks/cloudpayments/{merchant.key}"
    kinds = [kind.value for kind in NoticeKind if kind is not NoticeKind.SIGNED_STATE]  # Robokassa's
    doors = {kind: f"{address}/{kind}/" for kind in kinds}
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [sandbox.site(public_id, doors)]}})
    return merchant


def opened(shop: MerchantAccount) -> ProviderOrder:
    """An order that the sandbox knows too."""
    order = make_order(Deal.objects.get(), amount="30000.50", request={"account_id": "school-1"})
    request = OrderRequest(
        number=order.number,
        request_id=f"{shop.key}:{order.request_id}",
        amount=order.amount,
        description="Взнос 1 из 3",
        account_id="school-1",
        email="anna@example.org",
    )
    created = providers.of(shop).create_order(request, timeout=5)
    order.external_id, order.url = created.external_id, created.url
    order.save()
    return order


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


def test_a_payment_at_the_sandbox_is_checked_noticed_and_receipted(
    shop: MerchantAccount, running: sandbox.RunningSandbox
) -> None:
    order = opened(shop)
    assert running.pay(order.url)["Status"] == "Completed"
    until(lambda: Receipt.objects.filter(state="registered").exists())
    payment = Payment.objects.get()
    assert (payment.amount, payment.order_id) == (rub("30000.50"), order.pk)
    assert standing_of(order.deal).paid == rub("30000.50")
    receipt = Receipt.objects.get()
    assert set(receipt.fiscal) == {"fn", "fd", "fpd"}
    assert receipt.url.startswith("http")
    printed = running.dump("receipts")[-1]
    assert printed["id"] == receipt.external_id
    until(lambda: not ProviderCall.objects.exclude(state="done").exists())


def test_money_sent_back_from_the_cabinet_is_noticed_and_receipted(
    shop: MerchantAccount, running: sandbox.RunningSandbox
) -> None:
    order = opened(shop)
    running.pay(order.url)
    until(lambda: Receipt.objects.filter(state="registered").exists())
    payment = Payment.objects.get()
    providers.of(shop).refund(
        RefundRequest(
            payment_external_id=payment.external_id,
            amount=rub("10000.25"),
            request_id=f"refund:{payment.external_id}",
        ),
        timeout=5,
    )
    until(lambda: Receipt.objects.filter(kind="refund", state="registered").exists())
    assert standing_of(order.deal).paid == rub("20000.25")
    assert running.dump("receipts")[-1]["type"] == "IncomeReturn"


@pytest.mark.parametrize(
    ("trick", "payments", "outcomes"),
    [
        ("decline", 0, ["declined"]),
        ("notify_twice", 1, ["payment"]),
        ("out_of_order", 1, ["declined", "payment"]),
        ("forged", 0, []),
        ("bad_signature", 0, []),
    ],
)
def test_what_goes_wrong_at_the_payment_page_is_taken_as_it_is(
    shop: MerchantAccount,
    running: sandbox.RunningSandbox,
    trick: str,
    payments: int,
    outcomes: list[str],
) -> None:
    order = opened(shop)
    running.pay(order.url, trick=trick)
    if outcomes:
        until(lambda: Notice.objects.filter(kind__in=("pay", "fail"), state="done").count() == len(outcomes))
    else:
        time.sleep(1.5)
        inbox.apply_waiting(at=now(), ignore_not_before=True)
    found = Notice.objects.filter(kind__in=("pay", "fail")).values_list("outcome", flat=True)
    assert sorted(found) == outcomes
    assert Payment.objects.count() == payments


def test_a_paid_order_is_refused_by_check_before_the_card_is_charged(
    shop: MerchantAccount, running: sandbox.RunningSandbox
) -> None:
    order = opened(shop)
    ProviderOrder.objects.filter(pk=order.pk).update(state="superseded")
    paid = running.pay(order.url)
    assert (paid["Status"], paid["ReasonCode"]) == ("Declined", 3004)


def test_a_receipt_made_in_spite_of_a_broken_answer_is_not_made_again(
    shop: MerchantAccount, running: sandbox.RunningSandbox
) -> None:
    order = opened(shop)
    before = len(running.dump("receipts"))
    running.pay(order.url)
    end = time.monotonic() + 60
    while not Receipt.objects.exists() and time.monotonic() < end:
        inbox.apply_waiting(at=now(), ignore_not_before=True)
        time.sleep(0.1)
    running.fault("error_500_after_work")
    provider_calls.deliver(at=now())
    call = ProviderCall.objects.get()
    assert (call.state, call.attempts, Receipt.objects.get().external_id) == ("waiting", 1, "")
    until(lambda: Receipt.objects.filter(state="registered").exists())
    assert len(running.dump("receipts")) == before + 1
