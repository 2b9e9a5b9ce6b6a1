"""A changed total over the same dates: sums exact, dates kept, nothing negative."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import money, respread
from billing.rules.schedule import Row

KOPECKS = st.integers(1, 50_000_000).map(lambda kopecks: Decimal(kopecks) / 100)
UNITS = st.sampled_from([Decimal("0.01"), Decimal("1"), Decimal("100")])


def rows(*amounts: object) -> list[Row]:
    first = date(2026, 12, 10)
    return [
        Row(first + timedelta(days=30 * step), Decimal(str(amount)).quantize(money.KOPECK))
        for step, amount in enumerate(amounts)
    ]


def sums(found: tuple[Row, ...]) -> list[str]:
    return [money.text(row.amount) for row in found]


@pytest.mark.parametrize(
    ("before", "rest", "unit", "after"),
    [
        ((30000, 30000, 30000), "100000", "0.01", ["33333.33", "33333.33", "33333.34"]),
        ((30000, 30000, 30000), "100000", "1", ["33333.00", "33333.00", "33334.00"]),
        ((30000, 30000, 30000), "80000", "100", ["26600.00", "26600.00", "26800.00"]),
        ((60000, 20000, 20000), "50000", "1", ["30000.00", "10000.00", "10000.00"]),
        ((30000, 30000), "100", "100", ["100.00"]),
    ],
)
def test_evenly_keeps_the_proportion(before: tuple[int, ...], rest: str, unit: str, after: list[str]) -> None:
    assert sums(respread.evenly(rows(*before), rest=Decimal(rest), unit=Decimal(unit))) == after


@pytest.mark.parametrize(
    ("before", "rest", "after"),
    [
        ((30000, 30000, 30000), "100000", ["30000.00", "30000.00", "40000.00"]),
        ((30000, 30000, 30000), "80000", ["30000.00", "30000.00", "20000.00"]),
        ((30000, 30000, 30000), "60000", ["30000.00", "30000.00"]),
        ((30000, 30000, 30000), "45000", ["30000.00", "15000.00"]),
        ((30000, 30000, 30000), "0.01", ["0.01"]),
    ],
)
def test_the_last_rows_give_and_take(before: tuple[int, ...], rest: str, after: list[str]) -> None:
    assert sums(respread.at_the_end(rows(*before), rest=Decimal(rest))) == after


@given(before=st.lists(KOPECKS, min_size=1, max_size=24), rest=KOPECKS, unit=UNITS)
def test_sums_are_exact_and_dates_stay(before: list[Decimal], rest: Decimal, unit: Decimal) -> None:
    given_rows = rows(*before)
    for found in (
        respread.evenly(given_rows, rest=rest, unit=unit),
        respread.at_the_end(given_rows, rest=rest),
    ):
        assert sum(row.amount for row in found) == rest
        assert all(row.amount > 0 and money.is_whole_kopecks(row.amount) for row in found)
        days = [row.due_on for row in found]
        assert days == sorted(set(days))
        assert set(days) <= {row.due_on for row in given_rows}
