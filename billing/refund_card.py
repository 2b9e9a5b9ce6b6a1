"""What the card says of money that goes back: what each payment has left, and every refund with its state.

Reads only, in a few questions whatever the number of payments.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing import refunds
from billing.models import Payment, Refund, RefundOrder
from billing.rules import money
from crm.models import Deal


def untouched(payments: Iterable[Payment]) -> dict[int, dict[str, Any]]:
    """What of_payments() says where no refund was ever asked for or made: all that is left can go back."""
    return {payment.pk: _of_payment(payment, refunded=money.ZERO, asked=money.ZERO) for payment in payments}


def of_payments(deal: Deal, payments: Iterable[Payment]) -> dict[int, dict[str, Any]]:
    """For each payment, read with its `left`: {refunded, refundable, refunds: [{id, amount, method, …}]}."""
    ordered = (
        RefundOrder.objects.filter(payment__deal=deal)
        .select_related("refund")
        .prefetch_related("refund__receipts")
        .order_by("id")
    )
    asked: dict[int, Decimal] = defaultdict(lambda: money.ZERO)
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for order in ordered:
        if order.state in refunds.OPEN:
            asked[order.payment_id] += order.amount
        lines[order.payment_id].append(line(order, deal))
    past_us = Refund.objects.filter(payment__deal=deal, ordered__isnull=True).order_by("id")
    for refund in past_us.prefetch_related("receipts"):
        lines[refund.payment_id].append(_noticed(refund, deal))
    sums = Refund.objects.filter(payment__deal=deal).order_by().values_list("payment").annotate(Sum("amount"))
    back = dict(sums)
    return {
        payment.pk: {
            **_of_payment(payment, refunded=back.get(payment.pk, money.ZERO), asked=asked[payment.pk]),
            "refunds": lines[payment.pk],
        }
        for payment in payments
    }


def actions(found: Mapping[int, dict[str, Any]]) -> list[str]:
    """Something can be given back while a payment has something left."""
    return ["refund"] if any(Decimal(one["refundable"]) for one in found.values()) else []


def on_its_way(found: Mapping[int, dict[str, Any]]) -> Decimal:
    """What of the deal's money is asked back and has not gone yet."""
    waiting = (one for row in found.values() for one in row["refunds"] if one["state"] in refunds.OPEN)
    return sum((Decimal(one["amount"]) for one in waiting), money.ZERO)


def _of_payment(payment: Payment, *, refunded: Decimal, asked: Decimal) -> dict[str, Any]:
    return {
        "refunded": money.text(refunded),
        "refundable": money.text(max(payment.left - asked, money.ZERO)),
        "refunds": [],
    }


def line(order: RefundOrder, deal: Deal) -> dict[str, Any]:
    """One refund that was asked for here."""
    at = order.refund.refunded_at if order.refund else order.created_at
    return {
        "id": order.pk,
        "payment": order.payment_id,
        "amount": money.text(order.amount),
        "method": order.method,
        "state": order.state,
        "at": at.astimezone(deal.zone).isoformat(timespec="seconds"),
        "reason": order.reason,
        "error": order.error or None,
        "receipt": _receipt(order.refund),
    }


def _noticed(refund: Refund, deal: Deal) -> dict[str, Any]:
    """A refund or chargeback that was made past us."""
    return {
        "id": None,
        "payment": refund.payment_id,
        "amount": money.text(refund.amount),
        "method": "chargeback" if refund.chargeback else "provider",
        "state": RefundOrder.State.DONE,
        "at": refund.refunded_at.astimezone(deal.zone).isoformat(timespec="seconds"),
        "reason": refund.reason,
        "error": None,
        "receipt": _receipt(refund),
    }


def _receipt(refund: Refund | None) -> dict[str, Any] | None:
    row = next(iter(refund.receipts.all()), None) if refund else None
    if row is None:
        return None
    return {"state": row.state, "reason": row.reason or None, "url": row.url or None}
