"""The Russian production calendar of this installation: moved days included, from the `holidays` package.

facts/domain.md 4.6: moved days are known through 2027; later years have only the fixed dates, so a schedule
that reaches beyond them is warned about.
"""

from functools import cache

import holidays

from billing.rules.calendar import ProductionCalendar

FIRST_YEAR = 2020
KNOWN_UNTIL = 2027


@cache
def calendar() -> ProductionCalendar:
    """Return the calendar; computed once a process."""
    known = holidays.country_holidays("RU", years=range(FIRST_YEAR, KNOWN_UNTIL + 12))
    return ProductionCalendar(
        days_off=frozenset(day for day in known if day.weekday() < 5),
        working_weekends=frozenset(known.weekend_workdays),
        known_until=KNOWN_UNTIL,
    )
