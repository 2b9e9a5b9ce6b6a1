"""The rows of a deal that is closed early: what stays of them, and what they give back.

Money is taken back from the newest rows; what holds nothing goes, what holds a part is closed at it, and a
closed deal stays closed when more of its money leaves it. billing.settlements decides about a closing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum

from billing import layouts, ledger, versions
from billing.layouts import Layout, Line
from billing.models import Allocation, Installment, Schedule
from billing.rules import allocation, money
from billing.versions import Act, Kind
from crm.models import Deal

CLOSINGS = {Kind.SETTLED: Schedule.Closing.SETTLED, Kind.CANCELLED: Schedule.Closing.CANCELLED}


def write(*, deal: Deal, schedule: Schedule | None, total: Decimal, act: Act, at: datetime) -> Schedule:
    """Close the rows at `total`, at most what was paid: money above it is taken back from the newest rows.

    The caller holds the deal's lock and lets what follows happen.
    """
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
    return versions.write(deal=deal, schedule=schedule, layout=layout, act=act, due_day=due_day, at=at)


def keep_closed(*, deal: Deal, author: str, at: datetime) -> None:
    """Let a closed deal that gave kept money away be closed at what is left: it owes nothing still.

    The caller holds the deal's lock and has written the refund, move or reversal; an open deal is left alone.
    """
    schedule = _owing_though_closed(deal, at=at)
    if schedule is not None:
        _close_again(schedule, author=author, at=at)


def take_loss(*, deal: Deal, author: str, reason: str, at: datetime) -> None:
    """The payer's bank took kept money back: a cancelled deal is closed at what is left, a settled one owes
    it again.

    The caller holds the deal's lock and has written the fact; an open deal is left alone.
    """
    schedule = _owing_though_closed(deal, at=at)
    if schedule is None:
        return
    if schedule.closing == Schedule.Closing.CANCELLED:
        _close_again(schedule, author=author, at=at)
        return
    layout = layouts.redated(layouts.current_rows(schedule), {}, effective=lambda day: day)
    act = Act(Kind.REBUILT, author, reason)
    versions.write(deal=deal, schedule=schedule, layout=layout, act=act, due_day=schedule.due_day, at=at)


def _owing_though_closed(deal: Deal, *, at: datetime) -> Schedule | None:
    schedule = Schedule.objects.exclude(closing=versions.OPEN).filter(deal=deal).first()
    if schedule is None:
        return None
    ledger.settle_open(deal, at=at)
    return schedule if ledger.standing(deal, on=deal.local_day(at)).debt > 0 else None


def _close_again(schedule: Schedule, *, author: str, at: datetime) -> None:
    deal = schedule.deal
    paid = ledger.standing(deal, on=deal.local_day(at)).paid
    kind = Kind.CANCELLED if schedule.closing == Schedule.Closing.CANCELLED else Kind.SETTLED
    last = schedule.versions.order_by("-number").first()
    act = Act(kind, author, last.reason if last else "", {"total": money.text(paid)})
    write(deal=deal, schedule=schedule, total=paid, act=act, at=at)


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
