"""A deal as it stood on any day, by what is known now or was known at any moment.

`on` is the day that is looked at: money and refunds count from their own day, rows are late by it. `known_at`
is the moment whose knowledge is used: facts recorded later are not seen, and the schedule is the version that
stood then; without it all of today's knowledge, so the schedule of today. Moves and reversals correct what
was entered, so they count on the day of their payment once they are known. Reads only; analytics/sql computes
the same figures for whole accounts, and for today the answer is ledger.standing.
"""

import copy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max, Q, Sum

from billing import deposit_state, ledger, pause_state, sums
from billing.ledger import Standing
from billing.models import (
    Allocation,
    Installment,
    InstallmentClosing,
    Invoice,
    Schedule,
    ScheduleVersion,
    WriteOff,
)
from billing.rules import hindsight, money
from crm import prices
from crm.models import Deal


@dataclass(frozen=True)
class _Sight:
    """From where the deal is looked at: before `till`, the end of the day `on`, knowing what was known at
    `known_at`.
    """

    on: date
    till: datetime
    known_at: datetime | None

    def known(self, name: str = "recorded_at") -> Q:
        return Q(**{f"{name}__lte": self.known_at}) if self.known_at else Q()


def standing(deal: Deal, *, on: date, known_at: datetime | None = None) -> Standing:
    """Compute the deal's standing for the day `on` by what was known at `known_at` (None: by all we know)."""
    till = datetime.combine(on + timedelta(days=1), time(), tzinfo=deal.zone)
    sight = _Sight(on, till, known_at)
    schedule = _schedule(deal, sight)
    if schedule is None and known_at is not None:
        deal = copy.copy(deal)
        deal.price = prices.known(deal, at=known_at)
    facts = _facts(deal, schedule, sight)
    rows = _rows(schedule, facts, sight) if schedule else []
    return ledger.standing_of(deal, facts=facts, rows=rows, on=on)


def _schedule(deal: Deal, sight: _Sight) -> Schedule | None:
    """The schedule with the version, total and closing that stood by what was known; not to be saved."""
    schedule = Schedule.objects.filter(deal=deal).first()
    if schedule is None or sight.known_at is None:
        return schedule
    versions = ScheduleVersion.objects.filter(sight.known("created_at"), schedule=schedule)
    stood = versions.order_by("-number").first()
    if stood is None:
        return None
    then = copy.copy(schedule)
    closings = {ScheduleVersion.Kind.SETTLED: "settled", ScheduleVersion.Kind.CANCELLED: "cancelled"}
    then.version, then.total = stood.number, stood.total
    then.closing = closings.get(ScheduleVersion.Kind(stood.kind), "")
    return then


def _facts(deal: Deal, schedule: Schedule | None, sight: _Sight) -> sums.Facts:
    received, refunded, charged, fees_paid = sums.totals(
        deal, till=sight.till, fees_on=sight.on, known_at=sight.known_at
    )
    charged = max(charged, money.ZERO)
    pauses = pause_state.in_force(on=sight.on, known_at=sight.known_at)
    return sums.Facts(
        received=received,
        refunded=refunded,
        fees=sums.Fees(charged, min(max(fees_paid, money.ZERO), charged)),
        schedule=schedule,
        is_paused=schedule is not None and pauses.filter(schedule=schedule).exists(),
        deposit=deposit_state.terms_of(deal),
    )


def _rows(schedule: Schedule, facts: sums.Facts, sight: _Sight) -> list[Installment]:
    """The rows of that version, each with what it asked for and held on the day; not to be saved."""
    rows = list(
        Installment.objects.filter(
            Q(replaced_in__isnull=True) | Q(replaced_in__gt=schedule.version),
            schedule=schedule,
            opened_in__lte=schedule.version,
        ).order_by("number")
    )
    amounts = _closed_later(schedule)
    invoices = _invoices(schedule, sight)
    for row in rows:
        row.amount = amounts.get(row.pk, row.amount)
        row.live_invoice = invoices.get(row.pk)
    covering = _seen(schedule, rows, sight)
    taken_back = Allocation.objects.filter(sight.known(), installment__schedule=schedule, amount__lt=0)
    found = hindsight.held(covering, kept=facts.kept - facts.fees.paid, reopened=taken_back.exists())
    for row in rows:
        row.paid, row.written_off = found[row.pk].paid, found[row.pk].written_off
    return rows


def _seen(schedule: Schedule, rows: list[Installment], sight: _Sight) -> list[hindsight.Row]:
    """The rows by what allocations and write-offs say of them, oldest due first."""
    allocations = Allocation.objects.filter(sight.known(), installment__schedule=schedule)
    per_row: dict[int, Any] = {
        found["installment"]: found
        for found in allocations.values("installment").annotate(
            known=Sum("amount"),
            come=Sum("amount", filter=Q(payment__received_at__lt=sight.till)),
            last=Max("id"),
        )
    }
    written = WriteOff.objects.filter(sight.known(), installment__schedule=schedule, written_on__lte=sight.on)
    given_up = dict(
        written.values("installment").annotate(all=Sum("amount")).values_list("installment", "all")
    )
    nothing: dict[str, Any] = {"known": None, "come": None, "last": 0}
    return [
        hindsight.Row(
            row=row.pk,
            amount=row.amount,
            written_off=max(given_up.get(row.pk, money.ZERO), money.ZERO),
            known=found["known"] or money.ZERO,
            come=found["come"] or money.ZERO,
            last=found["last"],
        )
        for row in sorted(rows, key=lambda row: (row.due_on, row.number))
        for found in [per_row.get(row.pk, nothing)]
    ]


def _closed_later(schedule: Schedule) -> dict[int, Decimal]:
    """What rows asked for before a later version closed them."""
    closings = InstallmentClosing.objects.filter(
        installment__schedule=schedule, version__gt=schedule.version
    ).order_by("-version")
    return dict(closings.values_list("installment", "before"))


def _invoices(schedule: Schedule, sight: _Sight) -> dict[int, int]:
    """The invoice of each row that asked for it at the end of the day."""
    asking = Invoice.objects.filter(
        sight.known("created_at"),
        Q(voided_at__isnull=True) | Q(voided_at__gte=min(sight.till, sight.known_at or sight.till)),
        installment__schedule=schedule,
        issued_on__lte=sight.on,
    )
    return {row: pk for row, pk in asking.order_by("id").values_list("installment", "id") if row}
