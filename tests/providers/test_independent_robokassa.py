"""Two clients of Robokassa that others wrote agree with our links, our reading and the emulator."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from pytest_httpserver import HTTPServer

from billing.providers.base import Delivery, NoticeKind
from billing.providers.robokassa import Robokassa
from tests.providers import sandbox
from tests.providers.contract import SECONDS, order_request
from tests.providers.shops import PASSWORDS, RobokassaShop
from tests.providers.visitors import VECTORS, visit

pytestmark = pytest.mark.long
CLIENTS = {"robokassa": "PyPI robokassa 1.0.8", "aiorobokassa": "PyPI aiorobokassa 1.1.4"}
# How the vectors say a client was asked, where that is the question of `made` or `checked`.
MADE = (
    "LinkGenerator._create_signature",
    "calculate_payment_signature",
    "types.Signature as used by OperationStateChecker",
    "JWT.create",
    "JWT.create (escapes non-ASCII as \\uXXXX)",
    "create_jwt_token",
)
CHECKED = (
    "SignatureChecker (upper-case hex fed)",
    "verify_result_url_signature",
    "verify_success_url_signature",
)
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
    "site": "",
}


def vectors(client: str, ways: tuple[str, ...]) -> list[tuple[dict[str, Any], bool]]:
    """The shared vectors on which this client was asked so, and whether it agreed."""
    every = json.loads((VECTORS / "robokassa.json").read_text())["vectors"]
    return [
        (one, check["agree"])
        for one in every
        for check in one["cross_checks"]
        if check["lib"] == CLIENTS[client] and check["how"] in ways
    ]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def seed(running: sandbox.RunningSandbox, login: str, result_url: str = "") -> RobokassaShop:
    shop = {"login": login, "algorithm": "sha256", "result_url": result_url, **PASSWORDS}
    running.post("/_sandbox/seed", {"robokassa": {"shops": [shop]}})
    return RobokassaShop(login=login)


@pytest.mark.parametrize("client", list(CLIENTS))
def test_it_makes_of_every_shared_vector_what_the_vector_says(client: str) -> None:
    asked = vectors(client, MADE)
    made = visit(client, {"cases": [one for one, _agrees in asked]})["made"]
    agreed = [
        text == (one.get("token") or one["digest_lower"]) for text, (one, _) in zip(made, asked, strict=True)
    ]
    assert len(asked) > 20
    assert agreed == [agrees for _one, agrees in asked]


@pytest.mark.parametrize("client", list(CLIENTS))
def test_it_accepts_the_notices_that_the_vectors_say_it_accepts(client: str) -> None:
    asked = vectors(client, CHECKED)
    notices = [
        {
            "algo": one["algo"],
            "sum": one["inputs"]["OutSum"],
            "number": one["inputs"]["InvId"],
            "own": one["inputs"].get("Shp", {}),
            "signature": one["digest_lower"].upper(),
            **{
                name.lower(): one["inputs"][name]
                for name in ("Password1", "Password2")
                if name in one["inputs"]
            },
        }
        for one, _agrees in asked
    ]
    altered = [one | {"sum": "1.00"} for one in notices]
    assert visit(client, {"notices": notices + altered})["checked"] == [
        *(agrees for _one, agrees in asked),
        *(False for _one in altered),
    ]


def test_it_signs_our_address_as_we_do() -> None:
    """With receipt, both addresses to come back to and the second notice: every part of the signature."""
    shop = RobokassaShop(certificate="-----BEGIN CERTIFICATE-----")
    request = order_request(
        "70001",
        receipt=RECEIPT,
        success_url="https://pay.example.org/pay/t/done/?order=8",
        fail_url="https://pay.example.org/pay/t/failed/?order=8",
        notice_url="https://pay.example.org/webhooks/robokassa/q/result2/",
    )
    fields = dict(
        parse_qsl(urlsplit(Robokassa(shop, url="").create_order(request, timeout=SECONDS).url).query)
    )
    inputs = fields | {"Receipt_as_hashed": fields["Receipt"], "Password1": PASSWORDS["password1"]}
    case = {"kind": "payment", "algo": "sha256", "inputs": inputs}
    assert visit("robokassa", {"cases": [case]})["made"] == [fields["SignatureValue"]]


@pytest.mark.parametrize("client", list(CLIENTS))
def test_it_signs_our_plain_address_with_a_receipt_as_we_do(client: str) -> None:
    made = Robokassa(RobokassaShop(), url="").create_order(
        order_request("70002", receipt=RECEIPT), timeout=SECONDS
    )
    fields = dict(parse_qsl(urlsplit(made.url).query))
    inputs = fields | {"Receipt_as_hashed": fields["Receipt"], "Password1": PASSWORDS["password1"]}
    case = {"kind": "payment", "algo": "sha256", "inputs": inputs}
    assert visit(client, {"cases": [case]})["made"] == [fields["SignatureValue"]]


def test_it_accepts_the_emulators_notice_as_we_do_and_finds_the_payment(
    running: sandbox.RunningSandbox, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/result").respond_with_data("OK70003")
    shop = seed(running, "independent-1", httpserver.url_for("/result"))
    pages = f"{running.url}/robokassa"
    told = {
        "shop": {"login": shop.login, "algorithm": "sha256", **PASSWORDS},
        "link": {"sum": "3500.00", "number": 70003},
    }
    address = visit("robokassa", told)["link"]
    paid = requests.post(
        f"{pages}/Merchant/Index.aspx?{urlsplit(address).query}",
        data={"method": "card"},
        headers={"Accept": "application/json"},
        timeout=40,
    )
    assert paid.json()["InvId"] == "70003"
    request, _answer = heard(httpserver)
    fields = request.values.to_dict()
    notice = {
        "algo": "sha256",
        "sum": fields["OutSum"],
        "number": fields["InvId"],
        "own": {},
        "signature": fields["SignatureValue"],
        "password2": PASSWORDS["password2"],
    }
    for client in CLIENTS:
        assert visit(client, {"notices": [notice, notice | {"sum": "1.00"}]})["checked"] == [True, False]
    body = request.get_data() or request.query_string
    read = Robokassa(shop, url=pages).read_notice(
        NoticeKind.PAY,
        Delivery(method="POST", body=body, query=b"", headers={}, content_type=request.content_type),
    )
    assert (read.order_number, str(read.amount)) == ("70003", "3500.00")
    found = visit(
        "robokassa",
        told
        | {
            "pages": f"{pages}/Merchant",
            "services": f"{pages}/InvoiceServiceWebApi/api",
            "paid": 70003,
            "invoice": {"sum": 1250.5, "number": 70004},
        },
    )
    assert found["paid"] == [100, 3500.0, True]
    assert found["invoice"].startswith(pages)


def heard(server: HTTPServer, seconds: float = 60) -> Any:
    """The newest request and our answer, as soon as there is one."""
    until = time.monotonic() + seconds
    while not server.log and time.monotonic() < until:
        time.sleep(0.1)
    return server.log[-1]
