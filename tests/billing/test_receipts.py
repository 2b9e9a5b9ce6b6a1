"""Receipts beside the payments: planned once, sent under their own key, followed until they are printed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from billing import inbox, payments, provider_calls, receipts, refunds
from billing.models import (
    Event,
    Location,
    MerchantAccount,
    Ownership,
    Payment,
    Product,
    ProviderCall,
    ProviderOrder,
    Receipt,
    TaxSetting,
)
from billing.payments import Offline
from billing.providers.base import (
    FollowedReceipt,
    NotSent,
    ReceiptRequest,
    ReceiptState,
    Refused,
    SentReceipt,
    Unknown,
)
from billing.providers.cloudpayments import CloudPayments
from billing.receipts import InvalidChoice, ReceiptChoice
from billing.rules.receipts import Maker
from crm import queues
from crm.models import Deal
from tests.billing.notices import deliver, fields_of, refund_fields
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db

PRINTED = {"fn": "9999078900000001", "fd": "44", "fpd": "1234567890"}


class FakeProvider(CloudPayments):
    """CloudPayments without its wire: remembers what it was asked and answers as told."""

    asked: list[ReceiptRequest]
    answers: list[Any]
    cancelled: list[str]
    finds_orders = False

    def __init__(self) -> None:
        self.asked, self.answers, self.cancelled = [], [], []

    def send_receipt(self, request: ReceiptRequest, *, timeout: float) -> SentReceipt:
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else SentReceipt(external_id=f"K{len(self.asked)}")
        return self._told(answer)  # type: ignore[no-any-return]

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        answer = self.answers.pop(0) if self.answers else FollowedReceipt(state=ReceiptState.QUEUED)
        return self._told(answer)  # type: ignore[no-any-return]

    def cancel_order(self, *, external_id: str, timeout: float) -> None:
        self.cancelled.append(external_id)
        self._told(self.answers.pop(0) if self.answers else None)

    @staticmethod
    def _told(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def provider() -> Any:
    fake = FakeProvider()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def real_provider() -> Any:
    """The true adapter for a while: the door of a notice needs its signature."""
    return mock.patch(
        "billing.providers.of", lambda merchant: CloudPayments(merchant, url="http://127.0.0.1:9")
    )


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1", "email": "payer@example.org", "phone": ""})


def paid(order: ProviderOrder, amount: object = 30000, external_id: str = "501") -> Receipt:
    payment = payments.receive(
        merchant=order.merchant,
        external_id=external_id,
        amount=rub(amount),
        currency="RUB",
        received_at=datetime(2026, 11, 22, 8, 59, tzinfo=UTC),
        method="card",
        order=order,
        at=NOW,
    )
    return Receipt.objects.get(payment=payment)


def offline(deal: Deal, method: str, choice: object = None, payer: dict[str, Any] | None = None) -> Receipt:
    given = Offline(
        paid_on=TODAY, method=method, payer=payer or {}, comment="", receipt=ReceiptChoice.read(choice)
    )
    payment = payments.receive_offline(deal=deal, amount=rub(1000), offline=given, author="user:1", at=NOW)
    return Receipt.objects.get(payment=payment)


def deliver_calls(seconds: float = 0) -> int:
    return provider_calls.deliver(at=NOW + timedelta(seconds=seconds))


# Planning


def test_a_part_is_planned_as_a_prepayment_to_the_address_of_the_order(order: ProviderOrder) -> None:
    receipt = paid(order)
    assert (receipt.state, receipt.kind, receipt.reason) == ("planned", "income", "")
    assert receipt.content == {
        "type": "income",
        "tax_system": "usn_income",
        "lines": [
            {
                "name": "Нутрициолог",
                "amount": "30000.00",
                "vat": "none",
                "method": "prepayment",
                "subject": "service",
            }
        ],
        "paid": {"electronic": "30000.00"},
        "email": "payer@example.org",
        "phone": "",
        "inn": "7700000009",
        "site": "",
    }
    call = ProviderCall.objects.get()
    assert (call.kind, call.key, call.merchant) == ("send_receipt", f"receipt:{receipt.pk}", order.merchant)


def test_the_whole_price_at_once_is_a_full_prepayment(order: ProviderOrder) -> None:
    assert paid(order, 90000).content["lines"][0]["method"] == "full_prepayment"


def test_a_second_plan_returns_the_first_receipt(order: ProviderOrder) -> None:
    first = paid(order)
    again = receipts.plan_income(payment=first.payment, whole=True, choice=None, at=NOW)
    assert again == first
    assert ProviderCall.objects.count() == 1


def test_the_rate_is_that_of_the_day_of_the_money_and_of_the_product(order: ProviderOrder) -> None:
    entity = order.legal_entity
    TaxSetting.objects.create(
        legal_entity=entity, valid_from=date(2026, 11, 22), tax_system="osn", vat="vat22"
    )
    TaxSetting.objects.create(
        legal_entity=entity, valid_from=date(2026, 11, 23), tax_system="osn", vat="vat10"
    )
    assert paid(order).content["lines"][0]["vat"] == "vat122"
    Product.objects.create(programme="Нутрициолог", name="Курс «Нутрициолог»", vat="vat0")
    line = paid(order, external_id="502").content["lines"][0]
    assert (line["name"], line["vat"]) == ("Курс «Нутрициолог»", "vat0")


@pytest.mark.parametrize(
    ("method", "payer", "choice", "state", "reason"),
    [
        ("bank_transfer", {}, None, "planned", ""),
        ("bank_transfer", {"kind": "person"}, None, "planned", ""),
        ("bank_transfer", {"kind": "company"}, None, "not_required", "organisation_transfer"),
        ("card_terminal", {}, None, "not_required", "other_register"),
        ("card_terminal", {}, True, "planned", ""),
        ("cash", {}, None, "missing", "no_register_for_cash"),
        ("cash", {}, True, "missing", "no_register_for_cash"),
        ("other", {}, None, "missing", "method_unknown"),
        ("cash", {}, False, "missing", "none_yet"),
        ("cash", {}, {"none": "подарочный сертификат"}, "not_required", "подарочный сертификат"),
        ("cash", {}, {"fn": "99", "fd": "4", "fpd": "7"}, "not_required", "other_register"),
    ],
)
def test_an_offline_payment_has_a_receipt_or_a_named_reason(
    method: str, payer: dict[str, Any], choice: object, state: str, reason: str
) -> None:
    receipt = offline(make_deal(), method, choice, payer)
    assert (receipt.state, receipt.reason) == (state, reason)
    assert ProviderCall.objects.count() == (1 if state == "planned" else 0)


def test_numbers_of_another_register_are_kept() -> None:
    receipt = offline(make_deal(), "cash", {"fn": "99", "fd": "4", "fpd": "7"})
    assert receipt.fiscal == {"fn": "99", "fd": "4", "fpd": "7"}


@pytest.mark.parametrize(
    ("desk", "cash_receipts", "expected"),
    [
        ("desk", True, ("not_required", "other_register")),
        ("cloud", True, ("planned", "")),
        ("cloud", False, ("missing", "no_register_for_cash")),
    ],
)
def test_cash_goes_by_the_location(desk: str, cash_receipts: bool, expected: tuple[str, str]) -> None:
    deal = make_deal(location_value="Баумана, 44")
    merchant = MerchantAccount.objects.get()
    merchant.settings["cash_receipts"] = cash_receipts
    merchant.save()
    location = Location.objects.create(
        account=deal.account, key="baumana", name="Баумана", crm_value="Баумана, 44", cash_receipts=desk
    )
    Ownership.objects.create(
        location=location,
        legal_entity=merchant.legal_entity,
        merchant=merchant,
        valid_from=date(2026, 1, 1),
    )
    receipt = offline(deal, "cash")
    assert (receipt.state, receipt.reason) == expected
    if receipt.content:
        assert receipt.content["paid"] == {"cash": "1000.00"}


def test_the_self_employed_make_no_register_receipts(order: ProviderOrder) -> None:
    order.merchant.legal_entity.kind = "self_employed"
    receipt = paid(order)
    assert (receipt.state, receipt.reason) == ("not_required", "npd")


def test_a_shop_without_receipts_leaves_money_on_the_list(order: ProviderOrder) -> None:
    order.merchant.settings["receipts"] = False
    order.merchant.save()
    receipt = paid(order)
    assert (receipt.state, receipt.reason) == ("missing", "no_register")


def test_no_tax_setting_is_a_reason_and_refuses_no_money(order: ProviderOrder) -> None:
    TaxSetting.objects.all().delete()
    receipt = paid(order)
    assert (receipt.state, receipt.reason) == ("missing", "no_tax_setting")


@pytest.mark.parametrize(
    ("changes", "reason"), [({"deal": None, "order": None}, "unplaced"), ({"counted": False}, "currency")]
)
def test_money_that_is_not_ours_yet_waits_for_a_person(
    order: ProviderOrder, changes: dict[str, Any], reason: str
) -> None:
    values: dict[str, Any] = {
        "deal": order.deal,
        "order": order,
        "merchant": order.merchant,
        "legal_entity": order.legal_entity,
        "amount": rub(5),
        "method": "card",
        "external_id": "77",
        "received_at": NOW,
        "recorded_at": NOW,
    }
    payment = Payment.objects.create(**values | changes)
    receipt = receipts.plan_income(payment=payment, whole=False, choice=None, at=NOW)
    assert (receipt.state, receipt.reason) == ("missing", reason)


@pytest.mark.parametrize(
    ("value", "maker"),
    [
        (True, Maker.US),
        (False, Maker.OPEN),
        ({"fn": "1", "fd": "2", "fpd": "3"}, Maker.ELSEWHERE),
        ({"none": "бартер"}, Maker.NOBODY),
    ],
)
def test_every_documented_choice_is_understood(value: object, maker: Maker) -> None:
    choice = ReceiptChoice.read(value)
    assert choice is not None
    assert choice.maker is maker
    assert ReceiptChoice.read(None) is None


@pytest.mark.parametrize(
    "value",
    ["yes", 1, [], {}, {"none": ""}, {"fn": "1"}, {"fn": "1", "fd": "x", "fpd": "3"}, {"none": "a", "x": 1}],
)
def test_no_other_choice_is(value: object) -> None:
    with pytest.raises(InvalidChoice):
        ReceiptChoice.read(value)


# Refunds


def test_a_refund_is_returned_with_the_attributes_of_the_original(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "refund", refund_fields(amount="12000.00"))
    income, back = Receipt.objects.order_by("id")
    assert (back.kind, back.state) == ("refund", "planned")
    assert back.content == {
        **income.content,
        "type": "income_return",
        "lines": [{**income.content["lines"][0], "amount": "12000.00"}],
        "paid": {"electronic": "12000.00"},
    }


def test_what_another_register_took_it_gives_back(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    Receipt.objects.update(state="not_required", reason="other_register")
    deliver(order.merchant, "refund", refund_fields())
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason) == ("not_required", "other_register")


def test_a_return_goes_out_after_the_receipt_it_takes_back(
    order: ProviderOrder, provider: FakeProvider
) -> None:
    payment = paid(order).payment
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id="501",
        external_id="r1",
        amount=rub(10000),
        refunded_at=NOW,
        at=NOW,
    )
    deliver_calls()
    assert [request.content["type"] for request in provider.asked] == ["income"]
    Receipt.objects.filter(kind="income").update(state="registered")
    deliver_calls(60)
    assert [request.content["type"] for request in provider.asked] == ["income", "income_return"]


# Sending and following


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
        for _ in range(inbox.LOOKS_FOR_A_RECEIPT):
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
