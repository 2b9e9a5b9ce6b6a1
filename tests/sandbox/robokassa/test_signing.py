"""The emulator's signatures against the shared vectors, which other implementations agreed on."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.robokassa import signing

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "robokassa.json").read_text(encoding="utf-8")
)["vectors"]


def of(*kinds: str) -> list[Any]:
    return [pytest.param(vector, id=vector["id"]) for vector in VECTORS if vector["kind"] in kinds]


def sent(inputs: dict[str, Any]) -> dict[str, str]:
    """The fields of a link as they arrive, one layer of encoding taken off."""
    fields = {name: value for name, value in inputs.items() if name not in ("Password1", "Shp")}
    if "Receipt_as_hashed" in fields:
        fields["Receipt"] = fields.pop("Receipt_as_hashed")
    own: dict[str, str] = inputs.get("Shp", {})
    return fields | own


@pytest.mark.parametrize("vector", of("payment"))
def test_a_link_is_signed_as_the_vectors_say(vector: dict[str, Any]) -> None:
    texts = signing.payment_texts(sent(vector["inputs"]), vector["inputs"]["Password1"])
    assert vector["string_to_hash"] in texts
    assert signing.digest(vector["algo"], vector["string_to_hash"]) == vector["digest_lower"]


@pytest.mark.parametrize("vector", of("payment"))
def test_only_own_fields_that_sort_in_two_ways_leave_a_choice(vector: dict[str, Any]) -> None:
    texts = signing.payment_texts(sent(vector["inputs"]), vector["inputs"]["Password1"])
    assert len(texts) == (2 if "AMBIGUOUS" in vector["note"] else 1)


@pytest.mark.parametrize("vector", of("result", "success"))
def test_a_notice_is_signed_as_the_vectors_say(vector: dict[str, Any]) -> None:
    inputs = vector["inputs"]
    password = inputs.get("Password2") or inputs["Password1"]
    text = signing.notice_text(inputs["OutSum"], inputs["InvId"], password, inputs.get("Shp", {}))
    assert text == vector["string_to_hash"]
    assert signing.digest(vector["algo"], text) == vector["digest_lower"]


@pytest.mark.parametrize("vector", of("opstate"))
def test_a_state_query_is_signed_as_the_vectors_say(vector: dict[str, Any]) -> None:
    inputs = vector["inputs"]
    text = signing.state_text(inputs["MerchantLogin"], inputs["InvoiceID"], inputs["Password2"])
    assert (text, signing.digest(vector["algo"], text)) == (vector["string_to_hash"], vector["digest_lower"])


@pytest.mark.parametrize("vector", of("invoice_jwt", "refund_jwt"))
def test_a_token_is_taken_with_its_key_and_no_other(vector: dict[str, Any]) -> None:
    token, key = vector["token"], vector["inputs"]["key"]
    assert signing.read_jwt(token) == (vector["inputs"]["header"], vector["inputs"]["payload"])
    algorithm = signing.JWT_ALGORITHMS[vector["inputs"]["header"]["alg"]]
    signing.check_jwt(token, key, algorithm)
    with pytest.raises(signing.BadSignature):
        signing.check_jwt(token, f"{key}x", algorithm)


@pytest.mark.parametrize("vector", of("fiscal"))
def test_a_second_receipt_is_taken_with_its_password_and_no_other(vector: dict[str, Any]) -> None:
    body, password = vector["http_body"], vector["inputs"]["password"]
    assert signing.read_fiscal(body) == json.loads(vector["inputs"]["payload_json"])
    signing.check_fiscal(body, password, vector["algo"])
    with pytest.raises(signing.BadSignature):
        signing.check_fiscal(body, f"{password}x", vector["algo"])


def test_hex_is_compared_without_its_letter_case() -> None:
    expected = signing.digest("md5", "a")
    assert signing.same(expected.upper(), expected)
    assert not signing.same(expected[:-1], expected)
    assert not signing.same("подпись", expected)


@pytest.mark.parametrize("body", ["", "a.b", "%%%.x", "W10.x", "bm90IGpzb24.x"])
def test_what_is_no_receipt_body_is_a_bad_signature(body: str) -> None:
    with pytest.raises(signing.BadSignature):
        signing.read_fiscal(body)
