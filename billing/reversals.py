"""A payment that was entered by mistake: taken out by a fact of its own, never edited or deleted.

Owns Reversal. What came by a provider or from another deal is not reversed: it goes back as a refund or a
move. The reversal counts on the payment's own day, so a report shows what was known then and what is known
now. A receipt that was made for it gets its return receipt, by us where we made it, else by the accountant.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing import closings, consequences, history, ledger, moves, return_receipts
from billing.models import Payment, ProviderCall, Receipt, RefundOrder, Reversal
from billing.rules import money
from crm import outbox
from crm.models import Deal

# Why the receipt of such a payment is not made, or is returned.
REASON = "reversed"


class NotByHand(Exception):
    """The money came by a provider or from another deal: give it back or move it."""


class AlreadyReversed(Exception):
    """The payment was taken out before."""


class NothingLeft(Exception):
    """All of the payment went back or was moved: there is nothing to take out."""


class RefundOpen(Exception):
    """Money of the payment is being given back: wait for it or give it up first."""


class ReasonRequired(Exception):
    """A payment is taken out only with a reason."""


def reverse(*, payment: Payment, reason: str, author: str, at: datetime) -> Reversal:
    """Take what is left of a payment out of the books, wherever it was carried.

    1. Under the locks of all its deals: it was entered by hand and something is left. 2. What was moved comes
    home, for it never was anywhere. 3. Its rows open again, the newest first; other credit flows in.
    4. History, a note, and everything that follows.
    Raises NotByHand, AlreadyReversed, NothingLeft, RefundOpen, ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired
    if payment.deal_id is None or payment.merchant_id is not None or payment.method == moves.METHOD:
        raise NotByHand
    with transaction.atomic():
        deal = ledger.lock_all(moves.deals_of(payment))[payment.deal_id]
        if Reversal.objects.filter(payment=payment).exists():
            raise AlreadyReversed
        open_orders = (RefundOrder.State.REQUESTED, RefundOrder.State.SENT)
        if RefundOrder.objects.filter(payment__in=moves.tree(payment), state__in=open_orders).exists():
            raise RefundOpen
        moves.bring_back(payment=payment, amount=payment.amount, reason=reason, author=author, at=at)
        left = ledger.with_free(Payment.objects.filter(pk=payment.pk)).get().left
        if left <= 0:
            raise NothingLeft
        ledger.release(payment, left, at=at)
        made = Reversal.objects.create(
            payment=payment, amount=left, author=author, reason=reason.strip(), recorded_at=at
        )
        _settle_receipt(made, at=at)
        _tell(deal, made, at=at)
    return made


def _settle_receipt(made: Reversal, *, at: datetime) -> None:
    """No receipt for money that never came: one that was made is returned, one that was not is not made."""
    income = Receipt.objects.filter(payment=made.payment, kind=Receipt.Kind.INCOME).first()
    if income is None:
        return
    call = ProviderCall.objects.filter(receipt=income, kind=ProviderCall.Kind.SEND_RECEIPT).first()
    unmade = income.state == Receipt.State.MISSING or (
        income.state == Receipt.State.PLANNED and (call is None or call.called_at is None)
    )
    if unmade:
        # A worker that begins right now finds it so, and sends nothing.
        _forget(Receipt.objects.filter(pk=income.pk))
        closing = Receipt.objects.filter(kind=Receipt.Kind.OFFSET, state=Receipt.State.MISSING)
        others = closing.filter(offsets__payment__in=Payment.objects.exclude(pk=made.payment_id))
        _forget(closing.filter(offsets__payment=made.payment_id).exclude(pk__in=others.values("pk")))
    return_receipts.plan_reversal(
        reversal=made,
        made=not unmade and (call is not None or bool(income.fiscal)),
        register=call.merchant if call and not unmade else None,
        reason=REASON,
        at=at,
    )


def _forget(found: "QuerySet[Receipt]") -> None:
    found.update(state=Receipt.State.NOT_REQUIRED, reason=REASON)


def _tell(deal: Deal, made: Reversal, *, at: datetime) -> None:
    closings.keep_closed(deal=deal, author=made.author, at=at)
    standing = consequences.follow(deal, cause=f"reversal:{made.pk}", at=at)
    data = {
        "payment": made.payment_id,
        "amount": money.text(made.amount),
        "reason": made.reason,
        "debt": money.text(standing.debt),
    }
    kind = "payment_reversed"
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=made.author, data=data)
    text = _("The payment of %(amount)s was entered by mistake and is taken out. Reason: %(reason)s")
    words = {"amount": money.words(made.amount), "reason": made.reason}
    outbox.note(deal=deal, key=f"reversal:{made.pk}", text=text % words, at=at)
