"""What a deal's figures were before and after each moment at which something was recorded, in one round trip.

The history shows them beside its events. Facts of an event are recorded at the event's own moment, so sums
of what was recorded before it and up to it are the figures before and after it, as known then. Reads only.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from billing.models import ScheduleVersion
from billing.rules import money
from crm.models import Deal

DELTAS = """
WITH came AS (
    SELECT p.id, p.amount, greatest(p.recorded_at, x.recorded_at) AS recorded_at
    FROM billing_payment p LEFT JOIN billing_placement x ON x.payment_id = p.id AND x.deal_id IS NOT NULL
    WHERE p.deal_id = %(deal)s AND p.counted
)
SELECT recorded_at, 'received', amount FROM came
UNION ALL
SELECT m.recorded_at, 'received', -m.amount FROM billing_move m JOIN came ON came.id = m.source_id
UNION ALL
SELECT m.recorded_at, 'received', m.amount FROM billing_move m JOIN came ON came.id = m.target_id
WHERE m.amount < 0
UNION ALL
SELECT v.recorded_at, 'received', -v.amount FROM billing_reversal v JOIN came ON came.id = v.payment_id
UNION ALL
SELECT r.recorded_at, 'refunded', r.amount FROM billing_refund r JOIN came ON came.id = r.payment_id
UNION ALL
SELECT a.recorded_at, 'paid', a.amount FROM billing_allocation a JOIN came ON came.id = a.payment_id
UNION ALL
SELECT f.recorded_at, 'fees', f.amount FROM billing_feeallocation f JOIN came ON came.id = f.payment_id
UNION ALL
SELECT w.recorded_at, 'written_off', w.amount FROM billing_writeoff w
JOIN billing_installment i ON i.id = w.installment_id JOIN billing_schedule s ON s.id = i.schedule_id
WHERE s.deal_id = %(deal)s
"""
Sums = dict[str, Decimal]


@dataclass(frozen=True)
class Running:
    """Sums after each moment, in order; the first one is that of nothing."""

    moments: tuple[datetime, ...]
    sums: tuple[Sums, ...]

    def before(self, at: datetime) -> dict[str, str]:
        """The figures without what was recorded at that moment."""
        return _figures(self.sums[bisect_left(self.moments, at)])

    def after(self, at: datetime) -> dict[str, str]:
        return _figures(self.sums[bisect_right(self.moments, at)])


def of(deal: Deal) -> Running:
    """Read the deal's facts."""
    with connection.cursor() as cursor:
        cursor.execute(DELTAS, {"deal": deal.pk})
        deltas: list[tuple[datetime, str, Decimal]] = cursor.fetchall()
    versions = ScheduleVersion.objects.filter(schedule__deal=deal).order_by("number")
    total = money.ZERO
    for at, now in versions.values_list("created_at", "total"):
        deltas += [(at, "total", now - total), (at, "versions", Decimal(1))]
        total = now
    return _run(sorted(deltas, key=lambda delta: delta[0]))


def _run(deltas: Iterable[tuple[datetime, str, Decimal]]) -> Running:
    moments: list[datetime] = []
    sums: list[Sums] = [{}]
    for at, what, amount in deltas:
        if not moments or moments[-1] != at:
            moments.append(at)
            sums.append(dict(sums[-1]))
        sums[-1][what] = sums[-1].get(what, money.ZERO) + amount
    return Running(tuple(moments), tuple(sums))


def _figures(sums: Sums) -> dict[str, str]:
    """Texts as in the card; before a schedule there is no total of ours and so no debt."""

    def of(what: str) -> Decimal:
        return sums.get(what, money.ZERO)

    kept = of("received") - of("refunded")
    figures = {"received": of("received"), "refunded": of("refunded")}
    if of("versions"):
        figures |= {
            "total": of("total"),
            "paid": of("paid"),
            "debt": of("total") - of("paid") - of("written_off"),
            "written_off": of("written_off"),
            "credit": kept - of("paid") - of("fees"),
        }
    return {name: money.text(amount) for name, amount in figures.items()}
