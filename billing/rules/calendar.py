"""Working days and due days: pure arithmetic on dates.

A due date is generated from the anchor day, not from the row before (31 Jan, 28 Feb, 31 Mar). It moves off a
non-working day to the next working one and never earlier (Civil Code, articles 192 and 193).
"""

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True)
class ProductionCalendar:
    """Days off on weekdays, working Saturdays and Sundays; both are known through a year and in the years
    that were told besides.
    """

    days_off: frozenset[date] = field(default_factory=frozenset)
    working_weekends: frozenset[date] = field(default_factory=frozenset)
    known_until: int = 0
    told_years: frozenset[int] = field(default_factory=frozenset)

    def is_working(self, day: date) -> bool:
        if day in self.working_weekends:
            return True
        return day.weekday() < 5 and day not in self.days_off

    def next_working(self, day: date) -> date:
        """Return the day itself when it is a working one, else the next working day."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def knows(self, day: date) -> bool:
        """False when only plain weekends are known for the day's year."""
        return day.year <= self.known_until or day.year in self.told_years


def day_of_month(first: date, months: int, anchor: int) -> date:
    """Return the anchor day of the month that is `months` after the month of `first`, clamped to its end."""
    index = first.year * 12 + first.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor, calendar.monthrange(year, month + 1)[1]))
