"""Robokassa's signatures against the shared vectors, whose digests come from independent programs."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from billing.providers import robokassa_notices, robokassa_receipts
from billing.providers import robokassa_signing as signing
from billing.providers.base import Delivery, Forged, NoticeKind, NoticeRead, Verdict
from billing.providers.robokassa import Robokassa
from tests.providers.shops import RobokassaShop

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "robokassa.json").read_text(encoding="utf-8"))
SHOP = VECTORS["credentials"]


def of(*kinds: str) -> list[Any]:
    found = [vector for vector in VECTORS["vectors"] if vector["kind"] in kinds]
    return [pytest.param(vector, id=vector["id"]) for vector in found if not vector.get("negative")]


def fields_of(vector: dict[str, Any]) -> dict[str, str]:
    """The inputs under the names of the wire."""
    inputs = dict(vector["inputs"])
    own = inputs.pop("Shp", {})
    for password in ("Password1", "Password2"):
        inputs.pop(password, None)
    if "Receipt_as_hashed" in inputs:
        inputs["Receipt"] = inputs.pop("Receipt_as_hashed")
    if "InvoiceID" in inputs:
        inputs["InvId"] = inputs.pop("InvoiceID")
    return {**inputs, **own}


# Capturing a hold and charging again are signed like a link of the same sum and number.
@pytest.mark.parametrize("vector", of("payment", "hold_confirm", "recurring"))
def test_a_payment_is_signed_as_others_sign_it(vector: dict[str, Any]) -> None:
    text = signing.payment(fields_of(vector), password=vector["inputs"]["Password1"])
    assert text == vector["string_to_hash"]
    assert signing.digest(vector["algo"], text) == vector["digest_lower"]


def test_the_vectors_reach_every_algorithm() -> None:
    assert {vector.values[0]["algo"] for vector in of("payment")} == set(signing.ALGORITHMS)


def test_an_encoded_address_is_never_hashed() -> None:
    [wrong] = [vector for vector in VECTORS["vectors"] if vector.get("negative")]
    fields = fields_of(wrong)
    bare = {name: dict(parse_qsl(f"x={value}")).get("x", value) for name, value in fields.items()}
    text = signing.payment(bare, password=wrong["inputs"]["Password1"])
    assert signing.digest("md5", text) != wrong["digest_lower"]
    assert "https://crm.example.ru/pay/rk/17/jws/" in text


@pytest.mark.parametrize("vector", of("result", "success"))
def test_a_notice_is_signed_over_the_sum_as_it_came(vector: dict[str, Any]) -> None:
    password = vector["inputs"].get("Password2") or vector["inputs"]["Password1"]
    text = signing.notice(fields_of(vector), password=password)
    assert text == vector["string_to_hash"]
    assert signing.digest(vector["algo"], text) == vector["digest_lower"]


@pytest.mark.parametrize("vector", of("opstate"))
def test_a_state_query_is_signed(vector: dict[str, Any]) -> None:
    inputs = vector["inputs"]
    text = signing.state(
        login=inputs["MerchantLogin"], number=inputs["InvoiceID"], password=inputs["Password2"]
    )
    assert (text, signing.digest("md5", text)) == (vector["string_to_hash"], vector["digest_lower"])


def test_our_receipt_is_the_documented_one_letter_for_letter() -> None:
    [vector] = [vector for vector in VECTORS["vectors"] if vector["id"] == "P07-md5"]
    line = {
        "name": "Предоплата: день рождения «Лазертаг»",
        "amount": "3500.00",
        "vat": "none",
        "method": "prepayment",
        "subject": "service",
    }
    content = {"tax_system": "usn_income", "lines": [line]}
    assert robokassa_receipts.field(content) == vector["inputs"]["Receipt_as_hashed"]


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("way", ["GET", "POST"])
@pytest.mark.parametrize("vector", of("result"))
def test_a_notice_of_the_vectors_is_read(vector: dict[str, Any], way: str, upper: bool) -> None:
    shop = RobokassaShop(algorithm=vector["algo"])
    provider = Robokassa(shop, url="http://127.0.0.1:9")
    signature = vector["digest_lower"].upper() if upper else vector["digest_lower"]
    notice = provider.read_notice(
        NoticeKind.PAY, delivery({**fields_of(vector), "SignatureValue": signature}, way)
    )
    assert (notice.order_number, str(notice.amount)) == ("70001", "3500.00")
    answer = provider.answer(Verdict.ACCEPTED, notice)
    assert (answer.status, answer.body) == (200, "OK70001")
    assert answer.content_type.startswith("text/plain")


def delivery(fields: dict[str, str], way: str = "POST") -> Delivery:
    message = urlencode(fields).encode()
    body, query = (b"", message) if way == "GET" else (message, b"")
    return Delivery(
        method=way, body=body, query=query, headers={}, content_type="application/x-www-form-urlencoded"
    )


def signed(password: str, **fields: str) -> Delivery:
    given = {"OutSum": "3500.000000", "InvId": "70001"} | fields
    text = signing.notice(given, password=password)
    return delivery({**given, "SignatureValue": signing.digest("md5", text)})


def read(given: Delivery, *, test_password: str = "") -> NoticeRead:
    return robokassa_notices.read(
        given, algorithm="md5", password=SHOP["Password2"], test_password=test_password
    )


def test_the_test_password_opens_nothing_at_a_live_shop() -> None:
    with pytest.raises(Forged):
        read(signed(SHOP["TestPassword2"], IsTest="1"))
    with pytest.raises(Forged):
        read(signed(SHOP["TestPassword2"]))


def test_a_test_shop_reads_tests_by_the_test_password_alone() -> None:
    test = SHOP["TestPassword2"]
    assert read(signed(test, IsTest="1"), test_password=test).test
    assert not read(signed(SHOP["Password2"]), test_password=test).test
    with pytest.raises(Forged):
        # IsTest is not signed: whoever strips it must not turn play money into money.
        read(signed(test), test_password=test)


@pytest.mark.parametrize(
    "changed",
    [
        {"OutSum": "3500.00"},
        {"InvId": "70002"},
        {"Shp_extra": "1"},
        {"SignatureValue": ""},
        {"SignatureValue": "не подпись"},
    ],
)
def test_one_changed_field_makes_it_a_forgery(changed: dict[str, str]) -> None:
    given = {"OutSum": "3500.000000", "InvId": "70001"}
    right = signing.digest("md5", signing.notice(given, password=SHOP["Password2"]))
    with pytest.raises(Forged):
        read(delivery({**given, "SignatureValue": right, **changed}))


@pytest.mark.parametrize(
    "told",
    [
        # By name, by name and value, without letter case: where the orders differ, each is understood.
        ["Shp_a=1", "Shp_a1=2"],
        ["Shp_a1=2", "Shp_a=1"],
        ["SHP_b=2", "Shp_Zone=3", "shp_a=1"],
        ["shp_a=1", "SHP_b=2", "Shp_Zone=3"],
    ],
)
def test_own_fields_of_another_program_may_be_sorted_in_any_known_way(told: list[str]) -> None:
    fields = {"OutSum": "10.00", "InvId": "7", **dict(field.split("=") for field in reversed(told))}
    text = ":".join(["10.00", "7", SHOP["Password2"], *told])
    assert read(delivery({**fields, "SignatureValue": signing.digest("md5", text)})).order_number == "7"
    other = signing.digest("md5", text.replace(SHOP["Password2"], "not the password"))
    with pytest.raises(Forged):
        read(delivery({**fields, "SignatureValue": other}))


def test_own_fields_in_an_order_that_nobody_uses_are_a_forgery() -> None:
    text = ":".join(["10.00", "7", SHOP["Password2"], "Shp_b=1", "Shp_a=2"])
    fields = {"OutSum": "10.00", "InvId": "7", "Shp_a": "2", "Shp_b": "1"}
    with pytest.raises(Forged):
        read(delivery({**fields, "SignatureValue": signing.digest("md5", text)}))


def test_unsigned_fields_may_say_what_they_like() -> None:
    notice = read(signed(SHOP["Password2"], Fee="136.50", EMail="guest@example.org", PaymentMethod="SBP"))
    assert (notice.method, notice.external_id) == ("sbp", "70001")


def test_the_names_of_old_times_are_understood() -> None:
    given = {"OutSum": "125.000000", "InvId": "70001"}
    crc = signing.digest("md5", signing.notice(given, password=SHOP["Password2"]))
    notice = read(delivery({"out_summ": "125.000000", "inv_id": "70001", "crc": crc}))
    assert str(notice.amount) == "125.00"


def test_the_link_of_the_vectors_carries_its_signature_beside_unsigned_fields() -> None:
    [vector] = [vector for vector in VECTORS["vectors"] if vector["id"] == "P14"]
    fields = dict(parse_qsl(urlsplit(vector["link"]).query))
    given = fields.pop("SignatureValue")
    assert signing.fits(
        given.upper(), algorithm="md5", text=signing.payment(fields, password=SHOP["Password1"])
    )
