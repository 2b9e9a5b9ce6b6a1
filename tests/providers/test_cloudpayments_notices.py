"""CloudPayments' notices: the documented vectors, forgeries, and bodies that cannot be read."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from billing.providers import cloudpayments_notices as notices
from billing.providers.base import Delivery, Forged, Malformed, NoticeKind, NoticeRead

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cloudpayments.json").read_text(encoding="utf-8")
)
SECRET = "f3c1a7d05b9e4c62a8d4e07b16c95f2a"
FORM = "application/x-www-form-urlencoded"
PAY = {
    "TransactionId": "3171000501",
    "Amount": "12500.50",
    "Currency": "RUB",
    "InvoiceId": "INST-000017-02",
    "AccountId": "student-4821",
    "DateTime": "2026-11-22 09:14:05",
    "TestMode": "0",
    "Status": "Completed",
    "OperationType": "Payment",
    "PaymentMethod": "",
}


def delivery(body: bytes, headers: dict[str, str], content_type: str = FORM) -> Delivery:
    return Delivery(method="POST", body=body, query=b"", headers=headers, content_type=content_type)


def signed(fields: dict[str, str] | bytes, secret: str = SECRET, content_type: str = FORM) -> Delivery:
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    return delivery(body, {"Content-HMAC": notices.signature(body, secret).decode()}, content_type)


def read(
    given: Delivery, kind: NoticeKind = NoticeKind.PAY, secrets: tuple[str, ...] = (SECRET,)
) -> NoticeRead:
    return notices.read(kind, given, secrets=secrets)


def of_vector(vector: dict[str, Any], headers: dict[str, str]) -> Delivery:
    if vector["method"] == "GET":
        query = vector["query_string"].encode()
        return Delivery(method="GET", body=b"", query=query, headers=headers, content_type="")
    return delivery(vector["raw_body"].encode(), headers, vector["content_type"])


READABLE = [
    pytest.param(vector, id=vector["id"])
    for vector in VECTORS["vectors"]
    if vector["id"] not in ("empty-body", "check-form-windows1251")
]


@pytest.mark.parametrize("header", ["content_hmac", "x_content_hmac"])
@pytest.mark.parametrize("vector", READABLE)
def test_every_documented_signature_is_accepted(vector: dict[str, Any], header: str) -> None:
    name = {"content_hmac": "Content-HMAC", "x_content_hmac": "X-Content-HMAC"}[header]
    notice = read(of_vector(vector, {name: vector[header]}), NoticeKind(vector["notification"]))
    assert notice.kind == vector["notification"]
    assert notice.external_id.startswith(("3171000", "sc_0c7fd9d1a2b34e5f8a90b1c2d3e4f:"))


def test_windows_1251_is_read_with_its_money_intact() -> None:
    vector = next(v for v in VECTORS["vectors"] if v["id"] == "check-form-windows1251")
    for name, value in (("Content-HMAC", "content_hmac"), ("X-Content-HMAC", "x_content_hmac")):
        notice = read(of_vector(vector, {name: vector[value]}), NoticeKind.CHECK)
        assert (notice.amount, notice.order_number) == (Decimal("500.00"), "INST-000020-01")


def test_a_signed_empty_body_is_genuine_but_unreadable() -> None:
    vector = next(v for v in VECTORS["vectors"] if v["id"] == "empty-body")
    with pytest.raises(Malformed):
        read(of_vector(vector, {"Content-HMAC": vector["content_hmac"]}), NoticeKind.CHECK)


@pytest.mark.parametrize("vector", [pytest.param(v, id=v["id"]) for v in VECTORS["negative"]])
def test_every_negative_vector_is_forged(vector: dict[str, Any]) -> None:
    headers = {vector["header"]: vector["signature"]} if vector["header"] else {}
    with pytest.raises(Forged):
        read(delivery(vector["raw_body"].encode(), headers))


@pytest.mark.parametrize(
    "vector", [pytest.param(v, id=v["id"]) for v in VECTORS["third_party"] if v["notification"]]
)
def test_bodies_of_other_test_suites(vector: dict[str, Any]) -> None:
    """Verified like ours; the doubled InvoiceId is genuine and refused."""
    given = delivery(vector["raw_body"].encode(), {"Content-HMAC": vector["signature"]})
    kind = NoticeKind(vector["notification"])
    if vector["id"] == "sister-check-duplicate-parameters":
        with pytest.raises(Malformed, match="InvoiceId comes twice"):
            read(given, kind, (vector["secret"],))
        return
    assert read(given, kind, (vector["secret"],)).kind == kind


def test_the_algorithm_is_hmac_sha256_by_its_rfc() -> None:
    vector = next(v for v in VECTORS["third_party"] if v["id"] == "rfc4231-case-2")
    assert notices.signature(vector["raw_body"].encode(), vector["secret"]).decode() == vector["signature"]


def test_a_payment_reads_as_plain_values() -> None:
    vector = next(v for v in VECTORS["vectors"] if v["id"] == "pay-form-lowerhex")
    assert read(of_vector(vector, {"Content-HMAC": vector["content_hmac"]})) == NoticeRead(
        kind=NoticeKind.PAY,
        external_id="3171000501",
        order_number="INST-000017-02",
        account_id="student-4821",
        email="anna.smirnova+school@example.org",
        amount=Decimal("12500.50"),
        currency="RUB",
        at=datetime(2026, 11, 22, 9, 14, 5, tzinfo=UTC),
        test=True,
        method="card",
    )


def test_form_json_and_query_say_the_same() -> None:
    by_id = {vector["id"]: vector for vector in VECTORS["vectors"]}
    form, by_json = (
        read(of_vector(by_id[name], {"Content-HMAC": by_id[name]["content_hmac"]}))
        for name in ("pay-form-lowerhex", "pay-json")
    )
    assert form == by_json


def test_what_is_written_twice_is_decoded_once() -> None:
    vector = next(v for v in VECTORS["vectors"] if v["id"] == "check-form-double-encoded")
    notice = read(of_vector(vector, {"Content-HMAC": vector["content_hmac"]}), NoticeKind.CHECK)
    assert notice.account_id == "a%2Bb"


def test_both_secrets_count_while_one_is_rotated() -> None:
    assert read(signed(PAY, "old"), secrets=("new", "old")) == read(
        signed(PAY, "new"), secrets=("new", "old")
    )
    with pytest.raises(Forged):
        read(signed(PAY, "older"), secrets=("new", "old"))


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(Forged):
        read(signed(PAY, ""), secrets=("", ""))


def test_a_wrong_content_hmac_is_not_saved_by_the_other_header() -> None:
    vector = next(v for v in VECTORS["vectors"] if v["id"] == "pay-form-lowerhex")
    with pytest.raises(Forged):
        read(of_vector(vector, {"Content-HMAC": "", "X-Content-HMAC": vector["x_content_hmac"]}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, mac: (body + b"\n", mac),
        lambda body, mac: (body.replace(b"12500.50", b"12500.51"), mac),
        lambda body, mac: (body, mac[:-2]),
        lambda body, mac: (body, mac.swapcase()),
        lambda body, mac: (body, mac + "="),
        lambda body, mac: (body, "не подпись"),
        lambda body, mac: (body, "\udcff"),
        lambda body, mac: (body, ""),
        lambda body, mac: (b"", mac),
    ],
)
def test_altered_bytes_or_signatures_are_forged(spoil: Any) -> None:
    body = urlencode(PAY).encode()
    body, mac = spoil(body, notices.signature(body, SECRET).decode())
    with pytest.raises(Forged):
        read(delivery(body, {"Content-HMAC": mac}))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Amount": ""}, "Amount"),
        ({"Amount": "0.00"}, "Amount"),
        ({"Amount": "-5.00"}, "Amount"),
        ({"Amount": "12500.505"}, "Amount"),
        ({"Amount": "1e3"}, "Amount"),
        ({"Amount": "NaN"}, "Amount"),
        ({"Amount": "12 500"}, "Amount"),
        ({"Amount": "9" * 40}, "Amount"),
        ({"TransactionId": ""}, "TransactionId"),
        ({"TransactionId": "1" * 81}, "TransactionId"),
        ({"DateTime": "yesterday"}, "DateTime"),
        ({"DateTime": ""}, "DateTime"),
        ({"InvoiceId": "A\0B"}, "NUL"),
        ({"PaymentTransactionId": "17"}, "refund"),
        ({"OperationType": "Refund"}, "refund"),
        ({"FiscalSign": "17"}, "receipt"),
        ({"ReasonCode": "5051"}, "fail"),
        ({"Status": "Declined"}, "fail"),
        ({"Interval": "Month"}, "recurrent"),
    ],
)
def test_a_genuine_body_that_is_no_payment_is_malformed(change: dict[str, str], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(signed(PAY | change))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"TransactionId=1&TransactionId=1&Amount=1.00",
        b"&".join(b"f%d=1" % n for n in range(300)),
    ],
)
def test_a_genuine_broken_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(signed(body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"TransactionId": 1',
        b'{"Amount": 1, "Amount": 2}',
        b'{"TransactionId": 1, "Amount": NaN}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_genuine_broken_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(signed(body, content_type="application/json"))


@pytest.mark.parametrize("amount", ["100", "100.0", "100.00", "100.0000"])
def test_one_amount_in_any_spelling(amount: str) -> None:
    assert str(read(signed(PAY | {"Amount": amount})).amount) == "100.00"


def test_a_hold_is_told_from_money() -> None:
    assert read(signed(PAY | {"Status": "Authorized"})).held
    assert not read(signed(PAY)).held


def test_sbp_needs_no_card() -> None:
    assert read(signed(PAY | {"PaymentMethod": "Sbp", "CardFirstSix": "", "CardType": ""})).method == "sbp"


def test_a_refund_names_itself_and_its_payment() -> None:
    fields = {
        "TransactionId": "77",
        "PaymentTransactionId": "12",
        "Amount": "10.00",
        "DateTime": "2026-11-22 09:14:05",
    }
    notice = read(signed(fields), NoticeKind.REFUND)
    assert (notice.external_id, notice.payment_external_id) == ("77", "12")


def test_a_receipt_tells_its_numbers_and_only_a_safe_address() -> None:
    vector = next(v for v in VECTORS["third_party"] if v["id"] == "sister-receipt-issued")
    given = delivery(vector["raw_body"].encode(), {"Content-HMAC": vector["signature"]})
    notice = read(given, NoticeKind.RECEIPT, (vector["secret"],))
    assert notice.external_id == "kassir-receipt-001"
    assert notice.fiscal == {"fn": "fiscal-001", "fd": "44", "fpd": "fs-001"}
    assert notice.url == "https://receipt.example.test/1"
    assert notices.safe_url("javascript:alert(1)") == ""


def test_subscription_notices_differ_by_what_they_say() -> None:
    vector = next(v for v in VECTORS["vectors"] if v["id"] == "recurrent-form")
    first = read(signed(vector["raw_body"].encode()), NoticeKind.RECURRENT)
    again = read(signed(vector["raw_body"].encode()), NoticeKind.RECURRENT)
    later = read(signed(vector["raw_body"].replace("PastDue", "Active").encode()), NoticeKind.RECURRENT)
    assert first.external_id == again.external_id != later.external_id


def test_a_notice_survives_its_stored_shape() -> None:
    notice = read(signed(PAY))
    assert NoticeRead.from_json(json.loads(json.dumps(notice.as_json()))) == notice
