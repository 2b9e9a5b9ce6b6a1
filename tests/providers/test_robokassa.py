"""Robokassa: the contract against the sandbox, the address letter by letter, the states of an operation."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Response

from billing import providers
from billing.providers import robokassa_signing as signing
from billing.providers.base import (
    CreatedOrder,
    NotSent,
    OperationStatus,
    OrderRequest,
    Provider,
    RefundRequest,
    RefundState,
    Refused,
    Unknown,
)
from billing.providers.robokassa import LINK_MAX, Robokassa
from billing.rules import receipts as rules
from tests.providers import sandbox, shops
from tests.providers.contract import SECONDS, ProviderContract, order_request
from tests.providers.shops import PASSWORDS, RobokassaShop

NOWHERE = "http://127.0.0.1:9"
RECEIPT: dict[str, Any] = {
    "type": "income",
    "tax_system": "usn_income",
    "lines": [
        {
            "name": "Квест «Побег»",
            "amount": "12500.50",
            "vat": "none",
            "method": "prepayment",
            "subject": "service",
        }
    ],
    "paid": {"electronic": "12500.50"},
    "email": "guest@example.org",
    "phone": "",
    "inn": "7700000009",
    "site": "https://quests.example.org",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        shop = {"login": shops.LOGIN, "algorithm": "sha256", **PASSWORDS}
        found.post("/_sandbox/seed", {"robokassa": {"shops": [shop]}})
        yield found


LACKS = frozenset({"registry", "receipts", "refund keys", "refund lookup", "chargebacks", "charges"})


class TestContract(ProviderContract):
    receipt_content = RECEIPT
    lacks = LACKS | {"cancel", "order lookup"}
    prefix = "7000"

    @pytest.fixture
    def provider(self, running: sandbox.RunningSandbox) -> Provider:
        self.running = running
        return Robokassa(RobokassaShop(), url=f"{running.url}/robokassa")

    def returned(self, amount: Decimal) -> dict[str, Any]:
        return dict(rules.returned(RECEIPT, amount=amount))

    @pytest.fixture
    def wrong_provider(self, running: sandbox.RunningSandbox) -> Provider:
        shop = RobokassaShop(passwords={"password2": "another"})
        return Robokassa(shop, url=f"{running.url}/robokassa")

    def pay(self, provider: Provider, url: str) -> str:
        return str(pay(url).get("InvId", ""))

    def business_day(self) -> date:
        return datetime.now(ZoneInfo("Europe/Moscow")).date()

    def test_a_refund_ends_and_says_so(self, provider: Provider) -> None:
        external_id = self.paid(provider, f"{self.prefix}20")
        request = RefundRequest(
            payment_external_id=external_id,
            amount=Decimal("12500.50"),
            request_id="refund:20",
            receipt=self.returned(Decimal("12500.50")),
        )
        refund = provider.refund(request, timeout=SECONDS)
        assert provider.refund_state(external_id=refund, timeout=SECONDS).state is RefundState.PROCESSING
        self.running.post("/_sandbox/clock", {"speed": 600})
        followed = provider.refund_state(external_id=refund, timeout=SECONDS)
        until = time.monotonic() + SECONDS
        while followed.state is RefundState.PROCESSING and time.monotonic() < until:
            time.sleep(0.1)
            followed = provider.refund_state(external_id=refund, timeout=SECONDS)
        self.running.post("/_sandbox/clock", {"speed": 1, "offset_seconds": 0})
        assert (followed.state, followed.amount) == (RefundState.DONE, Decimal("12500.50"))

    def test_an_address_with_everything_in_it_is_taken(self, provider: Provider) -> None:
        """The emulator checks the signature, the receipt's sum and the term on its own."""
        request = order_request(
            f"{self.prefix}28",
            receipt=RECEIPT,
            success_url="https://pay.example.org/pay/t/done/?order=8",
            fail_url="https://pay.example.org/pay/t/failed/?order=8",
            expires_at=datetime(2099, 1, 1, tzinfo=UTC),
        )
        assert pay(provider.create_order(request, timeout=SECONDS).url)["InvId"] == f"{self.prefix}28"

    def test_a_changed_sum_is_refused_at_the_page(self, provider: Provider) -> None:
        url = provider.create_order(order_request(f"{self.prefix}29"), timeout=SECONDS).url
        assert pay(url.replace("12500.50", "1.00"))["Error"] == 29

    def test_a_wrong_password_1_is_found_out_where_receipts_can_be_asked_for(
        self, provider: Provider
    ) -> None:
        url = f"{self.running.url}/robokassa"
        wrong = {"password1": "another"}
        with pytest.raises(Refused, match="password 1"):
            Robokassa(RobokassaShop(passwords=wrong), url=url).check_credentials(timeout=SECONDS)
        assert provider.check_credentials(timeout=SECONDS) == ("password3",)
        without = Robokassa(RobokassaShop(receipts="none", passwords=wrong), url=url)
        assert without.check_credentials(timeout=SECONDS) == ("password1", "password3")

    def test_an_order_that_nobody_opened_is_not_known_there(self, provider: Provider) -> None:
        provider.create_order(order_request(f"{self.prefix}30"), timeout=SECONDS)
        assert provider.find_payment(order_number=f"{self.prefix}30", timeout=SECONDS) is None


class TestInvoiceContract(TestContract):
    """The same shop where orders are invoices of its own, which can be taken back."""

    lacks = LACKS
    prefix = "8000"

    @pytest.fixture
    def provider(self, running: sandbox.RunningSandbox) -> Provider:
        self.running = running
        return Robokassa(RobokassaShop(orders="invoice"), url=f"{running.url}/robokassa")

    def test_a_changed_sum_is_refused_at_the_page(self, provider: Provider) -> None:
        """The address of an invoice says nothing that could be changed."""
        created = provider.create_order(order_request(f"{self.prefix}29"), timeout=SECONDS)
        assert "12500" not in created.url

    def test_the_same_request_id_gives_the_same_order(self, provider: Provider) -> None:
        """There is no key: who got no answer asks by the number, and finds what was made."""
        created = provider.create_order(order_request("80002"), timeout=SECONDS)
        found = provider.find_order(number="80002", created_on=self.business_day(), timeout=SECONDS)
        assert found == created


def pay(url: str) -> dict[str, Any]:
    """Open an address and pay it at once, as a program does."""
    answer = requests.post(
        url,
        data={"method": "card"},
        headers={"Accept": "application/json"},
        timeout=40,
        allow_redirects=False,
    )
    found: dict[str, Any] = answer.json()
    return found


def link(shop: RobokassaShop, **values: Any) -> dict[str, str]:
    """The fields of an address after one layer of decoding."""
    return dict(parse_qsl(urlsplit(made(shop, **values).url).query))


def made(shop: RobokassaShop, **values: Any) -> CreatedOrder:
    request: OrderRequest = order_request("70001", **values)
    return Robokassa(shop, url=NOWHERE).create_order(request, timeout=SECONDS)


def test_the_receipt_is_encoded_once_for_the_signature_and_twice_in_the_address() -> None:
    fields = link(RobokassaShop(), receipt=RECEIPT)
    receipt = json.loads(unquote(fields["Receipt"]), parse_float=Decimal)
    assert receipt["sno"] == "usn_income"
    assert receipt["items"][0] == {
        "name": "Квест «Побег»",
        "quantity": 1,
        "sum": Decimal("12500.50"),
        "payment_method": "prepayment",
        "payment_object": "service",
        "tax": "none",
    }
    text = signing.payment(fields, password=PASSWORDS["password1"])
    assert fields["SignatureValue"] == signing.digest("sha256", text)


def test_a_self_employed_persons_receipt_names_no_tax_system() -> None:
    fields = link(RobokassaShop(), receipt={**RECEIPT, "tax_system": "npd"})
    assert "sno" not in json.loads(unquote(fields["Receipt"]))


def test_without_lines_no_receipt_for_a_free_sale_is_printed() -> None:
    assert link(RobokassaShop())["IsWithoutFreeSale"] == "true"
    assert "IsWithoutFreeSale" not in link(RobokassaShop(), receipt=RECEIPT)
    assert "IsWithoutFreeSale" not in link(RobokassaShop(receipts="none"))


def test_a_test_shop_signs_with_its_test_password_and_says_so() -> None:
    fields = link(RobokassaShop(test=True))
    assert fields["IsTest"] == "1"
    text = signing.payment(fields, password=PASSWORDS["test_password1"])
    assert fields["SignatureValue"] == signing.digest("sha256", text)
    assert "IsTest" not in link(RobokassaShop())


def test_a_test_shop_without_test_passwords_makes_no_address() -> None:
    with pytest.raises(Refused):
        made(RobokassaShop(test=True, passwords={"test_password1": ""}))


def test_the_term_carries_its_offset() -> None:
    fields = link(RobokassaShop(), expires_at=datetime(2026, 12, 31, 21, 0, tzinfo=UTC))
    assert fields["ExpirationDate"] == "2027-01-01T00:00:00+03:00"


def test_the_longest_names_still_make_an_address_that_servers_take() -> None:
    [first] = RECEIPT["lines"]
    line = {**first, "name": "Щ" * 128}
    created = made(
        RobokassaShop(algorithm="sha512"),
        description="Щ" * 300,
        receipt={**RECEIPT, "lines": [line]},
        success_url=f"https://{'p' * 60}.example.org/pay/{'t' * 22}/done/?order=123456789",
        fail_url=f"https://{'p' * 60}.example.org/pay/{'t' * 22}/failed/?order=123456789",
    )
    assert len(created.url) <= LINK_MAX


def test_the_description_has_letters_digits_and_punctuation_only() -> None:
    assert link(RobokassaShop(), description="Квест 🎉 <b>№5</b>\n")["Description"] == "Квест b №5 /b"


def test_the_merchants_provider_finds_this_adapter() -> None:
    assert isinstance(providers.of(RobokassaShop()), Robokassa)


STATE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<OperationStateResponse xmlns="http://{namespace}/WebService/"><Result><Code>{result}</Code></Result>'
    "<State><Code>{state}</Code><StateDate>2026-11-20T14:01:50.1234567+03:00</StateDate></State>"
    "<Info><IncCurrLabel>SBPPSR</IncCurrLabel><OutSum>3500.000000</OutSum></Info></OperationStateResponse>"
)


def asked(httpserver: HTTPServer, body: str, status: int = 200) -> Robokassa:
    path = "/Merchant/WebService/Service.asmx/OpStateExt"
    httpserver.expect_request(path).respond_with_response(
        Response(body, status, content_type="text/xml; charset=utf-8")
    )
    return Robokassa(RobokassaShop(), url=httpserver.url_for("").rstrip("/"))


@pytest.mark.parametrize("namespace", ["merchant.roboxchange.com", "auth.robokassa.ru/Merchant"])
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("5", OperationStatus.PENDING),
        ("10", OperationStatus.CANCELLED),
        ("20", OperationStatus.HELD),
        ("50", OperationStatus.PENDING),
        ("60", OperationStatus.DECLINED),
        ("80", OperationStatus.PENDING),
        ("100", OperationStatus.COMPLETED),
    ],
)
def test_every_state_is_understood_in_any_namespace(
    httpserver: HTTPServer, namespace: str, state: str, status: OperationStatus
) -> None:
    shop = asked(httpserver, STATE.format(namespace=namespace, result=0, state=state))
    found = shop.find_payment(order_number="70001", timeout=SECONDS)
    assert found is not None
    assert (found.status, found.amount, found.method) == (status, Decimal("3500.00"), "sbp")
    assert found.created_at == datetime(2026, 11, 20, 11, 1, 50, 123456, tzinfo=UTC)
    assert (found.completed_at is not None) == (status is OperationStatus.COMPLETED)


@pytest.mark.parametrize("result", ["1", "2", "4"])
def test_a_wrong_key_or_shop_is_a_refusal(httpserver: HTTPServer, result: str) -> None:
    shop = asked(httpserver, STATE.format(namespace="x", result=result, state="100"))
    with pytest.raises(Refused):
        shop.check_credentials(timeout=SECONDS)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        STATE.format(namespace="x", result=1000, state="100"),
        STATE.format(namespace="x", result=0, state="77"),
        '<!DOCTYPE x [<!ENTITY a "b">]>' + STATE.format(namespace="x", result=0, state="100").split("?>")[1],
    ],
)
def test_an_answer_that_says_nothing_is_unknown(httpserver: HTTPServer, body: str) -> None:
    with pytest.raises(Unknown):
        asked(httpserver, body).find_payment(order_number="70001", timeout=SECONDS)


def test_no_connection_is_as_good_as_no_question() -> None:
    with pytest.raises(NotSent):
        Robokassa(RobokassaShop(), url=NOWHERE).find_payment(order_number="1", timeout=SECONDS)
