"""Asks a provider about our own open orders, where a lost notice is found in no registry (Robokassa).

At 1, 5, 15 and 60 minutes after an order was made, then hourly for a day (interface: "Providers"). Money that
is found goes through the same inbox as its notice would, and counts once whichever comes first. The moment of
the last question is kept, so two workers do not ask twice, and a missed minute is caught up by one question.
"""

from datetime import datetime, timedelta

import structlog

from billing import notice_store, providers
from billing.models import MerchantAccount, Notice, ProviderOrder
from billing.providers.base import NoticeKind, OperationStatus, ProviderError

log = structlog.get_logger("grafik.order_watch")

STEPS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]
STEPS += [timedelta(hours=hours) for hours in range(2, 25)]
# The last question may come a little late.
WATCHED = STEPS[-1] + timedelta(hours=1)
SWORN_EVERY = timedelta(minutes=1)
TIMEOUT_SECONDS = 10.0
ASKED_AT_ONCE = 100
UNPAID = (ProviderOrder.State.OPEN, ProviderOrder.State.SUPERSEDED, ProviderOrder.State.CANCELLED)


def run(*, at: datetime) -> int:
    """Ask about every order whose next question is due; returns how many payments were found."""
    orders = ProviderOrder.objects.filter(
        merchant__provider=MerchantAccount.Provider.ROBOKASSA,
        state__in=UNPAID,
        opened_at__gt=at - WATCHED,
    )
    sworn = _sworn()
    due = [
        order
        for order in orders.select_related("merchant").order_by("id")
        if _is_due(order, at) or ((order.merchant_id, order.number) in sworn and _rested(order, at))
    ]
    resting: set[int] = set()
    found = 0
    for order in due[:ASKED_AT_ONCE]:
        if order.merchant_id in resting or not _take(order, at):
            continue
        try:
            found += _ask(order, at=at)
        except ProviderError as error:
            # A shop that does not answer rests until the next run; the others go on.
            resting.add(order.merchant_id)
            log.warning("no answer about an order", order=order.pk, error=str(error))
    return found


def _sworn() -> set[tuple[int, str]]:
    """Orders that a signed second notice calls paid while the first one has not come: ask at once."""
    waiting = Notice.objects.filter(kind=NoticeKind.SIGNED_STATE, state=Notice.State.WAITING)
    return set(waiting.values_list("merchant_id", "fields__order_number"))


def _rested(order: ProviderOrder, at: datetime) -> bool:
    return order.asked_at is None or order.asked_at <= at - SWORN_EVERY


def _is_due(order: ProviderOrder, at: datetime) -> bool:
    opened_at = order.opened_at
    # Test payments are not served where we ask.
    if opened_at is None or order.merchant.settings.get("test"):
        return False
    past = [opened_at + step for step in STEPS if opened_at + step <= at]
    return bool(past) and (order.asked_at is None or order.asked_at < past[-1])


def _take(order: ProviderOrder, at: datetime) -> bool:
    """True for the one worker who asks now."""
    mine = ProviderOrder.objects.filter(pk=order.pk, asked_at=order.asked_at)
    return bool(mine.update(asked_at=at))


def _ask(order: ProviderOrder, *, at: datetime) -> bool:
    operation = providers.of(order.merchant).find_payment(order_number=order.number, timeout=TIMEOUT_SECONDS)
    if operation is None or operation.status is not OperationStatus.COMPLETED:
        return False
    notice_store.found(merchant=order.merchant, operation=operation, at=at)
    return True
