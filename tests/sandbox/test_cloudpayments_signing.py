"""The emulator's signature and encoding against the documented sample values."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import pytest

from sandbox.cloudpayments import signing

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cloudpayments.json").read_text(encoding="utf-8")
)
SIGNED = [
    vector for vector in VECTORS["vectors"] if "raw_body" in vector and "windows1251" not in vector["id"]
]
NET_ENCODED = [
    vector for vector in SIGNED if vector["id"].endswith(("lowerhex", "recurrent-form", "cancel-form"))
]


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["id"])
def test_both_headers_are_those_of_the_documented_samples(vector: dict[str, Any]) -> None:
    is_form = "json" not in vector["content_type"]
    assert signing.sign(vector["secret"], vector["raw_body"], is_form=is_form) == {
        "Content-HMAC": vector["content_hmac"],
        "X-Content-HMAC": vector["x_content_hmac"],
    }


@pytest.mark.parametrize("vector", NET_ENCODED, ids=lambda vector: vector["id"])
def test_a_form_is_encoded_to_the_very_bytes_of_the_sample(vector: dict[str, Any]) -> None:
    fields = dict(parse_qsl(vector["raw_body"], keep_blank_values=True))
    assert signing.encode_form(fields) == vector["raw_body"]


@pytest.mark.parametrize("text", ["Взнос 2/6 + 15% (скидка)", "a&b=c", "№ К-2026/17 «Дизайн»", "~'\"\n"])
def test_encoding_loses_nothing(text: str) -> None:
    assert unquote_plus(signing.encode(text)) == text


def test_content_hmac_is_over_the_bytes_and_x_content_hmac_over_the_words() -> None:
    def digest(message: bytes) -> str:
        return base64.b64encode(hmac.new(b"key", message, hashlib.sha256).digest()).decode()

    assert signing.sign("key", "Name=%d0%90+1", is_form=True) == {
        "Content-HMAC": digest(b"Name=%d0%90+1"),
        "X-Content-HMAC": digest("Name=А 1".encode()),
    }
