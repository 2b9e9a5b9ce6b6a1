"""Rows of the lists and groups as the API carries them: sums as text, moments with the account's offset."""

from collections.abc import Mapping
from typing import Any

from analytics.filters import Filter
from analytics.queries import Group
from billing.rules import money

Row = Mapping[str, Any]


def operation(row: Row, asked: Filter, names: Mapping[int, str]) -> dict[str, Any]:
    """A payment, or a refund with a negative sum."""
    return {
        **_deal(row, names),
        "kind": row["kind"],
        "id": row["id"],
        "payment": row["payment_id"],
        "amount": money.text(row["amount"]),
        "on": row["paid_on"],
        "at": row["at"].astimezone(asked.zone).isoformat(),
        "method": row["method"],
        "provider": row["provider"],
        "external_id": row["external_id"],
    }


def open_row(row: Row, asked: Filter, names: Mapping[int, str]) -> dict[str, Any]:
    """An installment that is not covered: `amount` is its unpaid part, `of` the whole row."""
    return {
        **_deal(row, names),
        "kind": "installment",
        "id": row["id"],
        "number": row["number"],
        "amount": money.text(row["rest"]),
        "of": money.text(row["amount"]),
        "due_on": row["due_on"],
        "effective_due_on": row["effective_due_on"],
        "days_late": row["days"],
    }


def group(what: str, one: Group, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "value": one.value or None,
        "name": names[one.value or 0] if what == "manager" else one.name,
        "received": money.text(one.figures.received),
        "expected": money.text(one.figures.expected),
        "overdue": money.text(one.figures.overdue),
    }


def _deal(row: Row, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "lead_id": row["lead_id"],
        "deal": row["deal"],
        "contact": row["contact_name"],
        "programme": row["programme"],
        "cohort": row["cohort"],
        "manager": row["manager"] or None,
        "manager_name": names[row["manager"]],
        "location": row["location"],
        "location_name": row["location_name"],
        "legal_entity": row["legal_entity"],
        "legal_entity_name": row["legal_entity_name"],
    }
