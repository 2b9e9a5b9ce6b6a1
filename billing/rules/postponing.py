"""How far a pause carries due dates: whole months where a due day was agreed, else its very days.

With a due day the first row that the pause met comes on or after the day the pause ends, and all rows keep
their distance and their day of the month (31 Jan, 28 Feb, 31 Mar).
"""

import calendar
from collections.abc import Sequence
from datetime import date

from billing.rules.calendar import day_of_month


def carried(days: Sequence[date], *, begun_on: date, ended_on: date, due_day: int | None) -> list[date]:
    """Return the due dates after a pause; `days` are those on or after `begun_on`, in order."""
    if not days or ended_on <= begun_on:
        return list(days)
    if due_day is None:
        return [day + (ended_on - begun_on) for day in days]
    months = 0
    while day_of_month(days[0], months, _anchor(days[0], due_day)) < ended_on:
        months += 1
    return [day_of_month(day, months, _anchor(day, due_day)) for day in days]


def _anchor(day: date, due_day: int) -> int:
    """The due day where the row stands on it, clamped or not; a row of its own date keeps that."""
    last = calendar.monthrange(day.year, day.month)[1]
    return due_day if day.day == min(due_day, last) else day.day
