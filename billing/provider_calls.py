"""Calls that we owe to a provider: cancel an order, send a receipt, follow it. Rows first, then the call.

No call is made inside a transaction. An unknown outcome is repeated under the same key while the provider
remembers it, and after that a person must look: a receipt that was perhaps made is never made again blindly.
A provider that does not answer rests until the next pass, so it does not hold up the other merchants. While
one of its answers is open, no other call begins before the provider answers a harmless question: after hours
of trouble a person has one call to look into, not all of them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    charge_calls,
    order_numbers,
    provider_queue,
    providers,
    receipts,
    refund_calls,
    return_receipts,
)
from billing.call_steps import TIMEOUT_SECONDS, Call, NeedsPerson, NotYet
from billing.models import ProviderCall, ProviderOrder, Receipt
from billing.providers.base import (
    NotSent,
    Provider,
    ReceiptRequest,
    ReceiptState,
    Refused,
    SecondReceiptRequest,
    SentReceipt,
    Unknown,
    Unsupported,
)
from crm import queues

log = structlog.get_logger("grafik.provider_calls")

BATCH = 200
CREATION_LASTS = timedelta(seconds=10)
INCOME_WAIT = timedelta(seconds=30)
PROBE_SECONDS = 5.0
TROUBLE_LASTS = timedelta(days=1)
# Calls that must not happen twice.
KEYED = (ProviderCall.Kind.SEND_RECEIPT, ProviderCall.Kind.REFUND, ProviderCall.Kind.CHARGE_CARD)
# A receipt of an order that the shop does not know is perhaps only not printed yet.
PRINTED_WITHIN = timedelta(hours=1)


def add_cancel_order(*, order: ProviderOrder, at: datetime) -> None:
    """Have the order's page closed at the provider; a second call does nothing."""
    provider_queue.add(
        merchant=order.merchant,
        kind=ProviderCall.Kind.CANCEL_ORDER,
        key=f"cancel:{order.pk}",
        order=order,
        # Its creation may still be on its way.
        not_before=None if order.external_id else at + CREATION_LASTS,
        at=at,
    )


def deliver(*, at: datetime, ignore_not_before: bool = False) -> int:
    """Try every waiting call once; returns how many were tried."""
    tried: list[int] = []
    resting: set[int] = set()
    while len(tried) < BATCH:
        where = ~Q(id__in=tried) & ~Q(merchant_id__in=resting)
        rows = queues.claim(ProviderCall, at=at, where=where, ignore_not_before=ignore_not_before)
        if not rows:
            break
        tried.append(rows[0].pk)
        if not _handle(rows[0], at=at):
            resting.add(rows[0].merchant_id)
    return len(tried)


def _handle(row: ProviderCall, *, at: datetime) -> bool:
    """Make one call and put its row down; false when the provider did not answer."""
    try:
        provider = providers.of(row.merchant)
        _see_up(row, provider, at=at)
        _PERFORM[ProviderCall.Kind(row.kind)](Call(row, provider, at))
    except (NotSent, Unknown) as error:
        log.warning("no answer", call=row.key, merchant=row.merchant.key, error=str(error))
        queues.retry(row, at=at, error=str(error))
        return False
    except NotYet as wait:
        queues.retry(row, at=at, error=str(wait), after=wait.after)
    except (NeedsPerson, Refused, Unsupported, providers.NoAdapter) as error:
        log.warning("call parked", call=row.key, merchant=row.merchant.key, error=type(error).__name__)
        queues.park(row, error=str(error) or type(error).__name__)
    return True


def _see_up(row: ProviderCall, provider: Provider, *, at: datetime) -> None:
    """Raise NotSent when the shop is in trouble and this call's key was not heard there yet."""
    if row.called_at is not None or row.kind not in KEYED:
        return
    others = ProviderCall.objects.filter(merchant=row.merchant, kind__in=KEYED).exclude(pk=row.pk)
    heard = Q(state=ProviderCall.State.WAITING, called_at__isnull=False)
    given_up = Q(state=ProviderCall.State.PARKED, not_before__gt=at - TROUBLE_LASTS)
    if not others.filter(heard | given_up).exclude(last_error="").exists():
        return
    try:
        provider.check_credentials(timeout=PROBE_SECONDS)
    except Unknown as error:
        raise NotSent(error.detail, call=error.call, status=error.status) from None


def _cancel_order(call: Call) -> None:
    """A refusal in the provider's own words means that there is nothing to close (paid, closed before).

    Where a provider cannot cancel, its page ends by its date; until then the order stays superseded.
    """
    order = call.row.order
    name = _name_there(call, order) if order is not None else ""
    if order is not None and name:
        try:
            call.provider.cancel_order(external_id=name, timeout=TIMEOUT_SECONDS)
        except Refused as error:
            if error.status != 200:
                raise
            log.info("nothing to cancel", order=order.pk, reason=error.detail)
        except Unsupported:
            queues.finish(call.row, at=call.at)
            return
    with transaction.atomic():
        if order is not None:
            superseded = ProviderOrder.objects.filter(pk=order.pk, state=ProviderOrder.State.SUPERSEDED)
            superseded.update(state=ProviderOrder.State.CANCELLED)
        queues.finish(call.row, at=call.at)


def _name_there(call: Call, order: ProviderOrder) -> str:
    """Where an order is called by our number, one whose creation nobody answered can be closed too."""
    return order.external_id or (order.number if call.provider.finds_orders else "")


def _send_receipt(call: Call) -> None:
    """1. Skip what is sent already. 2. Commit that the call begins. 3. Call. 4. Keep the answer, plan to
    follow it.
    """
    receipt = _receipt(call)
    if receipt.state not in (Receipt.State.PLANNED, Receipt.State.FAILED):
        queues.finish(call.row, at=call.at)
        return
    _wait_for_income(receipt)
    if call.is_forgotten and receipt.content.get("number"):
        _look_for(call, receipt)
        return
    known_before = call.row.called_at is not None
    call.begin()
    try:
        sent = _hand_over(call, receipt)
    except NotSent:
        if not known_before:
            call.forget()
        raise
    except Refused as error:
        with transaction.atomic():
            receipts.mark_failed(receipt, reason=error.detail, at=call.at)
            call.start_anew()
        raise
    _keep_sent(call, receipt, sent)


def _keep_sent(call: Call, receipt: Receipt, sent: SentReceipt) -> None:
    with transaction.atomic():
        receipts.mark_sent(receipt, external_id=sent.external_id, url=sent.url)
        queues.finish(call.row, at=call.at)
        receipt.external_id = receipt.external_id or sent.external_id
        receipts.follow(receipt, call.row.merchant, not_before=call.at + receipts.FOLLOW_AFTER, at=call.at)


def _hand_over(call: Call, receipt: Receipt) -> SentReceipt:
    """A receipt that closes prepayments goes by a call of its own where the provider has one."""
    plain = _request(call.row, receipt)
    if receipt.kind != Receipt.Kind.OFFSET:
        return call.provider.send_receipt(plain, timeout=TIMEOUT_SECONDS)
    second = SecondReceiptRequest(
        content=receipt.content,
        request_id=plain.request_id,
        payment_external_id=receipts.root_of(receipt.payment).external_id,
        number=receipt.content.get("number", ""),
        order_number=plain.order_number,
        account_id=plain.account_id,
    )
    return call.provider.send_second_receipt(second, timeout=TIMEOUT_SECONDS)


def _look_for(call: Call, receipt: Receipt) -> None:
    """Nobody answered and no key protects: our number of the receipt says whether it was made."""
    number = receipt.content["number"]
    found = call.provider.follow_receipt(external_id=number, timeout=TIMEOUT_SECONDS)
    if found.state is ReceiptState.FAILED:
        call.start_anew()
        with transaction.atomic():
            drawn = order_numbers.draw(merchant=call.row.merchant)
            Receipt.objects.filter(pk=receipt.pk).update(content={**receipt.content, "number": drawn})
        raise NotYet(_("it was not made: it is sent again under another number"), receipts.FOLLOW_AFTER)
    _keep_sent(call, receipt, SentReceipt(external_id=number))


def _follow_receipt(call: Call) -> None:
    receipt = _receipt(call)
    if receipt.state in receipts.ON_ITS_WAY:
        found = call.provider.follow_receipt(external_id=receipt.external_id, timeout=TIMEOUT_SECONDS)
        if found.state is ReceiptState.QUEUED:
            raise NotYet(_("still queued at the register"))
        if found.state is ReceiptState.FAILED:
            if return_receipts.rode(receipt) and call.at - receipt.created_at < PRINTED_WITHIN:
                raise NotYet(_("the shop does not show it yet"))
            receipts.mark_failed(receipt, reason=found.reason, at=call.at)
            raise NeedsPerson(found.reason)
        receipts.mark_registered(
            receipt, url=found.url or receipt.url, fiscal=found.fiscal, registered_at=call.at, at=call.at
        )
    queues.finish(call.row, at=call.at)


def _wait_for_income(receipt: Receipt) -> None:
    """A return or a closing receipt goes out after the receipts of the money that it is about."""
    if receipt.kind in (Receipt.Kind.INCOME, Receipt.Kind.CREDIT, Receipt.Kind.CREDIT_RETURN):
        return
    paid = [offset.payment for offset in receipt.offsets.select_related("payment")] or [receipt.payment]
    for payment in paid:
        income = return_receipts.income_of(payment)
        # What rode on an order was printed with the payment.
        if income is None or return_receipts.rode(income):
            continue
        if income.state in (Receipt.State.PLANNED, Receipt.State.SENT):
            raise NotYet(_("the income receipt is not registered yet"), INCOME_WAIT)


def _request(row: ProviderCall, receipt: Receipt) -> ReceiptRequest:
    return ReceiptRequest(
        content=receipt.content,
        request_id=row.key,
        order_number=receipts.order_number(receipt),
        account_id=receipts.account_id(receipt),
    )


def _receipt(call: Call) -> Receipt:
    """The call's receipt as it is now: a notice may have overtaken the queue."""
    related = ("payment__order", "payment__deal", "refund", "rendering__deal")
    return Receipt.objects.select_related(*related).get(providercall=call.row)


_PERFORM: dict[ProviderCall.Kind, Callable[[Call], None]] = {
    ProviderCall.Kind.CANCEL_ORDER: _cancel_order,
    ProviderCall.Kind.SEND_RECEIPT: _send_receipt,
    ProviderCall.Kind.FOLLOW_RECEIPT: _follow_receipt,
    ProviderCall.Kind.CHARGE_CARD: charge_calls.send,
    ProviderCall.Kind.REFUND: refund_calls.send,
    ProviderCall.Kind.FOLLOW_REFUND: refund_calls.follow,
}
