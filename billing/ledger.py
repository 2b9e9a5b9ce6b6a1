"""What a deal owes, computed from facts; and the one lock under which facts are added.

Owns: the standing of a deal for a day, and the spreading of money over rows.
Promises: paid + debt + written off = total; credit = received - refunded - paid - late fees paid; whoever
changes money or rows holds the deal's lock. Money covers open rows first, then takes back what was written
off, then pays late fees; the rest is credit. Never: stores a total, or refuses money.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from django.db import models
from django.db.models import F, OuterRef

from billing import deposit_state, history, sums
from billing.models import (
    Allocation,
    FeeAllocation,
    Installment,
    LateFee,
    Move,
    Payment,
    Refund,
    Reversal,
    Schedule,
    WriteOff,
)
from billing.rules import allocation, money
from billing.sums import Fees
from crm.models import Deal

Covering = TypeVar("Covering", Allocation, FeeAllocation)
# The reason of a write-off that money took back; people read words made of it.
RECOVERED = "recovered"


class DealState(StrEnum):
    NO_SCHEDULE = "no_schedule"
    PREPAID = "prepaid"
    ON_SCHEDULE = "on_schedule"
    OVERDUE = "overdue"
    PAUSED = "paused"
    PAID = "paid"
    CANCELLED = "cancelled"


class RowState(StrEnum):
    PAID = "paid"
    OVERDUE = "overdue"
    PARTIALLY_PAID = "partially_paid"
    INVOICED = "invoiced"
    PLANNED = "planned"


@dataclass(frozen=True)
class RowStanding:
    """One current installment on a day: what it holds, what is missing, and the live invoice that asks for
    it.
    """

    installment: Installment
    paid: Decimal
    rest: Decimal
    state: RowState
    invoice: int | None
    written_off: Decimal = money.ZERO


@dataclass(frozen=True)
class Standing:
    """A deal on a day; all sums in roubles. `next` is the first open row, overdue or not.

    `received` is what came less what was moved to other deals and what was entered by mistake. `deposit` is
    what is still asked in advance, None for a deal without a deposit.
    """

    schedule: Schedule | None
    total: Decimal
    received: Decimal
    refunded: Decimal
    paid: Decimal
    debt: Decimal
    overdue: Decimal
    credit: Decimal
    written_off: Decimal
    state: DealState
    rows: tuple[RowStanding, ...]
    deposit: Decimal | None = None
    fees: Fees = field(default_factory=Fees)

    @property
    def next(self) -> RowStanding | None:
        return min(
            (row for row in self.rows if row.rest > 0),
            key=lambda row: (row.installment.due_on, row.installment.number),
            default=None,
        )


def lock(deal_id: int) -> Deal:
    """Take the deal's lock until the end of the transaction and return the deal as it is now."""
    return Deal.objects.locked().select_related("account").get(id=deal_id)


def lock_all(deal_ids: Iterable[int]) -> dict[int, Deal]:
    """Take the locks of several deals, in one order for everybody, so that no two callers wait for each
    other.
    """
    return {deal_id: lock(deal_id) for deal_id in sorted(set(deal_ids))}


def lock_free(deal_ids: Iterable[int]) -> dict[int, Deal]:
    """Take the locks of those deals that nobody else holds; waits for none. Each has its account with its
    pipelines, read once.
    """
    rows = Deal.objects.filter(id__in=set(deal_ids)).order_by("id")
    locked = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return {deal.pk: deal for deal in locked.prefetch_related("account__pipelines")}


def standing(deal: Deal, *, on: date) -> Standing:
    """Compute the deal's standing for the day `on` from the facts as they are now; of a day gone by and what
    was known of it billing.hindsight tells.
    """
    facts, rows = sums.of(deal, on=on)
    return standing_of(deal, facts=facts, rows=rows, on=on)


def standing_of(deal: Deal, *, facts: sums.Facts, rows: Iterable[Installment], on: date) -> Standing:
    """Put a standing together from sums and rows that were read (with_paid() and `live_invoice`)."""
    schedule = facts.schedule
    if schedule is None:
        return _without_schedule(deal, facts)
    found = tuple(_row_standing(row, on) for row in rows)
    paid = sum((row.paid for row in found), money.ZERO)
    written_off = sum((row.written_off for row in found), money.ZERO)
    overdue = sum((row.rest for row in found if row.state == RowState.OVERDUE), money.ZERO)
    debt = schedule.total - paid - written_off
    deposit = _deposit(deal, facts, schedule.total)
    return Standing(
        schedule=schedule,
        total=schedule.total,
        received=facts.received,
        refunded=facts.refunded,
        paid=paid,
        debt=debt,
        overdue=overdue,
        credit=facts.kept - paid - facts.fees.paid,
        written_off=written_off,
        state=_deal_state(schedule, facts, debt, overdue, paid=paid, is_prepaid=deposit == 0 and paid > 0),
        rows=found,
        deposit=deposit,
        fees=facts.fees,
    )


def deposit_of(deal: Deal, *, standing: Standing, total: Decimal) -> Decimal | None:
    """What would be asked as deposit now if the deal cost `total`; None for a deal without a deposit."""
    held = standing.received - standing.refunded
    terms = deposit_state.terms_of(deal)
    return deposit_state.asked(deal, terms=terms, schedule=standing.schedule, total=total, held=held)


def settle_open(deal: Deal, *, at: datetime) -> list[Allocation]:
    """Let unallocated money of the deal do what it is for; the caller holds the deal's lock.

    1. It covers open rows, oldest due first. 2. What is left takes back what was written off: that debt was
    recovered. 3. Then it pays late fees. The rest is credit. A second call does nothing.
    """
    sources = free_money(deal)
    if not sources:
        return []
    rows = Installment.objects.filter(schedule__deal=deal).open()
    shares = allocation.spread(sources, [allocation.Gap(row.id, row.rest) for row in rows])
    sources = allocation.left(sources, shares)
    recovered = _recover(deal, sources, at=at) if sources else []
    pay_fees(deal, allocation.left(sources, recovered), at=at)
    return write_shares([*shares, *recovered], at=at)


def pay_fees(deal: Deal, sources: Sequence[allocation.Source], *, at: datetime) -> list[allocation.Share]:
    """Let the sources pay the late fees that the deal owes by now, oldest due first; the caller holds the
    deal's lock.
    """
    shares = allocation.spread(sources, _owed_fees(deal, deal.local_day(at))) if sources else []
    FeeAllocation.objects.bulk_create(_plain_share(FeeAllocation, share, at) for share in shares)
    return shares


def free_money(deal: Deal) -> list[allocation.Source]:
    """Payments of the deal with money that covers nothing and did not leave, oldest first."""
    return [allocation.Source(payment, amount) for payment, amount in sums.free(deal)]


def unallocated(deal: Deal) -> list[Payment]:
    """The payments behind free_money, each with its `free` sum."""
    free = dict(sums.free(deal))
    found = Payment.objects.in_bulk(free) if free else {}
    for payment, amount in free.items():
        found[payment].free = amount
    return [found[payment] for payment in free]


def with_free(payments: "models.QuerySet[Payment]") -> "models.QuerySet[Payment]":
    """Add `left`: the amount less what was refunded, moved or reversed; `free`: what of it covers nothing.

    A move's target holds the sum of its moves: what was brought back is gone from it.
    """
    brought_back = Move.objects.filter(target=OuterRef("pk"), amount__lt=0)
    # The model declares what this sets.
    return payments.annotate(  # type: ignore[no-redef]
        left=F("amount")
        - sums.total_of(Refund.objects.filter(payment=OuterRef("pk")), "payment")
        - sums.total_of(Reversal.objects.filter(payment=OuterRef("pk")), "payment")
        - sums.total_of(Move.objects.filter(source=OuterRef("pk")), "source")
        + sums.total_of(brought_back, "target"),
        free=F("left")
        - sums.total_of(Allocation.objects.filter(payment=OuterRef("pk")), "payment")
        - sums.total_of(FeeAllocation.objects.filter(payment=OuterRef("pk")), "payment"),
    )


def release(payment: Payment, amount: Decimal, *, at: datetime) -> None:
    """Make `amount` of a payment free: what covers nothing first, then late fees, then its newest rows.

    The caller holds the deal's lock and knows that the payment has so much left; ValueError if it has not.
    """
    taken = max(amount - with_free(Payment.objects.filter(pk=payment.pk)).get().free, money.ZERO)
    fees = _nets(payment.fee_allocations.all())
    from_fees = min(taken, sum((share.amount for share in fees), money.ZERO))
    FeeAllocation.objects.bulk_create(
        _plain_share(FeeAllocation, share, at) for share in allocation.take_back(fees, from_fees)
    )
    write_shares(allocation.take_back(shares_of(payment), taken - from_fees), at=at)


def shares_of(payment: Payment) -> list[allocation.Share]:
    """The positive nets of a payment per installment, oldest due first."""
    return _nets(payment.allocations.all())


def write_shares(shares: Iterable[allocation.Share], *, at: datetime) -> list[Allocation]:
    """Store signed shares as allocations."""
    return Allocation.objects.bulk_create(_plain_share(Allocation, share, at) for share in shares)


def _recover(deal: Deal, sources: Sequence[allocation.Source], *, at: datetime) -> list[allocation.Share]:
    """Take write-offs back for money that came after all, and return what covers those rows now."""
    rows = Installment.objects.filter(schedule__deal=deal).given_up()
    gaps = [allocation.Gap(row.id, row.written_off) for row in rows]
    shares = allocation.spread(sources, gaps)
    WriteOff.objects.bulk_create(
        WriteOff(
            installment_id=share.installment,
            amount=-share.amount,
            author=history.SYSTEM,
            reason=RECOVERED,
            written_on=deal.local_day(at),
            recorded_at=at,
        )
        for share in shares
    )
    if shares:
        total = sum((share.amount for share in shares), money.ZERO)
        history.record(
            deal=deal,
            kind="debt_recovered",
            at=at,
            recorded_at=at,
            author=history.SYSTEM,
            data={"amount": money.text(total)},
        )
    return shares


def _owed_fees(deal: Deal, on: date) -> list[allocation.Gap]:
    by_now = LateFee.objects.owed_on(on).filter(installment=OuterRef("pk"))
    rows = (
        Installment.objects.filter(schedule__deal=deal, late_fees__isnull=False)
        .distinct()
        .annotate(
            owed=sums.total_of(by_now, "installment")
            - sums.total_of(FeeAllocation.objects.filter(installment=OuterRef("pk")), "installment")
        )
    )
    return [
        allocation.Gap(pk, owed)
        for pk, owed in rows.order_by("due_on", "number", "id").values_list("id", "owed")
        if owed > 0
    ]


def _nets(rows: "models.QuerySet[Any]") -> list[allocation.Share]:
    nets: dict[int, Decimal] = {}
    for row in rows.order_by("installment__due_on", "installment__number", "id"):
        nets[row.installment_id] = nets.get(row.installment_id, money.ZERO) + row.amount
        payment = row.payment_id
    return [allocation.Share(payment, row, amount) for row, amount in nets.items() if amount > 0]


def _plain_share(kind: type[Covering], share: allocation.Share, at: datetime) -> Covering:
    return kind(
        payment_id=share.payment, installment_id=share.installment, amount=share.amount, recorded_at=at
    )


def _row_standing(row: Installment, on: date) -> RowStanding:
    paid, rest, invoice = row.paid, row.rest, row.live_invoice
    if rest <= 0:
        state = RowState.PAID
    elif row.effective_due_on < on:
        state = RowState.OVERDUE
    elif paid > 0:
        state = RowState.PARTIALLY_PAID
    else:
        state = RowState.INVOICED if invoice else RowState.PLANNED
    return RowStanding(row, paid, rest, state, invoice, row.written_off)


def _without_schedule(deal: Deal, facts: sums.Facts) -> Standing:
    paid = min(facts.kept, deal.price)
    return Standing(
        schedule=None,
        total=deal.price,
        received=facts.received,
        refunded=facts.refunded,
        paid=paid,
        debt=deal.price - paid,
        overdue=money.ZERO,
        credit=facts.kept - paid,
        written_off=money.ZERO,
        state=DealState.NO_SCHEDULE,
        rows=(),
        deposit=_deposit(deal, facts, deal.price),
    )


def _deposit(deal: Deal, facts: sums.Facts, total: Decimal) -> Decimal | None:
    return deposit_state.asked(
        deal, terms=facts.deposit, schedule=facts.schedule, total=total, held=facts.kept
    )


def _deal_state(
    schedule: Schedule, facts: sums.Facts, debt: Decimal, overdue: Decimal, *, paid: Decimal, is_prepaid: bool
) -> DealState:
    if debt == 0:
        # Where all of it was written off nothing was paid: nobody says that it was.
        is_given_up = paid == 0 and schedule.total > 0
        is_cancelled = schedule.closing == Schedule.Closing.CANCELLED
        return DealState.CANCELLED if is_cancelled or is_given_up else DealState.PAID
    if facts.is_paused:
        return DealState.PAUSED
    if overdue:
        return DealState.OVERDUE
    return DealState.PREPAID if is_prepaid else DealState.ON_SCHEDULE
