"""The receipt that rides on a Robokassa link (facts, "Fiscalisation"): neutral words into its JSON.

Compact JSON, percent-encoded once: that text is signed, and the address encodes it a second time. A
self-employed person's receipt names no tax system. Sums are JSON numbers; the lines add up to the order.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from billing.providers import wire

TAX_SYSTEMS = ("osn", "usn_income", "usn_income_outcome", "esn", "patent")
NAME_MAX = 128


def field(content: Mapping[str, Any], *, name_max: int = NAME_MAX) -> str:
    """The value of the field Receipt as it is signed; `name_max` cuts the names of the lines."""
    return quote(wire.dump(body(content, name_max=name_max)), safe="")


def body(content: Mapping[str, Any], *, name_max: int = NAME_MAX) -> dict[str, Any]:
    """Robokassa's receipt out of a plan of billing.rules.receipts."""
    items = [_item(line, name_max) for line in content["lines"]]
    system = content["tax_system"]
    return ({"sno": system} if system in TAX_SYSTEMS else {}) | {"items": items}


def items(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines as invoices and refunds name them: a unit price instead of a sum."""
    return [
        {
            "Name": line["name"][:NAME_MAX].strip(),
            "Quantity": 1,
            "Cost": _number(Decimal(line["amount"])),
            "Tax": line["vat"],
            "PaymentMethod": line["method"],
            "PaymentObject": line["subject"],
        }
        for line in content["lines"]
    ]


def _item(line: Mapping[str, str], name_max: int) -> dict[str, Any]:
    return {
        "name": line["name"][: min(name_max, NAME_MAX)].strip(),
        "quantity": 1,
        "sum": _number(Decimal(line["amount"])),
        "payment_method": line["method"],
        "payment_object": line["subject"],
        "tax": line["vat"],
    }


def _number(amount: Decimal) -> int | Decimal:
    return int(amount) if amount == amount.to_integral_value() else amount
