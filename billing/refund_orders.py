"""A person wants money back for the payer: asked here, reserved at once, carried out by the shop or by hand.

Owns RefundOrder: requested -> sent -> done | failed | given_up. Promises: two requests at once never ask for
more than the payment holds (the deal's lock, and the database again); the provider's call is a row of the
same transaction, its idempotency key is the order's; `refunded` moves only when the provider confirms or the
accountant has paid out. Never: calls a provider (billing.refund_calls does).
"""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from billing import history, ledger, payments, provider_queue, providers, receipts, refunds, return_receipts
from billing.models import Payment, ProviderCall, Refund, RefundOrder
from billing.receipts import ReceiptChoice
from billing.rules import money
from crm import outbox
from crm.models import Deal

PROVIDER = RefundOrder.Method.PROVIDER
BY_HAND = (RefundOrder.Method.CASH, RefundOrder.Method.BANK_TRANSFER)


class AboveLeft(Exception):
    """More than the payment (or the deal) has left to give back; the message says how much that is."""

    def __init__(self, left: Decimal) -> None:
        super().__init__(_("At most %(left)s can go back.") % {"left": money.words(left)})


class NotByProvider(Exception):
    """The shop cannot give this payment back; the message is the way out, in words."""


class NotByHand(Exception):
    """Only what is paid out by hand is marked as paid out or given up."""


class AlreadyClosed(Exception):
    """The order was carried out or given up before."""


class NotThatDay(Exception):
    """A payout lies before its request or in the future."""


@dataclass(frozen=True)
class Demand:
    """What a person wants back; without a method each payment goes back by its own way."""

    amount: Decimal
    reason: str
    method: str = ""


def request(*, payment: Payment, demand: Demand, author: str, at: datetime) -> RefundOrder:
    """Reserve `amount` of a payment and have it sent back.

    1. Under the lock: the sum is within what is left, the way is possible. 2. The order, and for the shop's
    way the row of its call. 3. History, and a note where a person must pay out. Raises AboveLeft,
    NotByProvider.
    """
    with transaction.atomic():
        deal = refunds.lock(payment)
        order = _place(payment, demand, group=_group(), author=author, at=at)
        if deal:
            _tell(deal, [order], demand, author=author, at=at)
    return order


def request_of_deal(*, deal: Deal, demand: Demand, author: str, at: datetime) -> list[RefundOrder]:
    """Reserve `amount` out of the deal's payments, newest first, each by its way. Raises like request."""
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        rest, group, made = demand.amount, _group(), []
        found = Payment.objects.filter(deal=deal, counted=True).order_by("-received_at", "-id")
        fitting = [payment for payment in found if not demand.method or _can(payment, demand.method, at=at)]
        lefts = {payment.pk: left(payment) for payment in fitting}
        if rest <= 0:
            raise payments.NotPositive
        if rest > sum(lefts.values(), money.ZERO):
            raise AboveLeft(sum(lefts.values(), money.ZERO))
        for payment in fitting:
            part = min(rest, lefts[payment.pk])
            if part > 0:
                made.append(_place(payment, replace(demand, amount=part), group=group, author=author, at=at))
                rest -= part
        _tell(deal, made, demand, author=author, at=at)
    return made


def left(payment: Payment) -> Decimal:
    """What of a payment neither went back nor is asked back."""
    asked = payment.refund_orders.filter(state__in=refunds.OPEN).aggregate(sum=Sum("amount"))["sum"]
    return refunds.held(payment) - (asked or money.ZERO)


def pay_out(
    *,
    order: RefundOrder,
    paid_on: date,
    document: str,
    choice: ReceiptChoice | None,
    author: str,
    at: datetime,
) -> Refund:
    """The accountant has paid it out: the refund exists from now on.

    Raises NotByHand, AlreadyClosed, NotThatDay. A day of the payout before the request is a mistake.
    """
    if order.method == PROVIDER:
        raise NotByHand
    _see_day(order, paid_on, at=at)
    with transaction.atomic():
        refunds.lock(order.payment)
        order = RefundOrder.objects.select_related("payment__deal").get(pk=order.pk)
        if order.state not in refunds.OPEN:
            raise AlreadyClosed
        RefundOrder.objects.filter(pk=order.pk).update(document=document)
        fact = refunds.Fact(
            amount=order.amount,
            refunded_at=_moment(order, paid_on, at),
            author=author,
            reason=order.reason,
            choice=choice,
        )
        return refunds.end(order=order, fact=fact, at=at)


def sent(*, order: RefundOrder, external_id: str, at: datetime) -> None:
    """The provider took the order; when a notice has ended it under another name, that name is known too."""
    with transaction.atomic():
        refunds.lock(order.payment)
        RefundOrder.objects.filter(pk=order.pk, state=RefundOrder.State.REQUESTED).update(
            state=RefundOrder.State.SENT, external_id=external_id, sent_at=at
        )
        now = RefundOrder.objects.select_related("merchant", "payment").get(pk=order.pk)
        if now.merchant and now.external_id != external_id:
            refunds.noticed(
                merchant=now.merchant,
                payment_external_id=receipts.root_of(now.payment).external_id,
                external_id=external_id,
                amount=now.amount,
                refunded_at=at,
                at=at,
            )


def done(*, order: RefundOrder, done_at: datetime, at: datetime) -> Refund:
    """The provider confirmed that the money went."""
    fact = refunds.Fact(
        merchant=order.merchant,
        external_id=order.external_id,
        amount=order.amount,
        refunded_at=done_at,
        author=order.author,
        reason=order.reason,
        printed=order.request.get("receipt") or {},
    )
    return refunds.end(order=order, fact=fact, at=at)


def failed(*, order: RefundOrder, error: str, author: str, at: datetime) -> bool:
    """The money will not go by this order: its sum is free again. True for the first who says so."""
    return _end(order, RefundOrder.State.FAILED, reason=error, author=author, at=at)


def found_made(*, order: RefundOrder, external_id: str, made_on: date, author: str, at: datetime) -> Refund:
    """A person saw in the provider's cabinet that the money went although nobody answered.

    Raises AlreadyClosed, NotThatDay.
    """
    _see_day(order, made_on, at=at)
    with transaction.atomic():
        refunds.lock(order.payment)
        if order.state not in refunds.OPEN or order.method != PROVIDER:
            raise AlreadyClosed
        name = external_id or order.external_id or f"order-{order.pk}"
        RefundOrder.objects.filter(pk=order.pk).update(external_id=name)
        order.external_id = name
        _forget_calls(order, at=at)
        return done(order=order, done_at=_moment(order, made_on, at), at=at)


def found_not_made(*, order: RefundOrder, author: str, at: datetime) -> None:
    """A person saw in the provider's cabinet that no money went: the sum is free. Raises AlreadyClosed."""
    with transaction.atomic():
        _forget_calls(order, at=at)
        reason = _("the provider has not made it")
        if order.method != PROVIDER or not failed(order=order, error=reason, author=author, at=at):
            raise AlreadyClosed


def give_up(*, order: RefundOrder, reason: str, author: str, at: datetime) -> None:
    """A payout is not wanted any more. Raises NotByHand, AlreadyClosed."""
    if order.method == PROVIDER:
        raise NotByHand
    if not _end(order, RefundOrder.State.GIVEN_UP, reason=reason, author=author, at=at):
        raise AlreadyClosed


def _end(order: RefundOrder, state: RefundOrder.State, *, reason: str, author: str, at: datetime) -> bool:
    with transaction.atomic():
        deal = refunds.lock(order.payment)
        ended = RefundOrder.objects.filter(pk=order.pk, state__in=refunds.OPEN).update(
            state=state, error=reason[:1000], closed_at=at, closed_by=author
        )
        if ended and deal:
            given_up = state == RefundOrder.State.GIVEN_UP
            words = {"amount": money.words(order.amount), "reason": reason[:255]}
            history.record(
                deal=deal,
                kind="refund_given_up" if given_up else "refund_failed",
                at=at,
                recorded_at=at,
                author=author,
                data={"amount": money.text(order.amount), "reason": reason[:255], "order": order.pk},
            )
            text = (
                _("The payout of %(amount)s was given up: %(reason)s")
                if given_up
                else _("The refund of %(amount)s was not made: %(reason)s")
            )
            outbox.note(deal=deal, key=f"refund-order:{order.pk}:failed", text=text % words, at=at)
    return bool(ended)


def _place(payment: Payment, demand: Demand, *, group: str, author: str, at: datetime) -> RefundOrder:
    if not money.is_whole_kopecks(demand.amount) or demand.amount <= 0:
        raise payments.NotPositive
    available = left(payment)
    if demand.amount > available:
        raise AboveLeft(available)
    method = demand.method or _own_way(payment, at=at)
    root = receipts.root_of(payment)
    if method == PROVIDER:
        _see_possible(root, at=at)
    order = RefundOrder.objects.create(
        payment=payment,
        merchant=root.merchant if method == PROVIDER else None,
        amount=demand.amount,
        method=method,
        reason=demand.reason,
        author=author,
        group=group,
        request={"receipt": _riding_receipt(payment, root, demand.amount, at)} if method == PROVIDER else {},
        created_at=at,
    )
    if order.merchant:
        provider_queue.add(
            merchant=order.merchant,
            kind=ProviderCall.Kind.REFUND,
            key=f"refund:{order.pk}",
            refund_order=order,
            at=at,
        )
    return order


def _riding_receipt(payment: Payment, root: Payment, amount: Decimal, at: datetime) -> dict[str, object]:
    """The return receipt that the provider prints with the refund; empty where it is made by its own call."""
    if root.merchant is None or not providers.of(root.merchant).prints_refund_receipt:
        return {}
    return return_receipts.riding(payment=payment, amount=amount, at=at)


def _own_way(payment: Payment, *, at: datetime) -> str:
    """As it came: by the shop while that can, in cash what came in cash, else by transfer."""
    if _can(payment, PROVIDER, at=at):
        return PROVIDER
    return RefundOrder.Method.CASH if payment.method == "cash" else RefundOrder.Method.BANK_TRANSFER


def _can(payment: Payment, method: str, *, at: datetime) -> bool:
    if method != PROVIDER:
        return True
    try:
        _see_possible(receipts.root_of(payment), at=at)
    except NotByProvider:
        return False
    return True


def _see_possible(root: Payment, *, at: datetime) -> None:
    if root.merchant is None:
        raise NotByProvider(_("This money did not come by a provider: choose cash or a bank transfer."))
    provider = providers.of(root.merchant)
    if not provider.gives_back:
        raise NotByProvider(
            _("This shop cannot give back (Robokassa: enter Password 3): choose cash or a bank transfer.")
        )
    lives: timedelta | None = provider.refund_lives
    if lives is not None and at - root.received_at > lives:
        raise NotByProvider(
            _("The provider gives nothing back after %(days)s days: choose cash or a bank transfer.")
            % {"days": lives.days}
        )


def _see_day(order: RefundOrder, day: date, *, at: datetime) -> None:
    deal = order.payment.deal
    first, last = (deal.local_day(moment) if deal else moment.date() for moment in (order.created_at, at))
    if not first <= day <= last:
        raise NotThatDay


def _forget_calls(order: RefundOrder, *, at: datetime) -> None:
    """Nobody is asked any more: a person has answered."""
    waiting = ProviderCall.objects.filter(refund_order=order).exclude(state=ProviderCall.State.DONE)
    waiting.update(state=ProviderCall.State.DONE, done_at=at, leased_until=None)


def _tell(deal: Deal, made: list[RefundOrder], demand: Demand, *, author: str, at: datetime) -> None:
    for order in made:
        history.record(
            deal=deal,
            kind="refund_requested",
            at=at,
            recorded_at=at,
            author=author,
            data={
                "order": order.pk,
                "payment": order.payment_id,
                "amount": money.text(order.amount),
                "method": order.method,
                "reason": demand.reason,
            },
        )
        if order.method in BY_HAND:
            text = _("A refund of %(amount)s is to be paid out by the accountant. %(reason)s")
            words = {"amount": money.words(order.amount), "reason": demand.reason}
            outbox.note(deal=deal, key=f"refund-order:{order.pk}", text=text % words, at=at)


def _group() -> str:
    return secrets.token_hex(8)


def _moment(order: RefundOrder, day: date, at: datetime) -> datetime:
    """The moment for a day that a person named: noon there, or now when that is still ahead."""
    zone = order.payment.deal.zone if order.payment.deal else at.tzinfo
    return min(max(datetime.combine(day, time(12), tzinfo=zone), order.created_at), at)
