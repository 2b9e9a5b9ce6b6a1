"""May this order be paid now? The provider asks before it charges the card (interface: "Providers").

Reads only, calls nobody, and must be quick: without an answer every payment of the shop is declined. It is a
courtesy, not a guard: money that comes in spite of a no is recorded like any other.
"""

from datetime import datetime

from billing import ledger
from billing.models import MerchantAccount, Notice, ProviderOrder
from billing.providers.base import NoticeKind, NoticeRead, Verdict

CLOSED = {
    ProviderOrder.State.PAID: Verdict.NOT_ACCEPTED,
    ProviderOrder.State.SUPERSEDED: Verdict.EXPIRED,
    ProviderOrder.State.CANCELLED: Verdict.EXPIRED,
    ProviderOrder.State.REFUSED: Verdict.EXPIRED,
}


def verdict(*, merchant: MerchantAccount, notice: NoticeRead, at: datetime) -> Verdict:
    """Our answer to *check*: yes, or the first thing that is wrong."""
    order = find(merchant=merchant, notice=notice)
    if order is None:
        return Verdict.ACCEPTED if merchant.other_orders == "accept" else Verdict.UNKNOWN_ORDER
    if is_pretended(merchant=merchant, notice=notice):
        return Verdict.NOT_ACCEPTED
    account_id = order.request.get("account_id", "")
    if notice.account_id and account_id and notice.account_id != account_id:
        return Verdict.ANOTHER_PAYER
    if notice.amount != order.amount or notice.currency != "RUB":
        return Verdict.WRONG_AMOUNT
    if order.state in CLOSED:
        return CLOSED[ProviderOrder.State(order.state)]
    if order.invoice and order.invoice.voided_at:
        return Verdict.EXPIRED
    if _is_paid_already(order, at=at):
        return Verdict.NOT_ACCEPTED
    return Verdict.ACCEPTED


def find(*, merchant: MerchantAccount, notice: NoticeRead) -> ProviderOrder | None:
    """The order that a notice speaks of, by the number that we gave it; we order no payouts."""
    if notice.payout or not notice.order_number:
        return None
    orders = ProviderOrder.objects.select_related("deal__account", "invoice", "merchant__legal_entity")
    return orders.filter(merchant=merchant, number=notice.order_number).first()


def is_pretended(*, merchant: MerchantAccount, notice: NoticeRead) -> bool:
    """Test mode at a live shop: nobody's money."""
    return notice.test and not merchant.settings.get("test", False)


def _is_paid_already(order: ProviderOrder, *, at: datetime) -> bool:
    """Less is owed than the order asks; or its money is stored and only waits to be applied."""
    if ledger.standing(order.deal, on=order.deal.local_day(at)).debt < order.amount:
        return True
    waiting = Notice.objects.filter(merchant=order.merchant, state=Notice.State.WAITING)
    paying = waiting.filter(kind__in=(NoticeKind.PAY, NoticeKind.CONFIRM), fields__held=False)
    return paying.filter(fields__order_number=order.number).exists()
