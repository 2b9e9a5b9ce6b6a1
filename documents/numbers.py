"""Gives the next numbers of a series."""

from django.db import connection

from documents.models import NumberSeries


def next_number(*, series: str, year: int) -> int:
    """Return 1, 2, 3 … within a series and year."""
    return take(series=series, year=year, count=1)[0]


def take(*, series: str, year: int, count: int) -> range:
    """Return the next `count` numbers of a series and year.

    The series' row stays locked until the caller's transaction ends, so two callers never get one number; a
    rolled back caller gives its number back.
    """
    table = NumberSeries._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" (series, year, last) VALUES (%s, %s, %s) '  # noqa: S608 - the table's own name
            "ON CONFLICT (series, year) DO UPDATE SET last = "
            f'"{table}".last + EXCLUDED.last RETURNING last',
            [series, year, count],
        )
        row = cursor.fetchone()
    last: int = row[0]
    return range(last - count + 1, last + 1)
