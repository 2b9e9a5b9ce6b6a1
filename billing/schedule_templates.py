"""Templates of schedules: which of them fit a deal, the terms that one gives it today, and their use.

A template fits by the deal's programme and sum; the one that names the programme goes before the ones for
all. Applying is saving: the same lock, checks and version as terms that a manager typed.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from billing import ledger, schedules
from billing.models import Schedule, ScheduleTemplate
from billing.rules import money
from billing.rules.calendar import day_of_month
from billing.rules.schedule import Terms
from billing.versions import Rank
from crm.models import Deal


class NoTemplate(Exception):
    """No template of the account fits the deal's programme and sum."""


class NoSum(Exception):
    """The deal has neither a schedule nor a budget: there is no sum to lay out."""


def fitting(*, deal: Deal, total: Decimal) -> list[ScheduleTemplate]:
    """Return the active templates for a deal of `total` roubles, the closest first."""
    found = ScheduleTemplate.objects.filter(
        Q(total_from__isnull=True) | Q(total_from__lte=total),
        Q(total_to__isnull=True) | Q(total_to__gte=total),
        account=deal.account_id,
        is_active=True,
    )
    return sorted(_of_programme(found, deal.programme), key=lambda one: (not one.programme, one.name))


def terms_of(
    template: ScheduleTemplate, *, total: Decimal, held: Decimal, on: date, first_on: date | None = None
) -> Terms:
    """Return what the template means for a deal of `total` roubles today; `held` of them has come already.

    With `first_on` the first payment is due then, and the others keep its day.
    """
    first = first_on or _first_due(template, on)
    down = _down_payment(template, total, held)
    unit = Decimal(template.round_to)
    if template.monthly_amount is not None and template.monthly_amount % unit:
        unit = money.KOPECK
    return Terms(
        total,
        first_due_on=first,
        count=template.count,
        monthly_amount=template.monthly_amount,
        # With an interval in days it only says on which day the first row is due.
        due_day=None if template.every_days or first_on else template.due_day,
        every_months=template.every_months,
        every_days=template.every_days,
        down_payment=down,
        down_payment_on=min(on + timedelta(days=template.down_after_days), first) if down else None,
        round_to=unit,
        remainder="first" if template.remainder == ScheduleTemplate.Remainder.FIRST else "last",
        shift_weekends=template.shift_weekends,
    )


def sum_of(deal: Deal, *, on: date) -> Decimal:
    """What the deal costs: its schedule's total, else its budget. Raises NoSum."""
    total = ledger.standing(deal, on=on).total
    if total <= 0:
        raise NoSum
    return total


def proposals(*, deal: Deal, total: Decimal, on: date) -> list[tuple[ScheduleTemplate, Terms]]:
    """Return every fitting template with the terms that it would give the deal."""
    held = ledger.standing(deal, on=on).paid
    return [
        (template, terms_of(template, total=total, held=held, on=on))
        for template in fitting(deal=deal, total=total)
    ]


def save(
    *,
    deal: Deal,
    template: int,
    total: Decimal | None,
    version: int | None,
    author: str,
    reason: str,
    at: datetime,
    rank: Rank = Rank.MANAGER,
) -> Schedule:
    """Save what the template of that id gives the deal; without `total` for what the deal costs.

    Raises NoTemplate when it is none of the fitting ones, NoSum, and what schedules.save() raises.
    """
    on = deal.local_day(at)
    total = sum_of(deal, on=on) if total is None else total
    terms = next(
        (terms for one, terms in proposals(deal=deal, total=total, on=on) if one.pk == template), None
    )
    if terms is None:
        raise NoTemplate
    return schedules.save(
        deal=deal, terms=terms, version=version, author=author, reason=reason, at=at, rank=rank
    )


def _of_programme(found: Iterable[ScheduleTemplate], programme: str) -> list[ScheduleTemplate]:
    wanted = programme.strip().casefold()
    return [one for one in found if one.programme.strip().casefold() in ("", wanted)]


def _first_due(template: ScheduleTemplate, on: date) -> date:
    earliest = on + timedelta(days=template.first_after_days)
    if template.due_day is None:
        return earliest
    this_month = day_of_month(earliest, 0, template.due_day)
    return this_month if this_month >= earliest else day_of_month(earliest, 1, template.due_day)


def _down_payment(template: ScheduleTemplate, total: Decimal, held: Decimal) -> Decimal | None:
    """The share or sum less what has come already; None when nothing is left of it."""
    if template.down_percent is not None:
        asked = money.floor_to(total * template.down_percent / 100, Decimal(template.round_to))
    else:
        asked = template.down_amount or money.ZERO
    missing = asked - held
    return missing if missing > 0 else None
