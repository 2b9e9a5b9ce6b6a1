"""Single changes of a schedule that stands: one date, the total, another programme or cohort.

Each makes a version with its reason, under the deal's lock and only of the version that the caller saw. Rows
with money stay as they are, and what was written off stays written off; rows that a change does not touch
keep their number and their invoice.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from django.db import transaction

from billing import consequences, layouts, schedules, versions, workdays
from billing.models import Installment, Schedule
from billing.rules import money, respread
from billing.rules import schedule as rules
from billing.rules.schedule import InvalidTerms, Remark, Row, Terms
from billing.versions import Act, Kind, Rank
from crm import deals, outbox
from crm.models import Deal


class NoOpenRow(Exception):
    """The schedule has no row of that number that still asks for money."""


class Spread(StrEnum):
    """Where a changed total is felt: in all open rows, or in the last ones."""

    EVENLY = "evenly"
    AT_THE_END = "at_the_end"


@dataclass(frozen=True)
class Ask:
    """Who asks for a change of which version, and why."""

    version: int
    reason: str
    author: str
    rank: Rank = Rank.MANAGER


def move_date(*, deal: Deal, number: int, due_on: date, ask: Ask, at: datetime) -> Schedule:
    """Give one open row another due date; of a partly covered one only what is missing moves.

    Raises NoOpenRow, InvalidTerms, and what versions.claim_open() raises.
    """
    with transaction.atomic():
        deal, schedule = versions.claim_open(deal=deal, version=ask.version, reason=ask.reason, rank=ask.rank)
        current = layouts.current_rows(schedule)
        row = next((one for one in current if one.number == number and one.rest > 0), None)
        if row is None:
            raise NoOpenRow
        mistake = rules.day_mistake(due_on, field="due_on", on=deal.local_day(at))
        if mistake or due_on == row.due_on:
            raise InvalidTerms([mistake or Remark("same_day", "due_on")])
        layout = layouts.redated(current, {row.id: due_on}, effective=effective_day(schedule))
        facts = {"number": number, "was_on": row.due_on.isoformat(), "due_on": due_on.isoformat()}
        act = Act(Kind.MOVED, ask.author, ask.reason.strip(), terms=facts, facts=facts)
        return apply(deal, schedule, layout, act, at=at)


def change_total(
    *, deal: Deal, total: Decimal, spread: Spread, due_on: date | None, ask: Ask, at: datetime
) -> Schedule:
    """Let the deal cost another sum on the same dates; `due_on` is when an addition to a paid deal is due.

    Raises InvalidTerms (a total below what was paid: billing.settlements closes at such a one; a day that
    nothing is left for) and what versions.claim_open() raises.
    """
    with transaction.atomic():
        deal, schedule = versions.claim_open(deal=deal, version=ask.version, reason=ask.reason, rank=ask.rank)
        current = layouts.current_rows(schedule)
        rows = _open_rows(current)
        kept = layouts.held_lines(current)
        mistake = _total_mistake(
            total, rows, current, due_on=due_on, schedule=schedule, today=deal.local_day(at)
        )
        if mistake:
            raise InvalidTerms([mistake])
        rest = total - layouts.total_of(kept)
        terms = Terms(
            total,
            rows=_spread(rows, rest, spread, unit=_unit(schedule), due_on=due_on),
            due_day=schedule.due_day,
            round_to=_unit(schedule),
            shift_weekends=_shifts(schedule),
        )
        layout = schedules.layout(deal, current, terms, kept=kept, on=deal.local_day(at))
        act = Act(Kind.TOTAL, ask.author, ask.reason.strip(), terms=versions.plain(asdict(terms)))
        schedule = apply(deal, schedule, layouts.keep_unchanged(layout, current), act, at=at)
        schedules.tell_price(deal, schedule, at=at)
        return schedule


def transfer(
    *, deal: Deal, programme: str | None, cohort: str | None, terms: Terms | None, ask: Ask, at: datetime
) -> Schedule:
    """Carry the deal to another programme or cohort: its money is kept, `terms` lay out what is left.

    The deal's fields are written to amoCRM. Without terms the rows stay. Raises InvalidTerms and what
    versions.claim_open() raises.
    """
    with transaction.atomic():
        deal, schedule = versions.claim_open(deal=deal, version=ask.version, reason=ask.reason, rank=ask.rank)
        act = Act(
            Kind.TRANSFERRED,
            ask.author,
            ask.reason.strip(),
            was={"programme": deal.programme, "cohort": deal.cohort},
            facts=_carry(deal, programme=programme, cohort=cohort, at=at),
        )
        if terms is None:
            layout = layouts.redated(layouts.current_rows(schedule), {}, effective=effective_day(schedule))
            return apply(deal, schedule, layout, act, at=at)
        schedule = schedules.carry_out(deal=deal, terms=terms, act=act, at=at)
        schedules.tell_price(deal, schedule, at=at)
        return schedule


def apply(deal: Deal, schedule: Schedule, layout: layouts.Layout, act: Act, *, at: datetime) -> Schedule:
    """Write a layout with all that follows, the due day stays; the caller holds the deal's lock."""
    schedule = versions.write(
        deal=deal, schedule=schedule, layout=layout, act=act, due_day=schedule.due_day, at=at
    )
    consequences.follow(deal, cause=f"schedule:{schedule.id}:{schedule.version}", at=at)
    return schedule


def effective_day(schedule: Schedule) -> Callable[[date], date]:
    """How this schedule's due dates move off non-working days: as its last terms said."""
    return workdays.calendar().next_working if _shifts(schedule) else lambda day: day


def _shifts(schedule: Schedule) -> bool:
    return bool(versions.last_terms(schedule).get("shift_weekends", True))


def _unit(schedule: Schedule) -> Decimal:
    return Decimal(versions.last_terms(schedule).get("round_to", money.KOPECK))


def _fine(unit: Decimal, rows: list[Row]) -> Decimal:
    """Rows of whole roubles stay so."""
    whole = all(row.amount == row.amount.to_integral_value() for row in rows)
    return max(unit, Decimal(1)) if whole else unit


def _open_rows(current: list[Installment]) -> list[Row]:
    missing = [Row(row.due_on, row.rest) for row in current if row.rest > 0]
    return sorted(missing, key=lambda row: row.due_on)


def _total_mistake(
    total: Decimal,
    rows: list[Row],
    current: list[Installment],
    *,
    due_on: date | None,
    schedule: Schedule,
    today: date,
) -> Remark | None:
    """What is wrong with the total or its day, but for what the rules of any schedule refuse."""
    paid = sum((row.paid for row in current), money.ZERO)
    given_up = sum((row.written_off for row in current), money.ZERO)
    if paid <= total < paid + given_up:
        return Remark(
            "below_written_off", "total", {"paid": money.text(paid), "written_off": money.text(given_up)}
        )
    if total == schedule.total:
        return Remark("same_total", "total")
    if due_on is None:
        return None
    return Remark("not_due_apart", "due_on") if rows else rules.day_mistake(due_on, field="due_on", on=today)


def _spread(
    rows: list[Row], rest: Decimal, spread: Spread, *, unit: Decimal, due_on: date | None
) -> tuple[Row, ...]:
    """The rows of the new sum; what the rules refuse anyway (a sum below what was paid) passes through."""
    if rest <= 0 or not money.is_whole_kopecks(rest):
        return ()
    if not rows:
        if due_on is None:
            raise InvalidTerms([Remark("when_due", "due_on")])
        return (Row(due_on, rest),)
    if spread == Spread.AT_THE_END:
        return respread.at_the_end(rows, rest=rest)
    return respread.evenly(rows, rest=rest, unit=_fine(unit, rows))


def _carry(deal: Deal, *, programme: str | None, cohort: str | None, at: datetime) -> dict[str, str]:
    """Write the deal's new programme and cohort; return both as they are now."""
    given = {"programme": programme, "cohort": cohort}
    changed = {name: value.strip() for name, value in given.items() if value and value.strip()}
    if not changed:
        raise InvalidTerms([Remark("required", "programme")])
    unmapped = [Remark("not_mapped", name) for name in changed if name not in deal.account.fields]
    if unmapped:
        raise InvalidTerms(unmapped)
    outbox.put_fields(deal=deal, values=changed, at=at)
    deals.expect(deal=deal, **changed)
    return {"programme": deal.programme, "cohort": deal.cohort}
