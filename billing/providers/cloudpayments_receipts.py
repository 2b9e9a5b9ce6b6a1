"""A planned receipt in CloudKassir's words and codes (facts: "CloudKassir receipts", domain facts 2-3).

The tables are complete on purpose: a word without a code is an error here, never a default there, because
CloudKassir's own defaults (method 0, object "commodity") are wrong for us.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

TYPES = {"income": "Income", "income_return": "IncomeReturn"}
TAX_SYSTEMS = {
    "osn": 0,
    "usn_income": 1,
    "usn_income_outcome": 2,
    "esn": 4,
    "patent": 5,
    # The automated regime has no code of its own: it goes by its object of taxation.
    "ausn_income": 1,
    "ausn_income_outcome": 2,
}
# null is "no VAT"; 0 is the rate of 0 %.
VAT: Mapping[str, int | None] = {
    "none": None,
    "vat0": 0,
    "vat5": 5,
    "vat7": 7,
    "vat10": 10,
    "vat20": 20,
    "vat22": 22,
    "vat105": 105,
    "vat107": 107,
    "vat110": 110,
    "vat120": 120,
    "vat122": 122,
}
METHODS = {
    "full_prepayment": 1,
    "prepayment": 2,
    "advance": 3,
    "full_payment": 4,
    "partial_payment": 5,
    "credit": 6,
    "credit_payment": 7,
}
OBJECTS = {"commodity": 1, "job": 3, "service": 4, "intellectual_activity": 9, "payment": 10, "another": 13}
AMOUNTS = {"electronic": "electronic", "advance": "advancePayment", "credit": "credit", "cash": "cash"}
LABEL_MAX = 128


def body(content: Mapping[str, Any], *, order_number: str, account_id: str) -> dict[str, Any]:
    """The body of /kkt/receipt for a plan of billing.rules.receipts; raises KeyError for a word without a
    code.
    """
    receipt: dict[str, Any] = {
        "Items": [_item(line) for line in content["lines"]],
        "taxationSystem": TAX_SYSTEMS[content["tax_system"]],
        "amounts": {AMOUNTS[kind]: Decimal(amount) for kind, amount in content["paid"].items()},
        "email": content.get("email", ""),
        "phone": content.get("phone", ""),
    }
    if content.get("site"):
        receipt["calculationPlace"] = content["site"]
    return {
        "Inn": content["inn"],
        "Type": TYPES[content["type"]],
        "InvoiceId": order_number,
        "AccountId": account_id,
        "CustomerReceipt": receipt,
    }


def _item(line: Mapping[str, Any]) -> dict[str, Any]:
    amount = Decimal(line["amount"])
    return {
        "label": line["name"][:LABEL_MAX],
        "price": amount,
        "quantity": 1,
        "amount": amount,
        "vat": VAT[line["vat"]],
        "method": METHODS[line["method"]],
        "object": OBJECTS[line["subject"]],
    }
