"""The Russian production calendar of this installation: moved days included.

Through 2027 the `holidays` package knows the decrees; a year of the table CalendarYear (the panel) replaces
what is known of that year, so a new decree needs no release. Later years have only the fixed dates, and a
schedule that reaches there is warned about.
"""

from datetime import date
from functools import cache, lru_cache

import holidays

from billing.models import CalendarYear
from billing.rules.calendar import ProductionCalendar

FIRST_YEAR = 2020
KNOWN_UNTIL = 2027
Year = tuple[int, tuple[date, ...], tuple[date, ...]]


def calendar() -> ProductionCalendar:
    """Return the calendar as the installation knows it now."""
    rows = CalendarYear.objects.order_by("year").values_list("year", "days_off", "working_weekends")
    return _with(tuple((year, tuple(off), tuple(worked)) for year, off, worked in rows))


@cache
def built_in() -> ProductionCalendar:
    """Return what is known without the table; computed once a process."""
    known = holidays.country_holidays("RU", years=range(FIRST_YEAR, KNOWN_UNTIL + 12))
    return ProductionCalendar(
        days_off=frozenset(day for day in known if day.weekday() < 5),
        working_weekends=frozenset(known.weekend_workdays),
        known_until=KNOWN_UNTIL,
    )


@lru_cache(maxsize=4)
def _with(years: tuple[Year, ...]) -> ProductionCalendar:
    base = built_in()
    if not years:
        return base
    told = frozenset(year for year, _off, _worked in years)
    return ProductionCalendar(
        days_off=frozenset(day for day in base.days_off if day.year not in told).union(
            *(off for _year, off, _worked in years)
        ),
        working_weekends=frozenset(day for day in base.working_weekends if day.year not in told).union(
            *(worked for _year, _off, worked in years)
        ),
        known_until=base.known_until,
        told_years=told,
    )
