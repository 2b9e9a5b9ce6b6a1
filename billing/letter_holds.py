"""What holds the letter of an invoice that a run made: its payer has said how the money comes.

A promise until its day, a claimed transfer while its money is looked for, a saved card until the day after it
was to be charged (announced by a letter of its own: billing.auto_charges). The invoice exists meanwhile; its
letter leaves with the first run after the hold, if something is still owed (billing.invoice_runs). What a
person or a pipeline's trigger sends is held by nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from billing import history, letters, payers
from billing.models import (
    AccountPolicy,
    Installment,
    Invoice,
    Message,
    Promise,
    SavedCard,
    Stop,
    TransferClaim,
)
from billing.rules import charges
from crm.models import Deal


class Reason(StrEnum):
    PROMISE = "promise"
    CLAIM = "claim"
    CARD = "card"


@dataclass(frozen=True)
class Hold:
    """Why a letter waits, and the last day on which it does."""

    reason: Reason
    until: date

    @property
    def sentence(self) -> str:
        """The invoice is made, its letter waits: why and how long, for a list."""
        words = {"why": words_of(self.reason), "day": letters.day_words(self.until)}
        return _("The invoice is made, its letter waits until %(day)s: %(why)s.") % words


def words_of(reason: str) -> str:
    """Return a stored reason as people read it."""
    words = {
        Reason.PROMISE: _("the payer promised to pay"),
        Reason.CLAIM: _("the payer says that he paid by bank transfer"),
        Reason.CARD: _("the saved card will be charged"),
    }
    return words.get(Reason(reason), "")


def of_rows(rows: Sequence[tuple[Installment, Deal]], policy: AccountPolicy, *, on: date) -> dict[int, Hold]:
    """Return what holds the letters of rows of an account on a day, by row; what is missing may leave."""
    said = _said({deal.pk for _row, deal in rows}, on=on)
    found = {row.pk: said[deal.pk] for row, deal in rows if deal.pk in said}
    left = [(row, deal) for row, deal in rows if deal.pk not in said]
    return found | _by_card(left, policy, on=on)


def hold(found: Iterable[tuple[Invoice, Hold]], *, at: datetime) -> None:
    """Mark the letters of invoices as waiting for the next run, and say so once."""
    live = Invoice.objects.filter(letter_waits=False)
    tell([(one, why) for one, why in found if live.filter(pk=one.pk).update(letter_waits=True)], at=at)


def tell(held: Sequence[tuple[Invoice, Hold]], *, at: datetime) -> None:
    """Say in the history that letters wait, and why."""
    rows = [
        (one.deal, {"invoice": one.number, "why": why.reason, "until": why.until.isoformat()})
        for one, why in held
    ]
    history.record_each(rows, kind="invoice_held", at=at, recorded_at=at, author=history.SYSTEM)


def announcement_key(row: int) -> str:
    """The key of the message that announces the charge of a row."""
    return f"charge:{row}:announced"


def _said(deals: Iterable[int], *, on: date) -> dict[int, Hold]:
    """Promises and claims by deal, the longer one where there are both."""
    promised = Promise.objects.filter(deal__in=deals, end=None, until__gte=on)
    claimed = TransferClaim.objects.filter(deal__in=deals, closed_at=None, held_until__gte=on)
    found = [(one.deal_id, Hold(Reason.PROMISE, one.until)) for one in promised]
    found += [(one.deal_id, Hold(Reason.CLAIM, one.held_until)) for one in claimed]
    return dict(sorted(found, key=lambda one: one[1].until))


def _by_card(rows: Sequence[tuple[Installment, Deal]], policy: AccountPolicy, *, on: date) -> dict[int, Hold]:
    """Rows that are announced by mail and charged. A stop of reminders stops charges too (billing.holds)."""
    if policy.mode != AccountPolicy.Mode.INSTALLMENTS or policy.issuing_stopped:
        return {}
    deals = {deal.pk: deal for _row, deal in rows}
    cards = SavedCard.objects.filter(deal__in=deals, withdrawn_at=None).exclude(saved_at=None)
    kept = set(cards.values_list("deal", flat=True))
    if not kept:
        return {}
    stopped = Stop.objects.filter(deal__in=kept, of=Stop.Of.REMINDERS, ended_at=None)
    kept -= set(stopped.values_list("deal", flat=True))
    named = payers.of_deals(deals[pk] for pk in kept)
    paid = [
        (row, deal)
        for row, deal in rows
        if deal.pk in kept and payers.address(deal, named[deal.pk].of(row.number))
    ]
    told = announced({row.pk: deal for row, deal in paid})
    days = {
        row.pk: charges.charged_on(row.effective_due_on, told.get(row.pk), today=on) for row, _deal in paid
    }
    return {pk: Hold(Reason.CARD, day) for pk, day in days.items() if day is not None and day >= on}


def announced(rows: Mapping[int, Deal]) -> dict[int, date]:
    """The days on which the charges of rows were announced, by row."""
    keys = {announcement_key(pk): pk for pk in rows}
    found = Message.objects.filter(key__in=keys).values_list("key", "created_at")
    return {keys[key]: rows[keys[key]].local_day(at) for key, at in found}
