"""What every provider must do, whatever its wire: one test class, inherited by each adapter's tests.

A subclass gives `provider` (against its emulator) and pays an order as a payer would. What a provider does
not have it names in `lacks`, and then the contract is that it says so: nothing is silently done by halves.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.providers.base import (
    Delivery,
    Forged,
    NoticeKind,
    OperationStatus,
    OrderRequest,
    Provider,
    ReceiptRequest,
    ReceiptState,
    RefundRequest,
    Refused,
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

    def test_money_goes_back_once_per_request_id_and_never_above_the_payment(
        self, provider: Provider
    ) -> None:
        created = provider.create_order(order_request(f"{self.prefix}6"), timeout=SECONDS)
        external_id = self.pay(provider, created.url)
        request = RefundRequest(
            payment_external_id=external_id, amount=Decimal("2500.50"), request_id="refund:6"
        )
        self.unless_lacking("refund", lambda: provider.refund(request, timeout=SECONDS))
        first = provider.refund(request, timeout=SECONDS)
        assert provider.refund(request, timeout=SECONDS) == first
        above = RefundRequest(
            payment_external_id=external_id, amount=Decimal("10000.01"), request_id="refund:7"
        )
        with pytest.raises(Refused):
            provider.refund(above, timeout=SECONDS)

    def test_a_receipt_is_made_once_per_request_id_and_can_be_followed(self, provider: Provider) -> None:
        request = ReceiptRequest(
            content=self.receipt_content, request_id="receipt:1", order_number=f"{self.prefix}7"
        )
        self.unless_lacking("receipts", lambda: provider.send_receipt(request, timeout=SECONDS))
        sent = provider.send_receipt(request, timeout=SECONDS)
        assert provider.send_receipt(request, timeout=SECONDS) == sent
        followed = provider.follow_receipt(external_id=sent.external_id, timeout=SECONDS)
        assert followed.state in (ReceiptState.QUEUED, ReceiptState.REGISTERED)

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
