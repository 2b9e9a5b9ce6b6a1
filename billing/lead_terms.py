"""The schedule that a deal asks for by itself, when a pipeline's trigger makes it.

In this order: what the deal's own fields say (how many payments, how much a month, the first day), over the
account's closest template, over the whole budget in one payment. The last is for accounts without any
template: where templates are kept and none fits, a person must look.
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from billing import ledger, schedule_templates, schedules
from billing.models import Schedule, ScheduleTemplate
from billing.rules import money
from billing.rules.schedule import Terms
from crm.models import Deal

# What people put between the figures, and after them.
NOISE = str.maketrans({" ": "", "\xa0": "", "\u202f": "", "₽": "", ",": "."})


class Unreadable(Exception):
    """A field of the deal that says how to pay holds no such number: which one, and what stands there."""

    def __init__(self, ours: str, typed: str) -> None:
        super().__init__(f"{ours}: {typed!r}")
        self.ours, self.typed = ours, typed


def apply(*, deal: Deal, at: datetime, author: str) -> Schedule:
    """Make the deal's first schedule; a deal that has one keeps it, so a second call changes nothing.

    Raises schedule_templates.NoSum and NoTemplate, Unreadable and, where the terms do not fit the day or the
    sum, InvalidTerms.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        known = Schedule.objects.filter(deal=deal).first()
        if known is not None:
            return known
        terms = _terms(deal, deal.local_day(at))
        return schedules.save(deal=deal, terms=terms, version=None, author=author, reason="", at=at)


def _terms(deal: Deal, on: date) -> Terms:
    total = schedule_templates.sum_of(deal, on=on)
    first = date.fromisoformat(deal.asked["first_on"]) if "first_on" in deal.asked else None
    size = _size(deal.asked)
    fitting = schedule_templates.fitting(deal=deal, total=total)
    if fitting:
        held = ledger.standing(deal, on=on).paid
        terms = schedule_templates.terms_of(fitting[0], total=total, held=held, on=on, first_on=first)
    elif size or not _keeps_templates(deal):
        terms = Terms(total, first_due_on=first or on, count=1)
    else:
        raise schedule_templates.NoTemplate
    return replace(terms, **size)


def _size(asked: dict[str, str]) -> dict[str, Any]:
    """How many payments, or how much each; the number goes before the sum where both are filled."""
    if "count" in asked:
        number = _number("schedule_count", asked["count"])
        if number != int(number):
            raise Unreadable("schedule_count", asked["count"])
        return {"count": int(number), "monthly_amount": None}
    if "monthly" in asked:
        amount = _number("schedule_monthly", asked["monthly"])
        # What a person wrote there need not be as round as the template's sums.
        return {"count": None, "monthly_amount": amount, "round_to": money.KOPECK}
    return {}


def _number(ours: str, typed: str) -> Decimal:
    try:
        number = Decimal(typed.translate(NOISE))
    except InvalidOperation as error:
        raise Unreadable(ours, typed) from error
    if not number.is_finite() or not 0 < number <= money.LIMIT:
        raise Unreadable(ours, typed)
    return number


def _keeps_templates(deal: Deal) -> bool:
    return ScheduleTemplate.objects.filter(account=deal.account_id, is_active=True).exists()
