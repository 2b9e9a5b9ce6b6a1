"""Return receipts: what goes back carries the attributes of the receipt that took it (54-FZ).

Money that is still a prepayment goes back like its income receipt, money for a rendered service like the
receipt that closed it. Robokassa prints the return with the refund that we ask for; CloudKassir gets a call
of its own. What the income receipt was not ours to make, the return is not ours either, for the same reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from billing import ledger, receipt_contents, receipts
from billing.models import (
    MerchantAccount,
    Offset,
    Payment,
    ProviderCall,
    Receipt,
    Refund,
    RefundOrder,
    Reversal,
)
from billing.receipts import ReceiptChoice
from billing.rules import money
from billing.rules import receipts as rules
from billing.rules.receipts import Content, Line, Maker


@dataclass(frozen=True)
class _Parts:
    """How much of a sum that goes back was still a prepayment, and how much was for a rendered service.

    `gone` is what of the prepayments left the payment before: it went back, or lies in another deal.
    """

    waiting: Decimal
    rendered: Decimal
    gone: Decimal


def plan(
    *, refund: Refund, printed: Mapping[str, Any], choice: ReceiptChoice | None, at: datetime
) -> Receipt:
    """Write down the return receipt of a refund, and the call that makes it; a second call returns the first.

    `printed` rode on the refund, so the provider has made it already. A chargeback and money that went back
    past us wait for the accountant's word.
    """
    known = Receipt.objects.filter(refund=refund).first()
    if known:
        return known
    income = income_of(refund.payment)
    parts = _parts(refund.payment, refund.amount, held=_held(refund.payment) + refund.amount)
    receipt = Receipt(payment=refund.payment, refund=refund, kind=Receipt.Kind.REFUND, created_at=at)
    register = None
    if choice is not None and choice.maker is not Maker.US:
        receipt.state, receipt.reason = receipts.STATES[choice.maker], choice.reason
        receipt.fiscal = dict(choice.fiscal)
    elif printed:
        receipt.state, receipt.content = Receipt.State.SENT, dict(printed)
        # The books follow the paper: more may have been closed since it was asked for.
        rendered = min(rules.settled(printed), _closed(refund.payment))
        parts = _Parts(refund.amount - rendered, rendered, parts.gone)
    else:
        receipt.state, receipt.reason, register = _maker(income, refund)
        if income and register:
            on = _day(refund.payment, refund.refunded_at)
            receipt.content = dict(_content(income, refund.payment, parts, on))
    _store(receipt, parts, register, at=at)
    return receipt


def plan_reversal(
    *, reversal: Reversal, made: bool, register: MerchantAccount | None, reason: str, at: datetime
) -> None:
    """Write down the return of money that never came, where its receipt is `made` or it has closed a service.

    By our register where that made it, else by the accountant's word; what nobody made nobody returns.
    """
    payment = reversal.payment
    parts = _parts(payment, reversal.amount, held=reversal.amount)
    if not made and not parts.rendered:
        return
    receipt = Receipt(payment=payment, kind=Receipt.Kind.REFUND, created_at=at, reason=reason)
    receipt.state = Receipt.State.MISSING if made else Receipt.State.NOT_REQUIRED
    income = income_of(payment)
    if register and income:
        receipt.state = Receipt.State.PLANNED
        receipt.content = dict(_content(income, payment, parts, _day(payment, at)))
    _store(receipt, parts, register, at=at)


def riding(*, payment: Payment, amount: Decimal, at: datetime) -> dict[str, Any]:
    """The return that a provider prints with the refund; empty where the income receipt was not its own."""
    income = income_of(payment)
    if income is None or not rode(income):
        return {}
    parts = _parts(payment, amount, held=_held(payment), printed=on_its_way(payment))
    return dict(_content(income, payment, parts, _day(payment, at)))


def on_its_way(payment: Payment) -> list[dict[str, Any]]:
    """The returns that a provider prints with refunds of this payment that have not ended yet."""
    waiting = payment.refund_orders.filter(state__in=(RefundOrder.State.REQUESTED, RefundOrder.State.SENT))
    told = waiting.order_by("id").values_list("request__receipt", flat=True)
    return [content for content in told if content]


def content_of(receipt: Receipt, *, rendered: Decimal) -> Content:
    """What the return receipt of a refund says; `rendered` of it was for a rendered service."""
    refund, income = receipt.refund, income_of(receipt.payment)
    if refund is None or income is None:
        raise ValueError("a return is of a refund, and of money with a receipt")
    on = _day(receipt.payment, refund.refunded_at)
    payment, later = receipt.payment, receipt.payment.refunds.filter(pk__gte=refund.pk)
    back = later.aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    closed_then = payment.offsets.exclude(receipt__refund__in=later)
    gone = _gone(payment, held=_held(payment) + back, offsets=closed_then)
    parts = _Parts(refund.amount - rendered, rendered, gone)
    return _content(income, receipt.payment, parts, on)


def income_of(payment: Payment) -> Receipt | None:
    """The income receipt of this money; of moved money the one by which it came."""
    root = receipts.root_of(payment)
    return Receipt.objects.filter(payment=root, kind=Receipt.Kind.INCOME).first()


def _day(payment: Payment, at: datetime) -> date:
    return payment.deal.local_day(at) if payment.deal else at.date()


def rode(income: Receipt) -> bool:
    """It was printed with the payment, so no call of ours made it."""
    if income.kind != Receipt.Kind.INCOME:
        return False
    order = income.payment.order
    return bool(order and order.request.get("receipt") and income.content)


def _maker(income: Receipt | None, refund: Refund) -> tuple[Receipt.State, str, MerchantAccount | None]:
    if refund.chargeback:
        return Receipt.State.MISSING, "chargeback", None
    if income is None or income.state == Receipt.State.MISSING:
        return Receipt.State.MISSING, "no_income_receipt", None
    if income.state == Receipt.State.NOT_REQUIRED:
        return Receipt.State.NOT_REQUIRED, income.reason, None
    call = ProviderCall.objects.filter(receipt=income, kind=ProviderCall.Kind.SEND_RECEIPT).first()
    if call:
        return Receipt.State.PLANNED, "", call.merchant
    if refund.merchant is None:
        return Receipt.State.MISSING, "paid_out", None
    # The shop prints returns with the refunds that we ask for; of this one nobody knows.
    return Receipt.State.MISSING, "refunded_past_us", None


def _store(receipt: Receipt, parts: _Parts, register: MerchantAccount | None, *, at: datetime) -> None:
    receipt.save()
    if parts.rendered:
        Offset.objects.create(
            payment=receipt.payment, receipt=receipt, amount=-parts.rendered, recorded_at=at
        )
    if register:
        receipts.queue(receipt, register, at=at)


def _parts(
    payment: Payment, amount: Decimal, *, held: Decimal, printed: Sequence[Mapping[str, Any]] = ()
) -> _Parts:
    """Prepayments go back first. `held`: what the payment had before; `printed` is promised of it already."""
    promised = sum((rules.waiting(content) for content in printed), money.ZERO)
    closed = _closed(payment) - sum((rules.settled(content) for content in printed), money.ZERO)
    waiting = max(held - _closed(payment) - promised, money.ZERO)
    rendered = min(max(closed, money.ZERO), max(amount - waiting, money.ZERO))
    gone = _gone(payment, held=held, offsets=payment.offsets.all()) + promised
    return _Parts(amount - rendered, rendered, gone)


def _held(payment: Payment) -> Decimal:
    return ledger.with_free(Payment.objects.filter(pk=payment.pk)).get().left


def _closed(payment: Payment) -> Decimal:
    return payment.offsets.aggregate(sum=Sum("amount"))["sum"] or money.ZERO


def _gone(payment: Payment, *, held: Decimal, offsets: "QuerySet[Offset]") -> Decimal:
    """What left the payment, less what of that was for a rendered service."""
    settled = offsets.filter(amount__lt=0).aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    return payment.amount - held + settled


def _content(income: Receipt, payment: Payment, parts: _Parts, on: date) -> Content:
    waiting, whole = rules.still_open(income.content), parts.waiting + parts.rendered
    line = _closing_line(payment) if parts.rendered else None
    if line and not (parts.waiting and waiting["lines"]):
        return _rendered(income, line, whole, on)
    if bool(line) != bool(parts.rendered) or parts.waiting > rules.waiting(waiting):
        # Another register closed it, or the income receipt did: its own lines say all that is known.
        return rules.returned(income.content, amount=whole, gone=parts.gone)
    back = rules.returned(waiting, amount=parts.waiting, gone=parts.gone)
    return rules.together(back, _rendered(income, line, parts.rendered, on)) if line else back


def _rendered(income: Receipt, line: Line, amount: Decimal, on: date) -> Content:
    payment = income.payment
    policy = receipt_contents.policy(entity=payment.legal_entity, programme=payment.programme, on=on)
    way = policy.refund_after_offset if policy else "electronic"
    return rules.returned_settlement(income.content, like=line, amount=amount, way=way)


def _closing_line(payment: Payment) -> Line | None:
    """The line of the newest receipt that closed a part of the payment."""
    newest = payment.offsets.filter(amount__gt=0).select_related("receipt").order_by("-id")
    for offset in newest:
        for line in offset.receipt.content.get("lines", ()):
            if line["method"] in rules.SETTLED:
                return line  # type: ignore[no-any-return]
    return None
