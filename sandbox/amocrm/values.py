"""Values of custom fields: what amoCRM accepts for each type, how it keeps them, how it shows them.

A row keeps its values as {"<field id>": [{"value": …, "enum_id": …}]}; a field that is not there is empty.
Merging follows the documentation: fields that are not mentioned stay, `"values": null` clears one.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.amocrm.wire import fault
from sandbox.amocrm.world import Crm, Row

TEXTS = {"text", "textarea", "url", "streetaddress", "tracking_data", "monetary", "price"}
CHOICES = {"select", "radiobutton", "multiselect", "category"}
DATES = {"date", "date_time", "birthday"}
TYPES = TEXTS | CHOICES | DATES | {"numeric", "checkbox", "multitext", "file", "legal_entity"}

NOT_A_CHOICE = "The value you selected is not a valid choice."


class Wrong(Exception):
    """A value that amoCRM refuses; carries one entry of `validation-errors[].errors`."""

    def __init__(self, code: str, path: str, detail: str) -> None:
        super().__init__(detail)
        self.error = fault(code, path, detail)


def merged(crm: Crm, owner: str, kept: Row, given: Any) -> Row:
    """The values after a write. `owner` is leads or contacts; raises Wrong for the first value refused."""
    if given is None:
        return kept
    if not isinstance(given, list):
        raise Wrong("InvalidType", "custom_fields_values", "This value should be of type array.")
    result = dict(kept)
    for index, item in enumerate(given):
        path = f"custom_fields_values.{index}"
        field = field_of(crm, owner, item)
        if field is None:
            raise Wrong("NotSupportedChoice", f"{path}.field_id", NOT_A_CHOICE)
        values = item.get("values")
        if values is None:
            result.pop(str(field["id"]), None)
        elif not isinstance(values, list):
            raise Wrong("InvalidType", f"{path}.values", "This value should be of type array.")
        else:
            result[str(field["id"])] = [
                _kept(crm, field, value, f"{path}.values.{place}") for place, value in enumerate(values)
            ]
    return result


def field_of(crm: Crm, owner: str, item: Any) -> Row | None:
    """The field named by `field_id` or `field_code`."""
    if not isinstance(item, dict):
        return None
    for field in crm.rows("fields"):
        if field["owner"] == owner and (
            field["id"] == item.get("field_id") or (field["code"] and field["code"] == item.get("field_code"))
        ):
            return field
    return None


def shown(crm: Crm, owner: str, kept: Row) -> list[Row] | None:
    """`custom_fields_values` of an answer: null when nothing is filled, not an empty list."""
    found = [
        {
            "field_id": field["id"],
            "field_name": field["name"],
            "field_code": field["code"],
            "field_type": field["type"],
            "values": kept[str(field["id"])],
        }
        for field in crm.rows("fields")
        if field["owner"] == owner and kept.get(str(field["id"]))
    ]
    return found or None


def _kept(crm: Crm, field: Row, item: Any, path: str) -> Row:
    if not isinstance(item, dict):
        raise Wrong("InvalidType", path, "This value should be of type object.")
    kind, value = field["type"], item.get("value")
    if kind in CHOICES:
        return _choice(field, item, path)
    if kind == "multitext":
        return {"value": _text(value, path), "enum_code": str(item.get("enum_code") or "WORK")}
    if kind == "checkbox":
        if not isinstance(value, bool):
            raise Wrong("InvalidType", f"{path}.value", "This value should be of type bool.")
        return {"value": value}
    if kind in DATES:
        return {"value": _moment(crm, kind, value, path)}
    if kind == "numeric" and not re.fullmatch(r"-?\d+([.,]\d+)?", str(value)):
        raise Wrong("InvalidType", f"{path}.value", "This value should be of type numeric.")
    if kind in ("file", "legal_entity"):
        return {"value": value}
    return {"value": _text(value, path)}


def _choice(field: Row, item: Row, path: str) -> Row:
    for name, key in (("enum_id", "id"), ("enum_code", "code"), ("value", "value")):
        if item.get(name) is None:
            continue
        for enum in field["enums"] or []:
            if enum[key] == item[name]:
                return {"value": enum["value"], "enum_id": enum["id"], "enum_code": enum["code"]}
        raise Wrong("NotSupportedChoice", f"{path}.{name}", NOT_A_CHOICE)
    raise Wrong("FieldMissing", f"{path}.value", "This field is missing.")


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Wrong("InvalidType", f"{path}.value", "This value should be of type string.")
    return str(value)


def _moment(crm: Crm, kind: str, value: Any, path: str) -> int:
    """Unix seconds; a date becomes midnight of the account's zone."""
    try:
        if isinstance(value, str) and not value.isdigit():
            moment = datetime.fromisoformat(value)
        else:
            moment = datetime.fromtimestamp(int(value), crm.zone)
    except (TypeError, ValueError, OverflowError):
        raise Wrong("InvalidType", f"{path}.value", "This value should be a timestamp or RFC 3339.") from None
    if kind != "date_time":
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=crm.zone)
    elif moment.tzinfo is None:
        moment = moment.replace(tzinfo=crm.zone)
    return int(moment.timestamp())
