"""What came to a deal and what left it, summed by the database in one round trip.

Reads only. billing.ledger turns these sums into the deal's standing.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from billing import pause_state
from billing.models import FeeAllocation, LateFee, Move, Payment, Refund, Reversal, Schedule
from billing.rules import money
from crm.models import Deal


@dataclass(frozen=True)
class Fees:
    """Late fees of a deal: what was charged less what was waived, and what of it was paid."""

    charged: Decimal = money.ZERO
    paid: Decimal = money.ZERO

    @property
    def owed(self) -> Decimal:
        return self.charged - self.paid


@dataclass(frozen=True)
class Facts:
    """What came (less what was moved away or never was), what went back, and the terms; in roubles."""

    received: Decimal
    refunded: Decimal
    fees: Fees
    schedule: Schedule | None
    is_paused: bool

    @property
    def kept(self) -> Decimal:
        return self.received - self.refunded


def of(deal: Deal, *, on: date) -> Facts:
    """Received, refunded, late fees, the schedule and whether it is paused that day, in one round trip."""
    of_deal: Any = {"payment__deal": OuterRef("pk"), "payment__counted": True}
    brought_back = Move.objects.filter(target__deal=OuterRef("pk"), amount__lt=0)
    fees = LateFee.objects.filter(installment__schedule__deal=OuterRef("pk"))
    # Any, because crm's Deal does not declare what is annotated here.
    found: Any = (
        Deal.objects.filter(pk=deal.pk)
        .select_related("schedule")
        .annotate(
            received=total_of(Payment.objects.filter(deal=OuterRef("pk"), counted=True), "deal")
            - total_of(Move.objects.filter(source__deal=OuterRef("pk")), "source__deal")
            + total_of(brought_back, "target__deal")
            - total_of(Reversal.objects.filter(**of_deal), "payment__deal"),
            refunded=total_of(Refund.objects.filter(**of_deal), "payment__deal"),
            fees_charged=total_of(fees, "installment__schedule__deal"),
            fees_paid=total_of(FeeAllocation.objects.filter(**of_deal), "payment__deal"),
            is_paused=pause_state.of_deals(on=on),
        )
        .only("id", "schedule")
        .get()
    )
    fees_now = Fees(found.fees_charged, found.fees_paid)
    schedule = getattr(found, "schedule", None)
    return Facts(found.received, found.refunded, fees_now, schedule, found.is_paused)


def total_of(rows: "models.QuerySet[models.Model]", group: str) -> Coalesce:
    """The sum of the rows' amounts for each outer row, as an expression; 0.00 without any."""
    column = models.DecimalField(max_digits=14, decimal_places=2)
    total = rows.order_by().values(group).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total, output_field=column), money.ZERO, output_field=column)
