"""The arithmetic of schedules: exact sums, rising dates, every mistake named by its field."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import workdays
from billing.rules import money, schedule
from billing.rules.schedule import InvalidTerms, Row, Terms

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "domain.json").read_text())
TODAY = date(2026, 11, 22)


def rub(value: object) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def plan(terms: Terms, kept: Decimal = money.ZERO, on: date = TODAY) -> schedule.Plan:
    return schedule.plan(terms, kept=kept, on=on, calendar=workdays.built_in())


def codes(terms: Terms, kept: Decimal = money.ZERO) -> list[tuple[str, str]]:
    with pytest.raises(InvalidTerms) as caught:
        plan(terms, kept)
    return [(remark.field, remark.code) for remark in caught.value.remarks]


@pytest.mark.parametrize("vector", VECTORS["schedule_dates"], ids=lambda vector: str(vector["start"]))
def test_dates_come_from_the_anchor_day_and_move_to_working_days(vector: dict[str, Any]) -> None:
    start = date.fromisoformat(vector["start"])
    terms = Terms(rub(9000), first_due_on=start, count=vector["count"], due_day=vector["anchor_day"])
    rows = plan(terms, on=start).rows
    assert [row.due_on.isoformat() for row in rows] == vector["due"]
    assert [row.effective_due_on.isoformat() for row in rows] == vector["effective"]


@pytest.mark.parametrize(("day", "moved"), VECTORS["next_working_day"].items())
def test_next_working_day_knows_moved_days(day: str, moved: str) -> None:
    assert workdays.built_in().next_working(date.fromisoformat(day)).isoformat() == moved


@pytest.mark.parametrize("vector", [v for v in VECTORS["schedule_split_kop"] if 0 not in v["parts"]], ids=str)
def test_the_remainder_goes_to_one_row(vector: dict[str, Any]) -> None:
    terms = Terms(
        rub(Decimal(vector["total"]) / 100),
        first_due_on=TODAY,
        count=vector["n"],
        round_to=rub(Decimal(vector["unit_kop"]) / 100)
        if vector["unit_kop"] == 1
        else Decimal(vector["unit_kop"] // 100),
        remainder=vector["remainder"],
    )
    assert [row.amount * 100 for row in plan(terms).rows] == vector["parts"]


def test_rows_of_nothing_are_an_error_of_the_count() -> None:
    assert codes(Terms(rub("0.01"), first_due_on=TODAY, count=3)) == [("count", "empty_rows")]


def test_a_monthly_amount_makes_the_odd_row_the_smaller_one() -> None:
    rows = plan(Terms(rub(100000), first_due_on=TODAY, monthly_amount=rub(30000))).rows
    assert [row.amount for row in rows] == [rub(30000), rub(30000), rub(30000), rub(10000)]


def test_a_down_payment_is_a_row_of_its_own_before_the_others() -> None:
    terms = Terms(rub(160000), first_due_on=date(2026, 12, 10), count=5, down_payment=rub(10000))
    rows = plan(terms).rows
    assert [(row.due_on.isoformat(), row.amount) for row in rows[:2]] == [
        ("2026-11-22", rub(10000)),
        ("2026-12-10", rub(30000)),
    ]
    assert len(rows) == 6


def test_later_rows_follow_the_due_day_while_the_first_keeps_its_date() -> None:
    rows = plan(Terms(rub(300), first_due_on=date(2026, 11, 25), count=3, due_day=10)).rows
    assert [row.due_on.isoformat() for row in rows] == ["2026-11-25", "2026-12-10", "2027-01-10"]


def test_an_interval_of_days_counts_from_the_first_row() -> None:
    rows = plan(Terms(rub(300), first_due_on=date(2026, 12, 1), count=3, every_days=14)).rows
    assert [row.due_on.isoformat() for row in rows] == ["2026-12-01", "2026-12-15", "2026-12-29"]


def test_only_what_is_left_is_laid_out_and_nothing_when_all_is_kept() -> None:
    terms = Terms(rub(160000), first_due_on=date(2026, 12, 10), count=4)
    assert [row.amount for row in plan(terms, kept=rub(40000)).rows] == [rub(30000)] * 4
    assert plan(terms, kept=rub(160000)).rows == ()


def test_hand_made_rows_are_sorted_and_must_add_up() -> None:
    rows = (Row(date(2027, 1, 9), rub(60)), Row(date(2026, 12, 9), rub(40)))
    planned = plan(Terms(rub(100), rows=rows)).rows
    assert [(row.due_on.isoformat(), row.amount) for row in planned] == [
        ("2026-12-09", rub(40)),
        ("2027-01-09", rub(60)),
    ]
    assert codes(Terms(rub(101), rows=rows)) == [("rows", "sum_differs")]


GOOD = Terms(rub(90000), first_due_on=date(2026, 12, 10), count=3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"count": 0}, [("count", "not_positive")]),
        ({"count": -3}, [("count", "not_positive")]),
        ({"count": 1000}, [("count", "too_many")]),
        ({"count": 241}, [("count", "too_many")]),
        ({"total": rub(0)}, [("total", "not_positive")]),
        ({"total": Decimal("0.001")}, [("total", "kopecks")]),
        ({"total": Decimal("NaN")}, [("total", "kopecks")]),
        ({"total": rub(10) ** 12}, [("total", "too_big")]),
        ({"first_due_on": date(1900, 1, 1)}, [("first_due_on", "too_early")]),
        ({"first_due_on": date(2100, 1, 1)}, [("first_due_on", "too_far")]),
        ({"first_due_on": None}, [("first_due_on", "required")]),
        ({"due_day": 32}, [("due_day", "not_a_day")]),
        ({"monthly_amount": rub(1)}, [("count", "one_of")]),
        ({"count": None}, [("count", "one_of")]),
        ({"count": None, "monthly_amount": rub("0.01")}, [("monthly_amount", "too_many")]),
        ({"count": None, "monthly_amount": rub(90001)}, [("monthly_amount", "above_rest")]),
        ({"down_payment": rub(90000)}, [("down_payment", "not_below_rest")]),
        ({"down_payment": rub(1), "down_payment_on": date(2027, 1, 1)}, [("down_payment_on", "after_first")]),
        ({"down_payment": rub(1), "down_payment_on": date(1900, 1, 1)}, [("down_payment_on", "too_early")]),
        ({"rows": (Row(TODAY, rub(1)), Row(date(9999, 12, 31), rub(1)))}, [("rows", "too_far")]),
        ({"round_to": Decimal("3")}, [("round_to", "not_a_unit")]),
        ({"count": 2, "total": rub(150), "round_to": Decimal("100")}, [("count", "empty_rows")]),
        ({"rows": ()}, [("rows", "required")]),
        ({"rows": (Row(TODAY, rub(0)),)}, [("rows", "not_positive")]),
        ({"rows": (Row(TODAY, rub(90000)),)}, [("count", "beside_rows"), ("first_due_on", "beside_rows")]),
        ({"every_days": 14, "due_day": 10}, [("due_day", "no_due_day")]),
        ({"down_payment_on": TODAY}, [("down_payment_on", "no_down_payment")]),
        (
            {"count": None, "monthly_amount": rub("1250.50"), "round_to": Decimal(1)},
            [("round_to", "not_rounded")],
        ),
    ],
)
def test_every_mistake_is_named_by_its_field(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert codes(replace(GOOD, **change)) == expected


def test_a_total_below_what_was_paid_is_a_mistake_of_the_total() -> None:
    assert codes(GOOD, kept=rub(90001)) == [("total", "below_paid")]


def test_warnings_name_the_past_the_odd_row_and_the_unknown_calendar() -> None:
    assert [w.code for w in plan(replace(GOOD, first_due_on=date(2026, 11, 2))).warnings] == ["past_due"]
    assert [w.code for w in plan(replace(GOOD, count=None, monthly_amount=rub(40000))).warnings] == [
        "last_row_smaller"
    ]
    assert plan(replace(GOOD, total=rub("100.01"))).warnings == ()
    odd = replace(GOOD, count=None, monthly_amount=rub(50000))
    assert [w.values for w in plan(odd).warnings] == [{"amount": "40000.00", "usual": "50000.00"}]
    assert [w.code for w in plan(replace(odd, remainder="first")).warnings] == ["first_row_smaller"]
    two = (Row(TODAY, rub(40000)), Row(TODAY, rub(50000)))
    assert [w.code for w in plan(Terms(rub(90000), rows=two)).warnings] == ["same_days"]
    assert [w.code for w in plan(replace(GOOD, first_due_on=date(2028, 1, 10))).warnings] == [
        "calendar_unknown"
    ]


def test_a_down_payment_bigger_than_the_rows_is_no_odd_row() -> None:
    terms = replace(GOOD, count=1, down_payment=rub(60000))
    assert plan(terms).warnings == ()


def test_only_the_first_date_is_limited_to_ten_years() -> None:
    assert len(plan(replace(GOOD, first_due_on=date(2036, 11, 21))).rows) == 3
    assert len(plan(replace(GOOD, count=240)).rows) == 240
    assert codes(replace(GOOD, first_due_on=date(2036, 11, 23))) == [("first_due_on", "too_far")]


@given(
    total=st.integers(1, 10**9),
    kept_share=st.integers(0, 99),
    count=st.integers(1, 240),
    unit=st.sampled_from(schedule.UNITS),
    remainder=st.sampled_from(["last", "first"]),
    first=st.dates(date(2026, 11, 1), date(2030, 1, 1)),
    due_day=st.none() | st.integers(1, 31),
    every_days=st.none() | st.integers(1, 30),
)
def test_rows_add_up_to_the_kopeck_and_dates_rise(
    total: int,
    kept_share: int,
    count: int,
    unit: Decimal,
    remainder: Any,
    first: date,
    due_day: int,
    every_days: int,
) -> None:
    whole = rub(Decimal(total) / 100)
    kept = money.floor_to(whole * kept_share / 100, money.KOPECK)
    terms = Terms(
        whole,
        first_due_on=first,
        count=count,
        due_day=due_day if every_days is None else None,
        every_days=every_days,
        round_to=unit,
        remainder=remainder,
    )
    try:
        rows = plan(terms, kept).rows
    except InvalidTerms as error:
        refusals = {remark.code for remark in error.remarks}
    else:
        refusals = set()
    if refusals:
        assert refusals <= {"empty_rows"}
        return
    assert sum(row.amount for row in rows) == whole - kept
    assert len(rows) == count
    days = [row.due_on for row in rows]
    assert days == sorted(set(days))
    assert all(row.effective_due_on >= row.due_on and row.amount > 0 for row in rows)
    assert all(row.effective_due_on - row.due_on <= timedelta(days=12) for row in rows)
