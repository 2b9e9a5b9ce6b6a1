"""How the panel calls one row, in titles, links and messages: "2 200,00 ₽ of 20.11.2026", not "Payment 138".

A row is called by a pattern of its columns, shown as the lists show them: labels of stored words, sums with
their currency, days as people write them, other rows by their own names. Without a pattern a model keeps its
own text.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext

from crm import called

_NOTHING = "–"


def name_rows(patterns: Mapping[type[models.Model], Any]) -> None:
    """Call the rows of these models by patterns like "%(kind)s: %(payment)s"."""
    for model, pattern in patterns.items():
        setattr(model, "__str__", _called(pattern))  # noqa: B010  mypy forbids to assign a method


def _called(pattern: Any) -> Callable[[models.Model], str]:
    def text(row: models.Model) -> str:
        return str(pattern) % _Cells(row)

    return text


class _Cells(Mapping[str, str]):
    """The columns of a row as people read them; only those that a pattern names are looked at."""

    def __init__(self, row: models.Model) -> None:
        self._row = row

    def __getitem__(self, name: str) -> str:
        value = getattr(self._row, name)
        if value in (None, ""):
            return _NOTHING
        if isinstance(value, Decimal):
            return _sum(value, getattr(self._row, "currency", "RUB"))
        if isinstance(value, datetime):
            value = value.astimezone(timezone.get_current_timezone()).date()
        if isinstance(value, date):
            return date_format(value, "SHORT_DATE_FORMAT")
        return self._word(name, value)

    def _word(self, name: str, value: object) -> str:
        column: Any = self._row._meta.get_field(name)
        named = called.shower(column)
        if named:
            return named(self._row)
        page = admin.site._registry.get(type(self._row))
        labels = getattr(page, "stored_words", {}).get(name) or dict(column.flatchoices)
        return gettext(str(labels[value])) if value in labels else str(value)

    def __iter__(self) -> Any:
        return iter(column.name for column in self._row._meta.concrete_fields)

    def __len__(self) -> int:
        return len(self._row._meta.concrete_fields)


def _sum(value: Decimal, currency: str) -> str:
    number = number_format(value, decimal_pos=2, force_grouping=True)
    return f"{number} ₽" if currency == "RUB" else f"{number} {currency}"
