"""The provider is told to charge a saved card, and asked what became of it. Nothing is charged twice.

A lost answer is first asked for by the order's number, then repeated under the same key while the provider
remembers that. When it no longer does and knows of no payment, the charge never was. Money goes in through
the inbox like any other, so its notice and this answer count once.
"""

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from billing import declines, ledger, notice_store
from billing.call_steps import TIMEOUT_SECONDS, Call, NotYet
from billing.models import ProviderOrder
from billing.providers.base import (
    ChargeRequest,
    NotSent,
    Operation,
    OperationStatus,
    Refused,
)
from crm import queues

log = structlog.get_logger("grafik.charge_calls")

# No bank's code: the provider refused the request, or never heard of it.
REFUSED = "refused"


def send(call: Call) -> None:
    """1. Skip what was replaced before anybody heard of it, or is over. 2. Where an earlier call got no
    answer, ask. 3. Commit that the call begins. 4. Call. 5. Keep the answer.
    """
    order = _order(call)
    heard = call.row.called_at is not None
    if order.state != ProviderOrder.State.CREATING and not heard:
        queues.finish(call.row, at=call.at)
        return
    found = call.provider.find_payment(order_number=order.number, timeout=TIMEOUT_SECONDS) if heard else None
    operation = found
    if found is None and not call.is_forgotten:
        operation = _charge(call, order, heard=heard)
    if operation is None:
        _decline(call, order, code=REFUSED, said="", external_id="")
    else:
        _settle(call, order, operation)


def _charge(call: Call, order: ProviderOrder, *, heard: bool) -> Operation | None:
    """Charge; None when the provider refused the request as such, so that no operation exists."""
    card = order.card
    if card is None or not card.token:
        # The consent was withdrawn meanwhile. What the provider heard before is asked for, never repeated.
        if heard:
            raise NotYet(_("the card was withdrawn"))
        return None
    call.begin()
    request = ChargeRequest(
        token=card.token,
        amount=order.amount,
        number=order.number,
        account_id=card.account_id,
        request_id=call.row.key,
        description=order.request.get("description", ""),
        email=order.request.get("email", ""),
    )
    try:
        return call.provider.charge(request, timeout=TIMEOUT_SECONDS)
    except NotSent:
        if not heard:
            call.forget()
        raise
    except Refused as error:
        log.warning("charge refused", order=order.pk, reason=error.detail)
        return None


def _settle(call: Call, order: ProviderOrder, operation: Operation) -> None:
    if operation.status is OperationStatus.COMPLETED:
        with transaction.atomic():
            notice_store.found(merchant=order.merchant, operation=operation, at=call.at)
            queues.finish(call.row, at=call.at)
    elif operation.status in (OperationStatus.DECLINED, OperationStatus.CANCELLED):
        _decline(
            call,
            order,
            code=operation.reason_code,
            said=operation.reason,
            external_id=operation.external_id,
        )
    else:
        raise NotYet(_("the bank has not answered yet"))


def _decline(call: Call, order: ProviderOrder, *, code: str, said: str, external_id: str) -> None:
    with transaction.atomic():
        ledger.lock(order.deal_id)
        declines.record(order=order, external_id=external_id, code=code, said=said, when=call.at, at=call.at)
        queues.finish(call.row, at=call.at)


def _order(call: Call) -> ProviderOrder:
    related = ("deal__account", "merchant", "card")
    return ProviderOrder.objects.select_related(*related).get(providercall=call.row)
