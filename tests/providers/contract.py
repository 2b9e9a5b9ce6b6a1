"""What every provider must do, whatever its wire: one test class, inherited by each adapter's tests.

A subclass gives `provider` (against its emulator) and pays an order as a payer would. What a provider does
not have it names in `lacks`, and then the contract is that it says so: nothing is silently done by halves.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from billing.providers.base import (
    ChargeRequest,
    Delivery,
    Forged,
    NoticeKind,
    OperationStatus,
    OrderRequest,
    Provider,
    ReceiptRequest,
    ReceiptState,
    RefundRequest,
    RefundState,
    Refused,
    SecondReceiptRequest,
    Unsupported,
    Verdict,
)

SECONDS = 10.0


def order_request(number: str, **values: Any) -> OrderRequest:
    usual: dict[str, Any] = {
        "number": number,
        "request_id": f"order:{number}",
        "amount": Decimal("12500.50"),
        "description": "Взнос 2 из 6 по договору 14/26",
        "account_id": "school-7700123",
        "email": "anna@example.org",
    }
    return OrderRequest(**usual | values)


class ProviderContract:
    """Names in the tests are sentences about any provider."""

    receipt_content: dict[str, Any]
    lacks: frozenset[str] = frozenset()
    # Numbers of orders: some providers take digits only, and never the same ones twice.
    prefix = "C-"

    def unless_lacking(self, operation: str, call: Callable[[], object]) -> None:
        """Skip the rest for a provider that has no such operation, once it has said so itself."""
        if operation in self.lacks:
            with pytest.raises(Unsupported):
                call()
            pytest.skip(f"has no {operation}")

    def pay(self, provider: Provider, url: str) -> str:
        """Pay as the payer would; returns the provider's number of the payment."""
        raise NotImplementedError

    def paid(self, provider: Provider, number: str) -> str:
        """Make an order with the shop's receipt and pay it; returns the provider's number of the payment."""
        request = order_request(number, receipt=self.receipt_content)
        return self.pay(provider, provider.create_order(request, timeout=SECONDS).url)

    def returned(self, amount: Decimal) -> dict[str, Any]:
        """The return receipt that rides on a refund, where refunds print one."""
        return {}

    def offset(self) -> dict[str, Any]:
        """The receipt that closes what the first one received."""
        [line] = self.receipt_content["lines"]
        paid = {"advance": line["amount"]}
        return self.receipt_content | {"lines": [line | {"method": "full_payment"}], "paid": paid}

    def charge_back(self, external_id: str, amount: str) -> None:
        raise NotImplementedError

    def charge_request(self, provider: Provider, number: str, *, poor: bool = False) -> ChargeRequest:
        """A charge of a card that was saved at an earlier payment; a poor one has no money left."""
        return ChargeRequest(
            token="none",
            amount=Decimal("100.00"),
            number=number,
            account_id="school-7700123",
            request_id=f"charge:{number}",
        )

    def business_day(self) -> date:
        raise NotImplementedError

    def test_an_order_gets_a_name_and_a_page(self, provider: Provider) -> None:
        created = provider.create_order(order_request(f"{self.prefix}1"), timeout=SECONDS)
        assert created.external_id
        assert created.url.startswith("http")

    def test_the_same_request_id_gives_the_same_order(self, provider: Provider) -> None:
        first = provider.create_order(order_request(f"{self.prefix}2"), timeout=SECONDS)
        assert provider.create_order(order_request(f"{self.prefix}2"), timeout=SECONDS) == first

    def test_a_cancelled_order_cannot_be_paid(self, provider: Provider) -> None:
        created = provider.create_order(order_request(f"{self.prefix}3"), timeout=SECONDS)
        self.unless_lacking(
            "cancel", lambda: provider.cancel_order(external_id=created.external_id, timeout=SECONDS)
        )
        provider.cancel_order(external_id=created.external_id, timeout=SECONDS)
        assert self.pay(provider, created.url) == ""
        assert provider.find_payment(order_number=f"{self.prefix}3", timeout=SECONDS) is None

    def test_a_payment_is_found_to_the_kopeck_by_its_order_and_by_its_number(
        self, provider: Provider
    ) -> None:
        created = provider.create_order(order_request(f"{self.prefix}4"), timeout=SECONDS)
        external_id = self.pay(provider, created.url)
        found = provider.find_payment(order_number=f"{self.prefix}4", timeout=SECONDS)
        assert found is not None
        assert (found.external_id, found.amount, found.currency) == (external_id, Decimal("12500.50"), "RUB")
        assert found.status is OperationStatus.COMPLETED
        assert provider.find_operation(external_id=external_id, timeout=SECONDS) == found

    def test_the_day_of_a_payment_lists_it_once(self, provider: Provider) -> None:
        self.unless_lacking("registry", lambda: provider.registry(day=self.business_day(), timeout=SECONDS))
        created = provider.create_order(order_request(f"{self.prefix}5"), timeout=SECONDS)
        external_id = self.pay(provider, created.url)
        rows = provider.registry(day=self.business_day(), timeout=SECONDS)
        assert [row.external_id for row in rows].count(external_id) == 1

    def test_an_order_that_nobody_answered_is_found_by_its_number(self, provider: Provider) -> None:
        number, today = f"{self.prefix}8", self.business_day()
        find = partial(provider.find_order, number=number, created_on=today, timeout=SECONDS)
        self.unless_lacking("order lookup", find)
        assert find() is None
        created = provider.create_order(order_request(number), timeout=SECONDS)
        assert find() == created

    def test_money_goes_back_in_parts_and_never_above_the_payment(self, provider: Provider) -> None:
        external_id = self.paid(provider, f"{self.prefix}6")
        part = Decimal("2500.50")
        request = RefundRequest(
            payment_external_id=external_id, amount=part, request_id="refund:6", receipt=self.returned(part)
        )
        self.unless_lacking("refund", lambda: provider.refund(request, timeout=SECONDS))
        first = provider.refund(request, timeout=SECONDS)
        followed = provider.refund_state(external_id=first, timeout=SECONDS)
        assert followed.amount == part
        assert followed.state in (RefundState.PROCESSING, RefundState.DONE)
        left = RefundRequest(
            payment_external_id=external_id,
            amount=Decimal("10000.00"),
            request_id="refund:7",
            receipt=self.returned(Decimal("10000.00")),
        )
        second = provider.refund(left, timeout=SECONDS)
        assert second != first
        above = RefundRequest(payment_external_id=external_id, amount=Decimal("0.01"), request_id="refund:8")
        with pytest.raises(Refused):
            provider.refund(above, timeout=SECONDS)

    def test_a_refund_that_is_asked_for_again_goes_back_once(self, provider: Provider) -> None:
        """Where the provider has no key against doubles, its key lives no time, and nobody may repeat."""
        if "refund keys" in self.lacks:
            assert not provider.request_id_lives
            pytest.skip("has no key against a second refund")
        external_id = self.paid(provider, f"{self.prefix}9")
        request = RefundRequest(
            payment_external_id=external_id, amount=Decimal("100.00"), request_id="refund:9"
        )
        assert provider.refund(request, timeout=SECONDS) == provider.refund(request, timeout=SECONDS)

    def test_the_refunds_of_a_payment_are_listed(self, provider: Provider) -> None:
        external_id = self.paid(provider, f"{self.prefix}11")
        now = datetime.now(UTC)
        find = partial(
            provider.refunds_of,
            payment_external_id=external_id,
            since=now - timedelta(hours=1),
            until=now + timedelta(hours=1),
            timeout=SECONDS,
        )
        self.unless_lacking("refund lookup", find)
        assert find() == []
        request = RefundRequest(payment_external_id=external_id, amount=Decimal("7.00"), request_id="r:11")
        refund = provider.refund(request, timeout=SECONDS)
        assert [(row.external_id, row.amount) for row in find()] == [(refund, Decimal("7.00"))]

    def test_a_refund_that_never_was_has_no_state(self, provider: Provider) -> None:
        ask = partial(provider.refund_state, external_id="31", timeout=SECONDS)
        self.unless_lacking("refund", ask)
        with pytest.raises(Refused):
            ask()

    def test_a_chargeback_is_found_on_its_day(self, provider: Provider) -> None:
        ask = partial(provider.chargebacks, day=self.business_day(), timeout=SECONDS)
        self.unless_lacking("chargebacks", ask)
        external_id = self.paid(provider, f"{self.prefix}12")
        self.charge_back(external_id, "500.00")
        [found] = [row for row in ask() if row.payment_external_id == external_id]
        assert (found.amount, found.is_fee, found.returned) == (Decimal("500.00"), False, False)

    def test_a_saved_card_is_charged_once_per_request_id(self, provider: Provider) -> None:
        request = self.charge_request(provider, f"{self.prefix}13")
        self.unless_lacking("charges", lambda: provider.charge(request, timeout=SECONDS))
        charged = provider.charge(request, timeout=SECONDS)
        assert (charged.status, charged.amount) == (OperationStatus.COMPLETED, request.amount)
        assert provider.charge(request, timeout=SECONDS) == charged
        assert provider.find_payment(order_number=request.number, timeout=SECONDS) == charged

    def test_a_declined_charge_is_an_answer_with_its_reason(self, provider: Provider) -> None:
        request = self.charge_request(provider, f"{self.prefix}14", poor=True)
        self.unless_lacking("charges", lambda: provider.charge(request, timeout=SECONDS))
        declined = provider.charge(request, timeout=SECONDS)
        assert declined.status is OperationStatus.DECLINED
        assert declined.reason_code
        assert declined.reason

    def test_a_receipt_is_made_once_per_request_id_and_can_be_followed(self, provider: Provider) -> None:
        request = ReceiptRequest(
            content=self.receipt_content, request_id="receipt:1", order_number=f"{self.prefix}7"
        )
        self.unless_lacking("receipts", lambda: provider.send_receipt(request, timeout=SECONDS))
        sent = provider.send_receipt(request, timeout=SECONDS)
        assert provider.send_receipt(request, timeout=SECONDS) == sent
        followed = provider.follow_receipt(external_id=sent.external_id, timeout=SECONDS)
        assert followed.state in (ReceiptState.QUEUED, ReceiptState.REGISTERED)

    def test_a_prepayment_is_closed_by_a_second_receipt(self, provider: Provider) -> None:
        number = f"{self.prefix}15"
        created = provider.create_order(order_request(number, receipt=self.receipt_content), timeout=SECONDS)
        request = SecondReceiptRequest(
            content=self.offset(),
            request_id="receipt:15",
            payment_external_id=self.pay(provider, created.url),
            number=f"{self.prefix}16",
            order_number=number,
        )
        self.unless_lacking("second receipts", lambda: provider.send_second_receipt(request, timeout=SECONDS))
        sent = provider.send_second_receipt(request, timeout=SECONDS)
        followed = provider.follow_receipt(external_id=sent.external_id, timeout=SECONDS)
        assert followed.state in (ReceiptState.QUEUED, ReceiptState.REGISTERED)
        if provider.second_receipts == 1:
            again = replace(request, request_id="receipt:16", number=f"{self.prefix}17")
            with pytest.raises(Refused):
                provider.send_second_receipt(again, timeout=SECONDS)

    def test_working_credentials_pass(self, provider: Provider) -> None:
        provider.check_credentials(timeout=SECONDS)

    def test_wrong_credentials_are_refused(self, wrong_provider: Provider) -> None:
        with pytest.raises(Refused):
            wrong_provider.check_credentials(timeout=SECONDS)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_an_unsigned_notice_is_forged(self, provider: Provider, method: str) -> None:
        given = Delivery(method=method, body=b"a=1", query=b"a=1", headers={}, content_type="")
        with pytest.raises(Forged):
            provider.read_notice(NoticeKind.PAY, given)

    def test_every_verdict_has_an_answer_and_only_a_refusal_is_no_success(self, provider: Provider) -> None:
        refusals = {Verdict.FORGED, Verdict.MALFORMED, Verdict.NOT_STORED}
        for verdict in Verdict:
            answer = provider.answer(verdict, None)
            assert (answer.status >= 400) == (verdict in refusals)
        assert provider.answer(Verdict.FORGED, None).status in (401, 403)
