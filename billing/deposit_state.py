"""What a booking still has to pay in advance: computed from its location's terms and its money."""

import json
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum

from billing.models import AccountPolicy, Move, Payment, Refund, Reversal, Schedule, ScheduleVersion
from billing.rules import deposit, money
from billing.rules.deposit import DepositTerms
from crm.models import Deal

# Every standing asks for it (billing.sums), so it is asked plainly.
TERMS = f"""
SELECT l.deposit::text FROM crm_deal b
JOIN billing_accountpolicy y ON y.account_id = b.account_id AND y.mode = '{AccountPolicy.Mode.DEPOSIT}'
JOIN billing_location l ON l.account_id = b.account_id AND l.crm_value = b.location_value
WHERE b.id = %(deal)s AND b.location_value <> '' ORDER BY l.id LIMIT 1
"""  # noqa: S608 - of a constant


def asked(
    deal: Deal, *, terms: DepositTerms | None, schedule: Schedule | None, total: Decimal, held: Decimal
) -> Decimal | None:
    """Return the roubles still asked as deposit, None where the deal has no deposit.

    `held` is what was received less what went back, `total` what the booking costs now.
    """
    if terms is None:
        return None
    share = deposit.share(terms, total=total)
    if schedule is None or not money.ZERO < held < share:
        return deposit.asked(share=share, held=held)
    return deposit.asked(share=share, held=held, earlier=_earlier(deal, schedule, terms))


def terms_of(deal: Deal) -> DepositTerms | None:
    """The deposit of the deal's location; None outside deposit mode and where the location has none."""
    return read(written(deal))


def written(deal: Deal) -> str | None:
    """What the location's terms say, as JSON; None outside deposit mode and for an unknown location."""
    with connection.cursor() as cursor:
        cursor.execute(TERMS, {"deal": deal.pk})
        found: tuple[str] | None = cursor.fetchone()
    return found[0] if found else None


def read(written: str | None) -> DepositTerms | None:
    """Put what TERMS answers together."""
    terms = json.loads(written) if written else {}
    return DepositTerms(**{name: Decimal(terms[name]) for name in terms if terms[name]}) if terms else None


def _earlier(deal: Deal, schedule: Schedule, terms: DepositTerms) -> list[tuple[Decimal, Decimal]]:
    """The share and the money held at the end of every version but the last."""
    versions = ScheduleVersion.objects.filter(schedule=schedule).order_by("number")
    rows = list(versions.values_list("total", "created_at"))
    return [
        (deposit.share(terms, total=total), _held_until(deal, following[1]))
        for (total, _), following in pairwise(rows)
    ]


def _held_until(deal: Deal, at: datetime) -> Decimal:
    """What the deal held at the end of a version: what came less what had left it by then."""
    before: dict[str, Any] = {"recorded_at__lt": at}
    came = Payment.objects.filter(deal=deal, counted=True, **before)
    gone = (
        Refund.objects.filter(payment__deal=deal, payment__counted=True, **before),
        Reversal.objects.filter(payment__deal=deal, **before),
        Move.objects.filter(source__deal=deal, **before),
    )
    brought_back = Move.objects.filter(target__deal=deal, amount__lt=0, **before)
    return _sum(came) + _sum(brought_back) - sum((_sum(facts) for facts in gone), money.ZERO)


def _sum(facts: "QuerySet[Any]") -> Decimal:
    found: Decimal | None = facts.aggregate(sum=Sum("amount"))["sum"]
    return found or money.ZERO
