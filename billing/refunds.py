"""Money goes back: what a provider or an accountant confirmed becomes a Refund, and all that follows from it.

A refund takes the payment's unallocated part first, then its newest allocations; other credit of the deal
then flows into the rows that were reopened. Receipt, history, note, fields and stage are rows of the same
transaction.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, ledger, orders, projection, receipts
from billing.models import MerchantAccount, Payment, Refund
from billing.rules import allocation, money
from crm import outbox
from crm.models import Deal


def noticed(
    *,
    merchant: MerchantAccount,
    payment_external_id: str,
    external_id: str,
    amount: Decimal,
    refunded_at: datetime,
    at: datetime,
) -> Refund | None:
    """Record money that a provider sent back; None when the payment or so much of it is unknown here.

    Takes the payment's unallocated part first, then its newest allocations; other credit flows into the
    reopened rows. A second call returns the first refund.
    """
    with transaction.atomic():
        payment = Payment.objects.filter(merchant=merchant, external_id=payment_external_id).first()
        if payment is None:
            return None
        deal = ledger.lock(payment.deal_id) if payment.deal_id else None
        known = Refund.objects.filter(merchant=merchant, external_id=external_id).first()
        if known:
            return known
        free = ledger.with_free(Payment.objects.filter(id=payment.id)).get().free
        shares = ledger.shares_of(payment)
        if amount > free + sum((share.amount for share in shares), money.ZERO):
            return None
        refund = Refund.objects.create(
            payment=payment,
            merchant=merchant,
            amount=amount,
            external_id=external_id,
            refunded_at=min(refunded_at, at),
            recorded_at=at,
        )
        ledger.write_shares(allocation.take_back(shares, max(amount - free, money.ZERO)), at=at)
        receipts.plan_refund(refund=refund, at=at)
        if deal:
            _after_refund(deal, refund, at=at)
    return refund


def _after_refund(deal: Deal, refund: Refund, *, at: datetime) -> None:
    ledger.settle_open(deal, at=at)
    standing = ledger.standing(deal, on=deal.local_day(at))
    orders.retire(deal=deal, standing=standing, at=at)
    history.record(
        deal=deal,
        kind="refund",
        at=refund.refunded_at,
        recorded_at=at,
        author=history.SYSTEM,
        data={
            "payment": refund.payment_id,
            "amount": money.text(refund.amount),
            "external_id": refund.external_id,
        },
    )
    text = _("Refund of %(amount)s made (operation %(operation)s).")
    words = {"amount": money.words(refund.amount), "operation": refund.external_id or refund.id}
    outbox.note(deal=deal, key=f"refund:{refund.id}", text=text % words, at=at)
    projection.push(deal, standing=standing, at=at)
