"""Invoices with a payment page ("orders"): create and cancel."""

import secrets
import string
from typing import TYPE_CHECKING

from sandbox.cloudpayments import wire
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.app import Sandbox

COLLECTION = "cloudpayments.orders"
CURRENCIES = {"RUB": 0, "EUR": 1, "USD": 2, "GBP": 3}
_LETTERS = string.ascii_letters + string.digits


def create(sandbox: "Sandbox", site: Document, given: wire.Parameters) -> Document:
    """`/orders/create`: a new order and its page. The same InvoiceId may come again, as in reality."""
    amount = given.amount()
    description = given.required("Description")
    currency = given.text("Currency").upper() or "RUB"
    if currency not in CURRENCIES:
        raise wire.Refused("Invalid Currency value")
    order = {
        "id": "".join(secrets.choice(_LETTERS) for _ in range(16)),
        "number": sandbox.store.next_number(f"cloudpayments.order.{site['public_id']}"),
        "internal_id": sandbox.store.next_number("cloudpayments.order", 31720001),
        "public_id": site["public_id"],
        "status": "Created",
        "amount": str(amount),
        "currency": currency,
        "description": description,
        "email": given.email(),
        "phone": given.text("Phone"),
        "require_confirmation": given.flag("RequireConfirmation"),
        "invoice_id": given.text("InvoiceId"),
        "account_id": given.text("AccountId"),
        "json_data": given.json_text(),
        "culture": given.text("CultureName") or "ru-RU",
        "offer_url": given.text("OfferUri"),
        "success_url": given.text("SuccessRedirectUrl"),
        "fail_url": given.text("FailRedirectUrl"),
        "created_at": sandbox.clock.now().isoformat(),
        "paid_at": None,
    }
    sandbox.store.put(COLLECTION, str(order["id"]), order)
    return wire.envelope(_model(sandbox, order))


def cancel(sandbox: "Sandbox", site: Document, given: wire.Parameters) -> Document:
    """`/orders/cancel`: the page can no longer be paid. A paid order is refused; a cancelled one stays so."""
    order = sandbox.store.get(COLLECTION, given.required("Id"))
    if order is None or order["public_id"] != site["public_id"]:
        raise wire.Refused("Not found")
    if order["status"] == "Paid":
        raise wire.Refused("Order is already paid")
    sandbox.store.put(COLLECTION, order["id"], order | {"status": "Cancelled"})
    return wire.envelope()


def _model(sandbox: "Sandbox", order: Document) -> Document:
    return {
        "Id": order["id"],
        "Number": order["number"],
        "Amount": float(order["amount"]),
        "Currency": order["currency"],
        "CurrencyCode": CURRENCIES[order["currency"]],
        "Email": order["email"] or None,
        "Phone": order["phone"] or None,
        "Description": order["description"],
        "RequireConfirmation": order["require_confirmation"],
        "Url": f"{sandbox.public_url}/cloudpayments/d/{order['id']}",
        "CultureName": order["culture"],
        **wire.dates("CreatedDate", order["created_at"]),
        **wire.dates("PaymentDate", order["paid_at"]),
        "StatusCode": 0,
        "Status": "Created",
        "InternalId": order["internal_id"],
    }
