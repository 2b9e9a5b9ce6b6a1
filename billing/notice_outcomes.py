"""What a stored notice comes to: money, a refund, a receipt, a decline, or nothing of ours.

One handler for each kind, called under the notice's lock and in its transaction (billing.inbox); the facts
they make are unique by the provider's numbers. The words are listed in docs/webhooks.md.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from billing import (
    cards,
    declines,
    forwarding,
    ledger,
    notice_batches,
    order_check,
    payments,
    providers,
    receipts,
    refunds,
)
from billing.models import MerchantAccount, Notice, Payment, ProviderCall, ProviderOrder, Receipt
from billing.providers.base import NoticeKind, NoticeRead

# A receipt notice may overtake the answer that names the receipt; after so many looks it is another
# program's.
LOOKS_FOR_A_RECEIPT = 8
RECEIPT_KINDS = {
    "Income": (Receipt.Kind.INCOME, Receipt.Kind.OFFSET, Receipt.Kind.CREDIT),
    "IncomeReturn": (Receipt.Kind.REFUND, Receipt.Kind.CREDIT_RETURN),
}


class NotYet(Exception):
    """What the notice speaks of is not known yet."""


def of(row: Notice, notice: NoticeRead, *, at: datetime) -> str:
    """Do what the notice tells and return what it comes to, in a word. Raises NotYet."""
    if order_check.is_pretended(merchant=row.merchant, notice=notice):
        return "test_mode"
    return _HANDLERS[notice.kind](row, notice, at)


def _money(row: Notice, notice: NoticeRead, at: datetime) -> str:
    """pay, confirm: money, unless it is only held, or sent to a card by another program. Both may tell of the
    same money; it counts once.
    """
    if notice.held:
        return "hold"
    if notice.payout:
        return "payout"
    order = order_check.find(merchant=row.merchant, notice=notice)
    if order is None and row.merchant.other_orders != "refuse":
        return "forwarded" if forwarding.address(row.merchant) else "foreign"
    payment = payments.receive(
        merchant=row.merchant,
        external_id=notice.external_id,
        amount=notice.amount,
        currency=notice.currency,
        received_at=notice.at or at,
        method=notice.method,
        order=order,
        at=at,
        said={"account_id": notice.account_id, "email": notice.email},
    )
    if order is not None:
        keep_card(row, order, at=at)
    notice_batches.wake_refunds([row], at=at)
    if not payment.counted:
        return "uncounted"
    return "payment" if payment.deal_id else "unplaced"


def keep_card(row: Notice, order: ProviderOrder, *, at: datetime) -> None:
    """The card of the payment, where its payer agreed that we keep it; read from the body, kept encrypted."""
    card = providers.of(order.merchant).saved_card(bytes(row.body))
    if card:
        account_id = str(order.request.get("account_id", ""))
        cards.keep(deal=order.deal, merchant=order.merchant, account_id=account_id, card=card, at=at)


def _declined(row: Notice, notice: NoticeRead, at: datetime) -> str:
    """An attempt that failed. It closes nothing: the next one may work, and this news may be late."""
    order = order_check.find(merchant=row.merchant, notice=notice)
    if order is None:
        return "declined_elsewhere"
    with transaction.atomic():
        ledger.lock(order.deal_id)
        declines.record(
            order=order,
            external_id=notice.external_id,
            code=notice.reason_code,
            said=notice.reason,
            when=notice.at or at,
            at=at,
        )
    return "declined"


def _refund(row: Notice, notice: NoticeRead, at: datetime) -> str:
    """Money that went back. It waits for its payment, which may still be on its way."""
    about = Notice.objects.filter(merchant=row.merchant, external_id=notice.payment_external_id)
    told = set(about.filter(kind__in=(NoticeKind.PAY, NoticeKind.CONFIRM)).values_list("outcome", flat=True))
    for outcome in ("foreign", "forwarded", "test_mode", "payout"):
        if outcome in told:
            return outcome
    refund = refunds.noticed(
        merchant=row.merchant,
        payment_external_id=notice.payment_external_id,
        external_id=notice.external_id,
        amount=notice.amount,
        refunded_at=notice.at or at,
        at=at,
    )
    if refund is None:
        raise NotYet("its payment, or so much of it, is not known here")
    return "refund"


def _receipt(row: Notice, notice: NoticeRead, at: datetime) -> str:
    receipt = _named_receipt(row.merchant, notice) or _unnamed_receipt(row.merchant, notice)
    if receipt is None:
        if row.attempts < LOOKS_FOR_A_RECEIPT:
            raise NotYet("no receipt of this number yet")
        return "foreign_receipt"
    Receipt.objects.filter(pk=receipt.pk, external_id="").update(external_id=notice.external_id)
    receipts.mark_registered(
        receipt, url=notice.url, fiscal=notice.fiscal, registered_at=min(notice.at or at, at), at=at
    )
    return "receipt"


def _named_receipt(merchant: MerchantAccount, notice: NoticeRead) -> Receipt | None:
    ours = Receipt.objects.select_related("payment__deal", "refund").filter(
        providercall__merchant=merchant, providercall__kind=ProviderCall.Kind.SEND_RECEIPT
    )
    return ours.filter(external_id=notice.external_id).first()


def _unnamed_receipt(merchant: MerchantAccount, notice: NoticeRead) -> Receipt | None:
    """The one receipt that was sent without an answer and is of this kind, order and sum."""
    sent = Receipt.objects.select_related("payment__order", "payment__deal", "refund").filter(
        external_id="",
        kind__in=RECEIPT_KINDS.get(notice.reason, ()),
        providercall__merchant=merchant,
        providercall__kind=ProviderCall.Kind.SEND_RECEIPT,
        providercall__attempts__gt=0,
    )
    fitting = [
        receipt
        for receipt in sent[:200]
        if receipts.order_number(receipt) == notice.order_number and receipts.total(receipt) == notice.amount
    ]
    return fitting[0] if len(fitting) == 1 else None


def _signed_state(row: Notice, notice: NoticeRead, at: datetime) -> str:
    """A second word about money. Its sum has the payer's fees in it, so the money itself comes by the first
    notice, or by asking: billing.order_watch asks about an order that such a word waits for.
    """
    if notice.held:
        return "hold"
    if order_check.find(merchant=row.merchant, notice=notice) is None:
        return "signed_elsewhere"
    if not Payment.objects.filter(merchant=row.merchant, external_id=notice.payment_external_id).exists():
        raise NotYet("its payment is not known here: the provider is asked")
    return "confirmed"


def _hold_cancelled(row: Notice, notice: NoticeRead, at: datetime) -> str:
    return "hold_cancelled"


def _recurrent(row: Notice, notice: NoticeRead, at: datetime) -> str:
    """We make no subscriptions, so it is another program's."""
    return "subscription"


_HANDLERS: dict[NoticeKind, Callable[[Notice, NoticeRead, datetime], str]] = {
    NoticeKind.PAY: _money,
    NoticeKind.CONFIRM: _money,
    NoticeKind.FAIL: _declined,
    NoticeKind.REFUND: _refund,
    NoticeKind.CANCEL: _hold_cancelled,
    NoticeKind.RECEIPT: _receipt,
    NoticeKind.RECURRENT: _recurrent,
    NoticeKind.SIGNED_STATE: _signed_state,
}
