"""CloudPayments' models of operations in our words: payments, refunds, chargebacks (facts: "Payments API").

Moments of a model are UTC without an offset. What the money did is in `Status`; `Success` tells about the
call.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from billing.providers import cloudpayments_notices
from billing.providers.base import (
    Chargeback,
    FollowedRefund,
    Operation,
    OperationKind,
    OperationStatus,
    RefundState,
)

Model = Mapping[str, Any]

STATUSES = {
    "AwaitingAuthentication": OperationStatus.PENDING,
    "Authorized": OperationStatus.HELD,
    "Completed": OperationStatus.COMPLETED,
    "Cancelled": OperationStatus.CANCELLED,
    "Declined": OperationStatus.DECLINED,
}
KINDS = {0: OperationKind.PAYMENT, 1: OperationKind.REFUND, 2: OperationKind.PAYOUT}
REFUND_STATES = {
    OperationStatus.COMPLETED: RefundState.DONE,
    OperationStatus.CANCELLED: RefundState.FAILED,
    OperationStatus.DECLINED: RefundState.FAILED,
}
TEXT_MAX = 80
_DOT_NET = re.compile(r"/Date\((-?\d{1,14})\)/")


def operation(model: Model) -> Operation:
    """Raises KeyError, ValueError or TypeError for a model that is none."""
    completed = model.get("ConfirmDateIso")
    declined = model["Status"] == "Declined"
    return Operation(
        external_id=str(model["TransactionId"]),
        kind=KINDS[int(model.get("Type") or 0)],
        status=STATUSES[model["Status"]],
        amount=cloudpayments_notices.amount(model["Amount"]),
        currency=str(model["Currency"]),
        created_at=cloudpayments_notices.moment(model["CreatedDateIso"]),
        completed_at=cloudpayments_notices.moment(completed) if completed else None,
        order_number=str(model.get("InvoiceId") or ""),
        account_id=str(model.get("AccountId") or ""),
        payment_external_id=str(model.get("OriginalTransactionId") or ""),
        test=bool(model.get("TestMode")),
        method="sbp" if str(model.get("PaymentMethod") or "").lower() == "sbp" else "card",
        reason=str(model.get("Reason") or "")[:TEXT_MAX] if declined else "",
        reason_code=str(model.get("ReasonCode") or "")[:10] if declined else "",
    )


def followed(refund: Operation) -> FollowedRefund:
    """A refund's state: Completed is done, a decline is a no, anything else is on its way."""
    state = REFUND_STATES.get(refund.status, RefundState.PROCESSING)
    done_at = refund.completed_at or refund.created_at
    return FollowedRefund(
        state=state,
        amount=refund.amount,
        done_at=done_at if state is RefundState.DONE else None,
        reason=refund.reason if state is RefundState.FAILED else "",
    )


def chargeback(model: Model) -> Chargeback:
    """Raises KeyError, ValueError or TypeError for a model that is none."""
    return Chargeback(
        external_id=str(model["ChargeBackId"]),
        payment_external_id=str(model["TransactionId"]),
        amount=abs(cloudpayments_notices.amount(model["Amount"])),
        currency=str(model["Currency"]),
        at=_moment(model),
        is_fee={"Chargeback": False, "Fee": True}[model["Type"]],
        returned={"Presentment": False, "Representment": True}[model["Operation"]],
    )


def _moment(model: Model) -> datetime:
    """The pair Date and DateIso, of which either may be missing here."""
    text = str(model.get("DateIso") or model["Date"])
    written = _DOT_NET.fullmatch(text)
    if written:
        return datetime.fromtimestamp(int(written[1]) / 1000, tz=UTC)
    return cloudpayments_notices.moment(text)
