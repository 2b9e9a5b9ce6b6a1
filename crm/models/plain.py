"""Models out of statements that are written by hand: what is asked at every click is not composed anew.

A statement names a model's columns by columns() and gets its rows back by built(), as the ORM would have read
them: encrypted and JSON columns come out plain.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def columns(model: type[models.Model], alias: str) -> str:
    """The model's own columns, for a SELECT of the table that is called `alias` there."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def built(model: type[Row], values: Sequence[Any]) -> tuple[Row, Sequence[Any]]:
    """The row whose columns() are at the beginning of `values`, and the values behind them."""
    fields = model._meta.concrete_fields
    read = [_read(field, value) for field, value in zip(fields, values, strict=False)]
    return model.from_db(connection.alias, [field.attname for field in fields], read), values[len(fields) :]


def _read(field: Any, value: Any) -> Any:
    return field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
