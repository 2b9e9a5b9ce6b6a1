"""Return receipts: what goes back carries the attributes of the receipt that took it (54-FZ).

Money that is still a prepayment goes back like its income receipt, money for a rendered service like the
receipt that closed it. Robokassa prints the return with the refund that we ask for; CloudKassir gets a call
of its own. What the income receipt was not ours to make, the return is not ours either, for the same reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing import receipt_contents, receipts
from billing.models import MerchantAccount, Offset, Payment, ProviderCall, Receipt, Refund
from billing.receipts import ReceiptChoice
from billing.rules import money
from billing.rules import receipts as rules
from billing.rules.receipts import Content, Line, Maker


@dataclass(frozen=True)
class _Parts:
    """How much of a sum that goes back was still a prepayment, and how much was for a rendered service.

    `gone` is what of the prepayments went back before.
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
    parts = _parts(refund.payment, refund.amount, before=refund)
    receipt = Receipt(payment=refund.payment, refund=refund, kind=Receipt.Kind.REFUND, created_at=at)
    register = None
    if choice is not None and choice.maker is not Maker.US:
        receipt.state, receipt.reason = receipts.STATES[choice.maker], choice.reason
        receipt.fiscal = dict(choice.fiscal)
    elif printed:
        receipt.state, receipt.content = Receipt.State.SENT, dict(printed)
    else:
        receipt.state, receipt.reason, register = _maker(income, refund)
        if income and register:
            on = _day(refund.payment, refund.refunded_at)
            receipt.content = dict(_content(income, refund.payment, parts, on))
    receipt.save()
    if parts.rendered:
        Offset.objects.create(payment=refund.payment, receipt=receipt, amount=-parts.rendered, recorded_at=at)
    if register:
        receipts.queue(receipt, register, at=at)
    return receipt


def riding(*, payment: Payment, amount: Decimal, at: datetime) -> dict[str, Any]:
    """The return that a provider prints with the refund; empty where the income receipt was not its own."""
    income = income_of(payment)
    if income is None or not rode(income):
        return {}
    parts = _parts(payment, amount, before=None)
    return dict(_content(income, payment, parts, _day(payment, at)))


def content_of(receipt: Receipt, *, rendered: Decimal) -> Content:
    """What the return receipt of a refund says; `rendered` of it was for a rendered service."""
    refund, income = receipt.refund, income_of(receipt.payment)
    if refund is None or income is None:
        raise ValueError("a return is of a refund, and of money with a receipt")
    on = _day(receipt.payment, refund.refunded_at)
    parts = _Parts(refund.amount - rendered, rendered, gone(receipt.payment, before=refund))
    return _content(income, receipt.payment, parts, on)


def gone(payment: Payment, *, before: Refund | None) -> Decimal:
    """What went back of a payment while it was a prepayment, by all refunds or by those before this one."""
    earlier = payment.refunds.filter(pk__lt=before.pk) if before else payment.refunds.all()
    refunded = earlier.aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    rendered = payment.offsets.filter(amount__lt=0, receipt__refund__in=earlier)
    return refunded + (rendered.aggregate(sum=Sum("amount"))["sum"] or money.ZERO)


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


def _parts(payment: Payment, amount: Decimal, *, before: Refund | None) -> _Parts:
    """Prepayments go back first; `before`: the refund itself, when it is written already."""
    others = payment.refunds.exclude(pk=before.pk) if before else payment.refunds.all()
    refunded = others.aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    closed = payment.offsets.aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    rendered = min(closed, max(amount - (payment.amount - refunded - closed), money.ZERO))
    return _Parts(amount - rendered, rendered, gone(payment, before=before))


def _content(income: Receipt, payment: Payment, parts: _Parts, on: date) -> Content:
    waiting = rules.still_open(income.content)
    line = _closing_line(payment) if parts.rendered else None
    if line is None or not waiting["lines"]:
        whole = parts.waiting + parts.rendered
        if line is None:
            return rules.returned(income.content, amount=whole, gone=parts.gone)
        return _rendered(income, line, whole, on)
    if not parts.waiting:
        return _rendered(income, line, parts.rendered, on)
    back = rules.returned(waiting, amount=parts.waiting, gone=parts.gone)
    return rules.together(back, _rendered(income, line, parts.rendered, on))


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
