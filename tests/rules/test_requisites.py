"""Requisites against the shared table of good and bad numbers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billing.rules import requisites
from billing.rules.requisites import Invalid, Reason

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "domain.json").read_text(encoding="utf-8")
)
CHECKS: dict[str, Callable[[str], None]] = {
    "inn": requisites.check_inn,
    "ogrn": requisites.check_ogrn,
    "ogrnip": requisites.check_ogrnip,
    "kpp": requisites.check_kpp,
}
# The table tells reasons in its own words.
REASONS = {
    "checksum": Reason.CHECKSUM,
    "length": Reason.LENGTH,
    "not digits": Reason.NOT_DIGITS,
    "empty": Reason.EMPTY,
    "zeros": Reason.ZEROS,
    "all zeros (passes checksum and python-stdnum)": Reason.ZEROS,
    "first digit 2 = GRN record, not OGRN": Reason.FIRST_DIGIT,
    "first digit 4 = GRNIP record": Reason.FIRST_DIGIT,
}


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, number) for kind in CHECKS for number in VECTORS[kind]["valid"]]
)
def test_good_numbers_pass(kind: str, number: str) -> None:
    CHECKS[kind](number)


@pytest.mark.parametrize(
    ("kind", "number", "reason"),
    [(kind, *bad) for kind in ("inn", "ogrn", "ogrnip") for bad in VECTORS[kind]["invalid"]],
)
def test_bad_numbers_are_refused_with_their_reason(kind: str, number: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        CHECKS[kind](number)
    assert caught.value.reason is REASONS[reason]


@pytest.mark.parametrize("number", VECTORS["kpp"]["invalid"])
def test_bad_kpp_is_refused(number: str) -> None:
    with pytest.raises(Invalid) as caught:
        requisites.check_kpp(number)
    assert caught.value.reason is Reason.FORM


@pytest.mark.parametrize("case", VECTORS["bank_account"], ids=lambda case: f"{case['bic']}-{case['account']}")
def test_account_keys_follow_the_bank_of_russia(case: dict[str, Any]) -> None:
    check = requisites.check_account if case["kind"] == "settlement" else requisites.check_correspondent
    if case["valid"]:
        check(case["account"], bic=case["bic"])
        return
    expected = Reason.LENGTH if "length" in case["why"] else Reason.CHECKSUM
    with pytest.raises(Invalid) as caught:
        check(case["account"], bic=case["bic"])
    assert caught.value.reason is expected


def test_every_single_wrong_digit_of_an_account_is_found() -> None:
    good = "40602810700000000025"
    for place in range(20):
        for digit in set("0123456789") - {good[place]}:
            with pytest.raises(Invalid):
                requisites.check_account(good[:place] + digit + good[place + 1 :], bic="049805746")


def test_a_treasury_account_is_not_judged_by_the_banks_rule() -> None:
    requisites.check_account("03100643000000017300", bic="004525988")
    requisites.check_correspondent("40102810545370000003", bic="004525988")


def test_full_width_digits_are_not_digits() -> None:
    with pytest.raises(Invalid) as caught:
        requisites.check_inn("７７０００００００９")
    assert caught.value.reason is Reason.NOT_DIGITS
