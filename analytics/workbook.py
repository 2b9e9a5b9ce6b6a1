"""A table as an .xlsx file: typed cells, one header row, totals on a second sheet.

Written row by row with constant memory. Text is always written as text: a name like `=HYPERLINK(…)` is read,
never run, and no address becomes a link (quote_prefix keeps it so when somebody edits the cell). Characters
that XML cannot hold are left out, and text beyond Excel's limit is cut.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

TEXT_MAX = 32_767
# Excel's own limit is 1 048 576 lines with the header.
ROWS_MAX = 1_000_000
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NAME_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
PROGRESS_EVERY = 1000


class Kind(Enum):
    """What a column holds, and how a cell shows it; the patterns are the same for every language of Excel."""

    TEXT = "@"
    MONEY = "#,##0.00"
    DATE = "dd.mm.yyyy"
    WHOLE = "0"


@dataclass(frozen=True)
class Column:
    """`value` takes the cell out of a row: text, Decimal roubles, a date, a whole number, or None."""

    title: str
    kind: Kind
    width: int
    value: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Total:
    """A line of the second sheet."""

    title: str
    value: Decimal | int | date | str


@dataclass(frozen=True)
class Table:
    """`totals` is asked after the last row, when its sums are known."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Mapping[str, Any]]
    totals: Callable[[], Sequence[Total]]
    totals_name: str


def write(table: Table, path: Path, *, progress: Callable[[int], None] | None = None) -> int:
    """Write the workbook and return how many rows it has; `progress` hears of every thousandth."""
    book = xlsxwriter.Workbook(
        path,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    try:
        kinds = {kind: _format(book, kind) for kind in Kind}
        sheet = book.add_worksheet(_sheet_name(table.name))
        _head(book, sheet, table.columns)
        count = 0
        for count, row in enumerate(table.rows, start=1):
            for index, column in enumerate(table.columns):
                _put(sheet, count, index, column.value(row), kinds[column.kind])
            if progress and count % PROGRESS_EVERY == 0:
                progress(count)
        sheet.autofilter(0, 0, count, len(table.columns) - 1)
        _totals(book, table, kinds)
    finally:
        book.close()
    return count


def _format(book: xlsxwriter.Workbook, kind: Kind) -> Format:
    properties: dict[str, Any] = {"num_format": kind.value}
    if kind is Kind.TEXT:
        properties["quote_prefix"] = True
    return book.add_format(properties)


def _head(book: xlsxwriter.Workbook, sheet: Worksheet, columns: Sequence[Column]) -> None:
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
        sheet.write_string(0, index, clean(column.title), bold)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _totals(book: xlsxwriter.Workbook, table: Table, kinds: Mapping[Kind, Format]) -> None:
    sheet = book.add_worksheet(_sheet_name(table.totals_name))
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 24)
    for index, total in enumerate(table.totals()):
        _put(sheet, index, 0, total.title, kinds[Kind.TEXT])
        kind = {Decimal: Kind.MONEY, int: Kind.WHOLE, date: Kind.DATE}.get(type(total.value), Kind.TEXT)
        _put(sheet, index, 1, total.value, kinds[kind])


def _put(sheet: Worksheet, row: int, column: int, value: Any, look: Format) -> None:
    if value is None or value == "":
        return
    if isinstance(value, Decimal | int):
        sheet.write_number(row, column, value, look)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, look)
    else:
        sheet.write_string(row, column, clean(str(value)), look)


def clean(text: str) -> str:
    """The text without what XML cannot hold, no longer than a cell."""
    return FORBIDDEN.sub("", text)[:TEXT_MAX]


def _sheet_name(name: str) -> str:
    return NAME_FORBIDDEN.sub(" ", name)[:31]
