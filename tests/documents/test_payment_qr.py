"""The payment code of ГОСТ Р 56042 against the vectors."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import segno

from documents import payment_qr
from documents.payment_qr import Transfer

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "domain.json").read_text())["payment_qr"]
GIVEN: dict[str, Any] = {
    "name": "ООО «Учебный центр Пример»",
    "account": "40602810700000000025",
    "bank": "ПАО «БАНК ПРИМЕР»",
    "bic": "049805746",
    "correspondent": "30101810800000000746",
    "inn": "1234567894",
    "kpp": "123456001",
    "purpose": "Оплата по счету № 15 от 22.11.2026, НДС не облагается",
    "amount": Decimal("15000.50"),
}


def test_the_payload_is_that_of_the_vectors() -> None:
    assert payment_qr.payload(Transfer(**GIVEN)) == VECTOR["payload"]
    assert len(VECTOR["payload"].encode()) == VECTOR["utf8_bytes"]


def test_the_picture_is_a_code_of_level_m() -> None:
    made = segno.make(VECTOR["payload"].encode(), error="m", micro=False, boost_error=False)
    assert (made.version, made.error) == (VECTOR["segno_version_error_m"], "M")
    assert payment_qr.picture(VECTOR["payload"]).startswith(b"<svg")


@pytest.mark.parametrize("field", ["name", "account", "bank", "bic", "correspondent"])
def test_without_a_mandatory_field_there_is_no_code(field: str) -> None:
    assert payment_qr.payload(Transfer(**GIVEN | {field: " "})) == ""


def test_a_value_cannot_break_out_of_its_field() -> None:
    made = payment_qr.payload(Transfer(**GIVEN | {"name": 'А|PersonalAcc=1\r\nБ "В"', "kpp": ""}))
    assert made.startswith('ST00012|Name=А PersonalAcc=1 Б "В"|PersonalAcc=40602810700000000025|')
    assert "KPP" not in made


def test_the_mandatory_block_stays_within_300_bytes() -> None:
    made = payment_qr.payload(Transfer(**GIVEN | {"name": "Щ" * 160, "bank": "Ш" * 60}))
    block = "|".join(made.split("|")[1:6])
    assert 298 <= len(block.encode()) <= 300
    assert made.split("|")[3] == "BankName=" + "Ш" * 45
