"""Versions of a schedule: written in one place, each with its author, reason and difference.

Owns: the rows of a schedule and the memory of how they came to be. Promises: rows with money keep their
identity; a row closed at less leaves what it was; what is replaced asks for nothing any more; a version that
the payer has signed is changed only by the rightful. Never: decides what the rows should be.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from billing import history, invoices, ledger
from billing.layouts import Layout, Line, held
from billing.models import (
    Installment,
    InstallmentClosing,
    Schedule,
    ScheduleVersion,
    Signature,
    WriteOff,
)
from billing.rules import allocation, money
from crm import outbox
from crm.models import Deal

Kind = ScheduleVersion.Kind
OPEN = Schedule.Closing.OPEN
# One statement however many rows, without an object for each: nobody needs them here.
OPEN_ROWS = """
INSERT INTO billing_installment
    (schedule_id, number, due_on, effective_due_on, amount, opened_in, issuing_over)
SELECT %(schedule)s, number, due, effective, amount, %(version)s, false
FROM unnest(%(numbers)s::int[], %(due)s::date[], %(effective)s::date[], %(amounts)s::numeric[])
    AS given (number, due, effective, amount)
"""


class StaleVersion(Exception):
    """The schedule was changed by somebody else in the meantime."""


class ReasonRequired(Exception):
    """A schedule that exists is changed only with a reason."""


class NoSchedule(Exception):
    """The deal has no schedule to change."""


class Closed(Exception):
    """The deal is settled or cancelled: a rebuild opens it again."""


class Signed(Exception):
    """The payer has signed this version: only an administrator changes it."""


class AlreadySigned(Exception):
    """This version is marked as signed."""


class SignedInTheFuture(Exception):
    """Nobody has signed tomorrow."""


class Rank(StrEnum):
    """Who asks for a change: what is signed is changed by an administrator only."""

    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Act:
    """One change of a schedule by a person or by the system; `terms` is what was asked; the history says
    `facts` besides, and in its "before" `was`. All are plain values.
    """

    kind: Kind
    author: str
    reason: str
    terms: dict[str, Any] = field(default_factory=dict)
    closing: Schedule.Closing = OPEN
    retained: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    was: dict[str, Any] = field(default_factory=dict)


def claim(*, deal: Deal, version: int | None, reason: str, rank: Rank) -> tuple[Deal, Schedule | None]:
    """Take the deal's lock and check that this caller may change the version that he saw.

    Raises StaleVersion, ReasonRequired, Signed.
    """
    deal = ledger.lock(deal.id)
    schedule = Schedule.objects.filter(deal=deal).first()
    if (schedule.version if schedule else None) != version:
        raise StaleVersion
    if schedule is not None:
        check_change(schedule, reason=reason, rank=rank)
    return deal, schedule


def claim_open(*, deal: Deal, version: int, reason: str, rank: Rank) -> tuple[Deal, Schedule]:
    """The same for a change that needs a schedule which is not closed: NoSchedule, Closed."""
    if not Schedule.objects.filter(deal=deal).exists():
        raise NoSchedule
    deal, schedule = claim(deal=deal, version=version, reason=reason, rank=rank)
    if schedule is None:
        raise NoSchedule
    if schedule.closing:
        raise Closed
    return deal, schedule


def check_change(schedule: Schedule, *, reason: str, rank: Rank) -> None:
    """A schedule that exists is changed with a reason, a signed one by an administrator."""
    if not reason.strip():
        raise ReasonRequired
    if rank != Rank.ADMINISTRATOR and is_signed(schedule):
        raise Signed


def is_signed(schedule: Schedule) -> bool:
    """Has the payer signed the version that stands?"""
    return Signature.objects.filter(version__schedule=schedule, version__number=schedule.version).exists()


def last_terms(schedule: Schedule) -> dict[str, Any]:
    """The terms of the last version that had any: rounding and shifting hold until the next."""
    laid_out = ScheduleVersion.objects.filter(schedule=schedule, terms__has_key="shift_weekends")
    last = laid_out.order_by("-number").first()
    return dict(last.terms) if last else {}


def history_of(deal: Deal) -> list[ScheduleVersion]:
    """Every version of the deal's schedule, newest first, with its signature."""
    found = ScheduleVersion.objects.filter(schedule__deal=deal).select_related("signature")
    return list(found.order_by("-number"))


def sign(*, deal: Deal, version: int, signed_on: date, author: str, at: datetime) -> Signature:
    """Mark the version that stands as signed by the payer.

    Raises NoSchedule, StaleVersion, AlreadySigned, SignedInTheFuture.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        found = ScheduleVersion.objects.filter(schedule__deal=deal).order_by("-number").first()
        if found is None:
            raise NoSchedule
        if found.number != version:
            raise StaleVersion
        if Signature.objects.filter(version=found).exists():
            raise AlreadySigned
        if signed_on > deal.local_day(at):
            raise SignedInTheFuture
        signature = Signature.objects.create(
            version=found, signed_on=signed_on, author=author, recorded_at=at
        )
        data = {"version": version, "signed_on": signed_on.isoformat()}
        history.record(deal=deal, kind="schedule_signed", at=at, recorded_at=at, author=author, data=data)
    return signature


def write(
    *, deal: Deal, schedule: Schedule | None, layout: Layout, act: Act, due_day: int | None, at: datetime
) -> Schedule:
    """Make the next version of a schedule, or its first one.

    1. The schedule's total, closing and number. 2. Rows that go are replaced, with the invoices that asked
    for them; rows that stay with less are closed. 3. New rows. 4. The version, its event and its note.
    The caller holds the deal's lock and lets what follows from it happen.
    """
    before = {"version": schedule.version, "total": money.text(schedule.total)} if schedule else None
    if schedule is None:
        schedule = Schedule(deal=deal, version=0)
    schedule.version += 1
    schedule.total, schedule.due_day, schedule.closing = layout.total, due_day, act.closing
    schedule.save()
    if before is not None:
        _replace(schedule, layout, at=at)
    _store_money_lines(schedule, layout.kept, at=at)
    _store_open_rows(schedule, [line for line in layout.lines if not (line.installment or line.payment)])
    _remember(schedule, layout, act, before=before, at=at)
    return schedule


def _replace(schedule: Schedule, layout: Layout, *, at: datetime) -> None:
    """Close the rows that stay with less, replace those that do not stay, with everything that asked for
    them.
    """
    for line in layout.lines:
        if line.installment and line.amount < line.installment.amount:
            InstallmentClosing.objects.create(
                installment=line.installment,
                version=schedule.version,
                before=line.installment.amount,
                after=line.amount,
                recorded_at=at,
            )
            Installment.objects.filter(id=line.installment.id).update(amount=line.amount)
    _revive(schedule, layout, at=at)
    staying = [line.installment.id for line in layout.lines if line.installment]
    replaced = Installment.objects.filter(schedule=schedule).current().exclude(id__in=staying)
    invoices.void_of_rows(deal=schedule.deal, rows=list(replaced), at=at)
    replaced.update(replaced_in=schedule.version)


def _revive(schedule: Schedule, layout: Layout, *, at: datetime) -> None:
    """Terms made anew ask again for what was written off; a row that stays with room for it keeps it."""
    room = {line.installment.id: line.amount for line in layout.lines if line.installment}
    WriteOff.objects.bulk_create(
        WriteOff(
            installment=row,
            amount=-row.written_off,
            author=history.SYSTEM,
            reason=_("the schedule was changed"),
            written_on=schedule.deal.local_day(at),
            recorded_at=at,
        )
        for row in Installment.objects.filter(schedule=schedule).given_up()
        if room.get(row.id, money.ZERO) < held(row)
    )


def _store_money_lines(schedule: Schedule, kept: Sequence[Line], *, at: datetime) -> None:
    for line in kept:
        if line.payment is None:
            continue
        row = _installment(schedule, line)
        row.save()
        ledger.write_shares([allocation.Share(line.payment.id, row.id, line.amount)], at=at)


def _store_open_rows(schedule: Schedule, lines: Sequence[Line]) -> None:
    columns: dict[str, list[int] | list[date] | list[Decimal]] = {
        "numbers": [line.number for line in lines],
        "due": [line.due_on for line in lines],
        "effective": [line.effective_due_on for line in lines],
        "amounts": [line.amount for line in lines],
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ROWS, {"schedule": schedule.pk, "version": schedule.version, **columns})


def _installment(schedule: Schedule, line: Line) -> Installment:
    return Installment(
        schedule=schedule,
        number=line.number,
        due_on=line.due_on,
        effective_due_on=line.effective_due_on,
        amount=line.amount,
        opened_in=schedule.version,
    )


def _remember(
    schedule: Schedule, layout: Layout, act: Act, *, before: dict[str, Any] | None, at: datetime
) -> None:
    changes = [plain(asdict(change)) for change in layout.changes]
    ScheduleVersion.objects.create(
        schedule=schedule,
        number=schedule.version,
        kind=act.kind,
        total=layout.total,
        terms=act.terms,
        changes=changes,
        author=act.author,
        reason=act.reason,
        retained=act.retained,
        created_at=at,
    )
    data = {
        "version": schedule.version,
        "total": money.text(layout.total),
        "count": len(layout.rows),
        "reason": act.reason,
        "changes": changes,
        **({"before": before | act.was} if before else {}),
        **({"retained": act.retained} if act.retained else {}),
        **act.facts,
    }
    history.record(
        deal=schedule.deal, kind=EVENTS[act.kind], at=at, recorded_at=at, author=act.author, data=data
    )
    words = {
        "total": money.words(layout.total),
        "count": len(layout.rows),
        "reason": act.reason,
    }
    outbox.note(
        deal=schedule.deal,
        key=f"schedule:{schedule.id}:{schedule.version}",
        text=NOTES[act.kind]() % words,
        at=at,
    )


EVENTS = {kind: "schedule_" + kind for kind in Kind.values}
NOTES: dict[str, Callable[[], str]] = {
    Kind.CREATED: lambda: _("Payment schedule for %(total)s saved: %(count)d payments."),
    Kind.REBUILT: lambda: _(
        "Payment schedule changed: %(total)s, %(count)d payments ahead. Reason: %(reason)s"
    ),
    Kind.MOVED: lambda: _("A payment of the schedule was moved. Reason: %(reason)s"),
    Kind.SHIFTED: lambda: _("Payments were moved by the time of the pause: %(count)d ahead."),
    Kind.TOTAL: lambda: _("The deal costs %(total)s now: %(count)d payments ahead. Reason: %(reason)s"),
    Kind.TRANSFERRED: lambda: _(
        "The deal was transferred: %(total)s, %(count)d payments ahead. Reason: %(reason)s"
    ),
    Kind.SETTLED: lambda: _("The deal is closed at %(total)s. Reason: %(reason)s"),
    Kind.CANCELLED: lambda: _("The payment schedule is cancelled, %(total)s stay paid. Reason: %(reason)s"),
}


def plain(value: Any) -> Any:
    """Sums and dates as texts, for a JSON column; what is None is left out."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return money.text(value)
    return value.isoformat() if isinstance(value, date) else value
