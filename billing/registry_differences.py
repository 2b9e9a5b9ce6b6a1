"""Every difference between a provider's day and our books, receipts and refunds as they stand. Reads only.

Operations of other programs in the same shop and test payments are no difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing import refunds
from billing.models import (
    Difference,
    MerchantAccount,
    Notice,
    Payment,
    Receipt,
    Refund,
    RefundOrder,
)
from billing.providers.base import Chargeback, Operation, OperationKind, OperationStatus
from billing.registry_look import Look, bounds, is_money, known_payments, known_refunds, payments_of
from billing.rules import money

RECEIPT_LATE = timedelta(hours=24)
REFUND_LATE = timedelta(hours=24)
NOT_OURS = ("foreign", "forwarded", "test_mode")
Kind = Difference.Kind


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the two sides say differently."""

    kind: str
    external_id: str
    reason: str
    payment: Payment | None = None
    ours: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)


def compare(look: Look, *, at: datetime) -> Iterator[Finding]:
    """Every difference as the books stand now."""
    ids = {row.external_id for row in look.operations}
    payments = known_payments(look.merchant, ids)
    gone = known_refunds(look.merchant, ids)
    foreign = _foreign(look.merchant, ids)
    for operation in look.operations:
        if operation.external_id in foreign or operation.test:
            continue
        if operation.kind is OperationKind.PAYMENT:
            yield from _of_payment(operation, payments.get(operation.external_id))
        elif operation.kind is OperationKind.REFUND and operation.payment_external_id not in foreign:
            yield from _of_refund(operation, gone.get(operation.external_id))
    for chargeback in look.chargebacks:
        yield from _of_chargeback(look.merchant, chargeback)
    yield from _missing_there(look, ids)
    yield from _unplaced(look)
    yield from _receipts(look, at)
    yield from _late_refunds(look, at)


def _of_payment(operation: Operation, payment: Payment | None) -> Iterator[Finding]:
    theirs = _plain(operation)
    if payment is None:
        if is_money(operation):
            yield Finding(
                kind=Kind.MISSING_HERE,
                external_id=operation.external_id,
                reason="payment_unknown_here",
                theirs=theirs,
            )
        return
    ours = {"amount": money.text(payment.amount), "currency": payment.currency}
    same = {"external_id": operation.external_id, "payment": payment, "ours": ours, "theirs": theirs}
    if (payment.amount, payment.currency) != (operation.amount, operation.currency):
        yield Finding(kind=Kind.AMOUNT, reason="amount_differs", **same)  # type: ignore[arg-type]
    if operation.status is not OperationStatus.COMPLETED:
        yield Finding(kind=Kind.STATUS, reason=f"there_{operation.status}", **same)  # type: ignore[arg-type]


def _of_refund(operation: Operation, refund: Refund | None) -> Iterator[Finding]:
    if not is_money(operation):
        return
    theirs = _plain(operation)
    if refund is None:
        yield Finding(
            kind=Kind.REFUND, external_id=operation.external_id, reason="refund_unknown_here", theirs=theirs
        )
    elif refund.amount != operation.amount:
        yield Finding(
            kind=Kind.REFUND,
            external_id=operation.external_id,
            reason="amount_differs",
            payment=refund.payment,
            ours={"amount": money.text(refund.amount)},
            theirs=theirs,
        )


def _of_chargeback(merchant: MerchantAccount, chargeback: Chargeback) -> Iterator[Finding]:
    """A fee and money that came back after a dispute are entered by a person, and so is what does not fit."""
    name = f"chargeback-{chargeback.external_id}"
    if Refund.objects.filter(merchant=merchant, external_id=name).exists():
        return
    reason = "chargeback_fee" if chargeback.is_fee else "chargeback_unknown_here"
    yield Finding(
        kind=Kind.CHARGEBACK,
        external_id=name,
        reason="chargeback_returned" if chargeback.returned else reason,
        payment=Payment.objects.filter(merchant=merchant, external_id=chargeback.payment_external_id).first(),
        theirs={"amount": money.text(chargeback.amount), "payment": chargeback.payment_external_id},
    )


def _missing_there(look: Look, listed: set[str]) -> Iterator[Finding]:
    for payment in payments_of(look.merchant, look.day).exclude(external_id__in=listed):
        yield Finding(
            kind=Kind.MISSING_THERE,
            external_id=payment.external_id,
            reason="payment_unknown_there",
            payment=payment,
            ours={"amount": money.text(payment.amount)},
        )
    if not look.has_registry:
        return
    start, end = bounds(look.day)
    given = Refund.objects.filter(
        merchant=look.merchant, refunded_at__gte=start, refunded_at__lt=end, chargeback=False
    )
    for refund in given.exclude(external_id__in=listed).select_related("payment"):
        yield Finding(
            kind=Kind.REFUND,
            external_id=refund.external_id,
            reason="refund_unknown_there",
            payment=refund.payment,
            ours={"amount": money.text(refund.amount)},
        )


def _unplaced(look: Look) -> Iterator[Finding]:
    nobodys = payments_of(look.merchant, look.day).filter(deal__isnull=True, placements__isnull=True)
    for payment in nobodys:
        yield Finding(
            kind=Kind.STATUS,
            external_id=payment.external_id,
            reason="unplaced",
            payment=payment,
            ours={"amount": money.text(payment.amount)},
        )


def _receipts(look: Look, at: datetime) -> Iterator[Finding]:
    """Money of that day that has no receipt, or one that does not come."""
    start, end = bounds(look.day)
    rows = Receipt.objects.filter(
        payment__merchant=look.merchant, payment__received_at__gte=start, payment__received_at__lt=end
    ).select_related("payment")
    for receipt in rows:
        missing = receipt.state in (Receipt.State.MISSING, Receipt.State.FAILED)
        due = receipt.created_at < at - RECEIPT_LATE and receipt.providercall_set.exists()
        late = due and receipt.state in (Receipt.State.PLANNED, Receipt.State.SENT)
        if (missing and receipt.reason != "unplaced") or late:
            yield Finding(
                kind=Kind.RECEIPT,
                external_id=f"receipt:{receipt.pk}",
                reason=receipt.reason[:40] if missing else "receipt_late",
                payment=receipt.payment,
                ours={"state": receipt.state, "kind": receipt.kind},
            )


def _late_refunds(look: Look, at: datetime) -> Iterator[Finding]:
    open_orders = RefundOrder.objects.filter(
        merchant=look.merchant, state__in=refunds.OPEN, created_at__lt=at - REFUND_LATE
    )
    for order in open_orders.select_related("payment"):
        yield Finding(
            kind=Kind.REFUND,
            external_id=f"order:{order.pk}",
            reason="refund_not_confirmed",
            payment=order.payment,
            ours={"amount": money.text(order.amount), "state": order.state},
        )


def _foreign(merchant: MerchantAccount, ids: set[str]) -> set[str]:
    """Operations of other programs that sell through the same shop."""
    told = Notice.objects.filter(merchant=merchant, external_id__in=ids, outcome__in=NOT_OURS)
    return set(told.values_list("external_id", flat=True))


def _plain(operation: Operation) -> dict[str, str]:
    return {
        "amount": money.text(operation.amount),
        "currency": operation.currency,
        "status": str(operation.status),
        "order": operation.order_number,
        "payment": operation.payment_external_id,
        "at": operation.created_at.isoformat(),
    }
