"""Reminder rules: steps, hours of 230-FZ, limits."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import reminders
from billing.rules.reminders import Step

MOSCOW = ZoneInfo("Europe/Moscow")
STEPS = (Step(-3, ("email",)), Step(0, ("email",)), Step(1, ("email", "salesbot")), Step(7, ("email",)))
DUE = date(2026, 12, 10)


def working(day: date) -> bool:
    return day.weekday() < 5


def test_policy_is_read_in_the_order_of_its_days() -> None:
    policy = [{"days": 1, "channels": ["email", "salesbot"]}, {"days": -3, "channels": ["email"]}]
    assert reminders.steps(policy) == (Step(-3, ("email",)), Step(1, ("email", "salesbot")))


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 12, 6), None),
        (date(2026, 12, 7), -3),
        (date(2026, 12, 9), -3),
        (date(2026, 12, 10), 0),
        (date(2026, 12, 11), 1),
        (date(2026, 12, 16), 1),
        (date(2026, 12, 17), 7),
        (date(2027, 2, 1), 7),
    ],
)
def test_the_newest_step_whose_day_has_come_is_due(today: date, days: int | None) -> None:
    step = reminders.newest_due(STEPS, due_on=DUE, today=today)
    assert (step.days if step else None) == days


@pytest.mark.parametrize(
    ("local", "may"),
    [
        ("2026-12-10 07:59:59", False),
        ("2026-12-10 08:00", True),
        ("2026-12-10 21:59:59", True),
        ("2026-12-10 22:00", False),
        ("2026-12-12 08:59", False),
        ("2026-12-12 09:00", True),
        ("2026-12-12 19:59", True),
        ("2026-12-12 20:00", False),
    ],
)
def test_messages_leave_in_the_hours_of_the_law(local: str, may: bool) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=MOSCOW)
    assert reminders.may_leave(moment, is_working=working) is may


def test_friday_night_waits_for_saturday_nine() -> None:
    late = datetime(2026, 12, 11, 23, 0, tzinfo=MOSCOW)
    assert reminders.next_opening(late, is_working=working) == datetime(2026, 12, 12, 9, 0, tzinfo=MOSCOW)


def test_a_third_message_a_day_a_fifth_a_week_a_seventeenth_a_month_have_no_room() -> None:
    assert reminders.has_room([DUE], today=DUE)
    assert not reminders.has_room([DUE, DUE], today=DUE)
    week = [DUE - timedelta(days=back) for back in (1, 2, 3, 6)]
    assert not reminders.has_room(week, today=DUE)
    assert reminders.has_room(week, today=DUE + timedelta(days=1))
    month = [DUE - timedelta(days=back) for back in range(8, 40, 2)]
    assert reminders.has_room(month, today=DUE)
    assert not reminders.has_room([DUE - timedelta(days=back) for back in range(7, 23)], today=DUE)


days_off: st.SearchStrategy[Callable[[date], bool]] = st.sampled_from(
    [working, lambda _: True, lambda _: False]
)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.times(), days_off)
def test_the_next_opening_is_open_and_nothing_between_is(
    day: date, hour: time, is_working: Callable[[date], bool]
) -> None:
    local = datetime.combine(day, hour, MOSCOW)
    opening = reminders.next_opening(local, is_working=is_working)
    assert opening >= local
    assert reminders.may_leave(opening, is_working=is_working)
    assert (opening == local) is reminders.may_leave(local, is_working=is_working)
    assert opening - local < timedelta(hours=14)


@given(st.lists(st.integers(-5, 60)), st.integers(1, 2))
def test_whatever_was_sent_no_window_of_the_law_overflows(backs: list[int], more: int) -> None:
    sent = [DUE - timedelta(days=back) for back in backs]
    if reminders.has_room(sent, today=DUE, more=more):
        assert sent.count(DUE) + more <= 2
        monday = DUE - timedelta(days=DUE.weekday())
        assert sum(monday <= day <= DUE for day in sent) + more <= 4
        assert sum(DUE.replace(day=1) <= day <= DUE for day in sent) + more <= 16


@given(st.lists(st.integers(-30, 60), unique=True, min_size=1, max_size=6), st.integers(-40, 90))
def test_day_by_day_each_step_becomes_the_newest_on_its_own_day(days: list[int], offset: int) -> None:
    plan = [Step(day, ("email",)) for day in days]
    step = reminders.newest_due(plan, due_on=DUE, today=DUE + timedelta(days=offset))
    assert (step is None) is (offset < min(days))
    if step is not None:
        assert step.days <= offset
        assert not any(step.days < other <= offset for other in days)
