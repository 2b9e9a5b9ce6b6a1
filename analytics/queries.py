"""The figures, each by one query of analytics/sql.

summary() folds one pass over the facts; lists and reports read rows. A figure and the rows behind it come
from the same text (facts.sql), so they cannot disagree. Sums are Decimal roubles.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import connection

from analytics.filters import Filter
from billing.rules import money

SQL = Path(__file__).with_name("sql")
GROUPS = ("programme", "cohort", "manager", "location", "legal_entity")
NAMES = {"location": "location_name", "legal_entity": "legal_entity_name"}
# Ten years of months; an empty period shows the months that have something.
MONTHS_MAX = 120
FORECAST_MONTHS = 12
CHUNK = 2000
BUCKETS = {"1-30": "to_30", "31-60": "to_60", "61-90": "to_90", "91+": "over_90"}
JSON_COLUMNS = ("payer", "receipt_fiscal", "receipt_content")

Row = dict[str, Any]


@dataclass(frozen=True)
class Figures:
    """What came, what will come and what is late, in roubles."""

    received: Decimal = money.ZERO
    expected: Decimal = money.ZERO
    overdue: Decimal = money.ZERO


@dataclass(frozen=True)
class Period:
    """One month, cut to what was asked; both days belong to it."""

    since: date
    until: date
    figures: Figures


@dataclass(frozen=True)
class Group:
    """One programme, cohort, manager (amoCRM user id), location or legal entity (keys)."""

    value: Any
    name: str
    figures: Figures


@dataclass(frozen=True)
class Summary:
    """`on_time_share`: of the sums whose day has come, the part paid by that day; None without any."""

    figures: Figures
    on_time_share: Decimal | None
    forecast: tuple[tuple[date, Decimal], ...]
    by_period: tuple[Period, ...]
    by_group: Mapping[str, tuple[Group, ...]]


@dataclass(frozen=True)
class Aging:
    """Late sums by days; `not_due` is what the same deals owe later."""

    buckets: Mapping[str, Decimal]
    total: Decimal
    deals: int


def summary(asked: Filter) -> Summary:
    """Return every figure of the page, in one round trip."""
    found: dict[str, list[Row]] = {}
    for row in _rows("summary", asked.params()):
        found.setdefault(row["what"], []).append(row)
    whole = found["all"][0]
    months = found.get("month", [])
    return Summary(
        figures=_figures(whole),
        on_time_share=(whole["in_time"] / whole["due"]).quantize(Decimal("0.0001")) if whole["due"] else None,
        forecast=_forecast(asked, {row["month"]: row["ahead"] for row in months}),
        by_period=_periods(asked, {row["month"]: _figures(row) for row in months}),
        by_group={name: _groups(name, found.get(name, [])) for name in GROUPS},
    )


def received(asked: Filter, *, after: tuple[Any, ...] | None, limit: int | None) -> Iterator[Row]:
    """Payments and refunds (negative), newest first; `after` is the checked key() of the last row seen."""
    at, kind, number = after or (None, None, None)
    page = {"after_at": at, "after_kind": kind, "after_id": number, "limit": limit}
    return _listed("received", {**asked.params(), **page})


def rows(
    asked: Filter, *, late: bool | None, after: tuple[Any, ...] | None, limit: int | None
) -> Iterator[Row]:
    """Rows of schedules by due day: open ones that are late or not, or (None) all with what they hold."""
    on, number = after or (None, None)
    page = {"late": late, "after_on": on, "after_id": number, "limit": limit}
    return _listed("rows", {**asked.params(), **page})


def key(state: str, row: Row) -> list[Any]:
    """Where a list stands after this row, as JSON carries it."""
    if state == "received":
        return [row["at"].isoformat(), row["kind"], row["id"]]
    return [row["due_on"].isoformat(), row["id"]]


def checked_key(state: str, given: list[Any]) -> tuple[Any, ...]:
    """A key that came back from a reader. Raises ValueError or TypeError for anything that is none."""
    if state == "received":
        at, kind, number = given
        return datetime.fromisoformat(at), str(kind)[:10].replace("\x00", ""), _id(number)
    on, number = given
    return date.fromisoformat(on), _id(number)


def _id(number: Any) -> int:
    if not isinstance(number, int) or not 0 <= number < 2**63:
        raise ValueError("not an id")
    return number


def debtors(asked: Filter) -> Iterator[Row]:
    """Deals with something late, the largest first, split by days."""
    return _stream("aging", asked.params())


def registry(asked: Filter) -> Iterator[Row]:
    """Operations with their receipts and requisites, oldest first."""
    for row in _stream("registry", asked.params()):
        # Django leaves JSON of its own queries only to its own fields.
        yield {**row, **{name: json.loads(row[name] or "{}") for name in JSON_COLUMNS}}


def aging(asked: Filter) -> Aging:
    """Return the late sums by days past the effective date, on as_of."""
    sums = dict.fromkeys(BUCKETS, money.ZERO)
    deals = 0
    for row in debtors(asked):
        deals += 1
        for bucket, column in BUCKETS.items():
            sums[bucket] += row[column] or money.ZERO
    return Aging(sums, sum(sums.values(), money.ZERO), deals)


def count_received(asked: Filter) -> int:
    """How many rows received() and registry() have."""
    found: int = _rows("count_money", asked.params())[0]["count"]
    return found


def count_rows(asked: Filter, *, late: bool | None) -> int:
    """How many rows rows() has; debtors() has no more of the late ones."""
    found: int = _rows("count_rows", {**asked.params(), "late": late})[0]["count"]
    return found


def facets(asked: Filter) -> dict[str, list[tuple[str, str]]]:
    """What the account can be narrowed by: (value, name) in reading order; managers have no name here."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in GROUPS}
    with connection.cursor() as cursor:
        cursor.execute(_text("facets"), asked.params())
        for what, value, name in cursor.fetchall():
            found[what].append((value, name or value))
    return found


def _figures(row: Row) -> Figures:
    return Figures(row["received"], row["expected"], row["overdue"])


def _groups(name: str, found: list[Row]) -> tuple[Group, ...]:
    groups = (
        Group(row[name] or "", row.get(NAMES.get(name, "")) or str(row[name] or ""), _figures(row))
        for row in found
    )
    shown = [one for one in groups if one.figures != Figures()]
    return tuple(sorted(shown, key=lambda one: (-sum(vars(one.figures).values()), one.name)))


def _periods(asked: Filter, months: dict[date, Figures]) -> tuple[Period, ...]:
    """Every month of the asked period, or from the first to the last month that has something."""
    busy = [month for month, figures in months.items() if figures != Figures()]
    if not busy and not (asked.since and asked.until):
        return ()
    first = (asked.since or min(busy)).replace(day=1)
    last = (asked.until or max(busy)).replace(day=1)
    every = _months(first, last)
    if len(every) > MONTHS_MAX:
        every = sorted(busy)
    return tuple(
        Period(
            max(month, asked.since or month),
            min(_end(month), asked.until or _end(month)),
            months.get(month, Figures()),
        )
        for month in every
    )


def _forecast(asked: Filter, ahead: dict[date, Decimal]) -> tuple[tuple[date, Decimal], ...]:
    """Months from as_of on; a row that was moved off the last day of a month stands in the first one."""
    month = asked.as_of.replace(day=1)
    moved = sum((rest for day, rest in ahead.items() if day < month), money.ZERO)
    coming = [(month, moved + ahead.get(month, money.ZERO))]
    while len(coming) < FORECAST_MONTHS:
        month = _end(month) + timedelta(days=1)
        coming.append((month, ahead.get(month, money.ZERO)))
    return tuple(coming)


def _months(first: date, last: date) -> list[date]:
    found = []
    while first <= last:
        found.append(first)
        first = _end(first) + timedelta(days=1)
    return found


def _end(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _listed(name: str, params: dict[str, Any]) -> Iterator[Row]:
    return _stream(name, params) if params["limit"] is None else iter(_rows(name, params))


def _rows(name: str, params: dict[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(_text("facts") + _text(name), params)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _stream(name: str, params: dict[str, Any]) -> Iterator[Row]:
    """Rows as they come from the server, so that a million of them fits; the query runs at the first one.

    Django holds such a cursor open past a commit, so whoever writes the rows may tell how far it is.
    """
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(_text("facts") + _text(name), params)
        first = cursor.fetchmany(CHUNK)
        columns = [column.name for column in cursor.description or ()]
        for chunk in chain([first], iter(lambda: cursor.fetchmany(CHUNK), [])):
            for row in chunk:
                yield dict(zip(columns, row, strict=True))


@cache
def _text(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")
