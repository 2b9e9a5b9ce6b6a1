""" "I paid by bank transfer": what a payer says until the money is seen, and the accountant's list of it.

Owns TransferClaim. Reminders wait three working days after the day of the claim; then they go on, and the
claim stays on the list until the money comes or a person says that it did not. Changes no figure.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, ledger, workdays
from billing.ledger import Standing
from billing.models import TransferClaim
from billing.rules import money
from crm import outbox
from crm.models import Deal

Outcome = TransferClaim.Outcome
CLOSED = {Outcome.FOUND: "transfer_found", Outcome.MISSING: "transfer_missing"}
HELD_WORKING_DAYS = 3
PAID_AT_MOST_DAYS_AGO = 30


class NothingOwed(Exception):
    """There is nothing that a transfer could have paid."""


class WrongDay(Exception):
    """The transfer was made in the future, or too long ago."""


class WrongAmount(Exception):
    """Not a sum above zero."""


def claim(
    *, deal: Deal, amount: Decimal, paid_on: date, comment: str, author: str, at: datetime
) -> TransferClaim:
    """Remember that the payer says he paid; a second call while the first is open returns it.

    Raises NothingOwed, WrongDay, WrongAmount.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        known = open_of(deal)
        if known is not None:
            return known
        today = deal.local_day(at)
        standing = ledger.standing(deal, on=today)
        if standing.debt <= 0:
            raise NothingOwed
        if amount <= 0 or not money.is_whole_kopecks(amount):
            raise WrongAmount
        if not today - timedelta(days=PAID_AT_MOST_DAYS_AGO) <= paid_on <= today:
            raise WrongDay
        made = TransferClaim.objects.create(
            deal=deal,
            amount=amount,
            paid_on=paid_on,
            received_before=standing.received - standing.refunded,
            held_until=_held_until(today),
            comment=comment,
            author=author,
            recorded_at=at,
        )
        _remember(made, "transfer_claimed", author=author, at=at)
        outbox.note(
            deal=deal,
            key=f"deal:transfer:{made.pk}",
            text=_("The payer says that %(amount)s were paid by bank transfer: check the account.")
            % {"amount": money.words(amount)},
            at=at,
        )
        return made


def follow_money(deal: Deal, *, standing: Standing, at: datetime) -> None:
    """Close the open claim when so much more has come; the caller holds the deal's lock."""
    known = open_of(deal)
    if known is None:
        return
    came = standing.received - standing.refunded - known.received_before
    if came >= known.amount or standing.debt <= 0:
        _close(known, Outcome.FOUND, author=history.SYSTEM, at=at)


def close(*, claim: TransferClaim, outcome: str, author: str, at: datetime) -> None:
    """The accountant found the money, or there is none: then reminders go on at once. Closed stays closed."""
    with transaction.atomic():
        ledger.lock(claim.deal_id)
        known = TransferClaim.objects.filter(pk=claim.pk, closed_at=None).select_related("deal").first()
        if known is not None:
            _close(known, Outcome(outcome), author=author, at=at)


def open_of(deal: Deal) -> TransferClaim | None:
    """The deal's claim that nobody has closed."""
    return TransferClaim.objects.filter(deal=deal, closed_at=None).first()


def _held_until(today: date) -> date:
    day = today
    for _number in range(HELD_WORKING_DAYS):
        day = workdays.calendar().next_working(day + timedelta(days=1))
    return day


def _close(known: TransferClaim, outcome: Outcome, *, author: str, at: datetime) -> None:
    known.outcome, known.closed_by, known.closed_at = outcome, author, at
    known.save(update_fields=["outcome", "closed_by", "closed_at"])
    _remember(known, CLOSED[outcome], author=author, at=at)


def _remember(known: TransferClaim, kind: str, *, author: str, at: datetime) -> None:
    data = {
        "amount": money.text(known.amount),
        "paid_on": known.paid_on.isoformat(),
        "comment": known.comment,
    }
    history.record(deal=known.deal, kind=kind, at=at, recorded_at=at, author=author, data=data)
