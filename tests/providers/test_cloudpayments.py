"""CloudPayments: the contract against the sandbox, and the wire against a scripted server."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from billing import providers
from billing.providers import cloudpayments_receipts, wire
from billing.providers.base import (
    ChargeRequest,
    NotSent,
    Provider,
    ReceiptRequest,
    ReceiptState,
    Refused,
    Unknown,
    Verdict,
)
from billing.providers.cloudpayments import CloudPayments
from tests.providers import sandbox
from tests.providers.contract import SECONDS, ProviderContract, order_request

RECEIPT = {
    "type": "income",
    "tax_system": "usn_income",
    "lines": [
        {
            "name": "Курс «Нутрициолог»",
            "amount": "12500.50",
            "vat": "none",
            "method": "prepayment",
            "subject": "service",
        }
    ],
    "paid": {"electronic": "12500.50"},
    "email": "anna@example.org",
    "phone": "",
    "inn": "7700000009",
    "site": "https://school.example.org",
}


@dataclass
class Shop:
    key: str = "school-cloud"
    provider: str = "cloudpayments"
    settings: Any = field(default_factory=lambda: {"public_id": sandbox.PUBLIC_ID})
    secrets_json: str = json.dumps({"api_secret": sandbox.SECRET})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


class TestContract(ProviderContract):
    receipt_content = RECEIPT
    lacks = frozenset({"order lookup"})

    @pytest.fixture
    def provider(self, running: sandbox.RunningSandbox) -> Provider:
        self.running = running
        return CloudPayments(Shop(), url=f"{running.url}/cloudpayments")

    @pytest.fixture
    def wrong_provider(self, running: sandbox.RunningSandbox) -> Provider:
        shop = Shop(secrets_json=json.dumps({"api_secret": "another"}))
        return CloudPayments(shop, url=f"{running.url}/cloudpayments")

    def pay(self, provider: Provider, url: str) -> str:
        paid = self.running.pay(url)["Transactions"]
        return str(paid[-1]["TransactionId"]) if paid else ""

    def charge_back(self, external_id: str, amount: str) -> None:
        told = {"TransactionId": int(external_id), "Amount": amount}
        self.running.post("/_sandbox/cloudpayments/chargebacks", told)

    def charge_request(self, provider: Provider, number: str, *, poor: bool = False) -> ChargeRequest:
        """The second test card pays, and has no money when its token is charged."""
        created = provider.create_order(order_request(f"{number}-first"), timeout=SECONDS)
        card = "4111111111111111" if poor else "4242424242424242"
        paid = self.running.pay(created.url, card=card)["TransactionId"]
        [token] = [row["token"] for row in self.running.dump("transactions") if row["id"] == paid]
        return replace(super().charge_request(provider, number), token=token)

    def business_day(self) -> date:
        return datetime.now(ZoneInfo("Europe/Moscow")).date()


URL = "/cloudpayments"
CREATED = {
    "Model": {"Id": "Qz7kVb2LmT0xRr9A", "Url": "https://orders.cloudpayments.ru/d/Qz7kVb2LmT0xRr9A"},
    "Success": True,
    "Message": None,
}


@pytest.fixture
def shop(httpserver: HTTPServer) -> CloudPayments:
    return CloudPayments(Shop(), url=httpserver.url_for(URL))


def answering(httpserver: HTTPServer, path: str, response: Response) -> list[Request]:
    """Answer a path and keep what was asked."""
    asked: list[Request] = []

    def handler(request: Request) -> Response:
        asked.append(request)
        return response

    httpserver.expect_request(f"{URL}/{path}").respond_with_handler(handler)
    return asked


def as_json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def test_an_order_goes_out_digit_for_digit_under_its_request_id(
    httpserver: HTTPServer, shop: CloudPayments
) -> None:
    asked = answering(httpserver, "orders/create", as_json(CREATED))
    created = shop.create_order(
        order_request("INST-1", success_url="https://pay.example.org/ok"), timeout=SECONDS
    )
    assert (created.external_id, created.url) == (CREATED["Model"]["Id"], CREATED["Model"]["Url"])  # type: ignore[index]
    request = asked[0]
    assert b'"Amount":12500.50,' in request.data
    assert request.headers["X-Request-ID"] == "order:INST-1"
    assert base64.b64decode(request.headers["Authorization"].split()[1]) == b"pk_contract:contract-secret"
    assert json.loads(request.data) == {
        "Amount": 12500.5,
        "Currency": "RUB",
        "Description": "Взнос 2 из 6 по договору 14/26",
        "InvoiceId": "INST-1",
        "AccountId": "school-7700123",
        "Email": "anna@example.org",
        "RequireConfirmation": False,
        "SendEmail": False,
        "CultureName": "ru-RU",
        "SuccessRedirectUrl": "https://pay.example.org/ok",
    }


def test_a_repeat_sends_the_identical_bytes(httpserver: HTTPServer, shop: CloudPayments) -> None:
    asked = answering(httpserver, "orders/create", as_json(CREATED))
    request = order_request("INST-2")
    for _ in range(2):
        shop.create_order(type(request).from_json(json.loads(json.dumps(request.as_json()))), timeout=SECONDS)
    assert asked[0].data == asked[1].data


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response("Unauthorized", 401, mimetype="text/html"), Refused),
        (Response("no", 400), Refused),
        (Response("no", 404), Refused),
        (Response("Too Many Requests", 429), NotSent),
        (Response("oops", 500), Unknown),
        (Response("down", 503), Unknown),
        (Response("", 302, headers={"Location": "http://127.0.0.1:9/"}), Unknown),
        (Response("<html>", 200, mimetype="text/html"), Unknown),
        (Response("", 200), Unknown),
        (Response("[]", 200), Unknown),
        (Response('{"Success": true, "Model": {"Id"', 200), Unknown),
        (as_json({"Success": True, "Model": None}), Unknown),
        (as_json({"Success": True, "Model": {"Id": "x"}}), Unknown),
        (as_json({"Success": True, "Model": {"Id": "x", "Url": "javascript:1"}}), Unknown),
        (as_json({"Success": False, "Message": "Amount is required"}), Refused),
        (as_json({}), Unknown),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_each_bad_answer_is_the_right_error(
    httpserver: HTTPServer, shop: CloudPayments, response: Response, error: type[Exception]
) -> None:
    answering(httpserver, "orders/create", response)
    with pytest.raises((Refused, NotSent, Unknown)) as caught:
        shop.create_order(order_request("INST-3"), timeout=SECONDS)
    assert caught.type is error
    assert "contract-secret" not in repr(caught.value) + str(caught.value)
    assert "anna@" not in str(caught.value)


def test_silence_is_unknown_and_ends_in_time(httpserver: HTTPServer, shop: CloudPayments) -> None:
    given_up = Event()

    def late(request: Request) -> Response:
        given_up.wait(10)
        return as_json(CREATED)

    httpserver.expect_request(f"{URL}/orders/create").respond_with_handler(late)
    with pytest.raises(Unknown):
        shop.create_order(order_request("INST-4"), timeout=0.6)
    given_up.set()


def test_a_dripping_answer_ends_in_time(httpserver: HTTPServer, shop: CloudPayments) -> None:
    def drip(request: Request) -> Response:
        def slowly() -> Iterator[bytes]:
            for _ in range(15):
                time.sleep(0.1)
                yield b" " * 70_000

        return Response(slowly(), 200)

    httpserver.expect_request(f"{URL}/orders/create").respond_with_handler(drip)
    with pytest.raises(Unknown, match="too slow"):
        shop.create_order(order_request("INST-5"), timeout=0.5)


def test_nobody_there_is_not_sent() -> None:
    shop = CloudPayments(Shop(), url="http://127.0.0.1:9/cloudpayments")
    with pytest.raises(NotSent):
        shop.create_order(order_request("INST-6"), timeout=SECONDS)


@pytest.mark.parametrize("fault", ["error_500_after_work", "half_body"])
def test_an_order_made_in_spite_of_a_broken_answer_is_found_by_repeating(
    running: sandbox.RunningSandbox, fault: str
) -> None:
    shop = CloudPayments(Shop(), url=f"{running.url}/cloudpayments")
    before = len(running.dump("orders"))
    running.fault(fault)
    with pytest.raises(Unknown):
        shop.create_order(order_request(f"F-{fault}"), timeout=SECONDS)
    shop.create_order(order_request(f"F-{fault}"), timeout=SECONDS)
    assert len(running.dump("orders")) == before + 1


def test_a_receipt_speaks_in_codes(httpserver: HTTPServer, shop: CloudPayments) -> None:
    queued = {
        "Model": {"Id": "Kq7", "ErrorCode": 0, "ReceiptLocalUrl": "https://r.example/1"},
        "Success": True,
    }
    asked = answering(httpserver, "kkt/receipt", as_json(queued))
    sent = shop.send_receipt(
        ReceiptRequest(content=RECEIPT, request_id="receipt:5", order_number="INST-1", account_id="a-1"),
        timeout=SECONDS,
    )
    assert (sent.external_id, sent.url) == ("Kq7", "https://r.example/1")
    assert asked[0].headers["X-Request-ID"] == "receipt:5"
    assert json.loads(asked[0].data) == {
        "Inn": "7700000009",
        "Type": "Income",
        "InvoiceId": "INST-1",
        "AccountId": "a-1",
        "CustomerReceipt": {
            "Items": [
                {
                    "label": "Курс «Нутрициолог»",
                    "price": 12500.5,
                    "quantity": 1,
                    "amount": 12500.5,
                    "vat": None,
                    "method": 2,
                    "object": 4,
                }
            ],
            "taxationSystem": 1,
            "amounts": {"electronic": 12500.5},
            "email": "anna@example.org",
            "phone": "",
            "calculationPlace": "https://school.example.org",
        },
    }


def test_a_refused_receipt_carries_its_error_code(httpserver: HTTPServer, shop: CloudPayments) -> None:
    refusal = {"Model": {"Id": None, "ErrorCode": 3}, "Success": False, "Message": "СНО не зарегистрирована"}
    answering(httpserver, "kkt/receipt", as_json(refusal))
    with pytest.raises(Refused) as caught:
        shop.send_receipt(ReceiptRequest(content=RECEIPT, request_id="receipt:6"), timeout=SECONDS)
    assert (caught.value.code, caught.value.detail) == ("3", "СНО не зарегистрирована")


@pytest.mark.parametrize(
    ("word", "state"), [("Queued", "queued"), ("Error", "failed"), ("NotFound", "failed")]
)
def test_a_receipt_is_followed_by_its_state(
    httpserver: HTTPServer, shop: CloudPayments, word: str, state: str
) -> None:
    answering(httpserver, "kkt/receipt/status/get", as_json({"Model": word, "Success": True}))
    assert shop.follow_receipt(external_id="Kq7", timeout=SECONDS).state == state


def test_a_processed_receipt_brings_its_numbers(httpserver: HTTPServer, shop: CloudPayments) -> None:
    printed = {
        "OfdReceiptUrl": "https://ofd.example/1",
        "FiscalNumber": "9999078900000001",
        "DocumentNumber": 44,
        "FiscalSign": "1234567890",
    }
    answering(httpserver, "kkt/receipt/status/get", as_json({"Model": "Processed", "Success": True}))
    answering(httpserver, "kkt/receipt/get", as_json({"Model": {"AdditionalData": printed}, "Success": True}))
    found = shop.follow_receipt(external_id="Kq7", timeout=SECONDS)
    assert found.state is ReceiptState.REGISTERED
    assert found.fiscal == {"fn": "9999078900000001", "fd": "44", "fpd": "1234567890"}
    assert found.url == "https://ofd.example/1"


@pytest.mark.parametrize(
    ("vat", "code"), [("none", None), ("vat0", 0), ("vat105", 105), ("vat122", 122), ("vat22", 22)]
)
def test_no_vat_is_null_and_never_zero(vat: str, code: int | None) -> None:
    line = RECEIPT["lines"][0] | {"vat": vat}  # type: ignore[index]
    body = cloudpayments_receipts.body(RECEIPT | {"lines": [line]}, order_number="", account_id="")
    assert body["CustomerReceipt"]["Items"][0]["vat"] == code


def test_an_unknown_word_is_refused_before_anything_is_sent(shop: CloudPayments) -> None:
    with pytest.raises(Refused, match="npd"):
        shop.send_receipt(
            ReceiptRequest(content=RECEIPT | {"tax_system": "npd"}, request_id="receipt:7"), timeout=SECONDS
        )


def test_verdicts_are_the_documented_codes(shop: CloudPayments) -> None:
    codes = {verdict: json.loads(shop.answer(verdict, None).body).get("code") for verdict in Verdict}
    assert codes == {
        Verdict.ACCEPTED: 0,
        Verdict.UNKNOWN_ORDER: 10,
        Verdict.ANOTHER_PAYER: 11,
        Verdict.WRONG_AMOUNT: 12,
        Verdict.NOT_ACCEPTED: 13,
        Verdict.EXPIRED: 20,
        Verdict.FORGED: None,
        Verdict.MALFORMED: None,
        Verdict.NOT_STORED: None,
    }


def test_numbers_go_out_and_come_back_exactly() -> None:
    text = wire.dump({"a": Decimal("12500.50"), "b": [Decimal("0.10"), None, True, "«текст»"]})
    assert text == '{"a":12500.50,"b":[0.10,null,true,"«текст»"]}'
    assert wire.load(text)["a"] == Decimal("12500.50")


def test_the_registry_of_adapters_knows_its_providers() -> None:
    assert isinstance(providers.of(Shop()), CloudPayments)
    with pytest.raises(providers.NoAdapter):
        providers.of(Shop(provider="unknown"))
