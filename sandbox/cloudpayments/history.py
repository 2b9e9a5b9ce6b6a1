"""Orders, transactions and receipts of the past, from the seed: found by every call, refundable; told to
nobody.

{"orders": [{"id", "public_id", "status", "amount", "description", "email", "phone", "invoice_id",
"account_id", "success_url", "fail_url", "created_at"}], "transactions": [{"id", "order", "amount", "method":
"card" | "sbp", "name", "at", "refunds": [{"id", "amount", "at"}]}], "receipts": [{"id", "url", "public_id",
"type", "content": as asked for, "invoice_id", "account_id", "created_at", "processed_at", "fiscal": {"fn",
"fd", "fpd"}}]}
"""

from decimal import Decimal
from typing import Any

from sandbox.cloudpayments import reasons, sites
from sandbox.cloudpayments.receipt_rules import ReceiptRefused, checked
from sandbox.store import Document, Store

ORDERS, TRANSACTIONS = "cloudpayments.orders", "cloudpayments.transactions"
RECEIPTS = "cloudpayments.receipts"
CARDS = [card for card in reasons.CARDS.values() if card.reason_code == reasons.APPROVED]
# The emulator's register; its day's shift is unknown for the past.
REGISTER = {
    "DeviceNumber": "00106329999999",
    "RegNumber": "0000000400054321",
    "Ofd": "ОФД песочницы",
    "SessionNumber": 1,
    "Number": 1,
}


def seed(store: Store, data: dict[str, Any]) -> None:
    """Add what is not known yet. Raises ValueError, KeyError, LookupError."""
    for row in data.get("orders", []):
        if store.get(ORDERS, row["id"]) is None:
            store.put(ORDERS, row["id"], _order(store, row))
    for row in data.get("transactions", []):
        if store.get(TRANSACTIONS, str(row["id"])) is None:
            _add_transaction(store, row)
    for row in data.get("receipts", []):
        if store.get(RECEIPTS, row["id"]) is None:
            store.put(RECEIPTS, row["id"], _receipt(store, row))


def _order(store: Store, row: Document) -> Document:
    sites.get(store, row["public_id"])
    return {
        **row,
        "number": store.next_number(f"cloudpayments.order.{row['public_id']}"),
        "internal_id": store.next_number("cloudpayments.order", 31720001),
        "currency": "RUB",
        "require_confirmation": False,
        "json_data": "",
        "culture": "ru-RU",
        "offer_url": "",
        "paid_at": None,
    }


def _add_transaction(store: Store, row: Document) -> None:
    order = store.get(ORDERS, row["order"])
    if order is None:
        raise ValueError(f"transaction {row['id']} of an unknown order {row['order']}")
    site = sites.get(store, order["public_id"])
    refunds = row.get("refunds", [])
    back = sum((Decimal(refund["amount"]) for refund in refunds), Decimal())
    payment = _transaction(site, order, row) | {"refunded": f"{back:.2f}"}
    store.put(TRANSACTIONS, str(payment["id"]), payment)
    for refund in refunds:
        made = {"id": int(refund["id"]), "amount": refund["amount"], "created_at": refund["at"]}
        made |= {"auth_at": refund["at"], "confirm_at": refund["at"], "operation": "Refund"}
        store.put(
            TRANSACTIONS, refund["id"], payment | made | {"original_id": payment["id"], "refunded": "0.00"}
        )
    store.put(ORDERS, order["id"], order | {"status": "Paid", "paid_at": order["paid_at"] or row["at"]})


def _transaction(site: Document, order: Document, row: Document) -> Document:
    number = int(row["id"])
    card = CARDS[number % len(CARDS)] if row["method"] == "card" else None
    return {
        **{name: order[name] for name in ("invoice_id", "account_id", "email", "description", "json_data")},
        "id": number,
        "public_id": order["public_id"],
        "terminal_url": site["url"],
        "test_mode": site["test_mode"],
        "gateway": "Test" if site["test_mode"] else "Sandbox",
        "operation": "Payment",
        "order_id": order["id"],
        "original_id": None,
        "amount": row["amount"],
        "currency": "RUB",
        "status": "Completed",
        "reason_code": reasons.APPROVED,
        "auth_code": f"{number % 16**6:06X}",
        "rrn": str(number).zfill(12),
        "token": "",
        "method": "" if card else "Sbp",
        "card": _card(card) if card else None,
        "name": row.get("name", ""),
        "ip": "127.0.0.1",
        "created_at": row["at"],
        "auth_at": row["at"],
        "confirm_at": row["at"],
    }


def _card(card: reasons.Card) -> dict[str, str]:
    first, last = card.number[:6], card.number[-4:]
    return {
        "id": f"cd{first}{last}",
        "first_six": first,
        "last_four": last,
        "type": card.kind,
        "expires": "12/29",
    }


def _receipt(store: Store, row: Document) -> Document:
    site, printed = sites.get(store, row["public_id"]), row["fiscal"]
    try:
        content, total = checked(row["content"], taxation_systems=site["taxation_systems"])
    except ReceiptRefused as refused:
        raise ValueError(f"receipt {row['id']}: {refused.message}") from None
    return {
        **{name: row[name] for name in ("id", "url", "public_id", "type", "invoice_id", "account_id")},
        "inn": site["inn"],
        "seller": site["legal_name"],
        "place": site["url"].split("//")[-1],
        "status": "Processed",
        "error": "",
        "transaction_id": None,
        "content": content,
        "amount": f"{total:.2f}",
        "created_at": row["created_at"],
        "processed_at": row["processed_at"],
        "fiscal": {
            **REGISTER,
            "FiscalNumber": printed["fn"],
            "DocumentNumber": int(printed["fd"]),
            "FiscalSign": printed["fpd"],
        },
    }
