"""Gives the next number of a series."""

from django.db import connection

from documents.models import NumberSeries


def next_number(*, series: str, year: int) -> int:
    """Return 1, 2, 3 … within a series and year.

    The series' row stays locked until the caller's transaction ends, so two callers never get one number; a
    rolled back caller gives its number back.
    """
    table = NumberSeries._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" (series, year, last) VALUES (%s, %s, 1) '  # noqa: S608 - the table's own name
            "ON CONFLICT (series, year) DO UPDATE SET last = "
            f'"{table}".last + 1 RETURNING last',
            [series, year],
        )
        row = cursor.fetchone()
    number: int = row[0]
    return number
