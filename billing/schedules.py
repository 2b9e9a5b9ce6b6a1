"""The life of a schedule: preview, first version, rebuild.

Promises: a preview writes nothing; rows that have money stay as they are (a partly paid one is closed at what
was paid); every version keeps author, reason and difference; two managers cannot overwrite each other.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, invoices, ledger, orders, overdue, projection, stages, workdays
from billing.models import Installment, Payment, Schedule, ScheduleVersion
from billing.rules import allocation, money
from billing.rules import schedule as rules
from billing.rules.schedule import Plan, PlannedRow, Remark, Terms
from crm import outbox
from crm.models import Deal


class StaleVersion(Exception):
    """The schedule was changed by somebody else in the meantime."""


class ReasonRequired(Exception):
    """A schedule that exists is changed only with a reason."""


@dataclass(frozen=True)
class Kept:
    """A row that stays because money covers it; `installment` is None for money that came before any
    schedule.
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

    kind: str  # closed | removed | added
    number: int
    due_on: date
    amount: Decimal
    before: Decimal | None = None


@dataclass(frozen=True)
class Preview:
    """What saving would make; sums in roubles."""

    kept: tuple[Kept, ...]
    rows: tuple[PlannedRow, ...]
    total: Decimal
    paid: Decimal
    warnings: tuple[Remark, ...]
    changes: tuple[Change, ...]

    @property
    def first_number(self) -> int:
        """The number of the first new row: numbering goes on after the rows that stay."""
        return max((row.number for row in self.kept), default=0) + 1


def preview(*, deal: Deal, terms: Terms, on: date) -> Preview:
    """Compute the rows that saving these terms would leave, and the difference; writes nothing.

    Raises InvalidTerms with every mistake named by its field.
    """
    schedule = Schedule.objects.filter(deal=deal).first()
    current = list(Installment.objects.filter(schedule=schedule).current().with_paid()) if schedule else []
    kept = _kept_rows(current) if schedule else _rows_of_money(deal)
    held = sum((row.amount for row in kept), money.ZERO)
    plan = rules.plan(terms, kept=held, on=on, calendar=workdays.calendar())
    free = sum((source.free for source in ledger.free_money(deal)), money.ZERO) if schedule else money.ZERO
    return Preview(
        kept=tuple(kept),
        rows=plan.rows,
        total=terms.total,
        paid=min(held + free, terms.total),
        warnings=plan.warnings,
        changes=tuple(_changes(current, kept, plan)) if schedule else (),
    )


def save(
    *, deal: Deal, terms: Terms, version: int | None, author: str, reason: str, at: datetime
) -> Schedule:
    """Make the first schedule of a deal, or the next version of it.

    1. Under the deal's lock compare `version` (None for the first) with what stands: StaleVersion.
    2. Close or replace the open rows, void their invoices and open orders.
    3. Store the new rows and the version with its difference.
    4. Let money that covers nothing flow in; tell amoCRM.
    A repeated call with the same version raises StaleVersion and changes nothing.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        schedule = Schedule.objects.filter(deal=deal).first()
        if (schedule.version if schedule else None) != version:
            raise StaleVersion
        if schedule and not reason.strip():
            raise ReasonRequired
        schedule = lay_out(deal=deal, terms=terms, author=author, reason=reason, at=at)
        outbox.set_price(deal=deal, price=money.whole_roubles(terms.total), at=at)
    return schedule


def lay_out(*, deal: Deal, terms: Terms, author: str, reason: str, at: datetime) -> Schedule:
    """Steps 2 to 4 of save(), whatever version stands; the price in amoCRM is left as it is.

    The caller holds the deal's lock.
    """
    schedule = Schedule.objects.filter(deal=deal).first()
    made = preview(deal=deal, terms=terms, on=deal.local_day(at))
    schedule = _store(deal, schedule, terms, made, at=at)
    _remember(schedule, terms, made, author=author, reason=reason.strip(), at=at)
    ledger.settle_open(deal, at=at)
    standing = ledger.standing(deal, on=deal.local_day(at))
    orders.retire(deal=deal, standing=standing, at=at)
    overdue.cure(deal=deal, at=at)
    projection.push(deal, standing=standing, at=at)
    stages.follow_money(deal, standing=standing, cause=f"schedule:{schedule.id}:{schedule.version}", at=at)
    return schedule


def _kept_rows(current: Sequence[Installment]) -> list[Kept]:
    return [
        Kept(row.number, row.due_on, row.effective_due_on, row.paid, installment=row)
        for row in current
        if row.paid > 0
    ]


def _rows_of_money(deal: Deal) -> list[Kept]:
    """Money that came before the first schedule: a paid row for each payment, dated by it."""
    kept = []
    for number, payment in enumerate(ledger.unallocated(deal), start=1):
        day = deal.local_day(payment.received_at)
        kept.append(Kept(number, day, day, payment.free, payment=payment))
    return kept


def _changes(current: Sequence[Installment], kept: Sequence[Kept], plan: Plan) -> list[Change]:
    """The difference in words of rows; an open row that comes again unchanged is not a difference."""
    found = []
    staying = {row.installment.id for row in kept if row.installment}
    first = max((row.number for row in kept), default=0) + 1
    added = {(first + step, row.due_on, row.amount) for step, row in enumerate(plan.rows)}
    removed = {(row.number, row.due_on, row.amount) for row in current if row.id not in staying}
    for row in kept:
        if row.installment and row.amount < row.installment.amount:
            found.append(Change("closed", row.number, row.due_on, row.amount, row.installment.amount))
    found += [Change("removed", *line) for line in sorted(removed - added)]
    found += [Change("added", *line) for line in sorted(added - removed)]
    return found


def _store(deal: Deal, schedule: Schedule | None, terms: Terms, made: Preview, *, at: datetime) -> Schedule:
    due_day = terms.due_day or (terms.first_due_on.day if terms.first_due_on else None)
    if schedule is None:
        schedule = Schedule.objects.create(deal=deal, version=1, total=terms.total, due_day=due_day)
    else:
        schedule.version, schedule.total, schedule.due_day = schedule.version + 1, terms.total, due_day
        schedule.save(update_fields=["version", "total", "due_day"])
        _close(schedule, made, at=at)
    _store_money_rows(schedule, made, at=at)
    Installment.objects.bulk_create(
        Installment(
            schedule=schedule,
            number=made.first_number + step,
            due_on=row.due_on,
            effective_due_on=row.effective_due_on,
            amount=row.amount,
            opened_in=schedule.version,
        )
        for step, row in enumerate(made.rows)
    )
    return schedule


def _close(schedule: Schedule, made: Preview, *, at: datetime) -> None:
    """Close partly paid rows at what was paid, replace the rows without money, with everything that asked for
    them.
    """
    staying = [row.installment.id for row in made.kept if row.installment]
    for row in made.kept:
        if row.installment and row.amount < row.installment.amount:
            Installment.objects.filter(id=row.installment.id).update(amount=row.amount)
    replaced = Installment.objects.filter(schedule=schedule).current().exclude(id__in=staying)
    invoices.void_of_rows(deal=schedule.deal, rows=list(replaced), at=at)
    replaced.update(replaced_in=schedule.version)


def _store_money_rows(schedule: Schedule, made: Preview, *, at: datetime) -> None:
    for kept in made.kept:
        if kept.payment is None:
            continue
        row = Installment.objects.create(
            schedule=schedule,
            number=kept.number,
            due_on=kept.due_on,
            effective_due_on=kept.effective_due_on,
            amount=kept.amount,
            opened_in=schedule.version,
        )
        ledger.write_shares([allocation.Share(kept.payment.id, row.id, kept.amount)], at=at)


def _remember(
    schedule: Schedule, terms: Terms, made: Preview, *, author: str, reason: str, at: datetime
) -> None:
    changes = [_plain(asdict(change)) for change in made.changes]
    ScheduleVersion.objects.create(
        schedule=schedule,
        number=schedule.version,
        total=terms.total,
        terms=_plain(asdict(terms)),
        changes=changes,
        author=author,
        reason=reason,
        created_at=at,
    )
    first = schedule.version == 1
    history.record(
        deal=schedule.deal,
        kind="schedule_created" if first else "schedule_rebuilt",
        at=at,
        recorded_at=at,
        author=author,
        data={
            "version": schedule.version,
            "total": money.text(terms.total),
            "count": len(made.rows),
            "reason": reason,
            "changes": changes,
        },
    )
    text = (
        _("Payment schedule for %(total)s saved: %(count)d payments.")
        if first
        else _("Payment schedule changed: %(total)s, %(count)d payments ahead. Reason: %(reason)s")
    )
    words = {"total": money.words(terms.total), "count": len(made.rows), "reason": reason}
    outbox.note(
        deal=schedule.deal, key=f"schedule:{schedule.id}:{schedule.version}", text=text % words, at=at
    )


def _plain(value: Any) -> Any:
    """Sums and dates as texts, for a JSON column."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return money.text(value)
    return value.isoformat() if isinstance(value, date) else value
