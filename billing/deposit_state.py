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

# Every standing of a booking asks for it.
TERMS = """
SELECT l.deposit::text FROM billing_location l
JOIN billing_accountpolicy y ON y.account_id = l.account_id AND y.mode = %s
WHERE l.account_id = %s AND l.crm_value = %s ORDER BY l.id LIMIT 1
"""


def asked(deal: Deal, *, schedule: Schedule | None, total: Decimal, held: Decimal) -> Decimal | None:
    """Return the roubles still asked as deposit, None where the deal has no deposit.

    `held` is what was received less what went back, `total` what the booking costs now.
    """
    terms = terms_of(deal)
    if terms is None:
        return None
    share = deposit.share(terms, total=total)
    if schedule is None or not money.ZERO < held < share:
        return deposit.asked(share=share, held=held)
    return deposit.asked(share=share, held=held, earlier=_earlier(deal, schedule, terms))


def terms_of(deal: Deal) -> DepositTerms | None:
    """The deposit of the deal's location; None outside deposit mode and where the location has none."""
    if not deal.location_value:
        return None
    with connection.cursor() as cursor:
        cursor.execute(TERMS, [AccountPolicy.Mode.DEPOSIT, deal.account_id, deal.location_value])
        found = cursor.fetchone()
    written = json.loads(found[0]) if found else {}
    return _terms(written) if written else None


def _terms(written: dict[str, str]) -> DepositTerms:
    values = {name: Decimal(written[name]) for name in written if written[name]}
    return DepositTerms(**values)


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
