"""Receipts on their way: sent under their own key, followed until they are printed; orders to cancel."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from billing import notice_outcomes, provider_calls, receipts
from billing.models import (
    Event,
    ProviderCall,
    ProviderOrder,
    Receipt,
)
from billing.providers.base import (
    FollowedReceipt,
    NotSent,
    ReceiptState,
    Refused,
    Unknown,
)
from crm import queues
from tests.billing.notices import deliver
from tests.billing.receipting import PRINTED, FakeProvider, deliver_calls, made_order, paid, real_provider
from tests.factories import NOW, make_deal, make_order, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider() -> Any:
    fake = FakeProvider()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


@pytest.fixture
def order() -> ProviderOrder:
    return made_order()


def test_a_receipt_is_sent_followed_and_registered(order: ProviderOrder, provider: FakeProvider) -> None:
    receipt = paid(order)
    assert deliver_calls() == 1
    receipt.refresh_from_db()
    assert (receipt.state, receipt.external_id) == ("sent", "K1")
    request = provider.asked[0]
    assert (request.request_id, request.order_number, request.account_id) == (
        f"receipt:{receipt.pk}",
        order.number,
        "school-1",
    )
    provider.answers = [
        FollowedReceipt(state=ReceiptState.QUEUED),
        FollowedReceipt(state=ReceiptState.REGISTERED, url="https://ofd.example/1", fiscal=PRINTED),
    ]
    deliver_calls(3)
    assert Receipt.objects.get().state == "sent"
    deliver_calls(10)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.url, receipt.fiscal) == ("registered", "https://ofd.example/1", PRINTED)
    assert not ProviderCall.objects.exclude(state="done").exists()
    assert Event.objects.filter(kind="receipt_registered").count() == 1
    assert deliver_calls(9000) == 0


def receipt_fields(receipt: Receipt, number: str = "K1", **changes: str) -> dict[str, str]:
    usual = {
        "Id": number,
        "DocumentNumber": "44",
        "FiscalNumber": PRINTED["fn"],
        "FiscalSign": PRINTED["fpd"],
        "Inn": "7700000009",
        "Type": "Income",
        "Url": "https://ofd.example/1",
        "Amount": "30000.00",
        "DateTime": "2026-11-22 08:59:40",
        "InvoiceId": receipts.order_number(receipt),
    }
    return usual | changes


def test_the_notice_registers_it_before_anybody_asks(order: ProviderOrder, provider: FakeProvider) -> None:
    receipt = paid(order)
    deliver_calls()
    with real_provider():
        deliver(order.merchant, "receipt", receipt_fields(receipt))
    receipt.refresh_from_db()
    assert (receipt.state, receipt.fiscal, receipt.url) == ("registered", PRINTED, "https://ofd.example/1")
    assert receipt.registered_at == datetime(2026, 11, 22, 8, 59, 40, tzinfo=UTC)
    deliver_calls(60)
    assert not ProviderCall.objects.exclude(state="done").exists()
    assert Event.objects.filter(kind="receipt_registered").count() == 1


def test_a_notice_that_overtakes_the_answer_finds_its_receipt_and_nothing_is_sent_again(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    receipt = paid(order)
    provider.answers = [Unknown("ReadTimeout", call="kkt/receipt")]
    deliver_calls()
    with real_provider():
        deliver(order.merchant, "receipt", receipt_fields(receipt, "K77"))
    receipt.refresh_from_db()
    assert (receipt.state, receipt.external_id) == ("registered", "K77")
    deliver_calls(60)
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "changes", [{"Amount": "29999.99"}, {"Type": "IncomeReturn"}, {"InvoiceId": "another"}]
)
def test_a_receipt_of_another_program_is_left_alone(
    order: ProviderOrder, provider: FakeProvider, changes: dict[str, str]
) -> None:
    receipt = paid(order)
    provider.answers = [Unknown("ReadTimeout", call="kkt/receipt")]
    deliver_calls()
    with real_provider():
        for _ in range(notice_outcomes.LOOKS_FOR_A_RECEIPT):
            deliver(order.merchant, "receipt", receipt_fields(receipt, "K77", **changes))
    receipt.refresh_from_db()
    assert (receipt.state, receipt.external_id) == ("planned", "")
    from billing.models import Notice

    assert Notice.objects.get().outcome == "foreign_receipt"


def test_an_unknown_outcome_is_repeated_under_the_same_key_while_the_provider_remembers(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    receipt = paid(order)
    provider.answers = [Unknown("HTTP 500", call="kkt/receipt"), Unknown("HTTP 500", call="kkt/receipt")]
    for seconds in (0, 10, 60):
        deliver_calls(seconds)
    assert {request.request_id for request in provider.asked} == {f"receipt:{receipt.pk}"}
    assert len(provider.asked) == 3
    assert Receipt.objects.get().state == "sent"


def test_after_that_a_person_must_look_before_another_receipt_is_made(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    receipt = paid(order)
    provider.answers = [Unknown("HTTP 500", call="kkt/receipt")]
    deliver_calls()
    late = NOW + timedelta(minutes=56)
    provider_calls.deliver(at=late)
    call = ProviderCall.objects.get()
    assert (call.state, len(provider.asked)) == ("parked", 1)
    queues.wake(call, at=late)
    provider_calls.deliver(at=late)
    assert provider.asked[-1].request_id != f"receipt:{receipt.pk}"
    assert len(provider.asked) == 2


def test_a_provider_that_was_never_reached_is_asked_for_days(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    receipt = paid(order)
    provider.answers = [NotSent("no connection", call="kkt/receipt")] * 5
    for hour in range(6):
        provider_calls.deliver(at=NOW + timedelta(hours=hour))
    assert {request.request_id for request in provider.asked} == {f"receipt:{receipt.pk}"}
    assert Receipt.objects.get().state == "sent"


def test_a_refusal_is_final_names_the_reason_and_takes_a_new_key_for_the_second_try(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    receipt = paid(order)
    provider.answers = [Refused("СНО не зарегистрирована", call="kkt/receipt", status=200, code="3")]
    deliver_calls()
    receipt.refresh_from_db()
    call = ProviderCall.objects.get()
    assert (receipt.state, receipt.reason, call.state) == ("failed", "СНО не зарегистрирована", "parked")
    assert deliver_calls(9000) == 0
    queues.wake(call, at=NOW)
    deliver_calls(10)
    assert len({request.request_id for request in provider.asked}) == 2
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("sent", "")


def test_a_receipt_that_the_register_did_not_print_needs_a_person(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    paid(order)
    deliver_calls()
    provider.answers = [FollowedReceipt(state=ReceiptState.FAILED, reason="ФН переполнен")]
    deliver_calls(5)
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.reason) == ("failed", "ФН переполнен")
    assert ProviderCall.objects.get(kind="follow_receipt").state == "parked"


def test_a_crash_between_call_and_commit_repeats_the_same_key(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    receipt = paid(order)
    with (
        mock.patch("billing.receipts.mark_sent", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        deliver_calls()
    assert deliver_calls(5) == 0  # still leased to the dead worker
    deliver_calls(60)
    assert [request.request_id for request in provider.asked] == [f"receipt:{receipt.pk}"] * 2
    assert Receipt.objects.get().state == "sent"


def test_a_silent_provider_does_not_hold_up_the_other_merchants(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    other = make_order(deal)
    for number in range(3):
        paid(order, external_id=f"a{number}")
    paid(other, external_id="b")
    provider.answers = [Unknown("HTTP 500", call="kkt/receipt")]
    assert deliver_calls() == 2
    assert len(provider.asked) == 2


# Orders to cancel


@pytest.mark.parametrize(
    ("answers", "state", "order_state"),
    [
        ([], "done", "cancelled"),
        ([Refused("Order is already paid", call="orders/cancel", status=200)], "done", "cancelled"),
        ([Refused("wrong credentials", call="orders/cancel", status=401)], "parked", "superseded"),
        ([Unknown("HTTP 500", call="orders/cancel", status=500)], "waiting", "superseded"),
    ],
)
def test_a_superseded_order_is_closed_at_the_provider_once(
    order: ProviderOrder, provider: FakeProvider, answers: list[Any], state: str, order_state: str
) -> None:
    ProviderOrder.objects.update(state="superseded", external_id="Qz7")
    order.refresh_from_db()
    for _ in range(2):
        provider_calls.add_cancel_order(order=order, at=NOW)
    provider.answers = answers
    assert deliver_calls() == 1
    order.refresh_from_db()
    assert (ProviderCall.objects.get().state, order.state) == (state, order_state)
    assert provider.cancelled == ["Qz7"]


def test_what_was_never_made_needs_no_cancelling(order: ProviderOrder, provider: FakeProvider) -> None:
    provider_calls.add_cancel_order(order=order, at=NOW)
    # Its creation may still be on its way.
    assert deliver_calls() == 0
    deliver_calls(provider_calls.CREATION_LASTS.total_seconds())
    assert (ProviderCall.objects.get().state, provider.cancelled) == ("done", [])
