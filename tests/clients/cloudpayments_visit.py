"""A visit of the emulator by cloudpayments, a client that others wrote; runs in an environment of its own.

Reads {"base", "public_id", "secret", "transaction", "number", "day"} on stdin and prints what it understood.
It knows nothing of ours.
"""

import json
import sys
from datetime import date
from typing import Any

from cloudpayments import CloudPayments, CloudPaymentsError


def receipt(amount: float) -> dict[str, Any]:
    line = {"label": "Курс", "price": amount, "quantity": 1, "amount": amount, "vat": None}
    return {
        "Items": [line | {"method": 2, "object": 4}],
        "taxationSystem": 1,
        "email": "anna@example.org",
        "amounts": {"electronic": amount},
    }


def visit(told: dict[str, Any]) -> dict[str, Any]:
    client = CloudPayments(told["public_id"], told["secret"])
    client.URL = told["base"]
    client.test()
    order = client.create_order(
        12500.5, "RUB", "Взнос 2 из 6", email="anna@example.org", invoice_id="INST-17-02", account_id="s-1"
    )
    paid = client.find_payment(told["number"])
    rows = client.list_payments(date.fromisoformat(told["day"]), timezone="MSK")
    first = client.refund(told["transaction"], 1250.05, request_id="refund:77")
    again = client.refund(told["transaction"], 1250.05, request_id="refund:77")
    try:
        client.refund(told["transaction"], 999999.0, request_id="refund:78")
        over = "done"
    except CloudPaymentsError:
        over = "refused"
    made = [
        client.create_receipt(
            "7700000009", "Income", receipt(500.25), invoice_id="INST-17-02", request_id="receipt:501"
        )
        for _ in range(2)
    ]
    return {
        "order": [order.id, order.url, float(order.amount), order.currency],
        "paid": [paid.id, float(paid.amount), paid.status, paid.invoice_id],
        "listed": told["transaction"] in [row.id for row in rows],
        "refunds": [first, again],
        "over": over,
        "receipts": made,
    }


print(json.dumps(visit(json.load(sys.stdin)), ensure_ascii=False))
