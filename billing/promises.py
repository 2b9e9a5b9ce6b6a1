"""Promises to pay: until their day reminders wait, then they are kept or broken, and both is remembered.

Owns Promise and PromiseEnd. A deal has one open promise; a new one replaces it. A promise is kept when as
much as was promised has come since it was given (without a sum: when nothing is overdue any more and the row
it was given for is paid), by whatever way it came. Never: changes a due date, a figure or a state.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, ledger, letters, workdays
from billing.ledger import Standing
from billing.models import Promise, PromiseEnd
from billing.rules import money
from crm import outbox
from crm.models import Deal

Outcome = PromiseEnd.Outcome
DAYS_MAX = 90
LEAST = money.KOPECK
# amoCRM's built-in task type "follow up", due at the end of the working day.
FOLLOW_UP = 1
TASK_TILL = time(18)


class NothingOwed(Exception):
    """There is nothing to promise."""


class WrongDay(Exception):
    """A promise is for today or later, at most till `last`."""

    def __init__(self, last: date) -> None:
        super().__init__()
        self.last = last


class AboveDebt(Exception):
    """More was promised than is owed."""


@dataclass(frozen=True)
class Word:
    """What is promised: till which day, and how much; without a sum all that is overdue by then."""

    until: date
    amount: Decimal | None = None
    comment: str = ""


def give(*, deal: Deal, word: Word, author: str, at: datetime, days_max: int = DAYS_MAX) -> Promise:
    """Remember a promise; the open one before it is replaced. The same word again changes nothing.

    Raises NothingOwed, WrongDay, AboveDebt.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        today = deal.local_day(at)
        standing = ledger.standing(deal, on=today)
        if standing.debt <= 0:
            raise NothingOwed
        last = (payers_first_day(deal, today) if author == history.PAYER else today) + timedelta(
            days=days_max
        )
        if not today <= word.until <= last:
            raise WrongDay(last)
        if word.amount is not None and word.amount > standing.debt:
            raise AboveDebt
        before = open_of(deal)
        if before is not None:
            if (before.until, before.amount, before.comment) == (word.until, word.amount, word.comment):
                return before
            _end(before, Outcome.REPLACED, at=at)
        promise = Promise.objects.create(
            deal=deal,
            until=word.until,
            amount=word.amount,
            received_before=standing.received - standing.refunded,
            comment=word.comment,
            author=author,
            recorded_at=at,
        )
        _remember(promise, "promise_given", author=author, at=at)
        words = {"day": letters.day_words(word.until), "comment": word.comment}
        outbox.note(
            deal=deal,
            key=f"deal:promise:{promise.pk}",
            text=_("Promise to pay until %(day)s. %(comment)s") % words,
            at=at,
        )
        return promise


def payers_first_day(deal: Deal, today: date) -> date:
    """From when the days of a payer's own word are counted: from the first of those that he replaced by later
    ones, so that nobody waits for him for ever. What was kept or broken is over.
    """
    day = today
    for given in Promise.objects.filter(deal=deal).select_related("end").order_by("-id"):
        end = getattr(given, "end", None)
        if end is not None and end.outcome != Outcome.REPLACED:
            break
        if given.author == history.PAYER:
            day = deal.local_day(given.recorded_at)
    return day


def follow_money(deal: Deal, *, standing: Standing, at: datetime) -> None:
    """End the open promise when what was promised has come; the caller holds the deal's lock."""
    promise = open_of(deal)
    if promise is not None and _is_kept(promise, standing):
        _end(promise, Outcome.KEPT, at=at)
        _remember(promise, "promise_kept", author=history.SYSTEM, at=at)


def break_overdue(*, at: datetime) -> int:
    """End the promises whose day is over, with a task for the manager; returns how many were broken.

    A second call does nothing.
    """
    # Nowhere on earth a later day has begun than this one.
    latest = (at + timedelta(hours=14)).date()
    broken = 0
    for pk, deal_id in Promise.objects.filter(end=None, until__lt=latest).values_list("id", "deal_id"):
        with transaction.atomic():
            deal = ledger.lock(deal_id)
            promise = Promise.objects.filter(pk=pk, end=None).first()
            if promise is not None and promise.until < deal.local_day(at):
                broken += _break(deal, promise, at=at)
    return broken


def open_of(deal: Deal) -> Promise | None:
    """The deal's promise that is neither kept nor broken nor replaced."""
    return Promise.objects.filter(deal=deal, end=None).first()


def last_of(deal: Deal) -> Promise | None:
    """The deal's last word, with its end."""
    return Promise.objects.filter(deal=deal).select_related("end").order_by("-id").first()


def _is_kept(promise: Promise, standing: Standing) -> bool:
    if standing.debt <= 0:
        return True
    came = standing.received - standing.refunded - promise.received_before
    if promise.amount is not None:
        return came >= promise.amount
    return came > 0 and standing.overdue <= 0 and _first_row_is_paid(promise, standing)


def _first_row_is_paid(promise: Promise, standing: Standing) -> bool:
    """False while money is missing on what was the first open row when the promise was given, if that row is
    due by the promised day: a part of it is not what was promised. Rows are covered oldest due first.
    """
    covered = promise.received_before
    for row in sorted(standing.rows, key=lambda one: (one.installment.due_on, one.installment.number)):
        covered -= row.installment.amount
        if covered < 0:
            return row.rest <= 0 or row.installment.effective_due_on > promise.until
    return True


def _break(deal: Deal, promise: Promise, *, at: datetime) -> int:
    standing = ledger.standing(deal, on=deal.local_day(at))
    if _is_kept(promise, standing):
        follow_money(deal, standing=standing, at=at)
        return 0
    _end(promise, Outcome.BROKEN, at=at)
    _remember(promise, "promise_broken", author=history.SYSTEM, at=at)
    if deal.state == Deal.State.LIVE:
        day = workdays.calendar().next_working(deal.local_day(at))
        outbox.task(
            deal=deal,
            key=f"promise:{promise.pk}",
            text=_("The promise to pay until %(day)s was broken. Call the client: %(payer)s.")
            % {"day": letters.day_words(promise.until), "payer": deal.contact_name},
            till=datetime.combine(day, TASK_TILL, tzinfo=deal.zone),
            type_id=FOLLOW_UP,
            responsible=None,
            at=at,
        )
    return 1


def _end(promise: Promise, outcome: Outcome, *, at: datetime) -> None:
    PromiseEnd.objects.create(promise=promise, outcome=outcome, recorded_at=at)


def _remember(promise: Promise, kind: str, *, author: str, at: datetime) -> None:
    data = {
        "until": promise.until.isoformat(),
        "amount": money.text(promise.amount) if promise.amount is not None else None,
        "comment": promise.comment,
    }
    history.record(deal=promise.deal, kind=kind, at=at, recorded_at=at, author=author, data=data)
