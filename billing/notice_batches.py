"""Stored notices of plain money, applied together: what most notices are, in few statements for all.

Promises: what a batch makes is what each of its notices would have made alone (billing.inbox), or nothing of
it. Takes only roubles that came for orders of ours, one notice for each deal, and only deals whose lock is
free; whatever is not taken, or trips, the inbox applies one by one. So nothing waits here, and two batches
never wait for each other.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.db import transaction

from billing import ledger, order_check, payments
from billing.models import MerchantAccount, Notice, ProviderOrder
from billing.providers.base import NoticeKind, NoticeRead
from crm import queues

log = structlog.get_logger("grafik.inbox")

LEAST = 2
Keep = Callable[[Notice, ProviderOrder], None]


def apply(rows: Sequence[Notice], *, keep_card: Keep, at: datetime) -> set[int]:
    """Apply what is plain money among leased notices; returns the ids of those that are done.

    `keep_card` keeps the card of a payment.
    """
    plain = {row.pk: NoticeRead.from_json(row.fields) for row in rows if _is_plain(row)}
    if len(plain) < LEAST:
        return set()
    try:
        with transaction.atomic():
            return _apply([row for row in rows if row.pk in plain], plain, keep_card, at=at)
    except Exception as error:  # whichever of them it was, it is found when each is applied alone
        log.warning("notices not applied together", count=len(plain), error=type(error).__name__)
        return set()


def _is_plain(row: Notice) -> bool:
    """Money that was taken, in roubles, for an order that has a number; read from what is stored of it. Sent
    to a card it is nobody's here.
    """
    told = row.fields
    return (
        row.kind in (NoticeKind.PAY, NoticeKind.CONFIRM)
        and bool(told.get("order_number"))
        and told["currency"] == "RUB"
        and not told["held"]
        and not told.get("payout")
    )


def _apply(
    leased: Sequence[Notice], plain: dict[int, NoticeRead], keep_card: Keep, *, at: datetime
) -> set[int]:
    """Under the locks that are free: money, cards, the refunds that waited for it, the notices themselves.

    What a notice tells never changes, so only whether it still waits is read under its lock.
    """
    waiting = Notice.objects.filter(id__in=plain, state=Notice.State.WAITING).order_by("id")
    locked = waiting.select_for_update(skip_locked=True, of=("self",))
    free = set(locked.values_list("id", flat=True))
    rows = [row for row in leased if row.pk in free]
    by_row = _orders(rows, plain)
    deals = ledger.lock_free(order.deal_id for order in by_row.values())
    taken: dict[int, Notice] = {}
    for row in rows:
        order = by_row.get(row.pk)
        if order is not None and order.deal_id in deals and order.deal_id not in taken:
            order.deal = deals[order.deal_id]
            taken[order.deal_id] = row
    arrived = [_arrived(by_row[row.pk], plain[row.pk], at) for row in taken.values()]
    made = payments.receive_all(arrived, at=at)
    new = {(payment.merchant_id, payment.external_id) for payment in made}
    done = [row for row in taken.values() if (row.merchant_id, row.external_id) in new]
    for row in done:
        keep_card(row, by_row[row.pk])
    wake_refunds(done, at=at)
    Notice.objects.filter(id__in=[row.pk for row in done]).update(outcome="payment", **queues.finished(at=at))
    return {row.pk for row in done}


def wake_refunds(rows: Sequence[Notice], *, at: datetime) -> None:
    """Let the refunds that wait for these payments be tried now; one that somebody tries already is left."""
    refunds = Notice.objects.filter(
        state=Notice.State.WAITING,
        kind=NoticeKind.REFUND,
        merchant__in={row.merchant_id for row in rows},
        fields__payment_external_id__in=[row.external_id for row in rows],
    )
    locked = refunds.order_by("id").select_for_update(skip_locked=True, of=("self",))
    Notice.objects.filter(id__in=list(locked.values_list("id", flat=True))).update(not_before=at)


def _orders(rows: Sequence[Notice], plain: dict[int, NoticeRead]) -> dict[int, ProviderOrder]:
    """The order of each notice, with its shop; none where it is nobody's or pretended money."""
    shops = MerchantAccount.objects.prefetch_related(
        "legal_entity__tax_settings", "legal_entity__receipt_policies"
    ).in_bulk({row.merchant_id for row in rows})
    numbers = {plain[row.pk].order_number for row in rows}
    orders = ProviderOrder.objects.filter(merchant__in=shops, number__in=numbers)
    known = {(order.merchant_id, order.number): order for order in orders}
    found: dict[int, ProviderOrder] = {}
    for row in rows:
        merchant, notice = shops[row.merchant_id], plain[row.pk]
        order = known.get((row.merchant_id, notice.order_number))
        if order is not None and not order_check.is_pretended(merchant=merchant, notice=notice):
            order.merchant = merchant
            found[row.pk] = order
    return found


def _arrived(order: ProviderOrder, notice: NoticeRead, at: datetime) -> payments.Arrived:
    return payments.Arrived(
        order=order,
        external_id=notice.external_id,
        amount=notice.amount,
        received_at=notice.at or at,
        method=notice.method,
    )
