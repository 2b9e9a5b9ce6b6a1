"""Payments of the past, from the seed: found by state queries, refundable, with receipts; told to nobody.

{"login", "inv_id", "out_sum", "paid_at", "op_key"?, "method"?, "account"?, "email"?, "description"?,
"own"?: {"Shp_…": …}, "receipt"?: as in a link, "refunds"?: [{"amount", "at", "id"?}]}
"""

from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.robokassa import fiscal, operations, receipt_rules, refunds, shops
from sandbox.store import Document, Store


def seed(store: Store, data: dict[str, Any]) -> None:
    """Add the paid operations whose number their shop does not know yet. Raises ValueError, KeyError."""
    for row in data.get("operations", []):
        shop = shops.find(store, row["login"])
        if shop is None:
            raise ValueError(f"operation {row['inv_id']} of an unknown shop {row['login']}")
        if not operations.of_number(store, shop["login"], str(row["inv_id"])):
            _add(store, shop, row)


def _add(store: Store, shop: Document, row: Document) -> None:
    inv_id, total = str(row["inv_id"]), Decimal(row["out_sum"]).quantize(Decimal("0.01"))
    method = row.get("method", "SBP")
    operation = {
        "login": shop["login"],
        "inv_id": inv_id,
        "test": False,
        "out_sum": str(total),
        "method": method,
        "label": f"{method}PSR",
        "account": row.get("account", ""),
        "email": row.get("email", ""),
        "description": row.get("description", ""),
        "own": row.get("own", {}),
        "op_key": row.get("op_key") or str(uuid5(NAMESPACE_URL, f"{shop['login']}:{inv_id}")).upper(),
        "receipt": _receipt(row, total),
        "free_sale": False,
        "created_at": row["paid_at"],
        "state": operations.DONE,
        "state_at": row["paid_at"],
    }
    operations.add(store, operation)
    fiscal.of_payment(store, shop, operation, row["paid_at"])
    for number, returned in enumerate(row.get("refunds", []), start=1):
        _refund(store, operation, number, returned)
    store.put(operations.COLLECTION, operation["number"], operation)


def _receipt(row: Document, total: Decimal) -> Document | None:
    if not row.get("receipt"):
        return None
    try:
        lines = receipt_rules.checked_lines(row["receipt"].get("items"), total)
    except receipt_rules.BadReceipt as bad:
        raise ValueError(f"operation {row['inv_id']}: {bad}") from None
    return {"sno": row["receipt"].get("sno"), "items": lines}


def _refund(store: Store, operation: Document, number: int, returned: Document) -> None:
    amount = Decimal(returned["amount"]).quantize(Decimal("0.01"))
    refund = {
        "id": returned.get("id") or str(uuid5(NAMESPACE_URL, f"{operation['op_key']}:{number}")),
        "operation": operation["number"],
        "login": operation["login"],
        "inv_id": operation["inv_id"],
        "amount": str(amount),
        "state": refunds.FINISHED,
        "receipt": None,
        "created_at": returned["at"],
    }
    store.put(refunds.COLLECTION, refund["id"], refund)
    operation["refunded"] = str(Decimal(operation["refunded"]) + amount)
