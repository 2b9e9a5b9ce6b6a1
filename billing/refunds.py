"""Money goes back: what a provider or an accountant confirmed becomes a Refund, and all that follows from it.

A refund takes what of the payment covers nothing, then late fees, then its newest allocations; other credit
of the deal then flows into the rows that were reopened. Receipt, history, note and fields are rows of the
same transaction. What is only asked for is a RefundOrder (billing.refund_orders). Money that was moved goes
back by the payment that brought it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from billing import (
    arrivals,
    closings,
    credit_tasks,
    history,
    ledger,
    moves,
    orders,
    projection,
    receipts,
    return_receipts,
)
from billing.models import MerchantAccount, Payment, ProviderCall, Refund, RefundOrder
from billing.receipts import ReceiptChoice
from billing.rules import money
from crm import outbox
from crm.models import Deal

OPEN = (RefundOrder.State.REQUESTED, RefundOrder.State.SENT)


class AboveHeld(Exception):
    """More than the payment still holds cannot have gone back."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Money that went back, as the provider or the accountant tells it.

    `printed` is the return receipt that rode on the refund, `choice` what a person says about the receipt.
    """

    amount: Decimal
    refunded_at: datetime
    merchant: MerchantAccount | None = None
    external_id: str = ""
    author: str = history.SYSTEM
    reason: str = ""
    chargeback: bool = False
    printed: Mapping[str, Any] = field(default_factory=dict)
    choice: ReceiptChoice | None = None


def noticed(
    *,
    merchant: MerchantAccount,
    payment_external_id: str,
    external_id: str,
    amount: Decimal,
    refunded_at: datetime,
    at: datetime,
) -> Refund | None:
    """Record money that a provider sent back; None when the payment or so much of it is unknown here.

    The refund that we asked for ourselves is told of here too, perhaps before the answer to our call: it ends
    its order. A second call returns the first refund.
    """
    fact = Fact(merchant=merchant, external_id=external_id, amount=amount, refunded_at=refunded_at)
    return _take_in(merchant, payment_external_id, fact, at=at)


def charged_back(
    *,
    merchant: MerchantAccount,
    payment_external_id: str,
    external_id: str,
    amount: Decimal,
    charged_at: datetime,
    author: str,
    at: datetime,
) -> Refund | None:
    """Record money that the payer's bank took back past us; None when so much of it is unknown here.

    The debt opens again like after a refund. Whether it needs a return receipt the accountant says. A second
    call returns the first record.
    """
    fact = Fact(
        merchant=merchant,
        external_id=external_id,
        amount=amount,
        refunded_at=charged_at,
        author=author,
        reason=_("chargeback"),
        chargeback=True,
    )
    return _take_in(merchant, payment_external_id, fact, at=at)


def entered(*, payment: Payment, fact: Fact, at: datetime) -> Refund:
    """Record what a person saw in the provider's cabinet: a refund or chargeback that nobody told us of.

    A second call with the provider's number returns the first record. Raises AboveHeld.
    """
    root = receipts.root_of(payment)
    if root.merchant is None:
        raise AboveHeld
    named = replace(fact, merchant=root.merchant)
    refund = _take_in(root.merchant, root.external_id, named, at=at)
    if refund is None:
        raise AboveHeld
    return refund


def end(*, order: RefundOrder, fact: Fact, at: datetime) -> Refund:
    """The money of an order went: write its refund, end the order. A second call returns the first refund.

    Raises AboveHeld when the payment holds so much no more: somebody else took it back meanwhile.
    """
    with transaction.atomic():
        ledger.lock_all(moves.deals_of(order.payment))
        deal = lock(order.payment)
        order = RefundOrder.objects.select_related("payment", "refund").get(pk=order.pk)
        if order.refund is not None:
            return order.refund
        refund = _known(fact)
        if refund is None:
            if not _gather(order.payment, fact, at=at):
                raise AboveHeld
            refund = _write(order.payment, deal, fact, at=at)
        _close(order, refund, fact, at=at)
        _drop_orders(order.payment, deal, at=at)
    return refund


def lock(payment: Payment) -> Deal | None:
    """Take the lock under which a payment's money moves: its deal's, or its own while it has no deal."""
    if payment.deal_id:
        return ledger.lock(payment.deal_id)
    Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    return None


def held(payment: Payment) -> Decimal:
    """What the payment still has to give back, asked for or not."""
    return ledger.with_free(Payment.objects.filter(pk=payment.pk)).get().left


def _take_in(
    merchant: MerchantAccount, payment_external_id: str, fact: Fact, *, at: datetime
) -> Refund | None:
    root = Payment.objects.filter(merchant=merchant, external_id=payment_external_id).first()
    if root is None:
        return None
    with transaction.atomic():
        order = None if fact.chargeback else _order_of(root, fact)
        payment = order.payment if order else _holder(root, fact.amount)
        ledger.lock_all(moves.deals_of(payment))
        deal = lock(payment)
        known = _known(fact)
        if known:
            return known
        if not _gather(payment, fact, at=at):
            return None
        refund = _write(payment, deal, _like_ordered(fact, order), at=at)
        if order:
            _close(order, refund, fact, at=at)
        _drop_orders(payment, deal, at=at)
    return refund


def _gather(payment: Payment, fact: Fact, *, at: datetime) -> bool:
    """Where no single payment holds so much, what was moved away comes home first; false if too little."""
    if fact.amount > moves.holdings(payment):
        return False
    missing = fact.amount - held(payment)
    moves.bring_back(payment=payment, amount=missing, reason=_("refund"), author=fact.author, at=at)
    return held(payment) >= fact.amount


def _order_of(root: Payment, fact: Fact) -> RefundOrder | None:
    """Our own order that this tells of: by the provider's name, else the one whose answer is still out."""
    open_orders = RefundOrder.objects.filter(merchant=fact.merchant, state__in=OPEN).select_related("payment")
    named = open_orders.filter(external_id=fact.external_id).first()
    if named:
        return named
    called = ProviderCall.objects.filter(kind=ProviderCall.Kind.REFUND, called_at__isnull=False)
    waiting = open_orders.filter(
        external_id="", amount=fact.amount, id__in=called.values("refund_order_id")
    ).order_by("id")
    return next((order for order in waiting if receipts.root_of(order.payment).pk == root.pk), None)


def _holder(root: Payment, amount: Decimal) -> Payment:
    """The payment that holds the money now: it may have been moved to another deal."""
    waiting = [root]
    while waiting:
        payment = waiting.pop(0)
        if held(payment) >= amount:
            return payment
        waiting += [move.target for move in payment.moves_out.filter(amount__gt=0).select_related("target")]
    return root


def _known(fact: Fact) -> Refund | None:
    if fact.merchant is None:
        return None
    return Refund.objects.filter(merchant=fact.merchant, external_id=fact.external_id).first()


def _like_ordered(fact: Fact, order: RefundOrder | None) -> Fact:
    """The provider tells sums, our order knows who wanted it and why."""
    if order is None:
        return fact
    printed = order.request.get("receipt") or {}
    return replace(fact, author=order.author, reason=order.reason, printed=printed)


def _write(payment: Payment, deal: Deal | None, fact: Fact, *, at: datetime) -> Refund:
    """The refund with its allocations, receipt, history and note; the caller holds the lock."""
    ledger.release(payment, fact.amount, at=at)
    refund = Refund.objects.create(
        payment=payment,
        merchant=fact.merchant,
        amount=fact.amount,
        external_id=fact.external_id,
        refunded_at=min(fact.refunded_at, at),
        recorded_at=at,
        author=fact.author,
        reason=fact.reason,
        chargeback=fact.chargeback,
    )
    return_receipts.plan(refund=refund, printed=fact.printed, choice=fact.choice, at=at)
    if deal:
        _follow(deal, refund, at=at)
    return refund


def _close(order: RefundOrder, refund: Refund, fact: Fact, *, at: datetime) -> None:
    RefundOrder.objects.filter(pk=order.pk, state__in=OPEN).update(
        state=RefundOrder.State.DONE,
        refund=refund,
        external_id=fact.external_id or order.external_id,
        sent_at=order.sent_at or at,
        closed_at=at,
        closed_by=fact.author,
        error="",
    )


def _drop_orders(payment: Payment, deal: Deal | None, *, at: datetime) -> None:
    """What was asked back and is not there any more is given up, newest first, unless a shop heard it."""
    heard = ProviderCall.objects.filter(kind=ProviderCall.Kind.REFUND, called_at__isnull=False)
    asked = RefundOrder.objects.filter(payment=payment, state__in=OPEN)
    over = (asked.aggregate(sum=Sum("amount"))["sum"] or money.ZERO) - held(payment)
    for order in asked.exclude(id__in=heard.values("refund_order_id")).order_by("-id"):
        if over <= 0:
            break
        over -= order.amount
        reason = _("it went back another way")
        RefundOrder.objects.filter(pk=order.pk).update(
            state=RefundOrder.State.FAILED, error=reason, closed_at=at, closed_by=history.SYSTEM
        )
        if deal:
            history.record(
                deal=deal,
                kind="refund_failed",
                at=at,
                recorded_at=at,
                author=history.SYSTEM,
                data={"amount": money.text(order.amount), "reason": reason, "order": order.pk},
            )


def _follow(deal: Deal, refund: Refund, *, at: datetime) -> None:
    if refund.chargeback:
        closings.take_loss(deal=deal, author=refund.author, reason=refund.reason, at=at)
    else:
        closings.keep_closed(deal=deal, author=refund.author, at=at)
    ledger.settle_open(deal, at=at)
    arrivals.put_in_order(deal, at=at)
    standing = ledger.standing(deal, on=deal.local_day(at))
    orders.retire(deal=deal, standing=standing, at=at)
    history.record(
        deal=deal,
        kind="chargeback" if refund.chargeback else "refund",
        at=refund.refunded_at,
        recorded_at=at,
        author=refund.author,
        data={
            "payment": refund.payment_id,
            "amount": money.text(refund.amount),
            "external_id": refund.external_id,
            "reason": refund.reason,
            "debt": money.text(standing.debt),
        },
    )
    outbox.note(deal=deal, key=f"refund:{refund.id}", text=_note(refund, standing), at=at)
    credit_tasks.close(deal, standing=standing, at=at)
    projection.push(deal, standing=standing, at=at)


def _note(refund: Refund, standing: ledger.Standing) -> str:
    words = {
        "amount": money.words(refund.amount),
        "operation": refund.external_id or refund.id,
        "debt": money.words(standing.debt),
    }
    if refund.chargeback:
        return (
            _("The payer's bank took %(amount)s back (operation %(operation)s). Left to pay: %(debt)s.")
            % words
        )
    return _("Refund of %(amount)s made (operation %(operation)s).") % words
