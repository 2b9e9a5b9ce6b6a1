"""What Robokassa's services take and sign, against the shared vectors of independent programs."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.providers import robokassa_fiscal, robokassa_tokens
from billing.providers import robokassa_signing as signing
from billing.providers.base import (
    Delivery,
    Forged,
    NoticeKind,
    NoticeRead,
    Refused,
    SecondReceiptRequest,
    Verdict,
)
from billing.providers.robokassa import Robokassa
from tests.providers.shops import RobokassaShop
from tests.providers.test_robokassa_signing import SHOP, of

NOWHERE = "http://127.0.0.1:9"
[SIGNED] = [vector.values[0] for vector in of("result_url2_jws")]


@pytest.mark.parametrize("vector", of("invoice_jwt", "refund_jwt"))
def test_a_token_is_the_one_that_others_make(vector: dict[str, Any]) -> None:
    inputs, digest = vector["inputs"], vector["algo"].removeprefix("hmac-")
    made = robokassa_tokens.token(inputs["header"], inputs["payload"], key=inputs["key"], digest=digest)
    assert made == vector["token"]


def test_the_vectors_of_tokens_reach_every_algorithm() -> None:
    digests = {vector.values[0]["algo"] for vector in of("invoice_jwt", "refund_jwt")}
    assert digests == {f"hmac-{name}" for name in signing.ALGORITHMS}


def test_an_invoice_is_keyed_by_login_and_password_1_and_stands_in_quotes() -> None:
    [vector] = [vector.values[0] for vector in of("invoice_jwt") if vector.values[0]["id"] == "J02-md5"]
    body = robokassa_tokens.invoice(
        vector["inputs"]["payload"], login=SHOP["MerchantLogin"], password=SHOP["Password1"], algorithm="md5"
    )
    assert body == vector["http_body"]


@pytest.mark.parametrize("vector", of("fiscal"))
def test_a_second_receipt_is_sealed_as_others_seal_it(vector: dict[str, Any]) -> None:
    inputs = vector["inputs"]
    sealed = robokassa_tokens.seal(
        inputs["payload_json"], password=inputs["password"], algorithm=vector["algo"]
    )
    assert sealed == vector["http_body"]


LINE = {
    "name": "Квест? Да!",
    "amount": "3500.00",
    "vat": "none",
    "method": "full_payment",
    "subject": "service",
}
CONTENT = {
    "tax_system": "usn_income",
    "lines": [LINE],
    "email": "guest@example.com",
    "phone": "79990000000",
    "site": "https://crm.example.ru/",
}
REQUEST = SecondReceiptRequest(
    content=CONTENT, request_id="receipt:1", payment_external_id="70002", number="90003"
)


def test_our_second_receipt_says_what_the_vector_says_in_ascii() -> None:
    [vector] = [vector.values[0] for vector in of("fiscal") if vector.values[0]["id"] == "F04-sha256"]
    text = robokassa_tokens.ascii_json(robokassa_fiscal.body(REQUEST, login=SHOP["MerchantLogin"]))
    assert text.isascii()
    assert "?" not in text
    assert list(json.loads(text)) == list(json.loads(vector["inputs"]["payload_json"]))
    assert json.loads(text) == json.loads(vector["inputs"]["payload_json"])


@pytest.mark.parametrize("text", ["Да?", "a>b~c", "тест 🎉", "ÿÿ¾¿"])
def test_a_sealed_text_is_the_same_in_both_alphabets(text: str) -> None:
    sealed = robokassa_tokens.fiscal({"name": text}, password="p", algorithm="md5")
    body = sealed.split(".")[0]
    assert not set(body) & set("+/-_")
    decoded = base64.b64decode(body + "=" * (-len(body) % 4))
    assert json.loads(decoded) == {"name": text}


def test_a_second_receipt_tells_the_vat_in_its_sum() -> None:
    lines = [LINE | {"vat": "vat20", "amount": "120.00"}, LINE | {"vat": "vat5", "amount": "105.00"}]
    request = SecondReceiptRequest(
        content=CONTENT | {"lines": lines}, request_id="r", payment_external_id="1", number="2"
    )
    body = robokassa_fiscal.body(request, login="x")
    assert body["vats"] == [
        {"type": "vat20", "sum": Decimal("20.00")},
        {"type": "vat5", "sum": Decimal("5.00")},
    ]
    assert (body["total"], body["payments"]) == (Decimal("225.00"), [{"type": 2, "sum": Decimal("225.00")}])


def test_what_a_second_receipt_cannot_be_is_refused_before_anything_is_sent() -> None:
    lines = [LINE | {"method": "prepayment"}]
    request = SecondReceiptRequest(
        content=CONTENT | {"lines": lines}, request_id="r", payment_external_id="1", number="2"
    )
    with pytest.raises(Refused):
        Robokassa(RobokassaShop(), url=NOWHERE).send_second_receipt(request, timeout=1)


AT = datetime.fromtimestamp(1795300000, tz=UTC)


def signed_state(body: str, *, at: datetime = AT, **shop: str) -> NoticeRead:
    given = Delivery(
        method="POST",
        body=body.encode(),
        query=b"",
        headers={},
        content_type="application/json",
        received_at=at,
    )
    set_up: dict[str, Any] = {"login": SHOP["MerchantLogin"], "certificate": SIGNED["cert_pem"], **shop}
    provider = Robokassa(RobokassaShop(**set_up), url=NOWHERE)
    notice = provider.read_notice(NoticeKind.SIGNED_STATE, given)
    assert 200 <= provider.answer(Verdict.ACCEPTED, notice).status < 300
    return notice


@pytest.mark.parametrize("wrapped", ["{}", '"{}"', " {}\n"])
def test_the_signed_state_of_the_vectors_is_read(wrapped: str) -> None:
    notice = signed_state(wrapped.replace("{}", SIGNED["token"]))
    assert (notice.order_number, notice.amount, notice.at) == ("70002", Decimal("3500.00"), AT)
    assert notice.reason == "5A0E1C3B-7F21-4D0C-9B5E-111122223333"
    assert not notice.held


def none_algorithm() -> str:
    header = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').decode().rstrip("=")
    return f"{header}.{SIGNED['token'].split('.')[1]}."


def keyed_by_the_certificate() -> str:
    """The classic confusion: HS256 with the public certificate as its secret."""
    payload = SIGNED["inputs"]["payload"]
    return robokassa_tokens.token(
        {"typ": "JWT", "alg": "HS256"}, payload, key=SIGNED["cert_pem"], digest="sha256"
    )


@pytest.mark.parametrize(
    "body",
    [
        SIGNED["tampered_token"],
        SIGNED["token"][:-4],
        SIGNED["token"].rpartition(".")[0] + ".",
        none_algorithm(),
        keyed_by_the_certificate(),
        "",
        "не подпись",
        "{}",
    ],
)
def test_a_signed_state_by_anybody_else_is_forged(body: str) -> None:
    with pytest.raises(Forged):
        signed_state(body)


@pytest.mark.parametrize(
    ("late", "genuine"),
    [
        (timedelta(days=6, hours=23), True),
        (timedelta(days=7, seconds=1), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_a_signed_state_is_good_for_a_week_and_clocks_may_differ(late: timedelta, genuine: bool) -> None:
    if genuine:
        assert signed_state(SIGNED["token"], at=AT + late).order_number == "70002"
    else:
        with pytest.raises(Forged):
            signed_state(SIGNED["token"], at=AT + late)


def test_a_signed_state_of_another_shop_is_no_word_here() -> None:
    with pytest.raises(Forged):
        signed_state(SIGNED["token"], login="another-shop")


def test_without_a_certificate_no_signed_state_is_genuine() -> None:
    with pytest.raises(Forged):
        signed_state(SIGNED["token"], certificate="")
