"""A late fee by contract: a daily percent of the overdue principal, within a cap. Pure, on plain values.

A row's principal is a series of changes: what it asks for, less money and write-offs, each by its day. The
fee of a day is its percent of what is unpaid at the end of that day. Days are added exactly and their sum is
rounded; a day is charged what the rounded sum grows by, so it makes no difference in how many runs they come.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from billing.rules import money

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """`daily_percent` of the unpaid row a day, at most `cap_percent` of the row, once the grace is over.

    Nothing is charged for days before `since`, the day of the clause in the contract.
    """

    daily_percent: Decimal
    cap_percent: Decimal
    grace_days: int
    since: date

    def first_day(self, due_on: date) -> date:
        """The first day that costs a fee when the row is due on `due_on`."""
        return max(due_on + (1 + self.grace_days) * DAY, self.since)


@dataclass(frozen=True)
class Change:
    """From the day `on` the row asks for `amount` roubles more, or less."""

    on: date
    amount: Decimal


@dataclass(frozen=True)
class Span:
    """Days, both included, at one percent."""

    since: date
    until: date
    daily_percent: Decimal


def exact(changes: Iterable[Change], spans: Iterable[Span]) -> Decimal:
    """Return the fee of the spans in roubles, not rounded: each day by what is unpaid at its end."""
    ordered = sorted(changes, key=lambda change: change.on)
    return sum((_of_span(ordered, span) for span in spans), Decimal(0)) / 100


def within(fee: Decimal, *, cap: Decimal, charged: Decimal) -> Decimal:
    """Round to kopecks and keep within the cap; a cap that was lowered later takes nothing back."""
    return min(fee.quantize(money.KOPECK, ROUND_HALF_UP), max(cap, charged))


def shares(
    changes: Iterable[Change], spans: Iterable[Span], *, cap: Decimal, charged: Decimal
) -> list[Decimal]:
    """What each span, oldest first, adds to the rounded fee, in roubles."""
    ordered = sorted(changes, key=lambda change: change.on)
    found, fee, told = [], Decimal(0), money.ZERO
    for span in spans:
        fee += _of_span(ordered, span) / 100
        total = within(fee, cap=cap, charged=charged)
        found.append(total - told)
        told = total
    return found


def day_by_day(
    changes: Iterable[Change], done: Iterable[Span], ahead: Iterable[Span], *, cap: Decimal, charged: Decimal
) -> Iterator[tuple[Span, Decimal]]:
    """Cut the spans ahead into the shortest stretches that cost a kopeck or more, each with its roubles.

    `done` is what was charged before. Days that cost nothing yet begin the next stretch.
    """
    ordered = sorted(changes, key=lambda change: change.on)
    fee = exact(ordered, done)
    told = within(fee, cap=cap, charged=charged)
    for span in ahead:
        since = day = span.since
        if within(fee + exact(ordered, [span]), cap=cap, charged=charged) == told:
            continue
        while day <= span.until:
            stretch = Span(since, day, span.daily_percent)
            cost = exact(ordered, [stretch])
            total = within(fee + cost, cap=cap, charged=charged)
            day += DAY
            if total > told:
                yield stretch, total - told
                fee, told, since = fee + cost, total, day


def cap_of(amount: Decimal, terms: Terms) -> Decimal:
    """The most that a row of `amount` roubles may be charged."""
    return money.floor_to(amount * terms.cap_percent / 100, money.KOPECK)


def without(span: Span, pauses: Iterable[tuple[date, date]]) -> list[Span]:
    """Return the span without paused days; a pause is its first day and the day on which it is over."""
    left = [span]
    for begun_on, over_on in pauses:
        left = [part for one in left for part in _cut(one, begun_on, over_on)]
    return left


def _cut(span: Span, begun_on: date, over_on: date) -> list[Span]:
    parts = [
        Span(span.since, min(span.until, begun_on - DAY), span.daily_percent),
        Span(max(span.since, over_on), span.until, span.daily_percent),
    ]
    if over_on <= span.since or begun_on > span.until:
        return [span]
    return [part for part in parts if part.since <= part.until]


def _of_span(changes: Sequence[Change], span: Span) -> Decimal:
    """Percent-roubles of a span: stretches between changes at a time, not day by day."""
    total, since, rest = Decimal(0), span.since, money.ZERO
    for change in changes:
        if change.on > span.until:
            break
        if change.on > since:
            total += (change.on - since).days * max(rest, money.ZERO)
            since = change.on
        rest += change.amount
    total += ((span.until - since).days + 1) * max(rest, money.ZERO)
    return total * span.daily_percent
