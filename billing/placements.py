"""A person says whose money it is that came without an order of ours: a deal's, or nobody's we know.

Owns Placement, and with it the one change a payment may see: from no deal to its deal. The database lets that
happen once and only for a deal of the legal entity that received the money.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from billing import consequences, credit_tasks, history, ledger, network, payments, receipts
from billing.models import Payment, Placement
from billing.receipts import ReceiptChoice
from billing.rules import money
from crm import outbox
from crm.models import Deal


class AlreadyPlaced(Exception):
    """The money has its deal."""


class NotCounted(Exception):
    """Money of another currency pays nothing here."""


class NothingLeft(Exception):
    """All of it went back."""


class OtherEntity(Exception):
    """The deal's money goes to another legal entity."""


class ReasonRequired(Exception):
    """Money is placed, or given up as not ours, only with a reason."""


def place(
    *,
    payment: Payment,
    deal: Deal,
    reason: str,
    choice: ReceiptChoice | None,
    author: str,
    at: datetime,
) -> Payment:
    """Give unplaced money to its deal.

    1. Under the locks of the deal and the payment: it has no deal, it counts, something is left, the deal's
    owner on its day received it. 2. The placement, the payment's deal and its circumstances. 3. Its receipt
    by the rules or by `choice`, history, a note, and everything that follows.
    Raises AlreadyPlaced, NotCounted, NothingLeft, OtherEntity, ReasonRequired, network.NoReceiver.
    """
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        payment = _locked(payment)
        if not payment.counted:
            raise NotCounted
        if ledger.with_free(Payment.objects.filter(pk=payment.pk)).get().left <= 0:
            raise NothingLeft
        owner = network.receiver(deal=deal, on=deal.local_day(payment.received_at)).legal_entity
        if owner.pk != payment.legal_entity_id:
            raise OtherEntity
        Placement.objects.create(
            payment=payment, deal=deal, author=author, reason=reason.strip(), recorded_at=at
        )
        circumstances = payments.circumstances(deal)
        Payment.objects.filter(pk=payment.pk).update(deal=deal, **circumstances)
        payment = Payment.objects.select_related("deal__account", "legal_entity", "merchant").get(
            pk=payment.pk
        )
        _book(deal, payment, reason=reason.strip(), choice=choice, author=author, at=at)
    return payment


def dismiss(*, payment: Payment, reason: str, author: str, at: datetime) -> None:
    """Say that the money is none of ours, or (another currency) that it is settled: it holds nobody any more.

    A second call changes nothing. Raises AlreadyPlaced, ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic():
        deal = ledger.lock(payment.deal_id) if payment.deal_id and not payment.counted else None
        if deal is None:
            payment = _locked(payment)
        if payment.placements.exists():
            return
        Placement.objects.create(payment=payment, author=author, reason=reason.strip(), recorded_at=at)
        if deal:
            data = {"money": f"{money.text(payment.amount)} {payment.currency}", "reason": reason.strip()}
            kind = "uncounted_settled"
            history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=author, data=data)


def _locked(payment: Payment) -> Payment:
    """The payment's own row is the lock of money that has no deal."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if payment.deal_id is not None:
        raise AlreadyPlaced
    return payment


def _book(
    deal: Deal,
    payment: Payment,
    *,
    reason: str,
    choice: ReceiptChoice | None,
    author: str,
    at: datetime,
) -> None:
    standing = consequences.follow(deal, cause=f"payment:{payment.pk}", at=at)
    receipts.plan_placed(payment=payment, whole=payment.amount >= standing.total, choice=choice, at=at)
    data = {
        "payment": payment.pk,
        "amount": money.text(payment.amount),
        "external_id": payment.external_id,
        "reason": reason,
        "debt": money.text(standing.debt),
    }
    kind = "payment_placed"
    history.record(deal=deal, kind=kind, at=payment.received_at, recorded_at=at, author=author, data=data)
    text = _(
        "Money of %(amount)s that nobody had ordered (operation %(operation)s) was placed to this deal. "
        "Reason: %(reason)s. Left to pay: %(debt)s."
    )
    words = {
        "amount": money.words(payment.amount),
        "operation": payment.external_id or payment.pk,
        "reason": reason,
        "debt": money.words(standing.debt),
    }
    outbox.note(deal=deal, key=f"payment:{payment.pk}", text=text % words, at=at)
    credit_tasks.follow_payment(deal, payment, standing=standing, at=at)
