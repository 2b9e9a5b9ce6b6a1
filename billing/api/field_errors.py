"""Errors of a body in words: DRF's nested lists under the names of the body's top fields."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _


def flat(detail: Any) -> dict[str, list[str]]:
    """DRF's nested error lists under the names of the body's top fields; a text says its row and field."""
    if isinstance(detail, dict):
        return {str(field): list(_texts(value)) for field, value in detail.items()}
    return {"non_field_errors": list(_texts(detail))}


def _texts(value: Any, *places: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            place = _row(name) if isinstance(name, int) else _inner_names().get(str(name), "")
            yield from _texts(inner, *places, place)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for position, item in enumerate(value):
            yield from _texts(item, *places, _row(position))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, *places)
    else:
        # What names its field itself, as requisites do, is not named twice.
        named = (
            places[:-1] if places and str(value).startswith((f"{places[-1]}:", f"{places[-1]} ")) else places
        )
        yield ": ".join(filter(None, [", ".join(filter(None, named)), str(value)]))


def _inner_names() -> dict[str, str]:
    """Fields inside a body's field, as people call them; others go unnamed."""
    return {
        "amount": _("sum"),
        "due_on": _("due date"),
        "lead_id": _("deal"),
        "name": _("name"),
        "inn": _("TIN"),
        "email": _("e-mail"),
    }


def _row(position: int) -> str:
    return _("row %(number)d") % {"number": position + 1}
