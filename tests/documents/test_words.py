"""Words of documents against the vectors, and the exact call of num2words."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from documents import words

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "domain.json").read_text())


@pytest.mark.parametrize(("amount", "expected"), VECTORS["rubles_in_words"].items())
def test_roubles_in_words(amount: str, expected: str) -> None:
    assert words.roubles_in_words(Decimal(amount)) == expected


def test_a_whole_number_is_roubles_and_not_kopecks() -> None:
    assert words.roubles_in_words(Decimal(150000)) == "Сто пятьдесят тысяч рублей 00 копеек"


@pytest.mark.parametrize("amount", ["-1.00", "5.105"])
def test_what_is_no_sum_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="not a sum"):
        words.roubles_in_words(Decimal(amount))


def test_sums_days_and_initials() -> None:
    assert words.sum_of(Decimal("1234567.80")) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,80"
    assert words.day_in_words(date(2026, 5, 1)).replace("\N{NO-BREAK SPACE}", " ") == "1 мая 2026 г."
    assert words.initials("Демидова Ольга Сергеевна") == "Демидова\N{NO-BREAK SPACE}О.\N{NO-BREAK SPACE}С."
    assert words.initials("") == ""
    assert words.phone("89161234501") == "+7 916 123-45-01"
    assert words.phone("нет телефона") == "нет телефона"
