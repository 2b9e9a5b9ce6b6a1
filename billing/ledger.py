"""What a deal owes, computed from facts; and the one lock under which facts are added.

Owns: the standing of a deal for a day, and the spreading of money over rows.
Promises: paid + debt = total; credit = received - refunded - paid; whoever changes money or rows holds the
deal's lock. Never: stores a total, or refuses money.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from billing import deposit_state
from billing.models import Allocation, Installment, Invoice, Payment, Refund, Schedule
from billing.rules import allocation, money
from crm.models import Deal


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


@dataclass(frozen=True)
class Standing:
    """A deal on a day; all sums in roubles. `next` is the first open row, overdue or not.

    `deposit` is what is still asked in advance, None for a deal without a deposit.
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


def standing(deal: Deal, *, on: date) -> Standing:
    """Compute the deal's standing for the day `on` from the facts as they are now."""
    received, refunded, schedule = _facts(deal)
    if schedule is None:
        return _without_schedule(deal, received=received, refunded=refunded)
    rows = tuple(_row_standing(row, on) for row in _current_rows(schedule))
    paid = sum((row.paid for row in rows), money.ZERO)
    overdue = sum((row.rest for row in rows if row.state == RowState.OVERDUE), money.ZERO)
    debt = schedule.total - paid
    deposit = deposit_state.asked(deal, schedule=schedule, total=schedule.total, held=received - refunded)
    return Standing(
        schedule=schedule,
        total=schedule.total,
        received=received,
        refunded=refunded,
        paid=paid,
        debt=debt,
        overdue=overdue,
        credit=received - refunded - paid,
        written_off=money.ZERO,
        state=_deal_state(debt, overdue, is_prepaid=deposit == 0 and paid > 0),
        rows=rows,
        deposit=deposit,
    )


def deposit_of(deal: Deal, *, standing: Standing, total: Decimal) -> Decimal | None:
    """What would be asked as deposit now if the deal cost `total`; None for a deal without a deposit."""
    held = standing.received - standing.refunded
    return deposit_state.asked(deal, schedule=standing.schedule, total=total, held=held)


def settle_open(deal: Deal, *, at: datetime) -> list[Allocation]:
    """Let unallocated money of the deal cover its open rows, oldest due first; what no row can take stays
    credit.

    The caller holds the deal's lock. A second call does nothing.
    """
    rows = Installment.objects.filter(schedule__deal=deal).open()
    gaps = [allocation.Gap(row.id, row.amount - row.paid) for row in rows]
    return write_shares(allocation.spread(free_money(deal), gaps), at=at)


def free_money(deal: Deal) -> list[allocation.Source]:
    """Payments of the deal with money that neither covers a row nor went back, oldest first."""
    return [allocation.Source(payment.id, payment.free) for payment in unallocated(deal)]


def unallocated(deal: Deal) -> list[Payment]:
    """The payments behind free_money, each with its `free` sum."""
    payments = with_free(Payment.objects.filter(deal=deal, counted=True))
    return [payment for payment in payments.order_by("received_at", "id") if payment.free > 0]


def with_free(payments: "models.QuerySet[Payment]") -> "models.QuerySet[Payment]":
    """Add `free`: amount - refunds - allocations of each payment."""
    # The model declares what this sets.
    return payments.annotate(  # type: ignore[no-redef]
        free=F("amount")
        - _total_of(Refund.objects.filter(payment=OuterRef("pk")), "payment")
        - _total_of(Allocation.objects.filter(payment=OuterRef("pk")), "payment")
    )


def shares_of(payment: Payment) -> list[allocation.Share]:
    """The positive nets of a payment per installment, oldest due first."""
    nets: dict[int, Decimal] = {}
    rows = payment.allocations.order_by("installment__due_on", "installment__number", "id")
    for row in rows:
        nets[row.installment_id] = nets.get(row.installment_id, money.ZERO) + row.amount
    return [allocation.Share(payment.id, row, amount) for row, amount in nets.items() if amount > 0]


def write_shares(shares: Iterable[allocation.Share], *, at: datetime) -> list[Allocation]:
    """Store signed shares as allocations."""
    return Allocation.objects.bulk_create(
        Allocation(
            payment_id=share.payment, installment_id=share.installment, amount=share.amount, recorded_at=at
        )
        for share in shares
    )


def _total_of(rows: "models.QuerySet[models.Model]", group: str) -> Coalesce:
    column = models.DecimalField(max_digits=14, decimal_places=2)
    total = rows.order_by().values(group).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total, output_field=column), money.ZERO, output_field=column)


def _facts(deal: Deal) -> tuple[Decimal, Decimal, Schedule | None]:
    """Received, refunded and the schedule, in one round trip."""
    # Any, because crm's Deal does not declare what is annotated here.
    found: Any = (
        Deal.objects.filter(pk=deal.pk)
        .select_related("schedule")
        .annotate(
            received=_total_of(Payment.objects.filter(deal=OuterRef("pk"), counted=True), "deal"),
            refunded=_total_of(Refund.objects.filter(payment__deal=OuterRef("pk")), "payment__deal"),
        )
        .only("id", "schedule")
        .get()
    )
    return found.received, found.refunded, getattr(found, "schedule", None)


def _current_rows(schedule: Schedule) -> "models.QuerySet[Installment]":
    live = Invoice.objects.filter(installment=OuterRef("pk"), voided_at__isnull=True).values("id")[:1]
    rows = Installment.objects.filter(schedule=schedule).current().with_paid()
    # The model declares what this sets.
    return rows.annotate(live_invoice=Subquery(live))  # type: ignore[no-redef]


def _row_standing(row: Installment, on: date) -> RowStanding:
    paid, invoice = row.paid, row.live_invoice
    rest = row.amount - paid
    if rest <= 0:
        state = RowState.PAID
    elif row.effective_due_on < on:
        state = RowState.OVERDUE
    elif paid > 0:
        state = RowState.PARTIALLY_PAID
    else:
        state = RowState.INVOICED if invoice else RowState.PLANNED
    return RowStanding(row, paid, rest, state, invoice)


def _without_schedule(deal: Deal, *, received: Decimal, refunded: Decimal) -> Standing:
    kept = received - refunded
    paid = min(kept, deal.price)
    return Standing(
        schedule=None,
        total=deal.price,
        received=received,
        refunded=refunded,
        paid=paid,
        debt=deal.price - paid,
        overdue=money.ZERO,
        credit=kept - paid,
        written_off=money.ZERO,
        state=DealState.NO_SCHEDULE,
        rows=(),
        deposit=deposit_state.asked(deal, schedule=None, total=deal.price, held=kept),
    )


def _deal_state(debt: Decimal, overdue: Decimal, *, is_prepaid: bool) -> DealState:
    if debt == 0:
        return DealState.PAID
    if overdue:
        return DealState.OVERDUE
    return DealState.PREPAID if is_prepaid else DealState.ON_SCHEDULE
