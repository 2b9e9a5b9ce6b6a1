"""Robokassa's refunds (facts: "Refund API"): asked for with Password#3, the outcome only by asking.

There is no key against doubles and no list: a request that got no answer may exist, and only the shop's
cabinet knows. The payment is called by its OpKey, which is asked for first; that question asks for nothing,
so whatever goes wrong with it, no refund was begun.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.providers import robokassa_receipts, robokassa_tokens, wire
from billing.providers.base import FollowedRefund, RefundRequest, RefundState, Refused, Unknown

CREATE, STATE = "Refund/Create", "Refund/GetState"
STATES = {
    "processing": RefundState.PROCESSING,
    "finished": RefundState.DONE,
    "canceled": RefundState.FAILED,
}


def create(url: str, request: RefundRequest, *, key: str, password: str, timeout: float) -> str:
    """Ask for a refund of the operation `key`; returns the request's id."""
    payload: dict[str, Any] = {"OpKey": key, "RefundSum": request.amount}
    if request.receipt:
        payload["InvoiceItems"] = robokassa_receipts.items(request.receipt)
    body = robokassa_tokens.refund(payload, password=password)
    said = wire.post_text(f"{url}/RefundService/{CREATE}", body, call=CREATE, timeout=timeout)
    if said.get("success") is False:
        message = str(said.get("message") or "declined")[:200]
        raise Refused(message, call=CREATE, status=200, code=message[:40])
    if said.get("success") is not True or not said.get("requestId"):
        raise Unknown("an answer of an unknown shape", call=CREATE, status=200)
    return str(said["requestId"])


def state(url: str, *, external_id: str, timeout: float) -> FollowedRefund:
    said = wire.get_object(f"{url}/RefundService/{STATE}", {"id": external_id}, call=STATE, timeout=timeout)
    if "label" not in said and said.get("message"):
        raise Refused(str(said["message"])[:200], call=STATE, status=200)
    try:
        return FollowedRefund(state=STATES[str(said["label"]).lower()], amount=_amount(said))
    except (KeyError, ValueError, ArithmeticError):
        raise Unknown("an answer of an unknown shape", call=STATE, status=200) from None


def _amount(said: Mapping[str, Any]) -> Decimal:
    return Decimal(str(said["amount"])).quantize(Decimal("0.01"))
