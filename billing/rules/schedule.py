"""From a total and a few terms to due dates and amounts.

plan() lays out what is left of a total after the rows that are kept. Amounts are rounded down to the unit and
the remainder goes to one row, so the rows always add up to the kopeck; dates come from the anchor day. Every
mistake of the terms is found at once and named by the field that has it; the words for it belong to the door.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from typing import Literal

from billing.rules import money
from billing.rules.calendar import ProductionCalendar, day_of_month

COUNT_MAX = 240
YEARS_AHEAD_MAX = 10
EARLIEST = date(2000, 1, 1)
# A hand-made row beyond it is a typing error: no generated one of 240 months gets there.
YEAR_MAX = 2100
UNITS = (Decimal("0.01"), Decimal("1"), Decimal("100"))


@dataclass(frozen=True)
class Row:
    """A hand-made row: the contract's date and an amount in roubles."""

    due_on: date
    amount: Decimal


@dataclass(frozen=True)
class Terms:
    """What a manager fills in; amounts in roubles. Either `rows`, or `count`, or `monthly_amount`.

    `total` is the whole deal. `every_days` replaces the monthly step. A down payment is a row of its own
    before the others and is not counted in `count`.
    """

    total: Decimal
    first_due_on: date | None = None
    count: int | None = None
    monthly_amount: Decimal | None = None
    due_day: int | None = None
    every_months: int = 1
    every_days: int | None = None
    down_payment: Decimal | None = None
    down_payment_on: date | None = None
    round_to: Decimal = money.KOPECK
    remainder: Literal["last", "first"] = "last"
    shift_weekends: bool = True
    rows: tuple[Row, ...] | None = None


@dataclass(frozen=True)
class PlannedRow:
    """One future installment; `due_on` is the contract's date, `effective_due_on` is a working day."""

    due_on: date
    effective_due_on: date
    amount: Decimal


@dataclass(frozen=True)
class Remark:
    """A mistake (in InvalidTerms) or a warning (in Plan): a stable code, the field it is about, values for
    words.
    """

    code: str
    field: str
    values: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    rows: tuple[PlannedRow, ...]
    warnings: tuple[Remark, ...]


class InvalidTerms(Exception):
    """The terms cannot become a schedule; `remarks` names every mistake by its field."""

    def __init__(self, remarks: Sequence[Remark]) -> None:
        super().__init__(", ".join(f"{remark.field}: {remark.code}" for remark in remarks))
        self.remarks = tuple(remarks)


def plan(terms: Terms, *, kept: Decimal, on: date, calendar: ProductionCalendar) -> Plan:
    """Lay out `terms.total - kept` roubles; `kept` is what rows with money already hold, `on` is today.

    Raises InvalidTerms. With nothing left to lay out the plan has no rows.
    """
    mistakes = _mistakes(terms, kept=kept, on=on)
    if mistakes:
        raise InvalidTerms(mistakes)
    rest = terms.total - kept
    if rest == 0:
        return Plan((), ())
    rows = _given_rows(terms) if terms.rows is not None else _generated_rows(terms, rest=rest, on=on)
    planned = tuple(_effective(row, terms, calendar) for row in rows)
    return Plan(planned, tuple(_warnings(planned, terms, on=on, calendar=calendar)))


def day_mistake(day: date, *, field: str, on: date) -> Remark | None:
    """What is wrong with a due date that a person names, if anything; `on` is today."""
    if day < EARLIEST:
        return Remark("too_early", field)
    return Remark("too_far", field) if day > _last_day(on) else None


def _mistakes(terms: Terms, *, kept: Decimal, on: date) -> list[Remark]:
    found = _total_mistakes(terms, kept)
    if found or terms.total == kept:
        return found
    rest = terms.total - kept
    if terms.rows is not None:
        return _row_mistakes(terms.rows, rest, on) or _beside_rows(terms)
    return [
        *_date_mistakes(terms, on),
        *_down_payment_mistakes(terms, rest, on),
        *_size_mistakes(terms, rest),
    ]


def _total_mistakes(terms: Terms, kept: Decimal) -> list[Remark]:
    if not money.is_whole_kopecks(terms.total):
        return [Remark("kopecks", "total")]
    if terms.total <= 0:
        return [Remark("not_positive", "total")]
    if terms.total > money.LIMIT:
        return [Remark("too_big", "total", {"limit": money.text(money.LIMIT)})]
    if terms.total < kept:
        return [Remark("below_paid", "total", {"paid": money.text(kept)})]
    return []


def _row_mistakes(rows: tuple[Row, ...], rest: Decimal, on: date) -> list[Remark]:
    if not rows:
        return [Remark("required", "rows")]
    if len(rows) > COUNT_MAX:
        return [Remark("too_many", "rows", {"limit": str(COUNT_MAX)})]
    begins_too_late = min(row.due_on for row in rows) > _last_day(on)
    checks: tuple[tuple[str, Callable[[Row], bool]], ...] = (
        ("kopecks", lambda row: not money.is_whole_kopecks(row.amount)),
        ("not_positive", lambda row: row.amount <= 0),
        ("too_early", lambda row: row.due_on < EARLIEST),
        ("too_far", lambda row: begins_too_late or row.due_on.year > YEAR_MAX),
    )
    for code, is_wrong in checks:
        wrong = [str(number) for number, row in enumerate(rows, start=1) if is_wrong(row)]
        if wrong:
            return [Remark(code, "rows", {"row": wrong[0]})]
    given = sum((row.amount for row in rows), money.ZERO)
    if given != rest:
        return [Remark("sum_differs", "rows", {"sum": money.text(given), "expected": money.text(rest)})]
    return []


def _beside_rows(terms: Terms) -> list[Remark]:
    """What hand-made rows leave nothing to say about."""
    first = min((row.due_on for row in terms.rows or ()), default=None)
    given = {
        "count": terms.count is not None,
        "monthly_amount": terms.monthly_amount is not None,
        "first_due_on": terms.first_due_on is not None and first is not None and terms.first_due_on != first,
        "every": terms.every_days is not None or terms.every_months != 1,
        "down_payment": terms.down_payment is not None,
        "down_payment_on": terms.down_payment_on is not None,
    }
    return [Remark("beside_rows", field) for field, is_given in given.items() if is_given]


def _date_mistakes(terms: Terms, on: date) -> list[Remark]:
    found = []
    if terms.first_due_on is None:
        found.append(Remark("required", "first_due_on"))
    elif mistake := day_mistake(terms.first_due_on, field="first_due_on", on=on):
        found.append(mistake)
    if terms.due_day is not None and not 1 <= terms.due_day <= 31:
        found.append(Remark("not_a_day", "due_day"))
    elif terms.due_day is not None and terms.every_days is not None:
        found.append(Remark("no_due_day", "due_day"))
    if terms.every_days is not None and not 1 <= terms.every_days <= 366:
        found.append(Remark("not_an_interval", "every"))
    if not 1 <= terms.every_months <= 12:
        found.append(Remark("not_an_interval", "every"))
    return found


def _down_payment_mistakes(terms: Terms, rest: Decimal, on: date) -> list[Remark]:
    if terms.down_payment is None:
        return [Remark("no_down_payment", "down_payment_on")] if terms.down_payment_on else []
    if not money.is_whole_kopecks(terms.down_payment):
        return [Remark("kopecks", "down_payment")]
    if terms.down_payment <= 0:
        return [Remark("not_positive", "down_payment")]
    if terms.down_payment >= rest:
        return [Remark("not_below_rest", "down_payment", {"rest": money.text(rest)})]
    first, given = terms.first_due_on, terms.down_payment_on
    if given is not None and given < EARLIEST:
        return [Remark("too_early", "down_payment_on")]
    if given is not None and first is not None and given > first:
        return [Remark("after_first", "down_payment_on")]
    return []


def _size_mistakes(terms: Terms, rest: Decimal) -> list[Remark]:
    found = []
    if terms.round_to not in UNITS:
        found.append(Remark("not_a_unit", "round_to"))
    if terms.remainder not in ("last", "first"):
        found.append(Remark("not_a_choice", "remainder"))
    if (terms.count is None) == (terms.monthly_amount is None):
        return [*found, Remark("one_of", "count")]
    spread = rest - (terms.down_payment or money.ZERO)
    if found or spread <= 0:
        return found
    if terms.count is not None:
        return _count_mistakes(terms.count, spread, terms.round_to)
    return _monthly_mistakes(terms.monthly_amount or money.ZERO, spread, terms.round_to)


def _count_mistakes(count: int, spread: Decimal, unit: Decimal) -> list[Remark]:
    if count < 1:
        return [Remark("not_positive", "count")]
    if count > COUNT_MAX:
        return [Remark("too_many", "count", {"limit": str(COUNT_MAX)})]
    if count > 1 and money.floor_to(spread / count, unit) == 0:
        return [Remark("empty_rows", "count")]
    return []


def _monthly_mistakes(amount: Decimal, spread: Decimal, unit: Decimal) -> list[Remark]:
    if not money.is_whole_kopecks(amount):
        return [Remark("kopecks", "monthly_amount")]
    if amount <= 0:
        return [Remark("not_positive", "monthly_amount")]
    if amount > spread:
        return [Remark("above_rest", "monthly_amount", {"rest": money.text(spread)})]
    if spread / amount > COUNT_MAX:
        return [Remark("too_many", "monthly_amount", {"limit": str(COUNT_MAX)})]
    if amount % unit:
        return [Remark("not_rounded", "round_to", {"amount": money.text(amount)})]
    return []


def _given_rows(terms: Terms) -> list[Row]:
    return sorted(terms.rows or (), key=lambda row: row.due_on)


def _generated_rows(terms: Terms, *, rest: Decimal, on: date) -> list[Row]:
    first = terms.first_due_on or on
    down = []
    if terms.down_payment is not None:
        down = [Row(terms.down_payment_on or min(on, first), terms.down_payment)]
        rest -= terms.down_payment
    amounts = _by_month(terms, rest) if terms.monthly_amount else _by_count(terms, rest)
    return [*down, *(Row(_due_on(terms, first, step), amount) for step, amount in enumerate(amounts))]


def _by_count(terms: Terms, rest: Decimal) -> list[Decimal]:
    count = terms.count or 1
    equal = money.floor_to(rest / count, terms.round_to)
    odd = rest - equal * (count - 1)
    return [odd, *[equal] * (count - 1)] if terms.remainder == "first" else [*[equal] * (count - 1), odd]


def _by_month(terms: Terms, rest: Decimal) -> list[Decimal]:
    equal = terms.monthly_amount or rest
    count = int((rest / equal).to_integral_value(ROUND_UP))
    odd = rest - equal * (count - 1)
    return [odd, *[equal] * (count - 1)] if terms.remainder == "first" else [*[equal] * (count - 1), odd]


def _due_on(terms: Terms, first: date, step: int) -> date:
    if terms.every_days is not None:
        return first + timedelta(days=terms.every_days * step)
    if step == 0:
        return first
    return day_of_month(first, terms.every_months * step, terms.due_day or first.day)


def _last_day(on: date) -> date:
    return day_of_month(on, YEARS_AHEAD_MAX * 12, on.day)


def _effective(row: Row, terms: Terms, calendar: ProductionCalendar) -> PlannedRow:
    effective = calendar.next_working(row.due_on) if terms.shift_weekends else row.due_on
    return PlannedRow(row.due_on, effective, row.amount)


def _warnings(
    rows: tuple[PlannedRow, ...], terms: Terms, *, on: date, calendar: ProductionCalendar
) -> list[Remark]:
    found = []
    past = [row for row in rows if row.effective_due_on < on]
    if past:
        found.append(
            Remark("past_due", "first_due_on", {"count": str(len(past)), "first": past[0].due_on.isoformat()})
        )
    unknown = [row.effective_due_on for row in rows if not calendar.knows(row.effective_due_on)]
    if unknown and terms.shift_weekends:
        found.append(Remark("calendar_unknown", "first_due_on", {"year": str(min(unknown).year)}))
    return [*found, *_odd_warnings(rows, terms)]


def _odd_warnings(rows: tuple[PlannedRow, ...], terms: Terms) -> list[Remark]:
    """A last or first row that is smaller than the usual one; a down payment is no usual row."""
    if terms.rows is not None:
        days = [row.due_on for row in rows]
        return [Remark("same_days", "rows")] if len(set(days)) < len(days) else []
    amounts = [row.amount for row in (rows[1:] if terms.down_payment is not None else rows)]
    if len(amounts) < 2:
        return []
    code, odd, usual = (
        ("first_row_smaller", amounts[0], amounts[-1])
        if terms.remainder == "first"
        else ("last_row_smaller", amounts[-1], amounts[0])
    )
    values = {"amount": money.text(odd), "usual": money.text(usual)}
    return [Remark(code, "remainder", values)] if odd < usual else []
