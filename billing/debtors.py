"""The work queue of debtors: whom to call today, with the last contact, the promise and the next step.

One line for each living deal with an overdue row; paused deals are left out. What a person has to do comes
first: broken promises, asked dates, then who was told longest ago. Reads only.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from billing import (
    date_requests,
    ledger,
    past_rows,
    pause_state,
    preferences,
    promises,
    transfer_claims,
)
from billing.ledger import Standing
from billing.models import Event, Installment
from billing.rules import money
from crm.models import Account, Deal

# What counts as a contact: messages that left, and what a person wrote down after talking to the payer.
SAID = ("invoice_sent", "reminder_sent", "message_sent", "promise_given", "date_granted", "date_refused")
DEALS_MAX = 500


@dataclass(frozen=True)
class Debtor:
    """A deal that owes overdue money: how much, since when, what was said last, and what comes next."""

    deal: Deal
    overdue: Decimal
    since: date
    days: int
    last_contact: datetime | None
    promise: str
    step: str
    urgency: int

    @property
    def overdue_words(self) -> str:
        return money.words(self.overdue)


def queue(*, at: datetime, account: Account | None = None) -> list[Debtor]:
    """Return the debtors of an account (or of all) at a moment, the most urgent first; at most DEALS_MAX."""
    found = [_debtor(deal, at=at) for deal in _deals(at=at, account=account)[:DEALS_MAX]]
    late = [debtor for debtor in found if debtor is not None]
    return sorted(
        late, key=lambda one: (one.urgency, one.last_contact or datetime.min.replace(tzinfo=at.tzinfo))
    )


def _deals(*, at: datetime, account: Account | None) -> QuerySet[Deal]:
    """Deals with an overdue row by the account's calendar, the longest overdue first."""
    today = at.date()
    rows = Installment.objects.filter(past_rows.to_collect(until=today)).exclude(
        pause_state.of_rows(on=today)
    )
    if account is not None:
        rows = rows.filter(schedule__deal__account=account)
    deals = rows.open().order_by().values("schedule__deal")
    found = Deal.objects.filter(pk__in=deals, state=Deal.State.LIVE).select_related("account")
    first = Min(
        "schedule__installments__effective_due_on", filter=Q(schedule__installments__replaced_in=None)
    )
    return found.annotate(first=first).order_by("first", "pk")


def _debtor(deal: Deal, *, at: datetime) -> Debtor | None:
    today = deal.local_day(at)
    standing = ledger.standing(deal, on=today)
    if standing.overdue <= 0:
        return None
    since = min(row.installment.effective_due_on for row in standing.rows if row.rest > 0)
    contact = Event.objects.filter(deal=deal, kind__in=SAID).aggregate(last=Max("at"))["last"]
    promise, step, urgency = _next(deal, standing, today)
    return Debtor(deal, standing.overdue, since, (today - since).days, contact, promise, step, urgency)


def _next(deal: Deal, standing: Standing, today: date) -> tuple[str, str, int]:
    """What was promised, what a person does next, and how soon (0 first)."""
    last = promises.last_of(deal)
    end = getattr(last, "end", None) if last else None
    claim = transfer_claims.open_of(deal)
    if date_requests.waiting_of(deal) is not None:
        return "", _("Decide on the date that was asked for"), 0
    if last is not None and end is None:
        day = f"{last.until:%d.%m.%Y}"
        return _("until %(day)s") % {"day": day}, _("Wait for the promised day"), 3
    if claim is not None:
        step = _("Wait for the transfer") if claim.held_until >= today else _("Ask about the transfer")
        return "", step, 3 if claim.held_until >= today else 1
    if last is not None and end is not None and end.outcome == promises.Outcome.BROKEN:
        return _("broken") + f", {last.until:%d.%m.%Y}", _("Call: the promise was broken"), 0
    if not deal.contact_email and not deal.contact_phone:
        return "", _("Find an address or a phone"), 1
    if preferences.of_deal(deal) == preferences.NONE:
        return "", _("Call: the payer wants no reminders"), 1
    return "", _("Call the client"), 2
