"""A cohort's calendar: equal monthly shares that add up, or everything at the end."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.rendering import Plan, Step, steps

AUTUMN = Plan(starts_on=date(2026, 10, 1), ends_on=date(2027, 1, 20), rendered="monthly")


def test_a_monthly_course_is_rendered_at_the_end_of_each_month_and_on_its_last_day() -> None:
    assert steps(AUTUMN, by=date(2027, 12, 31)) == [
        Step("2026-10", date(2026, 10, 31), 1, 4),
        Step("2026-11", date(2026, 11, 30), 2, 4),
        Step("2026-12", date(2026, 12, 31), 3, 4),
        Step("2027-01", date(2027, 1, 20), 4, 4),
    ]


@pytest.mark.parametrize(
    ("by", "count"), [(date(2026, 10, 30), 0), (date(2026, 10, 31), 1), (date(2026, 11, 29), 1)]
)
def test_a_month_counts_when_it_is_over(by: date, count: int) -> None:
    assert len(steps(AUTUMN, by=by)) == count


def test_at_the_end_there_is_one_step_and_by_stage_none() -> None:
    end = Plan(starts_on=AUTUMN.starts_on, ends_on=AUTUMN.ends_on, rendered="at_end")
    assert steps(end, by=date(2027, 1, 19)) == []
    assert steps(end, by=date(2027, 1, 20)) == [Step("end", date(2027, 1, 20), 1, 1)]
    by_stage = Plan(starts_on=AUTUMN.starts_on, ends_on=AUTUMN.ends_on, rendered="by_stage")
    assert steps(by_stage, by=date(2030, 1, 1)) == []


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 900),
    st.sampled_from(["monthly", "at_end"]),
)
def test_the_last_step_is_the_last_day_and_the_whole(start: date, days: int, rendered: str) -> None:
    end = date.fromordinal(start.toordinal() + days)
    found = steps(Plan(starts_on=start, ends_on=end, rendered=rendered), by=end)
    assert found[-1].ended_on == end
    assert Fraction(found[-1].part, found[-1].parts) == 1
    assert [step.part for step in found] == list(range(1, len(found) + 1))
    assert len({step.name for step in found}) == len(found)
