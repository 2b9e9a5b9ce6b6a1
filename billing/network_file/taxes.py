"""The dated tax settings that a legal entity's `tax_system` and `vat` come to."""

from datetime import date

from billing.models import LegalEntity
from billing.network_file.shapes import Entry
from billing.requisites import BEGINNING

Dated = dict[date, str]


def settings(entity: Entry, known: LegalEntity | None) -> dict[date, tuple[str, str]]:
    """{day: (tax system, VAT)} for every day on which the file changes one of the two.

    A value without a date holds from the beginning. What the file omits is taken from the database as of that
    day; a day on which one of the two is unknown is left out.
    """
    before = list(known.tax_settings.all()) if known else []
    systems, rates = given(entity, "tax_system"), given(entity, "vat")
    days = sorted({*systems, *rates})
    known_systems = systems or {row.valid_from: row.tax_system for row in before}
    known_rates = rates or {row.valid_from: row.vat for row in before}
    pairs = {day: (as_of(known_systems, day), as_of(known_rates, day)) for day in days}
    return {day: (system, rate) for day, (system, rate) in pairs.items() if system and rate}


def given(entity: Entry, key: str) -> Dated:
    """The file's own values of a key by day."""
    value = entity.values.get(key)
    if isinstance(value, list):
        return {
            item.values["from"]: item.values[key] for item in value if {"from", key} <= item.values.keys()
        }
    return {BEGINNING: value} if value else {}


def as_of(values: Dated, day: date) -> str:
    """The value that holds on a day, or an empty text."""
    return next((values[start] for start in sorted(values, reverse=True) if start <= day), "")
