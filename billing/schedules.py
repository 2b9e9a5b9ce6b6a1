"""The life of a schedule: preview, first version, rebuild.

Promises: a preview writes nothing; rows that have money stay as they are (a partly paid one is closed at what
was paid); every version keeps author, reason and difference (billing.versions); two managers cannot overwrite
each other. Single changes are in billing.amendments, closing a deal in settlements, pauses in pauses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import consequences, layouts, ledger, payers, versions, workdays
from billing.layouts import Layout, Line
from billing.models import Installment, Schedule
from billing.rules import money
from billing.rules import schedule as rules
from billing.rules.schedule import Remark, Terms
from billing.versions import Act, Kind, Rank, ReasonRequired, StaleVersion
from crm import deals, outbox, prices
from crm.models import Deal

__all__ = ["ReasonRequired", "StaleVersion", "lay_out", "layout", "preview", "save"]


def preview(*, deal: Deal, terms: Terms, on: date) -> Layout:
    """Compute the rows that saving these terms would leave, and the difference; writes nothing.

    Raises InvalidTerms with every mistake named by its field.
    """
    schedule = Schedule.objects.filter(deal=deal).first()
    made = _layout(deal, schedule, terms, on=on)
    return replace(made, warnings=made.warnings + _waiting(deal, made)) if schedule else made


def _waiting(deal: Deal, made: Layout) -> tuple[Remark, ...]:
    """A row that waits for a payer of its own does so by its number, whatever row has that afterwards."""
    paid = {line.number for line in made.kept}
    named = payers.of_deal(deal).named.items()
    rows = sorted((number, one.name) for number, one in named if number is not None and number not in paid)
    names = ", ".join(f"{number} – {name}" for number, name in rows)
    return (Remark("own_payers", "rows", {"names": names}),) if rows else ()


def _layout(deal: Deal, schedule: Schedule | None, terms: Terms, *, on: date) -> Layout:
    if schedule is None:
        return layout(deal, None, terms, kept=layouts.lines_of_money(deal), on=on)
    current = layouts.current_rows(schedule)
    made = layout(deal, current, terms, kept=layouts.covered_lines(current), on=on)
    given_up = sum((row.written_off for row in current), money.ZERO)
    again = (Remark("asked_again", "total", {"amount": money.text(given_up)}),) if given_up else ()
    return replace(made, warnings=again + made.warnings)


def layout(
    deal: Deal, current: Sequence[Installment] | None, terms: Terms, *, kept: Sequence[Line], on: date
) -> Layout:
    """The lines that stay, and those that the terms lay out of the rest; `current` are the rows of the
    schedule that there is. Raises InvalidTerms.
    """
    held = layouts.total_of(kept)
    plan = rules.plan(terms, kept=held, on=on, calendar=workdays.calendar())
    rows = layouts.coming_lines(plan.rows, kept=kept)
    sources = ledger.free_money(deal) if current is not None else ()
    free = sum((source.free for source in sources), money.ZERO)
    return Layout(
        kept=tuple(kept),
        rows=tuple(rows),
        total=terms.total,
        paid=min(held + free, terms.total),
        warnings=plan.warnings,
        changes=layouts.difference(current, [*kept, *rows]) if current is not None else (),
    )


def save(
    *,
    deal: Deal,
    terms: Terms,
    version: int | None,
    author: str,
    reason: str,
    at: datetime,
    rank: Rank = Rank.MANAGER,
) -> Schedule:
    """Make the first schedule of a deal, or the next version of it.

    1. Under the deal's lock compare `version` (None for the first) with what stands: StaleVersion.
    2. Close or replace the open rows, void their invoices and open orders.
    3. Store the new rows and the version with its difference.
    4. Let money that covers nothing flow in; tell amoCRM.
    A repeated call with the same version raises StaleVersion and changes nothing. Raises versions.Signed.
    """
    with transaction.atomic():
        deal, schedule = versions.claim(deal=deal, version=version, reason=reason, rank=rank)
        act = _act(schedule, author=author, reason=reason)
        schedule = _carry_out(deal, schedule, terms, act, at=at)
        tell_price(deal, schedule, at=at)
    return schedule


def lay_out(
    *, deal: Deal, terms: Terms, author: str, reason: str, mark: Mapping[str, Any], at: datetime
) -> Schedule:
    """Steps 2 to 4 of save(), whatever version stands; the price in amoCRM is left as it is.

    `mark` stands in the version's terms beside them, plain values. The caller holds the deal's lock.
    """
    schedule = Schedule.objects.filter(deal=deal).first()
    act = replace(_act(schedule, author=author, reason=reason), terms=dict(mark))
    return _carry_out(deal, schedule, terms, act, at=at)


def carry_out(*, deal: Deal, terms: Terms, act: Act, at: datetime) -> Schedule:
    """Lay the terms out as the act says. The caller holds the deal's lock."""
    return _carry_out(deal, Schedule.objects.filter(deal=deal).first(), terms, act, at=at)


def _act(schedule: Schedule | None, *, author: str, reason: str) -> Act:
    return Act(Kind.REBUILT if schedule else Kind.CREATED, author, reason.strip())


def _carry_out(deal: Deal, schedule: Schedule | None, terms: Terms, act: Act, *, at: datetime) -> Schedule:
    layout = _layout(deal, schedule, terms, on=deal.local_day(at))
    act = replace(act, terms=act.terms | versions.plain(asdict(terms)))
    due_day = terms.due_day or (terms.first_due_on.day if terms.first_due_on else None)
    if terms.every_days is not None:
        due_day = None
    schedule = versions.write(deal=deal, schedule=schedule, layout=layout, act=act, due_day=due_day, at=at)
    consequences.follow(deal, cause=f"schedule:{schedule.id}:{schedule.version}", at=at)
    return schedule


def tell_price(deal: Deal, schedule: Schedule, *, at: datetime) -> None:
    """A total that a person saved is the lead's budget, in whole roubles."""
    price = money.whole_roubles(schedule.total)
    outbox.set_price(deal=deal, price=price, at=at)
    prices.remember(deal_id=deal.pk, before=deal.price, after=Decimal(price), at=at)
    deals.expect(deal=deal, price=Decimal(price))
