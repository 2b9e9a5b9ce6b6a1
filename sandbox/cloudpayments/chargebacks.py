"""Chargebacks: a bank takes money back past everybody, and the merchant only finds out by asking.

There is no notice about them (documentation, `/chargebacks/list`). The control door makes one, as a bank
would.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.cloudpayments import payments, wire
from sandbox.store import Document, Store

if TYPE_CHECKING:
    from sandbox.app import Sandbox
    from sandbox.cloudpayments import Service

COLLECTION = "cloudpayments.chargebacks"
PAGE_SIZE = 100


def make(sandbox: "Sandbox", given: dict[str, Any]) -> Document:
    """{"TransactionId", "Amount"?, "Type"?, "Operation"?}; raises LookupError for an unknown payment."""
    payment = sandbox.store.get(payments.COLLECTION, str(given.get("TransactionId")))
    if payment is None:
        raise LookupError("no such payment")
    row = {
        "id": sandbox.store.next_number("cloudpayments.chargeback", 5201),
        "public_id": payment["public_id"],
        "terminal_url": payment["terminal_url"],
        "gateway": payment["gateway"],
        "payment": payment["id"],
        "operation": str(given.get("Operation") or "Presentment"),
        "type": str(given.get("Type") or "Chargeback"),
        "card": f"{payment['card']['first_six']}******{payment['card']['last_four']}"
        if payment["card"]
        else "",
        "amount": str(Decimal(str(given.get("Amount") or payment["amount"])).quantize(Decimal("0.01"))),
        "currency": payment["currency"],
        "created_at": sandbox.clock.now().isoformat(),
    }
    sandbox.store.put(COLLECTION, str(row["id"]), row)
    return row


def listed(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """`/chargebacks/list`: created between two moments, a hundred on a page."""
    zone = given.zone()
    start, end = given.moment("CreatedDateGte", zone), given.moment("CreatedDateLte", zone)
    page = given.number("PageNumber")
    if page < 1:
        raise wire.Refused("Invalid PageNumber value")
    rows = [row for row in _of_site(service.sandbox.store, site) if start <= _created(row) <= end]
    return wire.envelope([_model(row) for row in rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]])


def _of_site(store: Store, site: Document) -> list[Document]:
    return [row for row in store.all(COLLECTION) if row["public_id"] == site["public_id"]]


def _created(row: Document) -> datetime:
    return datetime.fromisoformat(row["created_at"]).astimezone(UTC)


def _model(row: Document) -> Document:
    return {
        "ChargeBackId": row["id"],
        "TransactionId": row["payment"],
        "TerminalUrl": row["terminal_url"],
        "Gateway": row["gateway"],
        "Operation": row["operation"],
        "Type": row["type"],
        "Card": row["card"],
        **wire.dates("Date", row["created_at"]),
        "Amount": float(row["amount"]),
        "Currency": row["currency"],
    }
