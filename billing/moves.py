"""Money that belongs to another deal: carried there by reversal, inside the legal entity that received it.

Owns Move. Promises: nothing is edited; the sum of both deals stays what it was on every day; no second income
receipt. Both deals' locks are taken in one order. Never: carries money to another legal entity (the database
refuses it too).
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from billing import closings, consequences, history, ledger, network, payments, receipts, sums
from billing.models import Move, Offset, Payment, RefundOrder
from billing.receipts import ReceiptChoice
from billing.rules import money
from billing.rules.receipts import Maker
from crm import outbox
from crm.models import Deal

# The way money came to a deal that got it from another one.
METHOD = "transfer"


class NothingLeft(Exception):
    """The payment has nothing left to move; it went back, or was moved before."""


class AboveLeft(Exception):
    """More than the payment has left."""


class SameDeal(Exception):
    """The money is there already."""


class OtherEntity(Exception):
    """The other deal belongs to another legal entity: its money never leaves this one."""


class ReasonRequired(Exception):
    """Money is moved only with a reason."""


def move(
    *, payment: Payment, to: Deal, amount: Decimal | None, reason: str, author: str, at: datetime
) -> Payment:
    """Carry `amount` (default: all that is left) of a payment to another deal; return the payment there.

    1. Lock both deals. Check what is left of the payment and whose money the other deal's is on its day.
    2. Free the sum: what covers nothing first, then its newest rows. 3. The target's payment and the move;
    money that goes home is a negative move. 4. Everything that follows in both deals.
    Raises NothingLeft, AboveLeft, SameDeal, OtherEntity, ReasonRequired, payments.NotPositive,
    network.NoReceiver.
    """
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic():
        if payment.deal_id is None or payment.deal_id == to.pk:
            raise SameDeal
        deals = ledger.lock_all([payment.deal_id, to.pk])
        source, to = deals[payment.deal_id], deals[to.pk]
        amount = _amount(payment, amount)
        _check_owner(payment, to)
        ledger.release(payment, amount, at=at)
        home = payment.moves_in.filter(amount__gt=0, source__deal=to).select_related("source").first()
        if home is not None:
            moved, target = _carry_back(home, amount, reason=reason, author=author, at=at), home.source
        else:
            target = _arrive(payment, to, amount, reason=reason, author=author, at=at)
            moved = Move.objects.create(
                source=payment, target=target, amount=amount, author=author, reason=reason, recorded_at=at
            )
        _carry_closed(payment, target, at=at)
        _tell(moved, source, to, amount, at=at)
    return target


def bring_back(*, payment: Payment, amount: Decimal, reason: str, author: str, at: datetime) -> Decimal:
    """Bring up to `amount` of what was moved away home to the payment, newest move first; return how much.

    The caller holds the locks of deals_of(payment).
    """
    missing = max(amount, money.ZERO)
    for carried in payment.moves_out.filter(amount__gt=0).select_related("target__deal").order_by("-id"):
        if missing <= 0:
            break
        # What the target itself passed on comes back to it first.
        short = min(missing, _carried(carried)) - _left(carried.target)
        if short > 0:
            bring_back(payment=carried.target, amount=short, reason=reason, author=author, at=at)
        part = min(missing, _left(carried.target), _carried(carried))
        if part <= 0 or carried.target.deal is None or payment.deal is None:
            continue
        ledger.release(carried.target, part, at=at)
        moved = _carry_back(carried, part, reason=reason, author=author, at=at)
        _carry_closed(carried.target, payment, at=at)
        _tell(moved, carried.target.deal, payment.deal, part, at=at)
        missing -= part
    return max(amount, money.ZERO) - missing


def deals_of(payment: Payment) -> set[int]:
    """The ids of all deals that hold money of this payment, its own included."""
    found = {one.deal_id for one in tree(payment)}
    return {deal_id for deal_id in found if deal_id is not None}


def holdings(payment: Payment) -> Decimal:
    """What is left of a payment wherever it was carried, asked back or not, in roubles."""
    parts = Payment.objects.filter(pk__in=[one.pk for one in tree(payment)])
    return sum((one.left for one in ledger.with_free(parts)), money.ZERO)


def with_moves(payments_of: "QuerySet[Payment]") -> "QuerySet[Payment]":
    """Add `moved`: what stands in other deals now; `moved_from`: the lead that money of a move came from."""
    brought_back = Move.objects.filter(target=OuterRef("pk"), amount__lt=0)
    came = Move.objects.filter(target=OuterRef("pk"), amount__gt=0).values("source__deal__external_id")
    # The model declares what this sets.
    return payments_of.annotate(  # type: ignore[no-redef]
        moved=sums.total_of(Move.objects.filter(source=OuterRef("pk")), "source")
        - sums.total_of(brought_back, "target"),
        moved_from=Subquery(came[:1]),
    )


def tree(payment: Payment) -> Iterator[Payment]:
    """The payment and all payments that were made of its money by moves."""
    yield payment
    for carried in payment.moves_out.filter(amount__gt=0).select_related("target"):
        yield from tree(carried.target)


def _amount(payment: Payment, amount: Decimal | None) -> Decimal:
    """What is to be moved; under the lock, so that two clicks do not move it twice."""
    left = _left(payment)
    if not payment.counted or left <= 0:
        raise NothingLeft
    if amount is None:
        return left
    if not money.is_whole_kopecks(amount) or amount <= 0:
        raise payments.NotPositive
    if amount > left:
        raise AboveLeft
    return amount


def _left(payment: Payment) -> Decimal:
    """What did not leave the payment and is not asked back by its payer."""
    asked = RefundOrder.objects.filter(
        payment=payment, state__in=(RefundOrder.State.REQUESTED, RefundOrder.State.SENT)
    ).aggregate(sum=Sum("amount"))["sum"]
    left = ledger.with_free(Payment.objects.filter(pk=payment.pk)).get().left
    return left - (asked or money.ZERO)


def _carried(carried: Move) -> Decimal:
    """What of a move still stands."""
    both = Move.objects.filter(source=carried.source_id, target=carried.target_id)
    return both.aggregate(sum=Sum("amount"))["sum"] or money.ZERO


def _check_owner(payment: Payment, to: Deal) -> None:
    owner = network.receiver(deal=to, on=to.local_day(payment.received_at)).legal_entity
    if owner.pk != payment.legal_entity_id:
        raise OtherEntity


def _arrive(
    payment: Payment, to: Deal, amount: Decimal, *, reason: str, author: str, at: datetime
) -> Payment:
    target = Payment.objects.create(
        deal=to,
        legal_entity_id=payment.legal_entity_id,
        amount=amount,
        method=METHOD,
        received_at=payment.received_at,
        recorded_at=at,
        author=author,
        comment=reason,
        payer=payment.payer,
        **payments.circumstances(to),
    )
    # The money has its income receipt where it came.
    choice = ReceiptChoice(maker=Maker.NOBODY, reason="moved")
    receipts.plan_income(payment=target, whole=False, choice=choice, at=at)
    return target


def _carry_back(carried: Move, amount: Decimal, *, reason: str, author: str, at: datetime) -> Move:
    return Move.objects.create(
        source_id=carried.source_id,
        target_id=carried.target_id,
        amount=-amount,
        author=author,
        reason=reason,
        recorded_at=at,
    )


def _carry_closed(source: Payment, target: Payment, *, at: datetime) -> None:
    """Prepayments go first; what went beyond them a receipt has closed, and it stays closed where it is now.

    So nobody closes it again there, and here the service is unpaid again: the next money pays for it.
    """
    left = ledger.with_free(Payment.objects.filter(pk=source.pk)).get().left
    closed = source.offsets.values("receipt").annotate(sum=Sum("amount"))
    beyond = sum((one["sum"] for one in closed), money.ZERO) - left
    for one in closed.filter(sum__gt=0).order_by("-receipt"):
        part = min(beyond, one["sum"])
        if part <= 0:
            break
        beyond -= part
        Offset.objects.bulk_create(
            Offset(payment=payment, receipt_id=one["receipt"], amount=amount, recorded_at=at)
            for payment, amount in ((source, -part), (target, part))
        )


def _tell(moved: Move, source: Deal, to: Deal, amount: Decimal, *, at: datetime) -> None:
    """History and a note in both deals, and everything that follows from the money."""
    sides = (
        (
            source,
            "payment_moved_out",
            to,
            _("%(amount)s were moved to the deal “%(deal)s”. Reason: %(reason)s"),
        ),
        (to, "payment_moved_in", source, _("%(amount)s came from the deal “%(deal)s”. Reason: %(reason)s")),
    )
    for deal, kind, other, text in sides:
        closings.keep_closed(deal=deal, author=moved.author, at=at)
        standing = consequences.follow(deal, cause=f"move:{moved.pk}", at=at)
        data = {
            "move": moved.pk,
            "payment": moved.source_id if moved.amount > 0 else moved.target_id,
            "amount": money.text(amount),
            "lead_id": other.external_id,
            "deal": other.name,
            "reason": moved.reason,
            "debt": money.text(standing.debt),
        }
        history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=moved.author, data=data)
        words = {"amount": money.words(amount), "deal": other.name, "reason": moved.reason}
        outbox.note(deal=deal, key=f"move:{moved.pk}:{deal.pk}", text=text % words, at=at)
