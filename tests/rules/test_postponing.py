"""How far a pause carries due dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.postponing import carried


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(
    ("before", "begun", "ended", "due_day", "after"),
    [
        # Two months of leave: every row two months later, on its day.
        (("2027-01-10", "2027-02-10"), "2026-12-20", "2027-03-01", 10, ("2027-03-10", "2027-04-10")),
        # The first row the pause met comes on the day it ends.
        (("2027-01-10", "2027-02-10"), "2027-01-10", "2027-03-10", 10, ("2027-03-10", "2027-04-10")),
        # The anchor is the agreed day, not the clamped one.
        (("2027-02-28", "2027-03-31"), "2027-02-01", "2027-03-01", 31, ("2027-03-31", "2027-04-30")),
        # A row of its own date keeps its day.
        (("2027-01-15", "2027-02-10"), "2027-01-10", "2027-01-20", 10, ("2027-02-15", "2027-03-10")),
        # A pause between two rows carries nothing.
        (("2027-02-10",), "2027-01-11", "2027-01-25", 10, ("2027-02-10",)),
        # Without a due day the very days of the pause.
        (("2027-01-10", "2027-01-24"), "2027-01-05", "2027-01-12", None, ("2027-01-17", "2027-01-31")),
        ((), "2027-01-05", "2027-01-12", 10, ()),
        (("2027-01-10",), "2027-01-05", "2027-01-05", None, ("2027-01-10",)),
    ],
)
def test_dates_after_a_pause(
    before: tuple[str, ...], begun: str, ended: str, due_day: int | None, after: tuple[str, ...]
) -> None:
    found = carried(
        days(*before),
        begun_on=date.fromisoformat(begun),
        ended_on=date.fromisoformat(ended),
        due_day=due_day,
    )
    assert found == days(*after)


@given(
    first=st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    gaps=st.lists(st.integers(28, 31), max_size=12),
    before=st.integers(0, 40),
    lasted=st.integers(0, 400),
    due_day=st.none() | st.integers(1, 31),
)
def test_no_row_comes_earlier_and_the_first_one_not_before_the_end(
    first: date, gaps: list[int], before: int, lasted: int, due_day: int | None
) -> None:
    rows = [first]
    for gap in gaps:
        rows.append(rows[-1] + timedelta(days=gap))
    begun = first - timedelta(days=before)
    ended = begun + timedelta(days=lasted)
    found = carried(rows, begun_on=begun, ended_on=ended, due_day=due_day)
    assert len(found) == len(rows)
    assert all(later >= earlier for later, earlier in zip(found, rows, strict=True))
    if lasted and due_day is not None:
        assert found[0] >= ended
    if due_day is None:
        assert {later - earlier for later, earlier in zip(found, rows, strict=True)} == {
            timedelta(days=lasted)
        }
