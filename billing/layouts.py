"""What a change of a schedule leaves: lines that stay, lines that come, and the difference in words of rows.

A layout is a plain value made by the verbs that change schedules (schedules, amendments, settlements, pauses)
and written by billing.versions in one place. Lines with an installment stay where they are; one whose amount
is lower than its installment's is closed at that amount. Writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing import ledger
from billing.models import Installment, Payment, Schedule
from billing.rules import money
from billing.rules.schedule import PlannedRow, Remark
from crm.models import Deal


@dataclass(frozen=True)
class Line:
    """One row as it will stand. With `installment` it is that row; with `payment` it is a new row that this
    money, received before any schedule, covers.
    """

    number: int
    due_on: date
    effective_due_on: date
    amount: Decimal
    installment: Installment | None = None
    payment: Payment | None = None


@dataclass(frozen=True)
class Change:
    """One line of the difference between two versions."""

    kind: str  # closed | moved | removed | added
    number: int
    due_on: date
    amount: Decimal
    before: Decimal | None = None
    was_on: date | None = None
    given_up: Decimal | None = None  # what of a closed row was written off


@dataclass(frozen=True)
class Layout:
    """What writing would leave; sums in roubles. Money covers `kept`, `rows` are open."""

    kept: tuple[Line, ...]
    rows: tuple[Line, ...]
    total: Decimal
    paid: Decimal
    warnings: tuple[Remark, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.kept + self.rows


def current_rows(schedule: Schedule | None) -> list[Installment]:
    """The rows as they stand, each with what money covers of it."""
    return list(Installment.objects.filter(schedule=schedule).current().with_paid()) if schedule else []


def standing_line(row: Installment, amount: Decimal | None = None) -> Line:
    """The row as it is, or closed at `amount`."""
    return Line(
        row.number,
        row.due_on,
        row.effective_due_on,
        row.amount if amount is None else amount,
        installment=row,
    )


def covered_lines(current: Iterable[Installment]) -> list[Line]:
    """Rows with money, each closed at what it holds."""
    return [standing_line(row, row.paid) for row in current if row.paid > 0]


def held_lines(current: Iterable[Installment]) -> list[Line]:
    """Rows of which nothing or only a part is asked, each closed at what money and write-offs cover of it."""
    return [standing_line(row, held(row)) for row in current if held(row) > 0]


def held(row: Installment) -> Decimal:
    """What of the row is asked of nobody: paid or written off."""
    return row.paid + row.written_off


def lines_of_money(deal: Deal) -> list[Line]:
    """Money that came before the first schedule: a paid row for each payment, dated by it."""
    lines = []
    for number, payment in enumerate(ledger.unallocated(deal), start=1):
        day = deal.local_day(payment.received_at)
        lines.append(Line(number, day, day, payment.free, payment=payment))
    return lines


def coming_lines(planned: Sequence[PlannedRow], *, kept: Sequence[Line]) -> list[Line]:
    """Number the planned rows after the kept ones."""
    return [
        Line(number, row.due_on, row.effective_due_on, row.amount)
        for number, row in enumerate(planned, start=next_number(kept))
    ]


def keep_unchanged(layout: Layout, current: Sequence[Installment]) -> Layout:
    """The same, but an open row that comes again as it was stays itself, with its invoice."""
    open_rows = {
        (row.number, row.due_on, row.effective_due_on, row.amount): row
        for row in current
        if row.paid == row.written_off == 0
    }
    found = (
        open_rows.get((line.number, line.due_on, line.effective_due_on, line.amount)) for line in layout.rows
    )
    rows = tuple(replace(line, installment=row) for line, row in zip(layout.rows, found, strict=True))
    return replace(layout, rows=rows)


def redated(
    current: Sequence[Installment], days: Mapping[int, date], *, effective: Callable[[date], date]
) -> Layout:
    """The same schedule with other due dates for the open rows that `days` names by id.

    A row of which something is paid or written off keeps its date, closed at that; what is still asked of it
    becomes a row of its own.
    """
    lines: list[Line] = []
    for row in current:
        day = days.get(row.id)
        if day is None:
            lines.append(standing_line(row))
        elif held(row) == 0:
            lines.append(Line(row.number, day, effective(day), row.amount))
        else:
            lines.append(standing_line(row, held(row)))
    for row in current:
        if row.id in days and held(row) > 0:
            day = days[row.id]
            lines.append(Line(next_number(lines), day, effective(day), row.amount - held(row)))
    covered = [line for line in lines if line.installment and held(line.installment) >= line.amount]
    return Layout(
        kept=tuple(covered),
        rows=tuple(line for line in lines if line not in covered),
        total=total_of(lines),
        paid=sum((row.paid for row in current), money.ZERO),
        changes=difference(current, lines),
    )


def next_number(lines: Iterable[Line]) -> int:
    """The number after the last line: numbering goes on after the rows that stay."""
    return max((line.number for line in lines), default=0) + 1


def total_of(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), money.ZERO)


def difference(current: Sequence[Installment], lines: Sequence[Line]) -> tuple[Change, ...]:
    """The difference in words of rows: closed ones, moved ones, then what goes and what comes."""
    staying = {line.installment.id for line in lines if line.installment}
    removed = {(row.number, row.amount): row.due_on for row in current if row.id not in staying}
    added = {(line.number, line.amount): line.due_on for line in lines if line.installment is None}
    moved = [key for key in sorted(removed.keys() & added.keys()) if removed[key] != added[key]]
    same = removed.keys() & added.keys()
    return (
        *(
            Change(
                "closed",
                line.number,
                line.due_on,
                line.amount,
                before=line.installment.amount,
                given_up=max(line.amount - line.installment.paid, money.ZERO) or None,
            )
            for line in lines
            if line.installment and line.amount < line.installment.amount
        ),
        *(Change("moved", key[0], added[key], key[1], was_on=removed[key]) for key in moved),
        *(
            Change("removed", number, removed[number, amount], amount)
            for number, amount in sorted(removed.keys() - same)
        ),
        *(
            Change("added", number, added[number, amount], amount)
            for number, amount in sorted(added.keys() - same)
        ),
    )
