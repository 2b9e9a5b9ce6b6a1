"""The arithmetic of a late fee: unpaid principal, days, one rounding, a cap."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.rules import late_fees
from billing.rules.late_fees import Change, Span, Terms

DAY = timedelta(days=1)
START = date(2026, 12, 1)
TERMS = Terms(Decimal("0.1"), Decimal(10), 3, date(2026, 1, 1))


def test_thirty_days_of_thirty_thousand_at_a_tenth_of_a_percent_are_nine_hundred() -> None:
    changes = [Change(START, Decimal(30000))]
    month = Span(START + DAY, START + 30 * DAY, Decimal("0.1"))
    assert late_fees.exact(changes, [month]) == Decimal(900)


def test_a_part_that_was_paid_costs_only_until_its_day() -> None:
    changes = [Change(START, Decimal(30000)), Change(START + 11 * DAY, Decimal(-20000))]
    month = Span(START + DAY, START + 30 * DAY, Decimal("0.1"))
    # ten days of 30 000 and twenty days of 10 000
    assert late_fees.exact(changes, [month]) == Decimal(300) + Decimal(200)


def test_the_grace_and_the_day_of_the_clause_come_first() -> None:
    assert TERMS.first_day(date(2026, 12, 10)) == date(2026, 12, 14)
    assert Terms(Decimal(1), Decimal(1), 0, date(2027, 1, 1)).first_day(date(2026, 12, 10)) == date(
        2027, 1, 1
    )


def test_the_cap_holds_and_a_lower_cap_takes_nothing_back() -> None:
    assert late_fees.cap_of(Decimal("333.33"), TERMS) == Decimal("33.33")
    assert late_fees.within(Decimal("40.005"), cap=Decimal(50), charged=Decimal(0)) == Decimal("40.01")
    assert late_fees.within(Decimal(60), cap=Decimal(50), charged=Decimal(0)) == Decimal(50)
    assert late_fees.within(Decimal(60), cap=Decimal(20), charged=Decimal(45)) == Decimal(45)


def test_paused_days_are_cut_out() -> None:
    span = Span(START, START + 9 * DAY, Decimal(1))
    pause = (START + 3 * DAY, START + 5 * DAY)
    assert late_fees.without(span, [pause]) == [
        Span(START, START + 2 * DAY, Decimal(1)),
        Span(START + 5 * DAY, START + 9 * DAY, Decimal(1)),
    ]
    assert late_fees.without(span, [(START - DAY, START + 10 * DAY)]) == []
    assert late_fees.without(span, [(START - 9 * DAY, START)]) == [span]
    assert late_fees.without(span, [(START + 10 * DAY, date.max)]) == [span]


CHANGES = st.lists(
    st.builds(
        Change,
        st.integers(0, 40).map(lambda days: START + days * DAY),
        st.integers(-2_000_000, 3_000_000).map(lambda kopecks: Decimal(kopecks) / 100),
    ),
    max_size=6,
)


@given(CHANGES, st.integers(0, 50), st.decimals("0.01", "5", places=2))
def test_stretches_cost_what_single_days_cost(changes: list[Change], days: int, percent: Decimal) -> None:
    by_day = Decimal(0)
    for offset in range(days + 1):
        day = START + offset * DAY
        unpaid = sum((change.amount for change in changes if change.on <= day), Decimal(0))
        by_day += max(unpaid, Decimal(0)) * percent / 100
    assert late_fees.exact(changes, [Span(START, START + days * DAY, percent)]) == by_day


@given(CHANGES, st.sets(st.integers(1, 49), max_size=5))
def test_it_makes_no_difference_in_how_many_runs_the_days_are_charged(
    changes: list[Change], cuts: set[int]
) -> None:
    whole = [Span(START, START + 50 * DAY, Decimal("0.1"))]
    ends = [*sorted(cuts), 51]
    starts = [0, *sorted(cuts)]
    parts = [
        Span(START + first * DAY, START + (last - 1) * DAY, Decimal("0.1"))
        for first, last in zip(starts, ends, strict=True)
    ]
    assert late_fees.exact(changes, parts) == late_fees.exact(changes, whole)
