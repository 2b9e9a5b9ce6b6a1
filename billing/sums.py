"""What came to a deal and what left it, summed by the database in one round trip.

Reads only. billing.ledger turns these sums into the deal's standing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Subquery, Sum
from django.db.models.functions import Coalesce

from billing import deposit_state, pause_state
from billing.models import Installment, Schedule
from billing.rules import money
from billing.rules.deposit import DepositTerms
from crm.models import Deal, plain

# What the deal had before a moment, by what was known at another one; plain, because every change reads it.
TOTALS = """
WITH came AS (
    SELECT p.id, p.amount FROM billing_payment p
    WHERE p.deal_id = %(deal)s AND p.counted AND p.received_at < %(till)s AND p.recorded_at <= %(known)s
      AND NOT EXISTS (SELECT 1 FROM billing_placement x
                      WHERE x.payment_id = p.id AND x.deal_id IS NOT NULL AND x.recorded_at > %(known)s)
)
SELECT coalesce((SELECT sum(amount) FROM came), 0)
     - coalesce((SELECT sum(m.amount) FROM billing_move m JOIN came ON came.id = m.source_id
                 WHERE m.recorded_at <= %(known)s), 0)
     + coalesce((SELECT sum(m.amount) FROM billing_move m JOIN came ON came.id = m.target_id
                 WHERE m.recorded_at <= %(known)s AND m.amount < 0), 0)
     - coalesce((SELECT sum(v.amount) FROM billing_reversal v JOIN came ON came.id = v.payment_id
                 WHERE v.recorded_at <= %(known)s), 0),
       coalesce((SELECT sum(r.amount) FROM billing_refund r JOIN came ON came.id = r.payment_id
                 WHERE r.recorded_at <= %(known)s AND r.refunded_at < %(till)s), 0),
       coalesce((SELECT sum(f.amount) FROM billing_latefee f
                 JOIN billing_installment i ON i.id = f.installment_id
                 JOIN billing_schedule s ON s.id = i.schedule_id
                 WHERE s.deal_id = %(deal)s AND f.recorded_at <= %(known)s
                   AND (f.until < %(fees_on)s OR f.kind = 'waived' AND f.until = %(fees_on)s)), 0),
       coalesce((SELECT sum(f.amount) FROM billing_feeallocation f JOIN came ON came.id = f.payment_id
                 WHERE f.recorded_at <= %(known)s), 0)
"""
TERMS = [column.attname for column in Schedule._meta.concrete_fields]
FACTS_WIDTH = 6 + len(TERMS)
# The same with the deal's terms, whether they are paused on a day, and its deposit.
FACTS = f"""
SELECT {pause_state.IN_FORCE}, total.*, ({deposit_state.TERMS}), {", ".join(f"s.{name}" for name in TERMS)}
FROM ({TOTALS}) total LEFT JOIN billing_schedule s ON s.deal_id = %(deal)s
"""  # noqa: S608
# The current rows with all that Installment's with_paid() adds, and the live invoice of each.
ROWS = f"""
SELECT {plain.columns(Installment, "i")},
    coalesce((SELECT sum(a.amount) FROM billing_allocation a WHERE a.installment_id = i.id), 0) AS paid,
    coalesce((SELECT sum(w.amount) FROM billing_writeoff w WHERE w.installment_id = i.id), 0) AS written_off,
    (SELECT v.id FROM billing_invoice v
     WHERE v.installment_id = i.id AND v.voided_at IS NULL LIMIT 1) AS live_invoice
FROM billing_installment i WHERE i.schedule_id = %(schedule)s AND i.replaced_in IS NULL
ORDER BY i.number
"""  # noqa: S608 - of constants
# Both at one moment: the terms, repeated for each row.
STANDING = f"""
SELECT facts.*, row.* FROM ({FACTS}) facts
LEFT JOIN LATERAL ({ROWS.replace("%(schedule)s", "facts.id")}) row ON TRUE ORDER BY row.number
"""  # noqa: S608 - of constants
FREE = """
SELECT p.id, p.amount
    - coalesce((SELECT sum(r.amount) FROM billing_refund r WHERE r.payment_id = p.id), 0)
    - coalesce((SELECT sum(v.amount) FROM billing_reversal v WHERE v.payment_id = p.id), 0)
    - coalesce((SELECT sum(m.amount) FROM billing_move m WHERE m.source_id = p.id), 0)
    + coalesce((SELECT sum(m.amount) FROM billing_move m WHERE m.target_id = p.id AND m.amount < 0), 0)
    - coalesce((SELECT sum(a.amount) FROM billing_allocation a WHERE a.payment_id = p.id), 0)
    - coalesce((SELECT sum(f.amount) FROM billing_feeallocation f WHERE f.payment_id = p.id), 0)
FROM billing_payment p WHERE p.deal_id = %(deal)s AND p.counted
ORDER BY p.received_at, p.id
"""


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
    """What came (less what was moved away or never was), what went back, and the terms; in roubles.

    `deposit` is None for a deal without one.
    """

    received: Decimal
    refunded: Decimal
    fees: Fees
    schedule: Schedule | None
    is_paused: bool
    deposit: DepositTerms | None

    @property
    def kept(self) -> Decimal:
        return self.received - self.refunded


def of(deal: Deal, *, on: date) -> tuple[Facts, list[Installment]]:
    """Received, refunded, late fees, the schedule, whether it is paused that day, the deposit; and the
    current rows in the order of their numbers, as ledger.standing_of() needs them. By all that is known.
    """
    ever = dict.fromkeys(("till", "known"), "infinity")
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"deal": deal.pk, "on": on, "fees_on": on, **ever})
        found = cursor.fetchall()
    rows = [row(values[FACTS_WIDTH:]) for values in found if values[FACTS_WIDTH] is not None]
    return read(*found[0][:FACTS_WIDTH]), rows


def read(
    is_paused: bool,
    received: Decimal,
    refunded: Decimal,
    charged: Decimal,
    paid: Decimal,
    deposit: str | None,
    *terms: int | Decimal | str | None,
) -> Facts:
    """Put a row of FACTS together."""
    schedule = Schedule.from_db(connection.alias, TERMS, terms) if terms[0] is not None else None
    return Facts(
        received=received,
        refunded=refunded,
        fees=Fees(charged, paid),
        schedule=schedule,
        is_paused=is_paused,
        deposit=deposit_state.read(deposit),
    )


def row(values: Sequence[Any]) -> Installment:
    """Put a row of ROWS together."""
    found, rest = plain.built(Installment, values)
    found.paid, found.written_off, found.live_invoice = rest
    return found


def totals(
    deal: Deal,
    *,
    till: datetime | None = None,
    fees_on: date | None = None,
    known_at: datetime | None = None,
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Received, refunded, late fees charged and paid: of money that came before `till`, by what was known.

    The fee of a day is owed from the next one on: on `fees_on` that day itself is not charged yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            TOTALS,
            {
                "deal": deal.pk,
                "till": till or "infinity",
                "fees_on": fees_on or "infinity",
                "known": known_at or "infinity",
            },
        )
        received, refunded, charged, paid = cursor.fetchone()
    return received, refunded, charged, paid


def free(deal: Deal) -> list[tuple[int, Decimal]]:
    """The deal's payments (ids) that hold money for nothing, oldest first, each with how much."""
    with connection.cursor() as cursor:
        cursor.execute(FREE, {"deal": deal.pk})
        return [(payment, amount) for payment, amount in cursor.fetchall() if amount > 0]


def total_of(rows: "models.QuerySet[models.Model]", group: str) -> Coalesce:
    """The sum of the rows' amounts for each outer row, as an expression; 0.00 without any."""
    column = models.DecimalField(max_digits=14, decimal_places=2)
    total = rows.order_by().values(group).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total, output_field=column), money.ZERO, output_field=column)
