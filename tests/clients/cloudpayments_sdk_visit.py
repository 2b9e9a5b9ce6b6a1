"""A visit of the emulator by cloudpayments-sdk, a client of others, in an environment of its own.

Reads {"base", "public_id", "secret", "transaction", "number", "from", "to", "notices"} on stdin and prints
what it understood. It knows nothing of ours.
"""

import json
import sys
from typing import Any

from cloudpayments_sdk import CloudPayments
from cloudpayments_sdk.webhooks.verify import verify_signature


def visit(told: dict[str, Any]) -> dict[str, Any]:
    client = CloudPayments(public_id=told["public_id"], api_secret=told["secret"], base_url=told["base"])
    order = client.orders.create(
        amount=777.25, currency="RUB", description="Взнос", invoice_id="INST-18-01", email="anna@example.org"
    )
    client.orders.cancel(order_id=order.id)
    paid = client.payments.find(invoice_id=told["number"])
    rows = client.payments.list_transactions_for_range(
        created_date_gte=told["from"],
        created_date_lte=told["to"],
        page_number=1,
        statuses=["Completed", "Declined"],
    )
    return {
        "tested": client.test(),
        "order": [order.id, order.amount],
        "paid": paid.model_dump(mode="json", by_alias=True),
        "listed": rows.model_dump(mode="json", by_alias=True),
    }


told = json.load(sys.stdin)
found: dict[str, Any] = visit(told) if "base" in told else {}
found["checked"] = [
    verify_signature({"Content-HMAC": one["signature"]}, one["body"].encode(), one["secret"])
    for one in told["notices"]
]
print(json.dumps(found, ensure_ascii=False))
