"""The provider is told to give money back, and asked what became of it. Nothing is ever given back twice.

A lost answer is repeated under the order's key while the provider remembers it. After that the provider is
asked for the refunds of the payment; where it cannot tell (Robokassa), a person looks into its cabinet and
says what happened (billing.refund_orders).
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from billing import provider_queue, receipts, refund_orders, refunds
from billing.call_steps import TIMEOUT_SECONDS, Call, NeedsPerson, NotYet
from billing.models import ProviderCall, Refund, RefundOrder
from billing.providers.base import (
    NotSent,
    Operation,
    OperationStatus,
    RefundRequest,
    RefundState,
    Refused,
    Unsupported,
)
from crm import queues

log = structlog.get_logger("grafik.refund_calls")

# Slow clocks on either side of the wire.
MARGIN = timedelta(minutes=10)
AT_ONCE = timedelta(seconds=1)


def send(call: Call) -> None:
    """1. Skip what is out or over already. 2. Commit that the call begins. 3. Call. 4. Keep the answer, plan
    to follow it.
    """
    order = _order(call)
    if order.state != RefundOrder.State.REQUESTED:
        queues.finish(call.row, at=call.at)
        return
    if call.is_forgotten:
        _ask(call, order)
        return
    known_before = call.row.called_at is not None
    call.begin()
    try:
        external_id = call.provider.refund(_request(call, order), timeout=TIMEOUT_SECONDS)
    except NotSent:
        if not known_before:
            call.forget()
        raise
    except (Refused, Unsupported) as error:
        reason = error.detail if isinstance(error, Refused) else str(error)
        log.warning("refund refused", order=order.pk, reason=reason)
        with transaction.atomic():
            refund_orders.failed(order=order, error=reason, author=order.author, at=call.at)
            queues.finish(call.row, at=call.at)
        return
    _keep(call, order, external_id)


def follow(call: Call) -> None:
    """Ask until the money went or the provider says that it will not."""
    order = _order(call)
    if order.state == RefundOrder.State.SENT:
        found = call.provider.refund_state(external_id=order.external_id, timeout=TIMEOUT_SECONDS)
        if found.state is RefundState.PROCESSING:
            raise NotYet(_("the refund is on its way"))
        if found.state is RefundState.FAILED:
            reason = found.reason or _("the provider cancelled it")
            refund_orders.failed(order=order, error=reason, author=order.author, at=call.at)
        else:
            _end(call, order, found.done_at or call.at)
    queues.finish(call.row, at=call.at)


def _end(call: Call, order: RefundOrder, done_at: datetime) -> None:
    try:
        refund_orders.done(order=order, done_at=done_at, at=call.at)
    except refunds.AboveHeld:
        words = _("More went back than the payment holds: look into the provider's cabinet.")
        RefundOrder.objects.filter(pk=order.pk).update(error=words)
        raise NeedsPerson(words) from None


def _ask(call: Call, order: RefundOrder) -> None:
    """Nobody answered and a repeat would be another refund: look for what was made."""
    called_at = call.row.called_at
    if called_at is None:
        return
    root = receipts.root_of(order.payment)
    try:
        found = call.provider.refunds_of(
            payment_external_id=root.external_id,
            since=called_at - MARGIN,
            until=call.at,
            timeout=TIMEOUT_SECONDS,
        )
    except Unsupported:
        words = _(
            "Nobody knows whether the money went back: look into the provider's cabinet and say it here."
        )
        RefundOrder.objects.filter(pk=order.pk).update(error=words)
        raise NeedsPerson(words) from None
    made = next((operation for operation in found if _is_ours(operation, order)), None)
    if made is None:
        call.start_anew()
        raise NotYet(_("nothing was given back: it is asked for again"), AT_ONCE)
    _keep(call, order, made.external_id)


def _is_ours(operation: Operation, order: RefundOrder) -> bool:
    """A refund of the same sum that nobody else here knows of."""
    if operation.status is not OperationStatus.COMPLETED or operation.amount != order.amount:
        return False
    named = {"merchant": order.merchant, "external_id": operation.external_id}
    return not (Refund.objects.filter(**named).exists() or RefundOrder.objects.filter(**named).exists())


def _keep(call: Call, order: RefundOrder, external_id: str) -> None:
    with transaction.atomic():
        refund_orders.sent(order=order, external_id=external_id, at=call.at)
        queues.finish(call.row, at=call.at)
        provider_queue.add(
            merchant=call.row.merchant,
            kind=ProviderCall.Kind.FOLLOW_REFUND,
            key=f"follow-refund:{order.pk}",
            refund_order=order,
            at=call.at,
        )


def _request(call: Call, order: RefundOrder) -> RefundRequest:
    return RefundRequest(
        payment_external_id=receipts.root_of(order.payment).external_id,
        amount=order.amount,
        request_id=call.row.key,
        receipt=order.request.get("receipt") or {},
    )


def _order(call: Call) -> RefundOrder:
    """The order as it is now: a notice may have overtaken the queue."""
    related = ("payment__deal", "payment__merchant", "merchant")
    return RefundOrder.objects.select_related(*related).get(providercall=call.row)
