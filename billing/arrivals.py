"""Notices that overtook each other: rows end as if payments and refunds had come in the order of their days.

A refund reopens its payment's newest rows, and these depend on what was covered when the payment came. Looked
at only where money went back, and only since the last decision about the deal (a version, a write-off, a
move, a reversal, a placement, a paid late fee): what was decided upon stays. Never: changes a deal's sums.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, Sum

from billing import ledger
from billing.models import Allocation, Installment, Payment, Refund, Schedule
from billing.rules import money, replay
from billing.rules.allocation import Gap, Share
from billing.rules.replay import Covers, Fact
from crm.models import Deal

LAST_DECISION = """
SELECT max(at) FROM (
    SELECT max(v.created_at) AS at FROM billing_scheduleversion v WHERE v.schedule_id = %(schedule)s
    UNION ALL SELECT max(w.recorded_at) FROM billing_writeoff w
        JOIN billing_installment i ON i.id = w.installment_id WHERE i.schedule_id = %(schedule)s
    UNION ALL SELECT max(f.recorded_at) FROM billing_feeallocation f
        JOIN billing_installment i ON i.id = f.installment_id WHERE i.schedule_id = %(schedule)s
    UNION ALL SELECT max(m.recorded_at) FROM billing_move m
        JOIN billing_payment p ON p.id IN (m.source_id, m.target_id) WHERE p.deal_id = %(deal)s
    UNION ALL SELECT max(r.recorded_at) FROM billing_reversal r
        JOIN billing_payment p ON p.id = r.payment_id WHERE p.deal_id = %(deal)s
    UNION ALL SELECT max(x.recorded_at) FROM billing_placement x WHERE x.deal_id = %(deal)s
) decisions
"""


def put_in_order(deal: Deal, *, at: datetime) -> None:
    """Let payments cover the rows that they would cover had every notice come at once.

    The caller holds the deal's lock, and free money has flowed. In order already: nothing is written.
    """
    schedule = Schedule.objects.filter(deal=deal, closing=Schedule.Closing.OPEN).first()
    if schedule is None:
        return
    since = _last_decision(schedule)
    payments = ledger.with_free(Payment.objects.filter(deal=deal, counted=True))
    came = list(payments.order_by("received_at", "external_id", "id"))
    went = list(Refund.objects.filter(payment__deal=deal, recorded_at__gt=since).select_related("payment"))
    if not went or _is_in_order([one for one in came if one.recorded_at > since], went):
        return
    rows = Installment.objects.filter(schedule=schedule).current().with_paid().order_by("due_on", "number")
    gaps = [Gap(row.pk, row.amount - row.written_off) for row in rows]
    before, now = _covers(schedule, since)
    free = {one.pk: _free_then(one, since, went, before, now) for one in came}
    facts = [_coming(one) for one in came if one.recorded_at > since] + [_going(refund) for refund in went]
    wanted = replay.covered(rows=gaps, held=before, free=free, facts=facts)
    changes = [
        Share(payment, row, wanted.get((payment, row), money.ZERO) - now.get((payment, row), money.ZERO))
        for payment, row in {**now, **wanted}
    ]
    ledger.write_shares(sorted((one for one in changes if one.amount), key=lambda one: one.amount), at=at)


def _free_then(payment: Payment, since: datetime, went: list[Refund], before: Covers, now: Covers) -> Decimal:
    """What the payment had left at that moment, of which nothing is known before it came."""
    if payment.recorded_at > since:
        return money.ZERO
    gone = _sum(refund.amount for refund in went if refund.payment_id == payment.pk)
    covers = _sum(now[where] - before[where] for where in now if where[0] == payment.pk)
    return payment.free + gone + covers


def _last_decision(schedule: Schedule) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(LAST_DECISION, {"schedule": schedule.pk, "deal": schedule.deal_id})
        found: datetime = cursor.fetchone()[0]
    return found


def _is_in_order(came: list[Payment], went: list[Refund]) -> bool:
    told: list[tuple[Any, Fact]] = [((one.recorded_at, False, one.pk), _coming(one)) for one in came]
    told += [((refund.recorded_at, True, refund.pk), _going(refund)) for refund in went]
    facts = [fact for _told, fact in sorted(told, key=lambda one: one[0])]
    return facts == sorted(facts)


def _coming(payment: Payment) -> Fact:
    return Fact(payment.received_at, False, payment.external_id, payment.pk, payment.amount)


def _going(refund: Refund) -> Fact:
    """Never before the money came, whatever two clocks say."""
    moment = max(refund.refunded_at, refund.payment.received_at)
    return Fact(moment, True, refund.external_id, refund.payment_id, refund.amount)


def _covers(schedule: Schedule, since: datetime) -> tuple[Covers, Covers]:
    """What payments covered of the current rows at that moment, and what they cover now."""
    found = (
        Allocation.objects.filter(installment__schedule=schedule, installment__replaced_in__isnull=True)
        .values_list("payment", "installment")
        .annotate(then=Sum("amount", filter=Q(recorded_at__lte=since)), now=Sum("amount"))
    )
    before: Covers = {}
    now: Covers = {}
    for payment, row, then, all_of_it in found:
        before[payment, row], now[payment, row] = then or money.ZERO, all_of_it
    return before, now


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, money.ZERO)
