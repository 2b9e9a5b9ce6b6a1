"""Closing a deal early: settled at a total that may be below what was paid, or cancelled at what was paid.

Promises: afterwards nothing is owed and nothing is asked; money above the new total is taken back from the
newest rows and becomes the deal's credit, to refund or to use; rows remember what they asked for. Money that
comes later is credit too. The next rebuild opens the deal again. Never: gives money back.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing import layouts, ledger, schedules, versions
from billing.layouts import Layout, Line
from billing.models import Allocation, Installment, Schedule
from billing.rules import allocation, money
from billing.rules.schedule import InvalidTerms, Remark
from billing.versions import Act, Kind, Rank
from crm.models import Deal

CLOSINGS = {Kind.SETTLED: Schedule.Closing.SETTLED, Kind.CANCELLED: Schedule.Closing.CANCELLED}


def settle(
    *,
    deal: Deal,
    total: Decimal,
    reason: str,
    author: str,
    at: datetime,
    retained: str = "",
    version: int | None = None,
    rank: Rank = Rank.MANAGER,
) -> Schedule:
    """Close the deal at `total` roubles, at most what was paid; `retained` is why money is kept.

    1. Under the deal's lock check the total. 2. Take money back from the newest rows. 3. Replace the rows
    that hold nothing, close the one that holds a part. 4. Void their invoices, retire their orders, tell
    amoCRM. A second call with the same total changes nothing. Without `version` the caller has seen no
    particular one. Raises InvalidTerms and, of versions, ReasonRequired, StaleVersion, Signed, NoSchedule.
    """
    with transaction.atomic():
        act = Act(Kind.SETTLED, author, reason.strip(), {"total": money.text(total)}, retained=retained)
        schedule = _close(ledger.lock(deal.id), total, act, version=version, rank=rank, at=at)
        schedules.tell_price(schedule.deal, schedule, at=at)
    return schedule


def cancel(
    *,
    deal: Deal,
    reason: str,
    author: str,
    at: datetime,
    version: int | None = None,
    rank: Rank = Rank.MANAGER,
) -> Schedule:
    """Close the deal at what was paid. The lead's budget stays, as a lost deal's does.

    Raises as settle() does.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        paid = ledger.standing(deal, on=deal.local_day(at)).paid
        act = Act(Kind.CANCELLED, author, reason.strip(), {"total": money.text(paid)})
        return _close(deal, paid, act, version=version, rank=rank, at=at)


def keep_closed(*, deal: Deal, author: str, at: datetime) -> None:
    """Let a closed deal whose kept money left it be closed at what is left: it owes nothing still.

    The caller holds the deal's lock and has written the refund, move or reversal; an open deal is left alone.
    """
    schedule = Schedule.objects.exclude(closing=versions.OPEN).filter(deal=deal).first()
    standing = ledger.standing(deal, on=deal.local_day(at))
    if schedule is None or standing.debt == 0:
        return
    kind = Kind.CANCELLED if schedule.closing == Schedule.Closing.CANCELLED else Kind.SETTLED
    last = schedule.versions.order_by("-number").first()
    act = Act(kind, author, last.reason if last else "", {"total": money.text(standing.paid)})
    _write(deal, schedule, standing.paid, act, at=at)


def _close(
    deal: Deal, total: Decimal, act: Act, *, version: int | None, rank: Rank, at: datetime
) -> Schedule:
    schedule = Schedule.objects.filter(deal=deal).first()
    standing = ledger.standing(deal, on=deal.local_day(at))
    held = standing.paid + standing.credit
    if schedule is None and held == 0:
        raise versions.NoSchedule
    if version is not None and (schedule is None or schedule.version != version):
        raise versions.StaleVersion
    if schedule is not None and (schedule.closing, schedule.total) == (CLOSINGS[act.kind], total):
        return schedule
    if schedule is None and not act.reason:
        raise versions.ReasonRequired
    if schedule is not None:
        versions.check_change(schedule, reason=act.reason, rank=rank)
    _check_total(total, held=held)
    return _write(deal, schedule, total, act, at=at)


def _check_total(total: Decimal, *, held: Decimal) -> None:
    if not money.is_whole_kopecks(total):
        raise InvalidTerms([Remark("kopecks", "total")])
    if total < 0:
        raise InvalidTerms([Remark("negative", "total")])
    if total > held:
        raise InvalidTerms([Remark("above_paid", "total", {"paid": money.text(held)})])


def _write(deal: Deal, schedule: Schedule | None, total: Decimal, act: Act, *, at: datetime) -> Schedule:
    current = layouts.current_rows(schedule)
    lines = layouts.covered_lines(current) if schedule else layouts.lines_of_money(deal)
    kept = _cut(lines, total, on=deal.local_day(at))
    layout = Layout(
        kept=tuple(kept),
        rows=(),
        total=total,
        paid=total,
        changes=layouts.difference(current, kept) if schedule else (),
    )
    _free(current, kept, at=at)
    act = replace(act, closing=CLOSINGS[act.kind])
    due_day = schedule.due_day if schedule else None
    schedule = versions.write(deal=deal, schedule=schedule, layout=layout, act=act, due_day=due_day, at=at)
    schedules.follow(deal, schedule, at=at)
    return schedule


def _cut(lines: Sequence[Line], total: Decimal, *, on: date) -> list[Line]:
    """The oldest lines up to the total; what credit has to add to them is a line of its own."""
    kept = []
    left = total
    for line in sorted(lines, key=lambda line: (line.due_on, line.number)):
        if left > 0:
            kept.append(replace(line, amount=min(line.amount, left)))
            left -= kept[-1].amount
    if left > 0:
        kept.append(Line(layouts.next_number(lines), on, on, left))
    return kept


def _free(current: Sequence[Installment], kept: Sequence[Line], *, at: datetime) -> None:
    """Take back what rows hold above their lines, newest money first."""
    staying = {line.installment.id: line.amount for line in kept if line.installment}
    for row in current:
        above = row.paid - staying.get(row.id, money.ZERO)
        if above > 0:
            ledger.write_shares(allocation.take_back(_shares_of_row(row), above), at=at)


def _shares_of_row(row: Installment) -> list[allocation.Share]:
    """What each payment covers of the row, oldest money first."""
    nets = (
        Allocation.objects.filter(installment=row)
        .values_list("payment_id")
        .annotate(net=Sum("amount"))
        .order_by("payment__received_at", "payment_id")
    )
    return [allocation.Share(payment, row.id, net) for payment, net in nets if net > 0]
